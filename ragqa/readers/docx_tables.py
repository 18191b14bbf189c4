"""The rows and cells of a Word table: where each cell stands, and how far it spans. Reads no text itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
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


def read_cells(table: Any, read: Callable[[Any], str], is_bold: Callable[[Any], bool]) -> tuple[list[list[Cell]], int]:
    """Return the rows of a table, and how many of its first ones it calls headers.

    ``read`` gives the text of a cell, ``is_bold`` says whether all of it is bold. Columns that a row leaves out before
    its first cell or after its last one are empty cells, so that every value stays below its header.
    """
    grid = _Grid(table)
    rows: list[list[Cell]] = []
    headers = 0
    open_cells: dict[int, tuple[int, int]] = {}  # column → row and place of the cell that spans down over it
    for row in rows_of(table):
        cells: list[Cell] = []
        column = _skipped(row, "gridBefore")
        if width := grid.width(0, column):
            cells.append(Cell("", width))
            for left_out in [at for at in open_cells if at < column]:
                del open_cells[left_out]
        for cell in cells_of(row):
            span = _number(cell.find(f"{W}tcPr/{W}gridSpan"))
            down, across = (cell.find(f"{W}tcPr/{W}{name}") for name in ("vMerge", "hMerge"))
            if across is not None and across.get(f"{W}val") != "restart" and cells:
                before = cells[-1]
                cells[-1] = Cell(before.text, before.columns + grid.width(column, span), before.rows, before.heads)
            elif down is not None and down.get(f"{W}val") != "restart" and column in open_cells:
                above, place = open_cells[column]
                spanning = rows[above][place]
                rows[above][place] = Cell(spanning.text, spanning.columns, len(rows) - above + 1, spanning.heads)
            else:
                open_cells.pop(column, None)
                text, width = read(cell), grid.width(column, span)
                if width or text:
                    if down is not None:
                        open_cells[column] = (len(rows), len(cells))
                    may_head = len(rows) < _HEADER_ROWS and 0 < len(text) <= _LONGEST_HEADER
                    cells.append(Cell(text, max(width, 1), 1, may_head and is_bold(cell)))
            column += span
        if width := grid.width(column, _skipped(row, "gridAfter")):
            cells.append(Cell("", width))
        switch = row.find(f"{W}trPr/{W}tblHeader")
        if headers == len(rows) and switch is not None and is_on(switch):
            headers += 1
        rows.append(cells)
    return rows, headers


class _Grid:
    """The columns of a table. Some are too narrow for a letter: lines that were drawn a little aside."""

    def __init__(self, table: Any) -> None:
        widths = [column.get(f"{W}w") or "" for column in table.iterfind(f"{W}tblGrid/{W}gridCol")]
        narrow = [at for at, width in enumerate(widths) if width.isdecimal() and 0 < int(width[:9]) <= _NARROW]
        self._narrow = frozenset(narrow if 2 * len(narrow) < len(widths) else ())

    def width(self, column: int, span: int) -> int:
        """Return how many columns that can hold text lie in ``span`` columns from ``column`` on."""
        return span - sum(column <= at < column + span for at in self._narrow)


def _skipped(row: Any, name: str) -> int:
    element = row.find(f"{W}trPr/{W}{name}")
    return _number(element) if element is not None and element.get(f"{W}val") != "0" else 0


def _number(element: Any) -> int:
    value = element.get(f"{W}val") if element is not None else None
    return max(int(value), 1) if value and re.fullmatch(r"\d{1,4}", value) else 1
