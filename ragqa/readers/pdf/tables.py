"""Tables: those drawn with rules, and those whose words stand in columns; over pages too. Makes their rows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

from ragqa.cjk import HAN
from ragqa.readers.pdf.lines import is_leftward
from ragqa.readers.pdf.rows import IsWord, TextRow, is_caption, join_lines
from ragqa.readers.pdf.ruled import RuledTable
from ragqa.readers.pdf.rules import Rules
from ragqa.readers.pdf.table_parts import (
    Band,
    cell_lines,
    cells_of,
    count_headers,
    find_bands,
    group_lines,
    header_cells,
    is_tabular,
    rules_between,
)
from ragqa.readers.runs import Line, joined
from ragqa.readers.tables import Cell, lay_out
from ragqa.types import BlockKind
from ragqa.wording import document_words

MAX_INNER_SINGLES = 3
"""Rows of one segment in a row that may stand inside a table: continued cells and group labels."""
MAX_SPACE = 2.2
"""White space between two rows of a table, in type sizes."""


@dataclass(frozen=True, slots=True)
class Group:
    """A row of a table: the lines of each cell, from the row at position ``first``; ``title``: it names a group."""

    first: int
    parts: tuple[tuple[Line, ...], ...]
    title: bool


@dataclass(frozen=True, slots=True)
class Unruled:
    """A table: its header's names, its rows, where its columns begin."""

    first: int
    last: int
    header: list[Line]
    body: list[Group]
    edges: tuple[float, ...]
    walls: frozenset[int]
    """Positions of rows with a rule above them that runs through the first column."""
    bracket_operand: bool
    """Whether an empty first cell may stand for the one above it."""


def find_unruled(rows: Sequence[TextRow], skip: set[int], rules: Sequence[Rules]) -> list[Unruled]:
    """Return the tables among rows in reading order; ``rules`` are those of each page."""
    found = []
    for first, last in _candidates(rows, skip):
        table = _table(rows, first, last, rules)
        if table:
            found.append(table)
    return found


def _candidates(rows: Sequence[TextRow], skip: set[int]) -> list[tuple[int, int]]:
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


def _breaks(row: TextRow, table: TextRow) -> bool:
    """Whether a row can't stand in a table: a caption, or a sentence that runs across its columns."""
    if len(row.segments) > 1:
        return is_caption(row.text)
    across = row.x0 < table.segments[1].x0 - row.size < row.x1
    return across and len(row.text) > 50 and row.x1 - row.x0 > 0.6 * (table.x1 - table.x0)


def _singles(rows: Sequence[TextRow], last: int, at: int) -> int:
    """Return how many single lines follow the last full row, those within a later column of it not counted."""
    edge = rows[last].segments[1].x0 - 2
    return sum(len(row.segments) == 1 and row.x0 < edge for row in rows[last + 1 : at + 1])


def _follows(above: TextRow, below: TextRow) -> bool:
    return above.column == below.column and above.y0 - below.y1 <= MAX_SPACE * max(above.size, below.size)


def _table(rows: Sequence[TextRow], first: int, last: int, rules: Sequence[Rules]) -> Unruled | None:
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
    said = [cell_lines(row, bands) for row in lines]
    for at, (start, end) in enumerate(groups[heads:], heads):
        parts = tuple(tuple(line[column] for line in said[start : end + 1]) for column in range(len(bands)))
        body.append(Group(first + start, parts, bool(heads) and _is_title(lines, grid, groups, at, bands)))
    return Unruled(first, last, header, body, tuple(a for a, _ in bands), through, bool(heads))


def _is_title(
    lines: Sequence[TextRow],
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


def _grown(rows: Sequence[TextRow], first: int, last: int, bands: Sequence[Band]) -> int:
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


SAME_PLACE = 6.0
"""Points by which the columns of a table may be elsewhere on its next page."""

_TOTAL = re.compile(
    rf"(?i)\s*(?:sub-?|grand )?(?:total|sum|average|mean|{document_words('total')})\b|\s*[合总總小][计計]|\s*平均"
)
_LABEL = re.compile(rf"[^\W\d_]{{3}}|[^\W_]*[^\W\d_]+[\W_]*\d|\d+[^\W\d_]|[{HAN}]")


class TableRow(NamedTuple):
    """A block of a table, and the position of the row where it begins."""

    first: int
    kind: BlockKind
    line: Line


class Table(NamedTuple):
    """A table, from the row at ``first`` to the one at ``last``."""

    first: int
    last: int
    rows: list[TableRow]


@dataclass(frozen=True, slots=True)
class _Found:
    """A table before it is laid out: ``places`` are the positions of its rows, ``edges`` where its columns begin."""

    first: int
    last: int
    cells: list[list[Cell]]
    places: list[int]
    headers: int
    edges: tuple[float, ...]


def find_tables(
    rows: Sequence[TextRow], skip: set[int], is_word: IsWord, ruled: Mapping[int, RuledTable], rules: Sequence[Rules]
) -> list[Table]:
    """Return the tables among rows in reading order.

    ``skip`` are positions that belong to nothing tabular; ``ruled`` are the tables known by the number of their
    stretch, ``rules`` those of each page.
    """
    found = [_of_ruled(first, last, ruled[rows[first].column], is_word) for first, last in _stretches(rows, ruled)]
    taken = {at for table in found for at in range(table.first, table.last + 1)}
    found += [_of_unruled(rows, table, is_word) for table in find_unruled(rows, skip | taken, rules)]
    found.sort(key=lambda table: table.first)
    tables = []
    repeatable = 100_000
    for table in _over_pages(rows, found):
        lines, repeatable = lay_out(_in_reading_order(table.cells), table.headers, repeatable)
        rows_of = [TableRow(table.places[line.row], line.kind, Line(line.text, line.runs)) for line in lines]
        tables.append(Table(table.first, table.last, rows_of))
    return tables


def _in_reading_order(cells: list[list[Cell]]) -> list[list[Cell]]:
    """Return the rows of a table; those of an Arabic or Hebrew one begin with their rightmost cell."""
    leftward = is_leftward("".join(cell.text for row in cells for cell in row))
    return [row[::-1] for row in cells] if leftward else cells


def _stretches(rows: Sequence[TextRow], ruled: Mapping[int, RuledTable]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for at, row in enumerate(rows):
        if row.column not in ruled:
            continue
        if found and found[-1][1] == at - 1 and rows[at - 1].column == row.column:
            found[-1] = (found[-1][0], at)
        else:
            found.append((at, at))
    return found


def _of_ruled(first: int, last: int, table: RuledTable, is_word: IsWord) -> _Found:
    cells = [
        [_cell(_joined(cell.lines, is_word), cell.columns, cell.rows) for cell in row if cell] for row in table.rows
    ]
    return _Found(first, last, cells, [first] * len(cells), table.headers, table.edges)


def _of_unruled(rows: Sequence[TextRow], table: Unruled, is_word: IsWord) -> _Found:
    width = len(table.edges)
    cells: list[list[Cell]] = []
    if table.header:
        cells.append([replace(_cell(line), heads=True) for line in table.header])
    places = [table.first] * len(cells)
    for group in table.body:
        lines = [_joined(parts, is_word) for parts in group.parts]
        cells.append([_cell(lines[0], width)] if group.title else [_cell(line) for line in lines])
        places.append(group.first)
    if table.bracket_operand:
        cells = _with_groups(rows, cells, places, int(bool(table.header)), table.walls)
    return _Found(table.first, table.last, cells, places, int(bool(table.header)), table.edges)


def _with_groups(
    rows: Sequence[TextRow], cells: list[list[Cell]], places: Sequence[int], headers: int, walls: frozenset[int]
) -> list[list[Cell]]:
    """Return the rows with what the first column says once repeated for the rows of its group.

    Where already the first row has nothing there, what is said stands in the middle of its group, else above it.
    """
    named = [at for at in range(headers, len(cells)) if cells[at][0].text and len(cells[at]) > 1]
    open_rows = [at for at in range(headers, len(cells)) if len(cells[at]) > 1 and not cells[at][0].text]
    labels = [cells[at][0].text for at in named]
    speaking = sum(bool(_LABEL.search(label)) for label in labels)
    if not open_rows or not labels or len(set(labels)) < 0.7 * len(labels) or speaking < 0.8 * len(labels):
        return cells
    centred = open_rows[0] < named[0]
    filled = list(cells)
    for at in open_rows:
        said = next((cell.text for cell in cells[at] if cell.text), "")
        if _TOTAL.match(said):
            continue
        near = [other for other in named if other < at or centred]
        if not near:
            continue
        y = rows[places[at]].y0
        label = min(near, key=lambda other: (abs(rows[places[other]].y0 - y), -other)) if centred else near[-1]
        low, high = sorted((at, label))
        if any(len(cells[step]) == 1 or places[step] in walls for step in range(low + 1, high + 1)):
            continue
        filled[at] = [replace(cells[at][0], text=cells[label][0].text, runs=cells[label][0].runs), *cells[at][1:]]
    return filled


def _over_pages(rows: Sequence[TextRow], found: Sequence[_Found]) -> list[_Found]:
    """Return the tables, each that goes on from the page before put to its beginning, its header told once."""
    joined: list[_Found] = []
    for table in found:
        above = joined[-1] if joined else None
        again = above is not None and rows[table.first].page - rows[above.last].page == 1 and _repeats(above, table)
        if above and _goes_on(rows, above, table, again):
            drop = above.headers if again else 0
            joined[-1] = replace(
                above,
                last=table.last,
                cells=above.cells + table.cells[drop:],
                places=above.places + table.places[drop:],
            )
        else:
            joined.append(replace(table, headers=above.headers) if above and again else table)
    return joined


def _repeats(above: _Found, below: _Found) -> bool:
    """Whether a table begins with the names of the columns of the one above."""
    names, first = above.cells[: above.headers], below.cells[: above.headers]
    return bool(names) and [[cell.text for cell in row] for row in names] == [[c.text for c in row] for row in first]


def _goes_on(rows: Sequence[TextRow], above: _Found, below: _Found, again: bool) -> bool:
    """Whether a table at the top of a page goes on with the one at the foot of the page before.

    ``again``: it repeats its header. Left and right pages may have other margins.
    """
    if above.last + 1 != below.first or rows[below.first].page != rows[above.last].page + 1:
        return False
    if again or len(above.edges) != len(below.edges) or below.headers:
        return again
    shift = above.edges[0] - below.edges[0]
    return all(abs(a - b - shift) <= SAME_PLACE for a, b in zip(above.edges, below.edges, strict=True))


def _joined(parts: Sequence[Line], is_word: IsWord) -> Line:
    """Return the lines of a cell as one."""
    return joined(join_lines([part for part in parts if part.text], is_word), "")


def _cell(line: Line, columns: int = 1, rows: int = 1) -> Cell:
    return Cell(line.text, columns, rows, runs=line.runs)
