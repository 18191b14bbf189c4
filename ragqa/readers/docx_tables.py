"""The rows and cells of a Word table: where each cell stands, and how far it spans. Reads no text itself."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ragqa.readers.docx_styles import W, is_on
from ragqa.readers.tables import Cell

_NARROW = 113
"""Twentieths of a point, two millimetres: a column that is no wider holds no text."""
_HEADER_ROWS = 20
"""Rows of a table among which its headers are."""
_LONGEST_HEADER = 300
"""Characters of a cell that may be a header because it is bold."""

_WRAPPERS = frozenset(f"{W}{name}" for name in ("sdt", "sdtContent", "ins", "moveTo", "smartTag", "customXml"))


def rows_of(table: Any) -> Iterator[Any]:
    """Yield the rows that are shown, those in content controls as well."""
    for row in _within(table, f"{W}tr"):
        properties = row.find(f"{W}trPr")
        gone = (
            [properties.find(f"{W}{name}") for name in ("del", "moveFrom", "hidden")] if properties is not None else ()
        )
        if not any(switch is not None and is_on(switch) for switch in gone):
            yield row


def cells_of(row: Any) -> Iterator[Any]:
    """Yield the cells of a row, those in content controls as well."""
    for cell in _within(row, f"{W}tc"):
        if cell.find(f"{W}tcPr/{W}cellDel") is None:
            yield cell


def _within(parent: Any, tag: str) -> Iterator[Any]:
    for child in parent:
        if child.tag == tag:
            yield child
        elif child.tag in _WRAPPERS:
            yield from _within(child, tag)


class _Grid:
    """The columns of a table. Some are too narrow for a letter: lines that were drawn a little aside."""

    def __init__(self, table: Any) -> None:
        widths = [column.get(f"{W}w") or "" for column in table.iterfind(f"{W}tblGrid/{W}gridCol")]
        narrow = [at for at, width in enumerate(widths) if width.isdecimal() and 0 < int(width[:9]) <= _NARROW]
        self._narrow = narrow if 2 * len(narrow) < len(widths) else []

    def width(self, column: int, span: int) -> int:
        """Return how many columns that can hold text lie in ``span`` columns from ``column`` on."""
        return span - (bisect_left(self._narrow, column + span) - bisect_left(self._narrow, column))


def read_cells(table: Any, read: Callable[[Any], str], is_bold: Callable[[Any], bool]) -> tuple[list[list[Cell]], int]:
    """Return the rows of a table, and how many of its first ones it calls headers.

    ``read`` gives the text of a cell, ``is_bold`` says whether all of it is bold. Every value stays below its header:
    where a row begins further to the right, what stands above goes on in the columns that it leaves out.
    """
    reading = _Reading(_Grid(table), read, is_bold)
    for row in rows_of(table):
        reading.take(row)
    return reading.rows, reading.headers


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a cell of an earlier row stands, and the column behind it."""

    row: int
    cell: int
    end: int


class _Reading:
    """The rows of a table so far, and which cell reaches down to the last of them in each column."""

    def __init__(self, grid: _Grid, read: Callable[[Any], str], is_bold: Callable[[Any], bool]) -> None:
        self.rows: list[list[Cell]] = []
        self.headers = 0
        self._grid, self._read, self._is_bold = grid, read, is_bold
        self._above: dict[int, _Place] = {}

    def take(self, row: Any) -> None:
        """Append a row."""
        cells: list[Cell] = []
        column = _skipped(row, "gridBefore")
        below = self._go_on(column, cells)
        for cell in _within(row, f"{W}tc"):
            properties = {element.tag: element for element in cell.iterfind(f"{W}tcPr/*")}
            if f"{W}cellDel" in properties:
                continue
            span = _number(properties.get(f"{W}gridSpan"))
            width = self._grid.width(column, span)
            down, across = properties.get(f"{W}vMerge"), properties.get(f"{W}hMerge")
            above = self._above.get(column)
            if across is not None and across.get(f"{W}val") != "restart" and cells:
                before = cells[-1]
                cells[-1] = Cell(before.text, before.columns + width, before.rows, before.heads)
            elif down is not None and down.get(f"{W}val") != "restart" and above:
                self._extend(above)
                below[column] = above
            elif (text := self._read(cell)) or width:
                may_head = len(self.rows) < _HEADER_ROWS and 0 < len(text) <= _LONGEST_HEADER
                below[column] = _Place(len(self.rows), len(cells), column + span)
                cells.append(Cell(text, max(width, 1), 1, may_head and self._is_bold(cell)))
            column += span
        if width := self._grid.width(column, _skipped(row, "gridAfter")):
            cells.append(Cell("", width))
        switch = row.find(f"{W}trPr/{W}tblHeader")
        if self.headers == len(self.rows) and switch is not None and is_on(switch):
            self.headers += 1
        self.rows.append(cells)
        self._above = below

    def _go_on(self, skipped: int, cells: list[Cell]) -> dict[int, _Place]:
        """Fill the columns that a row leaves out at its left: values go on from above, headers and the rest do not."""
        below: dict[int, _Place] = {}
        starts = sorted(self._above)
        at = 0
        while at < skipped:
            above = self._above.get(at)
            is_value = above is not None and above.row >= max(self.headers, 1)
            if above and is_value and above.end <= skipped and self.rows[above.row][above.cell].text:
                self._extend(above)
                below[at] = above
                at = above.end
            else:
                following = bisect_right(starts, at)
                end = min(starts[following], skipped) if following < len(starts) else skipped
                if width := self._grid.width(at, end - at):
                    cells.append(Cell("", width))
                at = end
        return below

    def _extend(self, place: _Place) -> None:
        cell = self.rows[place.row][place.cell]
        self.rows[place.row][place.cell] = Cell(cell.text, cell.columns, cell.rows + 1, cell.heads)


def _skipped(row: Any, name: str) -> int:
    element = row.find(f"{W}trPr/{W}{name}")
    return _number(element) if element is not None and element.get(f"{W}val") != "0" else 0


def _number(element: Any) -> int:
    value = element.get(f"{W}val") if element is not None else None
    return max(int(value), 1) if value and re.fullmatch(r"\d{1,4}", value) else 1
