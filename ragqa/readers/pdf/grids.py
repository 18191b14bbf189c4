"""Grids of rules: cells between level and upright lines; where a line between two is missing they are one cell.

Knows nothing of what stands in the cells.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ragqa.readers.pdf.rules import SNAP, Rule, Rules

MAX_CELLS = 5_000
MAX_ROUNDS = 8
BEYOND = 8.0
"""Points that rules reach past the last line across them where the table has no line at its edge."""
NARROW, LOW = 6.5, 4.5
"""Points between two lines that leave no room for words: the gap between fields, or a line drawn double."""
TITLE = 30.0
"""Points from the line above a title over all columns to the one below it, at most."""
COVERED = 0.6
"""The part of a side of a cell that a rule must cover to be its wall."""


@dataclass(frozen=True, slots=True)
class Grid:
    """``xs`` rise, ``ys`` fall: row 0 is the top. ``cells[row][column]`` is the number of the cell at that place.

    A cell is a rectangle of places; its number is that of its first place, row by row.
    """

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    cells: tuple[tuple[int, ...], ...]

    @property
    def width(self) -> int:
        return len(self.xs) - 1

    @property
    def height(self) -> int:
        return len(self.ys) - 1


def find_grids(rules: Rules) -> list[Grid]:
    """Return the grids that rules make, each of two columns or more."""
    found = []
    for level, upright in _connected(rules.level, rules.upright):
        if level and upright and (grid := _grid(level + _across(rules.shaded, level, upright), upright)):
            found.append(grid)
    return found


def _across(shaded: Sequence[Rule], level: Sequence[Rule], upright: Sequence[Rule]) -> list[Rule]:
    """Return the edges of shaded fields that reach over all of a table: of its header, or of every other row."""
    left, right = min(rule.start for rule in level), max(rule.end for rule in level)
    low, high = min(rule.start for rule in upright), max(rule.end for rule in upright)
    wide = [rule for rule in shaded if min(rule.end, right) - max(rule.start, left) > 0.9 * (right - left)]
    return [rule for rule in wide if low < rule.at < high and rule.end - rule.start < 1.1 * (right - left)]


def make_grid(xs: Sequence[float], ys: Sequence[float], level: Sequence[Rule], upright: Sequence[Rule]) -> Grid:
    """Return the grid of lines at ``xs`` and ``ys``, cells joined where no rule parts them."""
    width, height = len(xs) - 1, len(ys) - 1
    owner = list(range(width * height))

    def find(at: int) -> int:
        while owner[at] != at:
            owner[at] = owner[owner[at]]
            at = owner[at]
        return at

    def join(first: int, second: int) -> None:
        low, high = sorted((find(first), find(second)))
        owner[high] = low

    for column in range(1, width):
        walls = [rule for rule in upright if abs(rule.at - xs[column]) <= SNAP]
        for row in range(height):
            if not _covers(walls, ys[row + 1], ys[row]):
                join(row * width + column - 1, row * width + column)
    for row in range(1, height):
        walls = [rule for rule in level if abs(rule.at - ys[row]) <= SNAP]
        for column in range(width):
            if not _covers(walls, xs[column], xs[column + 1]):
                join((row - 1) * width + column, row * width + column)
    _square(owner, find, join, width, height)
    cells = tuple(tuple(find(row * width + column) for column in range(width)) for row in range(height))
    return Grid(tuple(xs), tuple(ys), cells)


def _square(owner: list[int], find, join, width: int, height: int) -> None:  # type: ignore[no-untyped-def]
    """Join to each cell what it surrounds, until all are rectangles, or nearly."""
    for _ in range(MAX_ROUNDS):
        boxes: dict[int, list[int]] = {}
        for at in range(len(owner)):
            row, column = divmod(at, width)
            box = boxes.setdefault(find(at), [row, row, column, column, 0])
            box[1], box[2], box[3] = row, min(box[2], column), max(box[3], column)
            box[4] += 1
        ragged = [(at, box) for at, box in boxes.items() if box[4] < (box[1] - box[0] + 1) * (box[3] - box[2] + 1)]
        if not ragged:
            return
        for at, (top, bottom, left, right, _) in ragged:
            for row in range(top, bottom + 1):
                for column in range(left, right + 1):
                    join(at, row * width + column)


def _covers(walls: Sequence[Rule], start: float, end: float) -> bool:
    covered = sum(max(min(rule.end, end) - max(rule.start, start), 0.0) for rule in walls)
    return covered >= COVERED * (end - start)


def _connected(level: Sequence[Rule], upright: Sequence[Rule]) -> Iterator[tuple[list[Rule], list[Rule]]]:
    """Yield the level and the upright rules that hang together by touching."""
    owner = list(range(len(level) + len(upright)))

    def find(at: int) -> int:
        while owner[at] != at:
            owner[at] = owner[owner[at]]
            at = owner[at]
        return at

    rows, columns = np.array(level).reshape(-1, 3), np.array(upright).reshape(-1, 3)
    touching = (columns[:, 1] - SNAP <= rows[:, :1]) & (rows[:, :1] <= columns[:, 2] + SNAP)
    touching &= (rows[:, 1:2] - SNAP <= columns[:, 0]) & (columns[:, 0] <= rows[:, 2:] + SNAP)
    for a, b in np.argwhere(touching).tolist():
        owner[find(len(level) + b)] = find(a)
    sides = {rule.at for rule in upright}
    for a, (above, below) in enumerate(pairwise(level)):  # a title over all columns parts what is upright
        if any(abs(side - above.start) <= SNAP for side in sides):
            continue  # a table with a line at its side hangs together by that
        if below.at - above.at <= TITLE and max(abs(above.start - below.start), abs(above.end - below.end)) <= SNAP:
            owner[find(a + 1)] = find(a)
    groups: dict[int, tuple[list[Rule], list[Rule]]] = {}
    for at in range(len(owner)):
        group = groups.setdefault(find(at), ([], []))
        if at < len(level):
            group[0].append(level[at])
        else:
            group[1].append(upright[at - len(level)])
    yield from groups.values()


def _grid(level: Sequence[Rule], upright: Sequence[Rule]) -> Grid | None:
    """Return the grid of rules that hang together, its open sides closed; None where it is no more than a frame."""
    xs = _lines([rule.at for rule in upright], min(r.start for r in level), max(r.end for r in level), NARROW)
    ys = _lines([rule.at for rule in level], min(r.start for r in upright), max(r.end for r in upright), LOW)
    if len(xs) < 3 or len(ys) < 3 or (len(xs) - 1) * (len(ys) - 1) > MAX_CELLS:
        return None
    grid = make_grid(xs, ys[::-1], _snapped(level, ys), _snapped(upright, xs))
    return grid if any(len(set(row)) > 1 for row in grid.cells) else None


def _lines(places: Sequence[float], first: float, last: float, apart: float) -> list[float]:
    """Return the places of lines, those less than ``apart`` put together, with both ends of the lines across them."""
    groups: list[list[float]] = []
    for place in sorted(places):
        if groups and place - groups[-1][0] <= apart:
            groups[-1].append(place)
        else:
            groups.append([place])
    found = [(group[0] + group[-1]) / 2 for group in groups]
    if first < found[0] - BEYOND:
        found.insert(0, first)
    if last > found[-1] + BEYOND:
        found.append(last)
    return found


def _snapped(rules: Sequence[Rule], places: Sequence[float]) -> list[Rule]:
    """Return the rules moved to the lines that they are part of."""
    return [rule._replace(at=min(places, key=lambda place: abs(place - rule.at))) for rule in rules]
