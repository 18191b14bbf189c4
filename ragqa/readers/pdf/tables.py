"""Tables: rows whose segments stand in the same columns. Precision first: prose is never to become a table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from ragqa.readers.pdf.captions import is_caption
from ragqa.readers.pdf.joining import Knows, finish, join
from ragqa.readers.pdf.rows import Row
from ragqa.readers.pdf.table_columns import Band, cells_of, find_bands, is_tabular
from ragqa.readers.pdf.table_rows import count_headers, group_lines, header_cells

MAX_INNER_SINGLES = 3
"""Rows of one segment in a row that may stand inside a table: continued cells and group labels."""
MAX_SPACE = 2.2
"""White space between two rows of a table, in type sizes."""

_BAR = re.compile(r"(?<!\S)\|(?!\S)")


class TableRow(NamedTuple):
    """A row of a table: its lines' positions, and its text with cells joined."""

    first: int
    last: int
    text: str
    header: bool


class Table(NamedTuple):
    first: int
    last: int
    rows: list[TableRow]


def find_tables(rows: Sequence[Row], skip: set[int], knows: Knows) -> list[Table]:
    """Return the tables among rows in reading order. ``skip`` are positions that belong to nothing tabular."""
    found = []
    for first, last in _candidates(rows, skip):
        table = _table(rows, first, last, knows)
        if table:
            found.append(table)
    return found


def _candidates(rows: Sequence[Row], skip: set[int]) -> list[tuple[int, int]]:
    found = []
    first = last = -1
    for at, row in enumerate(rows):
        many = len(row.segments) > 1 and at not in skip and not is_caption(row.text)
        if first >= 0 and (
            at in skip
            or _breaks(row, rows[last])
            or not _follows(rows[at - 1], row)
            or _singles(rows, last, at) > MAX_INNER_SINGLES
        ):
            found.append((first, last))
            first = -1
        if many:
            if first < 0:
                first = at
            last = at
    if first >= 0:
        found.append((first, last))
    return [(a, b) for a, b in found if b > a]


def _breaks(row: Row, table: Row) -> bool:
    """Whether a row can't stand in a table: a caption, or a sentence that runs across its columns."""
    if len(row.segments) > 1:
        return is_caption(row.text)
    across = row.x0 < table.segments[1].x0 - row.size < row.x1
    return across and len(row.text) > 50 and row.x1 - row.x0 > 0.6 * (table.x1 - table.x0)


def _singles(rows: Sequence[Row], last: int, at: int) -> int:
    """Return how many single lines follow the last full row, those within a later column of it not counted."""
    edge = rows[last].segments[1].x0 - 2
    return sum(len(row.segments) == 1 and row.x0 < edge for row in rows[last + 1 : at + 1])


def _follows(above: Row, below: Row) -> bool:
    return above.column == below.column and above.y0 - below.y1 <= MAX_SPACE * max(above.size, below.size)


def _table(rows: Sequence[Row], first: int, last: int, knows: Knows) -> Table | None:
    lines = rows[first : last + 1]
    many = [row for row in lines if len(row.segments) > 1]
    if len(many) < 2 or all(row.mono for row in many):
        return None
    bands = find_bands(many)
    if len(bands) < 2 or not is_tabular(lines, many, bands):
        return None
    last = first + _grown(rows, first, last, bands) - 1
    lines = rows[first : last + 1]
    grid = [cells_of(row, bands) for row in lines]
    groups = group_lines(lines, grid)
    heads = count_headers(lines, grid, groups)
    shown = []
    if heads:
        shown.append(
            TableRow(
                first,
                first + groups[heads - 1][1],
                _text(header_cells(lines[: groups[heads - 1][1] + 1], bands)),
                True,
            )
        )
    for start, end in groups[heads:]:
        cells = [_cell([line[at] for line in grid[start : end + 1]], knows) for at in range(len(bands))]
        shown.append(TableRow(first + start, first + end, _text(cells), False))
    return Table(first, last, shown)


def _grown(rows: Sequence[Row], first: int, last: int, bands: Sequence[Band]) -> int:
    """Return how many rows the table has with the lines below it that go on with a cell of its last row."""
    pitch = [a.y0 - b.y0 for a, b in pairwise(rows[first : last + 1])]
    usual = min(pitch)
    at = last + 1
    while at < len(rows) and at - last <= 6:
        row = rows[at]
        if row.column != rows[last].column or len(row.segments) > 1 or row.size > 1.1 * rows[last].size:
            break
        if rows[at - 1].y0 - row.y0 > 1.15 * usual or row.x0 < bands[1][0] - 2:
            break
        at += 1
    return at - first


def _cell(parts: Sequence[str], knows: Knows) -> str:
    text = ""
    for part in parts:
        if part and text:
            text, between = join(text, part, knows)
            text += between + part
        else:
            text = text or part
    return finish(text)


def _text(cells: Sequence[str]) -> str:
    texts = [_BAR.sub("¦", cell) for cell in cells]
    while texts and not texts[-1]:
        texts.pop()
    return re.sub(r"^(?: \| )+", "", " | ".join(texts))
