"""Tables drawn with rules: each segment to the cell it stands in, and what a row says, spanning cells with it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from ragqa.readers.pdf.lines import Segment
from ragqa.readers.pdf.rows import TextRow, line_of, make_rows
from ragqa.readers.pdf.rules import Grid, Rule, Rules, find_grids, make_grid
from ragqa.readers.pdf.table_parts import find_bands, group_lines, is_numeric, is_running_text
from ragqa.readers.runs import Line

MOST_HEADERS = 3
LONGEST_NAME = 60
"""Characters of a column's name, where nothing but its place tells that it is one."""
FULL = 0.25
"""The least part of the cells that say something; fewer are a form to fill in, or a chart."""


@dataclass(frozen=True, slots=True)
class RuledCell:
    """What a cell says, line by line, and how many columns and rows it fills."""

    lines: tuple[Line, ...]
    columns: int = 1
    rows: int = 1

    @property
    def text(self) -> str:
        return " ".join(line.text for line in self.lines)


@dataclass(frozen=True, slots=True)
class RuledTable:
    """The rows of a table, each of the cells that begin in it (None where one goes on), the first ``headers`` names."""

    rows: tuple[tuple[RuledCell | None, ...], ...]
    headers: int
    segments: tuple[Segment, ...]
    top: float
    edges: tuple[float, ...]
    """Where its columns begin, and the last one ends."""


def find_ruled(page: int, segments: Sequence[Segment], rules: Rules) -> list[RuledTable]:
    """Return the tables of a page that rules part into cells, from the top. No segment is in two of them."""
    found: list[RuledTable] = []
    taken: set[int] = set()
    if len(rules.level) < 2 or not rules.upright:
        return found
    for grid in find_grids(rules):
        inside = [
            (at, s)
            for at, s in enumerate(segments)
            if at not in taken
            and grid.xs[0] <= (s.x0 + s.x1) / 2 <= grid.xs[-1]
            and grid.ys[-1] <= (s.y0 + s.y1) / 2 <= grid.ys[0]
        ]
        table = _table(page, grid, [s for _, s in inside])
        if table:
            found.append(table)
            taken.update(at for at, _ in inside)
    return found


def _table(page: int, grid: Grid, segments: Sequence[Segment]) -> RuledTable | None:
    if len(segments) < 4:
        return None
    grid = _parted(page, grid, segments)
    held = _held(grid, segments)
    if held is None:
        return None
    rows = [row for row in _rows(page, grid, held) if any(cell and cell.lines for cell in row)]
    sayings = [cell for row in rows for cell in row if cell]
    full = [cell for cell in sayings if cell.lines]
    several = sum(sum(bool(cell and cell.lines) for cell in row) > 1 for row in rows)
    if several < 2 or len(full) < max(4, FULL * len(sayings)) or len(rows) < 2:
        return None
    headers = _count_headers(rows, _bold_rows(grid, held))
    return RuledTable(tuple(rows), headers, tuple(segments), grid.ys[0], grid.xs)


def _held(grid: Grid, segments: Sequence[Segment]) -> dict[int, list[Segment]] | None:
    """Return the segments of each cell, or None where they do not keep within the lines."""
    held: dict[int, list[Segment]] = {}
    crossing = 0
    falling = [-y for y in grid.ys]
    for s in segments:
        row = min(max(bisect_right(falling, -(s.y0 + s.y1) / 2) - 1, 0), grid.height - 1)
        column = min(max(bisect_right(grid.xs, (s.x0 + s.x1) / 2) - 1, 0), grid.width - 1)
        cell = grid.cells[row][column]
        held.setdefault(cell, []).append(s)
        left, right = _reach(grid, row, column)
        crossing += s.x0 < left - s.size or s.x1 > right + s.size
    return held if crossing <= 0.1 * len(segments) else None


def _reach(grid: Grid, row: int, column: int) -> tuple[float, float]:
    """Return where the cell at a place begins and ends across the page."""
    cells, first, last = grid.cells[row], column, column
    while first and cells[first - 1] == cells[column]:
        first -= 1
    while last + 1 < grid.width and cells[last + 1] == cells[column]:
        last += 1
    return grid.xs[first], grid.xs[last + 1]


def _rows(page: int, grid: Grid, held: dict[int, list[Segment]]) -> list[tuple[RuledCell | None, ...]]:
    rows = []
    for at, places in enumerate(grid.cells):
        row: list[RuledCell | None] = []
        for column, cell in enumerate(places):
            if cell != at * grid.width + column:  # it began further left, or above
                row.append(None)
                continue
            across, down = column, at
            while across + 1 < grid.width and places[across + 1] == cell:
                across += 1
            while down + 1 < grid.height and grid.cells[down + 1][column] == cell:
                down += 1
            lines = tuple(line_of(line) for line in make_rows(page, held.get(cell, ())))
            row.append(RuledCell(lines, across - column + 1, down - at + 1))
        rows.append(tuple(row))
    return rows


def _bold_rows(grid: Grid, held: dict[int, list[Segment]]) -> list[bool]:
    """Return for each row of the grid that says something whether all that begins in it is bold."""
    found = []
    for at in range(grid.height):
        own = [s for cell in set(grid.cells[at]) if cell // grid.width == at for s in held.get(cell, ())]
        if own:
            found.append(all(s.bold for s in own))
    return found


def _count_headers(rows: Sequence[Sequence[RuledCell | None]], bold: Sequence[bool]) -> int:
    """Return how many first rows name the columns: those in bold, else the first where it reads like names.

    Titles over all columns stand above the names.
    """
    titles = 0
    while titles < len(rows) - 1 and sum(cell is not None for cell in rows[titles]) == 1:
        titles += 1
    if titles:
        below = _count_headers(rows[titles:], bold[titles:])
        return titles + below if below else 0
    count = 0
    while count < min(len(rows), len(bold)) and bold[count]:
        count += 1
    if count == len(rows) or count > MOST_HEADERS:
        count = 0
    deep = max((cell.rows for row in rows[:1] for cell in row if cell), default=1)
    if count and all(cell is None or not cell.lines or cell.columns == 1 for cell in rows[count - 1]):
        return count
    if count or (1 < deep <= MOST_HEADERS and any(cell and cell.columns > 1 for cell in rows[0])):
        return min(max(count, deep), len(rows) - 1)  # names over several columns have their own names below
    first = [cell.text for cell in rows[0] if cell]
    if len(rows) < 3 or len(first) < 2 or not all(0 < len(name) <= LONGEST_NAME for name in first[1:]):
        return 0
    if any(is_numeric(name) for name in first) or len(first[0]) > LONGEST_NAME:
        return 0
    rest = [cell.text for row in rows[1:] for cell in row[1:] if cell and cell.lines]
    if len(first) == 2:
        longer = rest and max(map(len, first)) <= 20 and median(map(len, rest)) >= 25
        return int(bool(longer or (rest and sum(map(is_numeric, rest)) >= 0.6 * len(rest))))
    return int(len(first) == len(rows[0]) and len(set(first)) == len(first))


def _parted(page: int, grid: Grid, segments: Sequence[Segment]) -> Grid:
    """Return the grid with the columns and the rows within its fields that words alone show."""
    xs = _more_columns(page, grid, segments)
    ys = _more_rows(page, grid, segments)
    if len(xs) == len(grid.xs) and len(ys) == len(grid.ys):
        return grid
    level, upright = _walls(grid)
    for x in set(xs) - set(grid.xs):
        free = [s for s in segments if not s.x0 < x < s.x1]
        crossed = [s for s in segments if s.x0 < x < s.x1]
        for above, below in pairwise(grid.ys):
            middle = [s for s in crossed if below < (s.y0 + s.y1) / 2 < above]
            if not middle and any(below < (s.y0 + s.y1) / 2 < above for s in free):
                upright.append(Rule(x, below, above))
    for y in set(ys) - set(grid.ys):
        above = max(at for at, top in enumerate(grid.ys) if top > y)
        for column in range(grid.width):
            if _depth(grid, above, column) == 1:
                level.append(Rule(y, grid.xs[column], grid.xs[column + 1]))
    return make_grid(xs, ys, level, upright)


def _walls(grid: Grid) -> tuple[list[Rule], list[Rule]]:
    """Return the rules that part the cells of a grid."""
    level = [
        Rule(grid.ys[row], grid.xs[column], grid.xs[column + 1])
        for row in range(1, grid.height)
        for column in range(grid.width)
        if grid.cells[row - 1][column] != grid.cells[row][column]
    ]
    upright = [
        Rule(grid.xs[column], grid.ys[row + 1], grid.ys[row])
        for column in range(1, grid.width)
        for row in range(grid.height)
        if grid.cells[row][column - 1] != grid.cells[row][column]
    ]
    return level, upright


def _depth(grid: Grid, row: int, column: int) -> int:
    return sum(places[column] == grid.cells[row][column] for places in grid.cells)


def _more_columns(page: int, grid: Grid, segments: Sequence[Segment]) -> list[float]:
    """Return the xs of a grid with those of columns without a rule between: where most lines have words in each."""
    xs = list(grid.xs)
    for left, right in pairwise(grid.xs):
        inside = [s for s in segments if s.x0 >= left - 1 and s.x1 <= right + 1]
        lines = make_rows(page, inside)
        many = [line for line in lines if len(line.segments) > 1]
        if len(many) < max(3, 0.6 * len(lines)):
            continue
        bands = find_bands(many)
        if not is_running_text(many, bands):
            xs += [(a[1] + b[0]) / 2 for a, b in pairwise(bands)]
    return sorted(xs)


def _more_rows(page: int, grid: Grid, segments: Sequence[Segment]) -> list[float]:
    """Return the ys of a grid with those of rows without a rule between: in fields that hold most of the lines."""
    ys = list(grid.ys)
    counts = []
    for above, below in pairwise(grid.ys):
        inside = [s for s in segments if below < (s.y0 + s.y1) / 2 < above]
        counts.append(make_rows(page, inside))
    total = sum(map(len, counts))
    for lines in counts:
        if len(lines) < 3 or (len(lines) < 0.4 * total and len(counts) > 3):
            continue
        cells = [[" ".join(found) for found in _by_column(grid, line)] for line in lines]
        if sum(sum(map(bool, line)) > 1 for line in cells) < 0.7 * len(lines):
            continue
        if is_running_text(lines, list(pairwise(grid.xs))):
            continue
        groups = group_lines(lines, cells)
        if len(groups) > 1:
            ys += [(lines[a[1]].y0 + lines[b[0]].y1) / 2 for a, b in pairwise(groups)]
    return sorted(ys, reverse=True)


def _by_column(grid: Grid, line: TextRow) -> list[list[str]]:
    found: list[list[str]] = [[] for _ in range(grid.width)]
    for s in line.segments:
        found[min(max(bisect_right(grid.xs, (s.x0 + s.x1) / 2) - 1, 0), grid.width - 1)].append(s.text)
    return found
