"""Pages as pictures: written to a file, opened with the system's viewer, linked to from what is printed."""

from __future__ import annotations

import os
import sys
import tempfile
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

from ragqa.cli.output import linked, note, print_json
from ragqa.plain_files import cannot_write, write_private
from ragqa.printable import printable_name

if TYPE_CHECKING:
    from ragqa.engine import Library
    from ragqa.types import Answer


def save_page(
    library: Library, document: str, page: int, file: Path, quote: str | None, dpi: int | None, as_json: bool
) -> None:
    """Write the picture of a page to a file, a quote on it lit, and say so."""
    from ragqa.pages import DPI

    span = library.find_quote(document, page, quote) if quote is not None else None
    boxes = library.boxes(document, *span) if span else ()
    picture = library.page_image(document, page, dpi=dpi or DPI, highlight=boxes)
    try:
        write_private(file, picture)
    except OSError as error:
        raise cannot_write(file, error) from None
    if as_json:
        lit = [[round(edge, 2) for edge in box.edges] for box in boxes if box.page == page]
        print_json({"document": document, "page": page, "image": str(file), "boxes": lit})
    else:
        print(f"{linked(printable_name(str(file)), file)} written")


def open_cited(library: Library, answer: Answer) -> None:
    """Open the pages that an answer cites with the system's viewer; where there is none, say where they lie."""
    from ragqa.pages.cited import html_of

    cited = library.cited_pages(answer)
    if not cited:
        note("no page is cited that could be opened")
        return
    with tempfile.NamedTemporaryFile(prefix="ragqa-", suffix=".html", delete=False) as file:  # for its owner alone
        file.write(html_of(cited))
    if not (_has_display() and webbrowser.open(Path(file.name).as_uri())):
        note(f"no viewer to open the pages with: they are in {file.name}")


def _has_display() -> bool:
    """Whether a viewer can show itself: on a machine without a screen one would take over the terminal."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
