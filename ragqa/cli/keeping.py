"""What keeps libraries: list, show, remove, describe, re-embed, verify, export, import and trust them."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ragqa.cli import options as opt
from ragqa.cli.agreeing import agrees
from ragqa.cli.ingesting import progress_bar
from ragqa.cli.output import note, pages, print_json, print_table, say, styled
from ragqa.json_forms import outline_json, units_json
from ragqa.printable import printable, printable_name, quantity
from ragqa.types import Document, Unit

Names = Annotated[
    list[str] | None, typer.Argument(help="Documents, as 'ragqa list' names them, or '*.pdf'.", show_default=False)
]
Name = Annotated[str, typer.Argument(help="A document, as 'ragqa list' names it.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before removing several, or a library.")]
Whole = Annotated[str | None, typer.Option("--library", help="Remove this library, with all that it holds.")]

SHOWN = 20
"""How many names a question shows."""


def list_libraries(home: opt.Home = None, as_json: opt.Json = False) -> None:
    """List the libraries, with what each holds."""
    from ragqa.libraries import Unopened
    from ragqa.libraries import list_libraries as listed
    from ragqa.settings import load_settings

    settings = load_settings({"home": home}, notice=note)
    found = listed(settings)
    if as_json:
        print_json({"libraries": [dataclasses.asdict(one) for one in found]})
        return
    if not found:
        note(f"there is no library in {settings.indexes()} yet: make one with 'ragqa ingest PATH'")
    rows = [
        [one.name, f"{one.documents:,}", f"{one.passages:,}", _size(one.bytes), one.changed[:10], one.embedder or "-"]
        for one in found
        if not isinstance(one, Unopened)
    ]
    if rows:
        print_table(["library", "documents", "passages", "size", "changed", "embedder"], rows, words=(0, 5))
    for one in found:
        if isinstance(one, Unopened):
            note(f"{one.name}: {one.why}")


def _size(number: int) -> str:
    return f"{number / 1e6:,.1f} MB" if number < 1e9 else f"{number / 1e9:,.1f} GB"


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
        return
    rows = [[one.name, f"{one.pages:,}" if one.pages else "-", f"{one.passages:,}", one.title] for one in documents]
    print_table(["document", "pages", "passages", "title"], rows, words=(0, 3))


def show(
    document: Name,
    page: Annotated[int | None, typer.Option("--page", "-p", help="Print this page's text.")] = None,
    image: Annotated[
        Path | None, typer.Option("--image", help="Write the page of a PDF as a picture (PNG) to this file.")
    ] = None,
    quote: Annotated[
        str | None, typer.Option("--quote", help="With --image: what is lit, as it stands on the page.")
    ] = None,
    dpi: Annotated[int | None, typer.Option("--dpi", help="With --image: pixels an inch (100).")] = None,
    units: Annotated[
        bool, typer.Option("--units", help="Print its procedures, lists, tables and other units.")
    ] = False,
    index: opt.Index = None,
    home: opt.Home = None,
    as_json: opt.Json = False,
) -> None:
    """Show a document as it was read: its outline, a page as text or picture, or the units that answers are made of."""
    from ragqa.engine import Library

    if units and page is not None:
        raise typer.BadParameter("give either --page or --units")
    if image is not None and page is None:
        raise typer.BadParameter("give the --page whose picture is to be written")
    if image is None and (quote is not None or dpi is not None):
        raise typer.BadParameter("give --image, the file for the picture, with --quote and --dpi")

    with Library.open(index, home=home, notice=note) as library:
        if image is not None and page is not None:
            from ragqa.cli.viewing import save_page

            save_page(library, document, page, image, quote, dpi, as_json)
            return
        shown = library.show(document)
        text = library.page_text(document, page) if page is not None else None
        found = library.units(document) if units else ()
    if units:
        print_units(shown, found, as_json)
    elif as_json:
        print_json(_shown_json(shown, page, text))
    elif text is not None:
        print(printable(text))
    else:
        print(styled(printable_name(shown.title), "1"))
        for one in shown.outline():
            heading = " ".join(one.text.split())
            say(f"{'  ' * (one.level - 1)}{heading}{f'  (page {one.page})' if one.page else ''}")


def _shown_json(shown: Document, page: int | None, text: str | None) -> dict[str, object]:
    value: dict[str, object] = {
        "document": shown.name,
        "title": shown.title,
        "media_type": shown.media_type,
        "sha256": shown.sha256,
    }
    if page is not None:
        return {**value, "page": page, "text": text}
    return {**value, "pages": len(shown.pages), "outline": outline_json(shown), "text": shown.text}


def remove(
    documents: Names = None,
    library: Whole = None,
    yes: Yes = False,
    index: opt.Index = None,
    home: opt.Home = None,
    as_json: opt.Json = False,
) -> None:
    """Remove documents from a library, or a library as a whole."""
    if (not documents) == (library is None) or (library is not None and index is not None):
        raise typer.BadParameter("expected documents to remove, or --library NAME alone for a whole library")
    if library is not None:
        _remove_library(library, home, yes, as_json)
        return
    from ragqa.engine import Library
    from ragqa.errors import RagqaError

    with Library.open(index, home=home, notice=note) as held:
        names = held.matching(documents or [])
        if len(names) > len(documents or []):  # a pattern stood for more than was typed
            for name in names[:SHOWN]:
                note(name)
            more = f" (and {len(names) - SHOWN} more)" if len(names) > SHOWN else ""
            if not agrees(f"Remove these {len(names)} documents{more}?", yes=yes):
                raise RagqaError(f"nothing was removed: --yes removes these {len(names)} documents")
        removed = held.remove(names)
    print_json({"removed": removed}) if as_json else say(f"{quantity(removed, 'document')} removed")


def _remove_library(name: str, home: Path | None, yes: bool, as_json: bool) -> None:
    from ragqa.errors import RagqaError
    from ragqa.libraries import remove_library
    from ragqa.settings import load_settings

    def ask(folder: Path) -> None:
        if not agrees(f"Remove library '{name}' in {folder} with all that it holds?", yes=yes):
            raise RagqaError(f"nothing was removed: --yes removes library '{name}'")

    folder = remove_library(load_settings({"home": home}, notice=note), name, ask)
    print_json({"removed": name, "path": str(folder)}) if as_json else say(f"library '{name}' removed")


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
        say(f"{quantity(passages, 'passage')} embedded by {embedder} ({seconds:.1f} s)")


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
        say("the library is sound" if not problems else quantity(len(problems), "problem"))
    if problems:
        raise typer.Exit(1)


FIRST_WORDS = 100
"""Characters of a unit's text that are shown."""


def print_units(document: Document, units: Sequence[Unit], as_json: bool) -> None:
    """Print the units of a document, in reading order: for people two lines each, as JSON whole."""
    if as_json:
        print_json({"document": document.name, "units": units_json(document, units)})
        return
    for unit in units:
        text = " ".join(document.text[unit.start : unit.end].split())
        steps = f", {unit.steps} steps" if unit.steps > 1 else ""
        section = printable_name(" ".join(unit.section[-1].split())) if unit.section else ""
        say(f"{styled(unit.kind, '1')}{steps}{pages(unit.page, unit.page_end)}{f' ({section})' if section else ''}")
        say(f"  {text[:FIRST_WORDS]}{'…' if len(text) > FIRST_WORDS else ''}")


Force = Annotated[bool, typer.Option("--force", "--yes", "-y", help="Write over a file that is there without asking.")]


def export(
    file: Annotated[Path, typer.Argument(help="The file to write.")],
    force: Force = False,
    index: opt.Index = None,
    home: opt.Home = None,
    as_json: opt.Json = False,
) -> None:
    """Write a library to one file, to be taken elsewhere."""
    from ragqa.engine import Library
    from ragqa.errors import RagqaError

    if not file.name:
        raise typer.BadParameter(f"expected the name of a file to write; got '{file}'")
    with Library.open(index, home=home, notice=note) as library:
        if file.is_file() and not agrees(f"{file} is there already. Write over it?", yes=force):
            raise RagqaError(f"{file} is there already and was left as it is: choose another name, or add --force")
        library.export(file)
    size = file.stat().st_size
    print_json({"file": str(file), "bytes": size}) if as_json else say(f"{file} written")


def import_library(
    file: Annotated[Path, typer.Argument(help="A file that 'ragqa export' wrote.")],
    index: Annotated[
        str | None, typer.Option("--index", "-i", help="What to call the library; as the file unless told.")
    ] = None,
    home: opt.Home = None,
    as_json: opt.Json = False,
) -> None:
    """Take in a library that was exported; never over one that is there."""
    from ragqa.engine import Library

    with Library.import_(file, index, home=home, notice=note) as library:
        facts = library.info()
    if as_json:
        print_json(dataclasses.asdict(facts))
    else:
        say(f"library '{facts.name}': {quantity(facts.documents, 'document')}")


Folder = Annotated[
    Path | None,
    typer.Argument(help="A folder with ragqa.toml or indexes/, or a library's own; the nearest one unless named."),
]


def trust(
    folder: Folder = None,
    listed: Annotated[bool, typer.Option("--list", help="Show what was approved, and change nothing.")] = False,
    revoke: Annotated[bool, typer.Option("--revoke", help="Take the approval back.")] = False,
    as_json: opt.Json = False,
) -> None:
    """Approve a folder: the settings in its ragqa.toml as they are now, and its libraries with their embedders.

    Without this, settings of a folder that name models, prompts or other folders are ignored, and libraries that you
    did not make are not opened. A file that changes afterwards must be approved again.
    """
    from ragqa.approving import approve_folder, revoke_folder
    from ragqa.settings import home_folder
    from ragqa.trust import approvals

    if listed:
        kept = approvals()
        if as_json:
            print_json({"approved": [dataclasses.asdict(one) for one in kept]})
            return
        for one in kept:
            asks = ", ".join(filter(None, ("settings" if one.settings else None, one.embedder)))
            say(f"{one.folder} ({asks})" if asks else one.folder)
        return
    target = folder or home_folder()
    lines = revoke_folder(target) if revoke else approve_folder(target)
    if as_json:
        print_json({"folder": str(target), "revoked" if revoke else "approved": lines})
        return
    for line in lines:
        say(f"{'no longer approved' if revoke else 'approved'}: {line}")
