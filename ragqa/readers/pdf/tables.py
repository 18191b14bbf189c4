"""Tables: those drawn with rules, and those whose words stand in columns; over pages too. Makes their rows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

from ragqa.readers.pdf.joining import Knows, finish, join
from ragqa.readers.pdf.right_to_left import is_leftward
from ragqa.readers.pdf.rows import Row
from ragqa.readers.pdf.ruled import RuledTable
from ragqa.readers.pdf.rules import Rules
from ragqa.readers.pdf.unruled import Unruled, find_unruled
from ragqa.readers.tables import Cell, TableLine, lay_out

SAME_PLACE = 6.0
"""Points by which the columns of a table may be elsewhere on its next page."""

_TOTAL = re.compile(r"(?i)\s*(?:sub-?|grand )?(?:total|sum|average|mean)\b|\s*[合总總小][计計]|\s*平均")
_LABEL = re.compile(r"[^\W\d_]{3}|[^\W_]*[^\W\d_]+[\W_]*\d|\d+[^\W\d_]|[\u3400-\u9fff]")


class TableRow(NamedTuple):
    """A block of a table, and the position of the row where it begins."""

    first: int
    line: TableLine


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
    rows: Sequence[Row], skip: set[int], knows: Knows, ruled: Mapping[int, RuledTable], rules: Sequence[Rules]
) -> list[Table]:
    """Return the tables among rows in reading order.

    ``skip`` are positions that belong to nothing tabular; ``ruled`` are the tables known by the number of their
    stretch, ``rules`` those of each page.
    """
    found = [_of_ruled(first, last, ruled[rows[first].column], knows) for first, last in _stretches(rows, ruled)]
    taken = {at for table in found for at in range(table.first, table.last + 1)}
    found += [_of_unruled(rows, table, knows) for table in find_unruled(rows, skip | taken, rules)]
    found.sort(key=lambda table: table.first)
    tables = []
    repeatable = 100_000
    for table in _over_pages(rows, found):
        lines, repeatable = lay_out(_in_reading_order(table.cells), table.headers, repeatable)
        tables.append(Table(table.first, table.last, [TableRow(table.places[line.row], line) for line in lines]))
    return tables


def _in_reading_order(cells: list[list[Cell]]) -> list[list[Cell]]:
    """Return the rows of a table; those of an Arabic or Hebrew one begin with their rightmost cell."""
    leftward = is_leftward("".join(cell.text for row in cells for cell in row))
    return [row[::-1] for row in cells] if leftward else cells


def _stretches(rows: Sequence[Row], ruled: Mapping[int, RuledTable]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for at, row in enumerate(rows):
        if row.column not in ruled:
            continue
        if found and found[-1][1] == at - 1 and rows[at - 1].column == row.column:
            found[-1] = (found[-1][0], at)
        else:
            found.append((at, at))
    return found


def _of_ruled(first: int, last: int, table: RuledTable, knows: Knows) -> _Found:
    cells = [[Cell(_joined(cell.lines, knows), cell.columns, cell.rows) for cell in row if cell] for row in table.rows]
    return _Found(first, last, cells, [first] * len(cells), table.headers, table.edges)


def _of_unruled(rows: Sequence[Row], table: Unruled, knows: Knows) -> _Found:
    width = len(table.edges)
    cells: list[list[Cell]] = []
    if table.header:
        cells.append([Cell(text, heads=True) for text in table.header])
    places = [table.first] * len(cells)
    for group in table.body:
        texts = [_joined(parts, knows) for parts in group.parts]
        cells.append([Cell(texts[0], width)] if group.title else [Cell(text) for text in texts])
        places.append(group.first)
    if table.grouped:
        cells = _with_groups(rows, cells, places, int(bool(table.header)), table.walls)
    return _Found(table.first, table.last, cells, places, int(bool(table.header)), table.edges)


def _with_groups(
    rows: Sequence[Row], cells: list[list[Cell]], places: Sequence[int], headers: int, walls: frozenset[int]
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
        filled[at] = [replace(cells[at][0], text=cells[label][0].text), *cells[at][1:]]
    return filled


def _over_pages(rows: Sequence[Row], found: Sequence[_Found]) -> list[_Found]:
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


def _goes_on(rows: Sequence[Row], above: _Found, below: _Found, again: bool) -> bool:
    """Whether a table at the top of a page goes on with the one at the foot of the page before.

    ``again``: it repeats its header. Left and right pages may have other margins.
    """
    if above.last + 1 != below.first or rows[below.first].page != rows[above.last].page + 1:
        return False
    if again or len(above.edges) != len(below.edges) or below.headers:
        return again
    shift = above.edges[0] - below.edges[0]
    return all(abs(a - b - shift) <= SAME_PLACE for a, b in zip(above.edges, below.edges, strict=True))


def _joined(parts: Sequence[str], knows: Knows) -> str:
    """Return the lines of a cell as one."""
    texts = [part for part in parts if part]
    text = ""
    for part, below in pairwise([*texts, ""]):
        if below:
            part, between = join(part, below, knows)
            part += between
        text += part
    return finish(text)
