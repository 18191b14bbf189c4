"""What a person sees while manuals are read: a bar, which file, how long it will take. Nothing off a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from ragqa.cli.streams import uncleaned
from ragqa.cli.wrapping import shortened, terminal_width
from ragqa.printable import printable_name

if TYPE_CHECKING:
    from ragqa.ingest import Progress

_BAR = 20
"""Columns of the bar itself."""

_REST = 38
"""Columns of all that stands beside a name: the bar, the count of files, the stage, the time left."""


@contextmanager
def progress_bar(quiet: bool) -> Iterator[Callable[[Progress], None]]:
    """Yield what ingest reports to: a bar on a terminal, nothing elsewhere or if ``quiet``."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    with ExitStack() as stack:
        shown: list[Callable[[Progress], None]] = []

        def show(at: Progress) -> None:
            if not shown:
                shown.append(_start(stack))
            shown[0](at)

        yield show


def _start(stack: ExitStack) -> Callable[[Progress], None]:
    """Begin a bar, which ends with ``stack``; return what moves it."""
    from rich.console import Console
    from rich.progress import BarColumn, ProgressColumn, Task, TextColumn
    from rich.progress import Progress as Bar
    from rich.table import Column
    from rich.text import Text

    begun, ends = time.monotonic(), [0.0]

    class Left(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(time_left(ends[0] - time.monotonic()) if ends[0] else "", no_wrap=True)

    columns = (TextColumn("{task.description}", markup=False), BarColumn(_BAR), Left(Column(no_wrap=True)))
    bar = stack.enter_context(Bar(*columns, console=Console(file=uncleaned(sys.stderr)), transient=True))
    task = bar.add_task("reading", total=None)

    def show(at: Progress) -> None:
        files = f"[{at.number}/{at.files}] " if at.files > 1 else ""
        room = (terminal_width(sys.stderr) or 80) - _REST - len(files) - len(at.stage)
        if at.share:
            now = time.monotonic()
            ends[0] = now + (now - begun) * (1 - at.share) / at.share
        name = shortened(printable_name(at.name), max(room, 8))
        total = 1.0 if at.share else None
        bar.update(task, description=f"{files}{name}: {at.stage}", completed=at.share, total=total)

    return show


def time_left(seconds: float) -> str:
    """Return about how long it will take: '40 s left', '3 min left'; '…' where it takes longer than was reckoned."""
    if seconds < 1:
        return "…"
    return f"{seconds:.0f} s left" if seconds < 100 else f"{seconds / 60:.0f} min left"
