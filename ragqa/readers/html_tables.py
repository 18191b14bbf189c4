"""Tell tables of data from tables that only lay out a page, and read the former."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ragqa.readers.draft import Draft
from ragqa.readers.html_page import Content
from ragqa.readers.html_text import text_of
from ragqa.readers.html_tree import outermost
from ragqa.readers.tables import Cell, add_table


def is_data_table(table: Any, content: Content) -> bool:
    """Say whether a table's cells are data in rows; else they are stretches of a page laid side by side."""
    if table.get("role") in ("presentation", "none"):
        return False
    rows = [list(_cells(row)) for row, _ in _rows(table)]
    width = max(map(len, rows), default=0)
    if width < 2:
        return False
    weight = content.weights[table]
    if weight.heads:
        return False
    marked = any(cell.tag == "th" for row in rows for cell in row) or table.find("caption") is not None
    if marked:
        return True
    if len(rows) < 2 or weight.holds:
        return False
    longest = max(len(" ".join(cell.itertext())) for row in rows for cell in row)
    return longest <= 1000


def read_table(draft: Draft, table: Any, content: Content) -> None:
    """Append a table of data, its caption before it."""
    for caption in table.iterchildren("caption"):
        draft.add("caption", text_of(caption))
    rows: list[list[Cell]] = []
    headers = 0
    for row, in_head in _rows(table):
        if content.verdict(row) == "skip":
            continue
        cells = [_cell(cell) for cell in _cells(row) if content.verdict(cell) != "skip"]
        if not any(cell.text for cell in cells):
            continue
        if in_head and headers == len(rows):
            headers += 1
        rows.append(cells)
    add_table(draft, rows, headers or None)


def _rows(table: Any) -> Iterator[tuple[Any, bool]]:
    for child in table:
        if child.tag == "tr":
            yield child, False
        elif child.tag in ("thead", "tbody", "tfoot", "form", "div"):
            for row in child.iterchildren("tr"):
                yield row, child.tag == "thead"


def _cells(row: Any) -> Iterator[Any]:
    return row.iterchildren("td", "th")  # type: ignore[no-any-return]


def _cell(element: Any) -> Cell:
    text = text_of(element)
    if not text:  # a tick or a cross drawn as an image is what the cell says
        text = " ".join(filter(None, (image.get("alt") for image in element.iter("img"))))
    heads = element.tag == "th" or (bool(text) and _all_bold(element, text))
    return Cell(text, _span(element.get("colspan")), _span(element.get("rowspan")), heads)


def _all_bold(element: Any, text: str) -> bool:
    return sum(len(text_of(bold)) for bold in outermost(element, ("b", "strong"))) >= len(text)


def _span(value: str | None) -> int:
    return int(value) if value and value.isdecimal() and len(value) < 6 else 1
