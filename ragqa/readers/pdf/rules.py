"""The rules of a page, level and upright lines that are drawn, and the grids of cells that they make."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pypdfium2.raw as pdfium

from ragqa.readers.pdf import calls
from ragqa.readers.pdf.calls import Address, PageObjects

MAX_PATHS = 10_000
"""Paths of a page; more are a drawing or an attack, and no rule of it is read."""
FEWEST, SIMPLE = 3, 5
"""Paths that a table has at least, unless one has more points than a box: what has fewer is under or over a page."""
MAX_POINTS = 40_000
MAX_RULES = 400
"""Rules of one direction: more are the texture of a picture."""
MAX_DEPTH = 4
"""Forms within forms that are looked into."""
THIN, SHORT = 3.0, 5.0
"""Points: how thick a rule may be, and how short none is."""
SNAP = 2.5
"""Points: rules so near are one, drawn in pieces, doubled, or round a field."""

STROKED, SHADED = 1, 2

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]
Matrix = tuple[float, float, float, float, float, float]
_SAME: Matrix = (1, 0, 0, 1, 0, 0)


class Rule(NamedTuple):
    """A line ``at`` a height (or, upright, a distance from the left), from ``start`` to ``end``. In points."""

    at: float
    start: float
    end: float


class Rules(NamedTuple):
    """Lines that are drawn, and the upper and lower edges of shaded fields, which may lie behind a few words alone."""

    level: list[Rule]
    upright: list[Rule]
    shaded: list[Rule]


NO_RULES = Rules([], [], [])


def find_rules(page: Any, objects: PageObjects) -> Rules:
    """Return the rules among the ``objects`` of a page, pieces of one joined, from the bottom and the left."""
    drawn = Rules([], [], [])
    area = pdfium.FPDF_GetPageWidthF(page) * pdfium.FPDF_GetPageHeightF(page)
    if _collect(drawn, objects, _SAME, 0.7 * area, MAX_PATHS, 0) < 0:
        return NO_RULES
    if len(drawn.level) + len(drawn.shaded) < 2:
        return NO_RULES
    return Rules(*(rules if len(rules) <= MAX_RULES else [] for rules in map(_merged, drawn)))


def _collect(drawn: Rules, objects: PageObjects, matrix: Matrix, largest: float, room: int, depth: int) -> int:
    """Add the rules among ``objects``; return how many paths there is ``room`` for after them, -1 where for none."""
    paths = objects.of_kind(pdfium.FPDF_PAGEOBJ_PATH)
    room -= len(paths)
    if room < 0:
        return -1
    if len(paths) >= FEWEST or any(calls.path_count(path) > SIMPLE for path in paths):
        _add_paths(drawn, paths, matrix, largest)
    for form in objects.of_kind(pdfium.FPDF_PAGEOBJ_FORM) if depth < MAX_DEPTH else ():
        within = calls.list_form_objects(form)
        room = _collect(drawn, within, then(matrix_of(form), matrix), largest, room, depth + 1)
        if room < 0:
            break
    return room


def _add_paths(drawn: Rules, paths: list[Address], matrix: Matrix, largest: float) -> None:
    """Add thin paths as they are, boxes by their edges, and the level and upright lines of what has more points."""
    x0, y0, x1, y1 = _moved(np.nan_to_num(calls.object_bounds(paths)), matrix)
    width, height = x1 - x0, y1 - y0
    seen = (np.maximum(width, height) > SHORT) & (width * height < largest)
    level, upright = seen & (height <= THIN), seen & (height > THIN) & (width <= THIN)
    _add(drawn.level, (y0 + y1) / 2, x0, x1, level)
    _add(drawn.upright, (x0 + x1) / 2, y0, y1, upright)
    wide = np.flatnonzero(seen & ~level & ~upright)
    counts = np.fromiter(map(calls.path_count, (paths[at] for at in wide.tolist())), np.intp, len(wide))
    looks = _looks([paths[at] for at in wide.tolist()])
    simple = (counts > 3) & (counts <= SIMPLE)
    stroked, shaded = np.zeros(len(paths), np.bool_), np.zeros(len(paths), np.bool_)
    stroked[wide[simple & (looks == STROKED)]] = True
    shaded[wide[simple & (looks == SHADED)]] = True
    for y in (y0, y1):
        _add(drawn.level, y, x0, x1, stroked & (width > SHORT))
        _add(drawn.shaded, y, x0, x1, shaded & (width > SHORT))
    for x in (x0, x1):
        _add(drawn.upright, x, y0, y1, stroked & (height > SHORT))
    room = MAX_POINTS
    for at, count, look in zip(wide.tolist(), counts.tolist(), looks.tolist(), strict=True):
        if SIMPLE < count <= room and look == STROKED:
            room -= count
            _add_lines(drawn, _lines(paths[at], count, then(matrix_of(paths[at]), matrix)))


def _moved(bounds: Floats, matrix: Matrix) -> tuple[Floats, Floats, Floats, Floats]:
    left, bottom, right, top = bounds.T
    if matrix is _SAME:
        return left, bottom, right, top
    (ax, ay), (bx, by) = _point(matrix, left, bottom), _point(matrix, right, top)
    return np.minimum(ax, bx), np.minimum(ay, by), np.maximum(ax, bx), np.maximum(ay, by)


def _add(rules: list[Rule], at: Floats, start: Floats, end: Floats, chosen: Bools) -> None:
    rules += map(Rule, at[chosen].tolist(), start[chosen].tolist(), end[chosen].tolist())


def _add_lines(drawn: Rules, lines: Iterator[tuple[float, float, float, float]]) -> None:
    for x0, y0, x1, y1 in lines:
        if abs(y1 - y0) < 1 and abs(x1 - x0) > SHORT:
            drawn.level.append(Rule((y0 + y1) / 2, min(x0, x1), max(x0, x1)))
        elif abs(x1 - x0) < 1 and abs(y1 - y0) > SHORT:
            drawn.upright.append(Rule((x0 + x1) / 2, min(y0, y1), max(y0, y1)))


def _lines(path: Address, count: int, matrix: Matrix) -> Iterator[tuple[float, float, float, float]]:
    """Yield both ends of each straight line of a path."""
    buffer = np.zeros(2, np.float32)
    start = buffer.ctypes.data
    first = last = (0.0, 0.0)
    for at in range(count):
        segment = calls.path_segment(path, at)
        if not segment or not calls.segment_point(segment, start, start + 4):
            return
        point = _point(matrix, *buffer.tolist())
        kind = calls.segment_kind(segment)
        if kind == pdfium.FPDF_SEGMENT_MOVETO:
            first = point
        elif kind == pdfium.FPDF_SEGMENT_LINETO:
            yield *last, *point
        last = point
        if calls.segment_closes(segment):
            yield *last, *first
            last = first


def _looks(paths: list[Address]) -> Ints:
    """Return for each path whether it is STROKED, only SHADED, or (0) neither: filled in white, or not at all."""
    told = np.zeros((len(paths), 6), np.uint32)
    start, end = told.ctypes.data, told.ctypes.data + told.nbytes
    deque(map(calls.path_mode, paths, range(start, end, 24), range(start + 4, end + 4, 24)), maxlen=0)
    places = (range(start + step, end + step, 24) for step in (8, 12, 16, 20))
    known = np.fromiter(map(calls.fill_colour, paths, *places), np.bool_, len(paths))
    coloured = known & (told[:, 5] >= 8) & (told[:, 2:5].min(axis=1, initial=255) <= 252)
    return np.where(told[:, 1] > 0, STROKED, np.where((told[:, 0] > 0) & coloured, SHADED, 0))


def matrix_of(found: Address) -> Matrix:
    told = np.zeros(6, np.float32)
    if not calls.object_matrix(found, told.ctypes.data):
        return _SAME
    a, b, c, d, e, f = told.tolist()
    return a, b, c, d, e, f


def _point(m: Matrix, x: Any, y: Any) -> tuple[Any, Any]:
    return m[0] * x + m[2] * y + m[4], m[1] * x + m[3] * y + m[5]


def then(inner: Matrix, outer: Matrix) -> Matrix:
    """Return the matrix that does what ``inner`` does, and then ``outer``."""
    if outer is _SAME:
        return inner
    e, f = _point(outer, inner[4], inner[5])
    (a, b), (c, d) = ((outer[0] * x + outer[2] * y, outer[1] * x + outer[3] * y) for x, y in (inner[:2], inner[2:4]))
    return a, b, c, d, e, f


def _merged(rules: list[Rule]) -> list[Rule]:
    """Return the rules with those of one line put together where they touch."""
    lines: list[list[Rule]] = []
    for rule in sorted(rules):
        if lines and rule.at - lines[-1][-1].at <= SNAP and rule.at - lines[-1][0].at <= 2 * SNAP:
            lines[-1].append(rule)
        else:
            lines.append([rule])
    found = []
    for line in lines:
        at = sum(rule.at for rule in line) / len(line)
        line.sort(key=itemgetter(1))
        start = end = line[0].start
        for rule in line:
            if rule.start > end + SNAP:
                if end - start > SHORT:
                    found.append(Rule(at, start, end))
                start = rule.start
            end = max(end, rule.end)
        if end - start > SHORT:
            found.append(Rule(at, start, end))
    return found


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
    xs = _grid_lines([rule.at for rule in upright], min(r.start for r in level), max(r.end for r in level), NARROW)
    ys = _grid_lines([rule.at for rule in level], min(r.start for r in upright), max(r.end for r in upright), LOW)
    if len(xs) < 3 or len(ys) < 3 or (len(xs) - 1) * (len(ys) - 1) > MAX_CELLS:
        return None
    grid = make_grid(xs, ys[::-1], _snapped(level, ys), _snapped(upright, xs))
    return grid if any(len(set(row)) > 1 for row in grid.cells) else None


def _grid_lines(places: Sequence[float], first: float, last: float, apart: float) -> list[float]:
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
