"""One writer at a time, on every system; a second one waits a while, then is told who holds the lock.

The lock is the operating system's, so a process that dies lets go of it. Knows nothing of what is written.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ragqa.errors import LibraryError
from ragqa.plain_files import write_private

if TYPE_CHECKING:
    from filelock import FileLock


class Locked(LibraryError):
    """Another writer holds the lock; ``why`` and the message say who."""

    def __init__(self, why: str) -> None:
        super().__init__(f"{why}: wait until that is done, then try again")
        self.why = why


class WriterLock:
    """Reentrant within a thread; excludes other threads and other processes."""

    def __init__(self, folder: Path, name: str = "writer") -> None:
        self.folder = folder
        self._path = folder / f"{name}.lock"
        self._holder = folder / f"{name}.json"
        self._file: FileLock | None = None
        self._threads = threading.RLock()
        self._depth = 0

    @contextmanager
    def held(self, wait: float) -> Iterator[None]:
        """Hold the lock, waiting up to ``wait`` seconds. Raises Locked, or LibraryError if read-only."""
        if not self._threads.acquire(timeout=wait):
            raise Locked(self._told())
        try:
            if not self._depth:
                self._take(wait)
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if not self._depth:
                    with suppress(OSError):
                        self._holder.unlink()
                    if self._file:
                        self._file.release()
        finally:
            self._threads.release()

    def _take(self, wait: float) -> None:
        from filelock import FileLock, Timeout  # readers never need it

        if self._path.is_symlink():  # the lock would be taken, and the file made, wherever it leads
            with suppress(OSError):
                self._path.unlink()
        self._file = self._file or FileLock(self._path, mode=0o600, thread_local=False)
        try:
            self._file.acquire(timeout=wait, poll_interval=0.05)
        except Timeout:
            raise Locked(self._told()) from None
        except OSError as error:
            raise LibraryError(
                f"{self.folder} can't be written to ({error.strerror or error}): copy the library to a place you may "
                "write to, or free some space"
            ) from None
        with suppress(OSError):  # it only makes the message of a second writer better
            told = json.dumps({"pid": os.getpid(), "command": _command(), "since": f"{datetime.now():%H:%M:%S}"})
            write_private(self._holder, told.encode())

    def _told(self) -> str:
        try:
            holder = json.loads(self._holder.read_text(encoding="utf-8"))
            who = f"'{holder['command']}' (process {holder['pid']}, since {holder['since']})"
        except (OSError, ValueError, KeyError, TypeError):
            who = "another process"
        return f"{self.folder.name} is being written by {who}"


@contextmanager
def wait_to_write(
    writing: Callable[[], AbstractContextManager[None]], seconds: float, notice: Callable[[str], None]
) -> Iterator[None]:
    """Enter ``writing``, after whoever is the writer now; ``notice`` gets one line about the wait. Raises Locked."""
    until, told = time.monotonic() + seconds, False
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(writing())
                break
            except Locked as locked:
                if time.monotonic() > until:
                    raise
                if not told:
                    notice(f"{locked.why}: waiting until that is done")
                told = True
        yield


def _command() -> str:
    """The program and its subcommand; never the other arguments, which may hold a password."""
    words = [Path(sys.argv[0]).name] + [word for word in sys.argv[1:2] if not word.startswith("-")]
    return " ".join(words)
