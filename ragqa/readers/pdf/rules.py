"""The rules of a page: level and upright lines that are drawn, the edges of boxes and of shaded fields among them.

Knows nothing of text. A page with more drawing than a table needs is a picture, and gives none.
"""

from __future__ import annotations

import ctypes
from collections import deque
from collections.abc import Iterator
from itertools import repeat
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pypdfium2.raw as pdfium

from ragqa.readers.pdf import calls
from ragqa.readers.pdf.calls import Address

MAX_OBJECTS = 200_000
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


def find_rules(page: Any) -> Rules:
    """Return the rules of a loaded page, pieces of one put together, from the bottom and from the left."""
    address = ctypes.cast(page, ctypes.c_void_p)
    count = pdfium.FPDFPage_CountObjects(page)
    objects = list(map(calls.page_object, repeat(address), range(min(count, MAX_OBJECTS))))
    drawn = Rules([], [], [])
    area = pdfium.FPDF_GetPageWidthF(page) * pdfium.FPDF_GetPageHeightF(page)
    if _collect(drawn, objects, _SAME, 0.7 * area, MAX_PATHS, 0) < 0:
        return NO_RULES
    if len(drawn.level) + len(drawn.shaded) < 2:
        return NO_RULES
    return Rules(*(rules if len(rules) <= MAX_RULES else [] for rules in map(_merged, drawn)))


def _collect(drawn: Rules, objects: list[Address], matrix: Matrix, largest: float, room: int, depth: int) -> int:
    """Add the rules among ``objects``; return how many paths there is ``room`` for after them, -1 where for none."""
    kinds = np.fromiter(map(calls.object_kind, objects), np.intp, len(objects))
    paths = [objects[at] for at in np.flatnonzero(kinds == pdfium.FPDF_PAGEOBJ_PATH).tolist()]
    room -= len(paths)
    if room < 0:
        return -1
    if len(paths) >= FEWEST or any(calls.path_count(path) > SIMPLE for path in paths):
        _add_paths(drawn, paths, matrix, largest)
    for at in np.flatnonzero(kinds == pdfium.FPDF_PAGEOBJ_FORM).tolist() if depth < MAX_DEPTH else ():
        form = objects[at]
        within = list(map(calls.form_object, repeat(form), range(min(calls.form_count(form), MAX_OBJECTS))))
        room = _collect(drawn, within, _times(_matrix(form), matrix), largest, room, depth + 1)
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
            _add_lines(drawn, _lines(paths[at], count, _times(_matrix(paths[at]), matrix)))


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


def _matrix(found: Address) -> Matrix:
    told = np.zeros(6, np.float32)
    if not calls.object_matrix(found, told.ctypes.data):
        return _SAME
    a, b, c, d, e, f = told.tolist()
    return a, b, c, d, e, f


def _point(m: Matrix, x: Any, y: Any) -> tuple[Any, Any]:
    return m[0] * x + m[2] * y + m[4], m[1] * x + m[3] * y + m[5]


def _times(inner: Matrix, outer: Matrix) -> Matrix:
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
