"""What changes libraries: uploads read in and documents removed, one after another, beside the questions.

Each runs in a process of its own (``changing.py``), which can be cancelled at any instant. Jobs live in memory and on
the event loop; only what their processes commit lasts.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import logging
import secrets
import shutil
import tempfile
import threading
import weakref
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, get_args

from ragqa.isolated import command, environment
from ragqa.server.changing import Task
from ragqa.server.job import Job, Status
from ragqa.server.limits import too_many
from ragqa.server.options import ServeOptions
from ragqa.server.problems import Problem
from ragqa.settings import Settings

logger = logging.getLogger(__name__)

KEPT = 200
"""Finished jobs that are remembered."""

LONGEST_LINE = 2**20
"""Bytes of a line that the process may say."""


class Jobs:
    """A queue of changes and the one task that works it off."""

    def __init__(self, settings: Settings, options: ServeOptions, renew: Callable[[str], Awaitable[None]]) -> None:
        """``renew`` brings the server's own view of a library up to date, before a job that changed it is done."""
        self._settings = settings
        self._renew = renew
        self._options = options
        self._jobs: dict[str, Job] = {}
        self._queue: deque[Job] = deque()
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._folder = Path(tempfile.mkdtemp(prefix="ragqa-uploads-"))
        self.receiving = 0
        """Uploads that are coming in."""
        self.following = 0
        """Streams that follow a job."""
        self._counting = threading.RLock()
        """A stream may be collected in any thread, also in one that counts."""

    def start(self) -> None:
        """Begin to work the queue off."""
        self._task = asyncio.create_task(self._work())

    def begin_stop(self) -> None:
        """Take no more jobs, and let go of those who follow one."""
        self._stopping.set()
        for job in self._jobs.values():
            job.tell()

    async def stop(self) -> None:
        """Drop what waits; let what runs end, within the seconds that the options give it, and clean up."""
        self.begin_stop()
        for job in list(self._queue):
            self.cancel(job)
        self._wake.set()
        if self._task:
            done, _ = await asyncio.wait([self._task], timeout=self._options.stop_seconds)
            if not done:
                for job in self._jobs.values():
                    _kill(job)
                await asyncio.wait([self._task], timeout=5)
        shutil.rmtree(self._folder, ignore_errors=True)

    # Ask for a change

    @contextlib.asynccontextmanager
    async def receive(self) -> AsyncIterator[Path]:
        """Lend a file to receive an upload into, removed unless a job takes it. Raises Problem while too many come."""
        if self.receiving >= self._options.most_uploads or self._is_full():
            raise too_many("uploads")
        file = self._folder / secrets.token_hex(8)
        self.receiving += 1
        try:
            yield file
        finally:
            self.receiving -= 1
            if not any(job.file == file for job in self._jobs.values()):
                file.unlink(missing_ok=True)

    def ingest(self, library: str, document: str, file: Path) -> Job:
        """Queue a file that was received, to be read in as ``document``."""
        return self._add(Job(library, "ingest", document, file))

    def remove(self, library: str, document: str) -> Job:
        """Queue the removal of a document."""
        return self._add(Job(library, "remove", document))

    def _add(self, job: Job) -> Job:
        if self._stopping.is_set():
            raise Problem(503, "stopping", "the server is being stopped: try again in a moment")
        if self._is_full():
            raise too_many("changes")
        self._jobs[job.id] = job
        self._queue.append(job)
        self._wake.set()
        finished = [one.id for one in self._jobs.values() if one.finished]
        for identity in finished[: max(0, len(finished) - KEPT)]:
            del self._jobs[identity]
        return job

    def _is_full(self) -> bool:
        return len(self._queue) >= self._options.most_jobs

    # Look at them

    def of(self, library: str) -> list[Job]:
        """Return the jobs of a library, newest first."""
        return [job for job in reversed(self._jobs.values()) if job.library == library]

    def get(self, library: str, identity: str) -> Job:
        """Return a job. Raises Problem where the library has none of that id."""
        job = self._jobs.get(identity)
        if job is None or job.library != library:
            raise Problem(404, "unknown_job", f"library '{library}' has no job '{identity[:50]}', or not any more")
        return job

    def counts(self) -> dict[str, int]:
        """Return how many jobs there are of each status."""
        counts = dict.fromkeys(get_args(Status), 0)
        for job in self._jobs.values():
            counts[job.status] += 1
        return counts

    async def follow(self, job: Job, silence: float) -> AsyncIterator[dict[str, Any] | None]:
        """Yield how a job stands, now and whenever it changes, until it is finished; None after ``silence`` seconds."""
        while True:
            changed = job.changed
            yield job.json()
            if job.finished or self._stopping.is_set():
                return
            while not changed.is_set():
                try:
                    await asyncio.wait_for(changed.wait(), silence)
                except asyncio.TimeoutError:
                    yield None

    def count_follower(self, stream: AsyncIterator[str]) -> AsyncIterator[str]:
        """Return ``stream``, counted as long as it lives, begun or not. Raises Problem while there are too many."""
        if self.following >= self._options.most_followers:
            raise too_many("followers of changes")
        with self._counting:
            self.following += 1
        weakref.finalize(stream, self._uncount_follower).atexit = False
        return stream

    def _uncount_follower(self) -> None:
        with self._counting:
            self.following -= 1

    async def wait(self, job: Job, seconds: float) -> None:
        """Return when the job is finished, or ``seconds`` have gone by."""

        async def followed() -> None:
            async for _ in self.follow(job, seconds):
                pass

        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(followed(), seconds)

    def cancel(self, job: Job) -> None:
        """Cancel a job. Raises Problem for one that is finished."""
        if job.finished:
            raise Problem(409, "conflict", f"the job is {job.status} already")
        if job in self._queue:
            self._queue.remove(job)
            _forget(job)
        else:
            _kill(job)
        job.finish("cancelled")

    # Do them

    async def _work(self) -> None:
        while not self._stopping.is_set():
            if not self._queue:
                self._wake.clear()
                await self._wake.wait()
                continue
            job = self._queue.popleft()
            job.tell(status="running")
            try:
                await self._run(job)
            except OSError as error:
                _end(job, "failed", f"no process could be started ({error.strerror or error}): try again in a moment")
            except Exception:  # the next job is not to suffer from it
                logger.exception("an unforeseen error in a change of library '%s'", job.library)
                _end(job, "failed", "this should not happen; the server's log says more: please report it")
            finally:
                _forget(job)

    async def _run(self, job: Job) -> None:
        settings = self._settings
        task = Task(
            job.kind,
            str(settings.indexes().parent),
            job.library,
            job.document,
            str(job.file) if job.file else None,
            settings.embedder,
            settings.passage_tokens,
            settings.keep_originals,
        )
        job.process = process = await asyncio.create_subprocess_exec(
            *command("ragqa.server.changing"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=environment(),
            limit=LONGEST_LINE,
            start_new_session=True,  # Ctrl-C is the server's to hear
        )
        assert process.stdin and process.stdout
        try:
            if job.finished:  # cancelled while the process started
                _kill(job)
                return
            with contextlib.suppress(ConnectionError):
                process.stdin.write(json.dumps(dataclasses.asdict(task)).encode() + b"\n")
                await process.stdin.drain()
            said: dict[str, Any] = {}
            async for line in process.stdout:
                try:
                    said = json.loads(line)
                except ValueError:  # a native library's own words
                    continue
                _take(job, said)
                if "result" in said or "error" in said:
                    break
        finally:
            process.stdin.close()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(process.wait(), 10)
            _kill(job)
        if "result" in said:
            await self._renew(job.library)
            result = said["result"]
            failed = result is not None and result["status"] == "failed"
            _end(job, "failed" if failed else "done", result["error"] if failed else None, result)
        else:
            _end(job, "failed", said.get("error", "the process that read it ended: the server's log says more"))


def _take(job: Job, said: dict[str, Any]) -> None:
    """Tell the followers of a job what its process said."""
    if "note" in said and len(job.notes) < 50:
        job.tell(notes=[*job.notes, said["note"]])
    elif "stage" in said:
        job.tell(stage=said["stage"], share=said["share"])


def _end(job: Job, status: Status, error: str | None, result: dict[str, Any] | None = None) -> None:
    if not job.finished:  # a cancelled one has ended already
        job.finish(status, error=error, result=result, share=1.0 if status == "done" else job.share)


def _kill(job: Job) -> None:
    if job.process and job.process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            job.process.kill()


def _forget(job: Job) -> None:
    """Remove the file that a job was to read."""
    if job.file:
        job.file.unlink(missing_ok=True)
        job.file = None
