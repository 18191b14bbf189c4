"""Tables by the places of their words alone: rows whose segments stand in the same columns.

Precision first: prose is never to become a table. Level rules tell where rows end, where there are some.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ragqa.readers.pdf.captions import is_caption
from ragqa.readers.pdf.rows import Row
from ragqa.readers.pdf.rules import Rules
from ragqa.readers.pdf.table_columns import Band, cells_of, find_bands, is_tabular
from ragqa.readers.pdf.table_rows import count_headers, group_lines, header_cells, rules_between

MAX_INNER_SINGLES = 3
"""Rows of one segment in a row that may stand inside a table: continued cells and group labels."""
MAX_SPACE = 2.2
"""White space between two rows of a table, in type sizes."""


@dataclass(frozen=True, slots=True)
class Group:
    """A row of a table: the lines of each cell, from the row at position ``first``; ``title``: it names a group."""

    first: int
    parts: tuple[tuple[str, ...], ...]
    title: bool


@dataclass(frozen=True, slots=True)
class Unruled:
    """A table: its header's names, its rows, where its columns begin."""

    first: int
    last: int
    header: list[str]
    body: list[Group]
    edges: tuple[float, ...]
    walls: frozenset[int]
    """Positions of rows with a rule above them that runs through the first column."""
    grouped: bool
    """Whether an empty first cell may stand for the one above it."""


def find_unruled(rows: Sequence[Row], skip: set[int], rules: Sequence[Rules]) -> list[Unruled]:
    """Return the tables among rows in reading order; ``rules`` are those of each page."""
    found = []
    for first, last in _candidates(rows, skip):
        table = _table(rows, first, last, rules)
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


def _table(rows: Sequence[Row], first: int, last: int, rules: Sequence[Rules]) -> Unruled | None:
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
    drawn = rules[lines[0].page]
    walls = rules_between(lines, bands, drawn.level)
    through = frozenset(first + at for at, wall in enumerate(walls, 1) if wall == "full")
    if not any(walls):  # every other row shaded: that helps the eye, and parts no cell from the one above
        walls = rules_between(lines, bands, drawn.shaded)
    groups = group_lines(lines, grid, walls)
    heads = count_headers(lines, grid, groups, walls)
    header = header_cells(lines[: groups[heads - 1][1] + 1], bands) if heads else []
    body = []
    for at, (start, end) in enumerate(groups[heads:], heads):
        parts = tuple(tuple(line[column] for line in grid[start : end + 1]) for column in range(len(bands)))
        body.append(Group(first + start, parts, bool(heads) and _is_title(lines, grid, groups, at, bands)))
    return Unruled(first, last, header, body, tuple(a for a, _ in bands), through, bool(heads))


def _is_title(
    lines: Sequence[Row],
    grid: Sequence[Sequence[str]],
    groups: Sequence[tuple[int, int]],
    at: int,
    bands: Sequence[Band],
) -> bool:
    """Whether a line of the first column alone names the rows below it.

    It does by its face, by reaching over columns, or where all other rows have every cell.
    """
    start, end = groups[at]
    if start != end or at + 1 == len(groups) or len(lines[start].segments) > 1 or not grid[start][0]:
        return False
    below = groups[at + 1][0]
    if sum(map(bool, grid[below])) < 2:
        return False
    if (lines[start].bold and not lines[below].bold) or lines[start].x1 > bands[1][0] + lines[start].size:
        return True
    cells = [[any(line[at] for line in grid[a : b + 1]) for at in range(len(bands))] for a, b in groups]
    whole = [row for row in cells if sum(row) > 1]
    words = not any(char.isdigit() for char in grid[start][0])
    return words and len(bands) > 2 and len(whole) > 2 and all(map(all, whole))


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
