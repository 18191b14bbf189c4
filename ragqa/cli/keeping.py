"""What keeps a library: ``ingest``, ``list``, ``show``, ``remove``, ``info``, ``reembed``, ``verify`` and the rest."""

from __future__ import annotations

import dataclasses
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ragqa.cli import options as opt
from ragqa.cli.output import note, print_json, progress_bar, say, styled
from ragqa.printable import printable, printable_name

if TYPE_CHECKING:
    from ragqa.ingest import Ingested

Paths = Annotated[list[str], typer.Argument(help="Files, folders, or - for standard input.")]
Names = Annotated[list[str], typer.Argument(help="Documents, as 'ragqa list' names them.")]
Name = Annotated[str, typer.Argument(help="A document, as 'ragqa list' names it.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before paying for a hosted model.")]


def ingest(
    paths: Paths,
    index: opt.Index = None,
    home: opt.Home = None,
    embedder: opt.EmbedderOption = None,
    passage_tokens: opt.PassageTokens = None,
    password: opt.Password = None,
    as_json: opt.Json = False,
) -> None:
    """Read manuals (PDF, HTML, Markdown, text, DOCX; files or folders) into a library."""
    from ragqa.engine import Library

    started = time.perf_counter()
    settings: dict[str, Any] = {"home": home, "embedder": embedder, "passage_tokens": passage_tokens}
    with Library.open(index, create=True, notice=note, **settings) as library, progress_bar(as_json) as progress:
        if paths == ["-"]:
            results = library.ingest_bytes(sys.stdin.buffer.read(), "stdin", password=password, progress=progress)
        else:
            results = library.ingest(paths, password=password, progress=progress)
    seconds = time.perf_counter() - started
    if as_json:
        documents = [_ingested_json(result) for result in results]
        print_json({"documents": documents, "seconds": round(seconds, 3)})
    else:
        _print_ingested(results, seconds)
    _exit_for(results)


def _ingested_json(result: Ingested) -> dict[str, object]:
    value = dataclasses.asdict(result)
    value["warnings"] = list(result.warnings)
    return value


def _print_ingested(results: list[Ingested], seconds: float) -> None:
    for result in results:
        if result.status == "failed":
            note(f"ragqa: {result.error}")
            continue
        pages = f"{result.pages} pages, " if result.pages else ""
        say(f"{result.path}: {result.status} ({pages}{result.passages} passages)")
        for warning in result.warnings:
            note(f"note: {result.path}: {warning}")
    if len(results) > 1:
        done = sum(result.status != "failed" for result in results)
        say(f"{done} of {len(results)} documents in {seconds:.1f} s")


def _exit_for(results: list[Ingested]) -> None:
    failed = sum(result.status == "failed" for result in results)
    if failed:
        raise typer.Exit(1 if len(results) == 1 else 3)


def list_documents(index: opt.Index = None, home: opt.Home = None, as_json: opt.Json = False) -> None:
    """List the documents of a library."""
    from ragqa.engine import Library

    with Library.open(index, home=home, notice=note) as library:
        documents = library.documents()
    if as_json:
        print_json({"documents": [dataclasses.asdict(document) for document in documents]})
        return
    if not documents:
        note("the library holds no document yet: run 'ragqa ingest PATH'")
    for document in documents:
        pages = f"{document.pages} pages, " if document.pages else ""
        name, title = printable_name(document.name), printable_name(document.title)
        print(f"{styled(name, '1')}  {pages}{document.passages} passages  {title}")


def show(
    document: Name,
    page: Annotated[int | None, typer.Option("--page", "-p", help="Print this page's text.")] = None,
    units: Annotated[
        bool, typer.Option("--units", help="Print its procedures, lists, tables and other units.")
    ] = False,
    index: opt.Index = None,
    home: opt.Home = None,
    as_json: opt.Json = False,
) -> None:
    """Show a document as it was read: its outline, the text of a page, or the units that answers are made of."""
    from ragqa.engine import Library

    if units and page is not None:
        raise typer.BadParameter("give either --page or --units")

    with Library.open(index, home=home, notice=note) as library:
        shown = library.show(document)
        text = library.page_text(document, page) if page is not None else None
        found = library.units(document) if units else ()
    if units:
        from ragqa.cli.showing_units import print_units

        print_units(shown, found, as_json)
    elif as_json:
        print_json(_shown_json(shown, page, text))
    elif text is not None:
        print(printable(text))
    else:
        print(styled(printable_name(shown.title), "1"))
        for block in shown.blocks:
            if block.kind == "heading":
                at = shown.page_at(block.start)
                heading = " ".join(shown.text[block.start : block.end].split())
                say(f"{'  ' * (block.level - 1)}{heading}{f'  (page {at})' if at else ''}")


def _shown_json(shown: object, page: int | None, text: str | None) -> dict[str, object]:
    from ragqa.types import Document

    assert isinstance(shown, Document)
    value: dict[str, object] = {
        "document": shown.name,
        "title": shown.title,
        "media_type": shown.media_type,
        "sha256": shown.sha256,
    }
    if page is not None:
        return {**value, "page": page, "text": text}
    outline = [
        {"level": block.level, "title": shown.text[block.start : block.end], "page": shown.page_at(block.start)}
        for block in shown.blocks
        if block.kind == "heading"
    ]
    return {**value, "pages": len(shown.pages), "outline": outline, "text": shown.text}


def remove(documents: Names, index: opt.Index = None, home: opt.Home = None, as_json: opt.Json = False) -> None:
    """Remove documents from a library."""
    from ragqa.engine import Library

    with Library.open(index, home=home, notice=note) as library:
        removed = library.remove(documents)
    print_json({"removed": removed}) if as_json else say(f"{removed} removed")


def info(index: opt.Index = None, home: opt.Home = None, as_json: opt.Json = False) -> None:
    """Say what a library holds, where it lies and which embedder it uses."""
    from ragqa.engine import Library

    with Library.open(index, home=home, notice=note) as library:
        facts = dataclasses.asdict(library.info())
    if as_json:
        print_json(facts)
        return
    for name, value in facts.items():
        say(f"{name:<11} {value}")


def reembed(
    embedder: Annotated[str, typer.Option("--embedder", help="local:MODEL or openai:MODEL.")],
    index: opt.Index = None,
    home: opt.Home = None,
    as_json: opt.Json = False,
) -> None:
    """Give a library another embedder: new vectors from the stored text, swapped in when all are there."""
    from ragqa.engine import Library

    started = time.perf_counter()
    with Library.open(index, home=home, notice=note) as library, progress_bar(as_json) as progress:
        passages = library.reembed(embedder, progress=progress)
    seconds = round(time.perf_counter() - started, 3)
    if as_json:
        print_json({"embedder": embedder, "passages": passages, "seconds": seconds})
    else:
        say(f"{passages} passages now have vectors of {embedder} ({seconds:.1f} s)")


def verify(index: opt.Index = None, home: opt.Home = None, as_json: opt.Json = False) -> None:
    """Check a library: the database, its texts, vectors and indexes."""
    from ragqa.engine import Library

    with Library.open(index, home=home, notice=note) as library:
        problems = library.verify()
    if as_json:
        print_json({"problems": problems})
    else:
        for problem in problems:
            note(problem)
        say("the library is sound" if not problems else f"{len(problems)} problems")
    if problems:
        raise typer.Exit(1)


def export(
    file: Annotated[Path, typer.Argument(help="The file to write.")],
    index: opt.Index = None,
    home: opt.Home = None,
    as_json: opt.Json = False,
) -> None:
    """Write a library to one file, to be taken elsewhere."""
    from ragqa.engine import Library

    with Library.open(index, home=home, notice=note) as library:
        if not file.name:
            raise typer.BadParameter(f"expected the name of a file to write; got '{file}'")
        library.export(file)
    print_json({"file": str(file), "bytes": file.stat().st_size}) if as_json else say(f"{file} written")


def import_library(
    file: Annotated[Path, typer.Argument(help="A file that 'ragqa export' wrote.")],
    index: opt.Index = None,
    home: opt.Home = None,
    as_json: opt.Json = False,
) -> None:
    """Take in a library that was exported; never over one that is there."""
    from ragqa.engine import Library

    with Library.import_(file, index, home=home, notice=note) as library:
        facts = library.info()
    print_json(dataclasses.asdict(facts)) if as_json else say(f"{facts.name}: {facts.documents} documents")
