"""Tell tables of data from tables that only lay out a page, and read the former."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import accumulate
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
    rows = [list(_cells(row)) for group in _groups(table) for row in group]
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
    for group in _groups(table):
        shown = _without_empty([_shown_cells(row, content) for row in group])
        if group and group[0].getparent().tag == "thead" and headers == len(rows):
            headers += len(shown)
        rows += shown
    add_table(draft, rows, headers or None)


def _shown_cells(row: Any, content: Content) -> list[Cell]:
    if content.verdict(row) == "skip":
        return []
    return [_cell(cell) for cell in _cells(row) if content.verdict(cell) != "skip"]


def _without_empty(rows: list[list[Cell]]) -> list[list[Cell]]:
    """Drop a group's rows without text; a cell that spans rows then spans those that are left, within its group."""
    filled = [any(cell.text for cell in row) for row in rows]
    left = [0, *accumulate(filled)]
    kept = []
    for at, row in enumerate(rows):
        if filled[at]:
            ends = (min(at + cell.rows, len(rows)) if cell.rows else len(rows) for cell in row)
            kept.append(
                [
                    replace(cell, rows=left[end] - left[at]) if cell.rows != 1 else cell
                    for cell, end in zip(row, ends, strict=True)
                ]
            )
    return kept


def _groups(table: Any) -> Iterator[list[Any]]:
    """Yield the rows of <thead>, <tbody> and the like, and those that stand between such."""
    loose: list[Any] = []
    for child in table:
        if child.tag == "tr":
            loose.append(child)
        elif child.tag in ("thead", "tbody", "tfoot", "form", "div"):
            if loose:
                yield loose
                loose = []
            yield list(child.iterchildren("tr"))
    if loose:
        yield loose


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
