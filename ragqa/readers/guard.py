"""Read untrusted files, or draw their pages and find the figures on them, in a process that can break without harm.

    with Guard() as guard: guard.read(data, name)

The process has limits on memory and time, and answers with data that is checked. It is started when it is first
needed, kept for the files that follow, and replaced after a file that broke it. Knows nothing of formats.
"""

from __future__ import annotations

import hashlib
import signal
import subprocess
import threading
import time
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from ragqa.errors import RagqaError, UnreadableFile
from ragqa.isolated import command, environment
from ragqa.readers.worker import LONGEST_MESSAGE, READY, decode, document_from_fields, encode
from ragqa.types import Document

LEAST_SECONDS, SECONDS_PER_MB, MOST_SECONDS = 30, 10, 600
"""Processor time that a file may take; a manual of 300 pages takes three seconds."""

DRAWING_SECONDS = 10
"""Processor time that drawing a page or finding its figures may take, its file opened; most take a part of a second."""

MOST_FIGURES, FARTHEST = 100, 1e6
"""Figures of a page, and points from its corner: an answer with more is none of ours."""

MEMORY = 2_500_000_000
"""Bytes of address space that the process may take beyond that of its start."""

WALL = 10
"""Times the processor time that a file may take on the clock: for a process that sleeps, on a machine that is busy."""

START_SECONDS = 300
"""On the clock, for the process to start: a machine with much else to do takes its time."""

STARTS = 6
"""Attempts to start the process: a machine that is short of memory or processes now may have some in a moment."""

_KEPT = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LANG", "LC_ALL")
"""Of the environment, what a process needs to start. Keys and proxies stay here."""

_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

_REMEDY = "save it anew from the program that made it, or print it to a new PDF"


Edges = tuple[float, float, float, float]
"""Left, top, right, bottom, in points from the top left of a page."""


class PageToDraw(NamedTuple):
    """A page from 1, what is to be lit on it, and the part of it that is wanted, all of it where that is None."""

    number: int
    dpi: int
    lit: tuple[Edges, ...] = ()
    crop: Edges | None = None


class Picture(NamedTuple):
    """A page as PNG; ``lacks_fonts``: some of its text shows as nothing, for want of a font."""

    png: bytes
    lacks_fonts: bool


class Guard:
    """Reads one file at a time, for any number of threads; ``suffixes`` say what is likely to come."""

    def __init__(self, suffixes: Iterable[str] = (), memory: int = MEMORY) -> None:
        self._arguments = (str(memory), *sorted(set(suffixes)))
        self._worker: _Worker | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Guard:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process, at once whatever it does."""
        if self._worker:
            self._worker.kill()
            self._worker = None

    def start(self) -> None:
        """Begin to start the process, so that it is ready when a file is."""
        if self._worker is None:
            with suppress(OSError):  # ``read`` tries again
                self._worker = _Worker(self._arguments)

    def read(self, data: bytes, name: str, password: str | None = None) -> Document:
        """Return the document in the bytes of a file called ``name``.

        Raises UnreadableFile, in one line, for whatever the file does to its reader; RagqaError where no process can
        be started.
        """
        seconds = min(LEAST_SECONDS + SECONDS_PER_MB * len(data) // 1_000_000, MOST_SECONDS)

        def ask(worker: _Worker) -> dict[str, Any]:
            return worker.ask({"name": name, "password": password}, data, seconds, "read that a file of its size may")

        with self._lock:
            answer = self._ask(name, ask)
            try:
                return document_from_fields(answer, name, hashlib.sha256(data).hexdigest())
            except ValueError:
                self.close()
                raise UnreadableFile(f"{name} can't be read, what came of it is no document: {_REMEDY}") from None

    def draw(self, key: str, load: Callable[[], bytes], name: str, page: PageToDraw, password: str | None) -> Picture:
        """Return the picture of a page of a PDF called ``name``.

        ``load`` gives its bytes, and is asked only where the process does not hold the file of this ``key`` already.
        Raises as ``read`` does, and what ``load`` raises.
        """
        with self._lock:
            answer = self._show(key, load, name, {"password": password, "page": page._asdict()})
            try:
                return Picture(b64decode(str(answer.get("png")), validate=True), answer.get("lacks_fonts") is True)
            except ValueError:
                self.close()
                raise UnreadableFile(f"{name} can't be drawn, what came of it is no picture: {_REMEDY}") from None

    def figures(
        self, key: str, load: Callable[[], bytes], name: str, page: int, password: str | None
    ) -> tuple[Edges, ...]:
        """Return where the figures of a page, from 1, of a PDF called ``name`` stand. Takes and raises as ``draw``."""
        with self._lock:
            answer = self._show(key, load, name, {"password": password, "figures": page})
            try:
                return figures_from(answer.get("figures"))
            except ValueError:
                self.close()
                raise UnreadableFile(f"{name} can't be read, what came of it are no figures: {_REMEDY}") from None

    def _show(self, key: str, load: Callable[[], bytes], name: str, header: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to a question about a page of the file of this ``key``."""

        def ask(worker: _Worker) -> dict[str, Any]:
            data = b"" if worker.shown == key else load()
            worker.shown = key
            return worker.ask({"name": name, **header}, data, DRAWING_SECONDS, "shown that a page may")

        try:
            return self._ask(name, ask)
        except UnreadableFile:
            if self._worker:
                self._worker.shown = ""
            raise

    def _ask(self, name: str, ask: Callable[[_Worker], dict[str, Any]]) -> dict[str, Any]:
        """Return the answer of the process, started anew where it is gone. Raises UnreadableFile, RagqaError."""
        try:
            answer = self._try(name, ask)
        except UnreadableFile:
            raise
        except BaseException:  # Ctrl-C, above all: the process may be in the middle of anything
            self.close()
            raise
        if type(said := answer.get("unreadable")) is str:
            raise UnreadableFile(said[:1000])
        if type(said := answer.get("fault")) is str:
            raise UnreadableFile(f"{name} can't be read, its content breaks the reader ({said[:300]}): {_REMEDY}")
        return answer

    def _try(self, name: str, ask: Callable[[_Worker], dict[str, Any]]) -> dict[str, Any]:
        tries = 0
        while True:
            tries += 1
            try:
                return ask(self._ready())
            except _Broken as broken:
                self.close()
                if broken.proven or tries == 2:
                    raise UnreadableFile(f"{name} {broken}: {_REMEDY}") from None

    def _ready(self) -> _Worker:
        """Return the process, started anew where it is gone. Raises RagqaError when it does not start."""
        for attempt in range(STARTS):
            self.start()
            if self._worker and self._worker.is_ready():
                return self._worker
            self.close()
            time.sleep(2**attempt / 8)
        raise RagqaError(
            f"the process that reads files did not start, tried {STARTS} times: see that this machine has memory free "
            "and that your user may start processes"
        )


def figures_from(rows: object) -> tuple[Edges, ...]:
    """Return the edges of figures as the process told them. Raises ValueError where they are none."""
    if not isinstance(rows, list) or len(rows) > MOST_FIGURES:
        raise ValueError("expected a list of figures")
    found = []
    for row in rows:
        if not isinstance(row, list) or len(row) != 4 or not all(type(edge) in (int, float) for edge in row):
            raise ValueError("expected four edges of a figure")
        left, top, right, bottom = map(float, row)
        if not (-FARTHEST <= left < right <= FARTHEST and -FARTHEST <= top < bottom <= FARTHEST):  # NaN fails this too
            raise ValueError("expected the edges of a figure on a page")
        found.append((left, top, right, bottom))
    return tuple(found)


class _Broken(Exception):
    """The process is gone, or useless. ``proven`` says that the file which it was reading did that, and no other."""

    def __init__(self, why: str, proven: bool) -> None:
        super().__init__(why)
        self.proven = proven


class _Worker:
    """One process of ``ragqa.readers.worker``."""

    def __init__(self, arguments: Iterable[str]) -> None:
        self._process = subprocess.Popen(
            command("ragqa.readers.worker", *arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: value for name, value in environment().items() if name in _KEPT} | _ONE_THREAD,
            cwd=Path(__file__).parent,
            start_new_session=True,  # Ctrl-C is for us, who end it
        )
        assert self._process.stdin and self._process.stdout
        self._requests, self._answers = self._process.stdin, self._process.stdout
        self._started = False
        self.shown = ""
        """Which file it holds to show pages of."""
        self._files = 0
        self._overdue = False

    def is_ready(self) -> bool:
        """Say whether it waits for a file; it may take a while to start."""
        if not self._started:
            with self._at_most(START_SECONDS):
                self._started = self._answers.readline(len(READY)) == READY
        return self._started and self._process.poll() is None

    def ask(self, request: dict[str, Any], data: bytes, seconds: int, done: str) -> dict[str, Any]:
        """Return what it says of a file. Raises _Broken; ``done`` says what it may not take longer for."""
        self._files += 1
        header = {**request, "size": len(data), "seconds": seconds}
        try:
            with self._at_most(seconds * WALL):
                self._requests.writelines((encode(header), b"\n", data))
                self._requests.flush()
                answer = self._receive()
        except OSError:
            answer = None
        if answer is None:
            raise self._broken(seconds, done)
        if "memory" in answer:
            raise _Broken("needs more memory to be read than a file may take", self._files == 1)
        return answer

    def _receive(self) -> dict[str, Any] | None:
        """Return the next answer; None where there is none, or it is no answer of ours."""
        size = self._answers.readline(16).strip()
        if not size.isdigit() or int(size) > LONGEST_MESSAGE:
            return None
        body = self._answers.read(int(size))
        try:
            return decode(body) if len(body) == int(size) else None
        except ValueError:
            return None

    def _broken(self, seconds: int, done: str) -> _Broken:
        """Return why it is gone."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
        code = self._process.poll()
        if self._overdue or (code is not None and -code == getattr(signal, "SIGXCPU", None)):
            return _Broken(f"took more than the {seconds} s to be {done}", proven=True)
        signalled = signal.Signals(-code).name if code is not None and code < 0 else f"exit {code}"
        # An earlier file may have done harm that shows only now, and SIGKILL is a system out of memory.
        return _Broken(f"breaks the reader ({signalled})", proven=self._files == 1 and signalled != "SIGKILL")

    @contextmanager
    def _at_most(self, seconds: float) -> Iterator[None]:
        """End the process if what follows takes longer on the clock."""
        timer = threading.Timer(seconds, self._end_overdue)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _end_overdue(self) -> None:
        self._overdue = True
        self._process.kill()

    def kill(self) -> None:
        """End it now, and let go of what it held."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._requests, self._answers):
            with suppress(OSError):
                pipe.close()
