"""``ingest``: read files and folders into a library; say what became of each, what was passed over, what is gone."""

from __future__ import annotations

import dataclasses
import shlex
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ragqa.cli import options as opt
from ragqa.cli.agreeing import agrees
from ragqa.cli.output import note, print_json, say, shortened, terminal_width
from ragqa.cli.streams import uncleaned
from ragqa.printable import printable_name, quantity

if TYPE_CHECKING:
    from ragqa.changes import FolderReport
    from ragqa.ingest import Ingested, Progress


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


NAMED = 5
"""How many names a line gives before it says how many more there are."""

Paths = Annotated[list[str], typer.Argument(help="Files, folders, or - for standard input.")]
Sync = Annotated[bool, typer.Option("--sync", help="Remove documents whose files are gone; follow renamed ones.")]
NoOriginals = Annotated[
    bool, typer.Option("--no-originals", help="Do not keep the PDFs in the library: their pages can't be shown then.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before --sync removes all that a folder had.")]


def ingest(
    paths: Paths,
    sync: Sync = False,
    yes: Yes = False,
    index: opt.Index = None,
    home: opt.Home = None,
    embedder: opt.EmbedderOption = None,
    passage_tokens: opt.PassageTokens = None,
    password: opt.Password = None,
    no_originals: NoOriginals = False,
    as_json: opt.Json = False,
) -> None:
    """Read manuals (PDF, HTML, Markdown, text, CSV, DOCX; files or folders) into a library.

    A second run reads only what changed, and names what is gone from the folders.
    """
    from ragqa.engine import Library

    if "-" in paths and (len(paths) > 1 or sync):
        raise typer.BadParameter("expected - alone, for standard input; got other paths or --sync beside it")
    started = time.perf_counter()
    settings: dict[str, Any] = {"home": home, "embedder": embedder, "passage_tokens": passage_tokens}
    settings |= {"keep_originals": False} if no_originals else {}
    reports: list[FolderReport] = []
    with Library.open(index, create=True, notice=note, **settings) as library, progress_bar(as_json) as progress:
        if paths == ["-"]:
            results = library.ingest_bytes(sys.stdin.buffer.read(), "stdin", password=password, progress=progress)
        else:
            results = library.ingest(
                paths,
                sync=sync,
                agree=lambda question: agrees(question, yes=yes),
                report=reports.append,
                password=password,
                progress=progress,
            )
    seconds = time.perf_counter() - started
    if as_json:
        documents = [_ingested_json(result) for result in results]
        print_json({"documents": documents, "seconds": round(seconds, 3), **_report_json(reports)})
    else:
        words = ["ragqa", "ingest", *paths, *(["--index", index] if index else []), "--sync"]
        again = "the same command with --sync" if len(paths) > 2 else f"'{shlex.join(words)}'"
        gone = [_gone_line(report, again) for report in reports if report.gone and not report.removed]
        if [result.status for result in results] == ["failed"]:  # an error is one line
            note("; ".join([f"ragqa: {results[0].error}", *gone]))
        else:
            _print_ingested(results, seconds)
            for report in reports:
                _print_report(report, results)
            for line in gone:
                note(line)
    _exit_for(results)


def _ingested_json(result: Ingested) -> dict[str, object]:
    value = {name: held for name, held in dataclasses.asdict(result).items() if held is not None or name == "error"}
    value["warnings"] = list(result.warnings)
    return value


def _report_json(reports: Sequence[FolderReport]) -> dict[str, object]:
    """Return what was passed over and what is gone, where there is any of it."""
    skipped = [str(path) for report in reports for path in report.passed_over]
    gone = [dataclasses.asdict(one) for report in reports for one in report.gone]
    removed = [one.name for report in reports if report.removed for one in report.gone]
    found: dict[str, object] = {"skipped": skipped, "gone": gone, "removed": removed}
    return {name: value for name, value in found.items() if value}


def _print_ingested(results: Sequence[Ingested], seconds: float) -> None:
    read = [result for result in results if result.duplicate_of is None]
    for result in read:
        if result.status == "failed":
            note(f"ragqa: {result.error}")
            continue
        if result.renamed_from:
            say(f"renamed {result.renamed_from} -> {result.path}")
        pages = f"{quantity(result.pages, 'page')}, " if result.pages else ""
        say(f"{result.path}: {result.status} ({pages}{quantity(result.passages, 'passage')})")
        for warning in result.warnings:
            note(f"note: {result.path}: {warning}")
    if len(results) > 1:
        done = sum(result.status != "failed" for result in read)
        say(f"{done} of {quantity(len(read), 'document')} in {seconds:.1f} s")


def _print_report(report: FolderReport, results: Sequence[Ingested]) -> None:
    same = [f"{one.path} (as {one.duplicate_of})" for one in results if one.duplicate_of]
    if same:
        note(f"skipped {quantity(len(same), 'file')} of the same content as another: {_some(same)}")
    _print_passed_over(report.passed_over)
    renamed = [f"{one.name} -> {one.renamed_to}" for one in report.gone if one.renamed_to]
    for line in renamed[:NAMED]:
        say(f"renamed {line}")
    if len(renamed) > NAMED:
        say(f"and {len(renamed) - NAMED} more renamed")
    removed = [one.name for one in report.gone if report.removed and not one.renamed_to]
    if removed:
        say(f"removed {_some(removed)}")


def _gone_line(report: FolderReport, again: str) -> str:
    """Return what is gone and is answered from all the same, and the command that removes it."""
    names = _some([one.name for one in report.gone])
    return f"gone, but still in the library and answered from: {names}; to remove: {again}"


def _print_passed_over(paths: Sequence[Path]) -> None:
    """Say in a line how many files were not read and of which kinds they are."""
    from ragqa.readers import is_hidden

    hidden = [path for path in paths if is_hidden(path)]
    kinds = Counter(path.suffix.lower() or "without a suffix" for path in paths if not is_hidden(path))
    parts = []
    if kinds:
        named = [f"{number} {kind}" for kind, number in kinds.most_common()]
        parts.append(f"{quantity(sum(kinds.values()), 'file')} of kinds that are not read ({_some(named)})")
    if hidden:
        parts.append(f"{len(hidden)} hidden ({_some([path.name for path in hidden])})")
    if parts:
        note(f"skipped {', '.join(parts)}")


def _some(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(printable_name(name) for name in names[:NAMED]) + more


def _exit_for(results: Sequence[Ingested]) -> None:
    failed = sum(result.status == "failed" for result in results)
    if failed:
        raise typer.Exit(1 if len(results) == 1 else 3)
