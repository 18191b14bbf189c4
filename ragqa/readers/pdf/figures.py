"""Find the figures of a PDF page: pictures and drawings, not backgrounds, tables, shaded boxes or repeated logos.

Pictures and the strokes of a drawing that touch or nearly touch are one figure. Level and upright lines and boxes alone
make none: they are tables, frames and shading; they only add to the drawing that they touch.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pypdfium2.raw as pdfium

from ragqa.readers.pdf import calls
from ragqa.readers.pdf.calls import Address, PageObjects
from ragqa.readers.pdf.placed_words import as_shown
from ragqa.readers.pdf.rules import MAX_DEPTH, Matrix, matrix_of, then
from ragqa.readers.pdf.source import PdfSource, page_box

LEAST_SIDE = 36.0
"""Points of both sides of a figure at least; smaller ones are icons and marks."""
LEAST_SHARE, LARGEST_SHARE = 0.004, 0.7
"""Of the page's area; what is larger is a background or a scan."""
MOST_TEXT = 0.3
"""The part of a figure that text may cover: labels cover a tenth, running text the half."""
NEAR = 4.0
"""Points between two parts of one drawing, and from a drawing to its labels."""
GROWN = 1.6
"""Times its area to which the lines, boxes and labels that touch a drawing may widen it."""
LABEL_WIDTH, LABEL_HEIGHT = 90.0, 30.0
"""Points of a label beside a drawing at most."""
INSIDE = 0.3
"""The part of the smaller of two figures that lies in the other where they are one."""
SAME = 3.0
"""Points by which a picture that returns page after page moves."""
NEIGHBOURS = (1, -1, 2, -2)
"""Where a repeated logo is looked for, in pages from the page itself; of facing pages only every other is alike."""

MOST_FIGURES = 30
MOST_PARTS = 50_000
"""Pictures and paths of a page that are looked at."""
MOST_POINTS = 100_000
"""Points of paths that are read, and points of what clips."""
LONGEST_PLAIN = 5000
"""Points of a path that can be a table's lines, or a frame with round corners."""
CELLS = 500
"""Of the grid on which parts are joined, along the longer side of the page."""
CELL = 2.0
"""Points of its cells at least."""

INK, PLAIN, TEXT = range(3)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]
Edges = tuple[float, float, float, float]


class _Parts:
    """What is drawn on a page, as left, bottom, right, top in points of the page as the file draws it."""

    def __init__(self) -> None:
        self.kinds: list[Ints] = []
        self.boxes: list[Floats] = []
        self.room = MOST_PARTS
        self.points = MOST_POINTS

    def add(self, objects: PageObjects, matrix: Matrix, clip: Edges | None, depth: int = 0) -> None:
        """Add the objects of a page, or of a form on it that ``matrix`` places."""
        texts = [text for text, mode in zip(objects.texts, objects.modes, strict=True) if mode != _INVISIBLE]
        self._put(TEXT, texts[: self.room], matrix, clip)
        pictures = [one for kind in _PICTURES for one in objects.of_kind(kind)]
        self._put(INK, self._taken(pictures), matrix, clip, clipped=True)
        paths = [path for path in self._taken(objects.of_kind(pdfium.FPDF_PAGEOBJ_PATH)) if _is_seen(path)]
        longest = np.ptp(np.nan_to_num(calls.object_bounds(paths)).reshape(-1, 2, 2), axis=1).max(axis=1)
        kinds = [self._kind(path, side) for path, side in zip(paths, longest.tolist(), strict=True)]
        for kind in (INK, PLAIN):
            chosen = [path for path, one in zip(paths, kinds, strict=True) if one == kind]
            self._put(kind, chosen, matrix, clip, clipped=True)
        for form in objects.of_kind(pdfium.FPDF_PAGEOBJ_FORM) if depth < MAX_DEPTH else ():
            if self.room <= 0:
                return
            self.room -= 1
            within = self._clip(form, matrix, clip)
            self.add(calls.list_form_objects(form), then(matrix_of(form), matrix), within, depth + 1)

    def _taken(self, objects: list[Address]) -> list[Address]:
        taken = objects[: max(self.room, 0)]
        self.room -= len(taken)
        return taken

    def _put(
        self, kind: int, objects: list[Address], matrix: Matrix, clip: Edges | None, *, clipped: bool = False
    ) -> None:
        boxes = _moved(np.nan_to_num(calls.object_bounds(objects)), matrix)
        if clipped and objects:
            clips = [self._clip(one, matrix, clip) or _EVERYWHERE for one in objects]
            boxes = _cut(boxes, np.array(clips))
        elif clip:
            boxes = _cut(boxes, np.array(clip))
        self.kinds.append(np.full(len(boxes), kind))
        self.boxes.append(boxes)

    def _clip(self, found: Address, matrix: Matrix, outer: Edges | None) -> Edges | None:
        """Return what of the page an object may show on, None where nothing limits it."""
        path = pdfium.FPDFPageObj_GetClipPath(ctypes.cast(found, pdfium.FPDF_PAGEOBJECT))
        for at in range(max(pdfium.FPDFClipPath_CountPaths(path), 0) if path else 0):
            count = pdfium.FPDFClipPath_CountPathSegments(path, at)
            if not 1 < count <= self.points:
                continue
            self.points -= count
            points = [_point(pdfium.FPDFClipPath_GetPathSegment(path, at, place)) for place in range(count)]
            known = np.array([point for point in points if point])
            if len(known) < 2:
                continue
            (box,) = _moved(np.concatenate((known.min(axis=0), known.max(axis=0)))[None], matrix).tolist()
            outer = _common(box, outer) if outer else (box[0], box[1], box[2], box[3])
        return outer

    def _kind(self, path: Address, side: float) -> int:
        """Return whether a path, ``side`` points long, is INK or PLAIN: level and upright lines, or a box."""
        count = calls.path_count(path)
        if not 1 < count <= min(LONGEST_PLAIN if side >= LEAST_SIDE else _ROUNDED, self.points):
            return INK
        self.points -= count
        segments = [calls.path_segment(path, at) for at in range(count)]
        points = [_point(segment) for segment in segments]
        known = np.array([point for point in points if point])
        if len(known) < count:
            return INK
        return PLAIN if _is_plain(known, np.array(list(map(calls.segment_kind, segments)))) else INK


_INVISIBLE = 3
"""The rendering mode of text that lies behind a scan."""
_PICTURES = (pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_SHADING)
_EVERYWHERE: Edges = (-1e6, -1e6, 1e6, 1e6)
_SAME: Matrix = (1, 0, 0, 1, 0, 0)
_ROUNDED = 20
"""Points of a small box with round corners at most."""
_CORNER = 12.0
"""Points from the corners of a box at which its edges begin to be round."""
_SLANTED = 0.1
"""The part of the lines of a frame that is neither level nor upright."""
_LEVEL = 0.5
"""Points that a line may rise and count as level."""


def _is_seen(path: Address) -> bool:
    """Whether a path is stroked, or filled in another colour than white."""
    told = np.zeros(6, np.uint32)
    at = [told.ctypes.data + 4 * place for place in range(6)]
    if not calls.path_mode(path, at[0], at[1]):
        return True
    if told[1]:
        return True
    known = calls.fill_colour(path, *at[2:])
    return bool(told[0]) and (not known or bool(told[5] >= 8 and told[2:5].min() <= 248))


def _point(segment: Any) -> tuple[float, float] | None:
    x, y = ctypes.c_float(), ctypes.c_float()
    if not segment or not calls.segment_point(_address(segment), ctypes.addressof(x), ctypes.addressof(y)):
        return None
    return x.value, y.value


def _address(pointer: Any) -> Any:
    return pointer if isinstance(pointer, int) else ctypes.cast(pointer, ctypes.c_void_p).value


def _is_plain(points: Floats, kinds: Ints) -> bool:
    """Whether a path has level and upright lines alone, or is a box with round corners."""
    drawn = kinds[1:] != pdfium.FPDF_SEGMENT_MOVETO
    steps = np.abs(np.diff(points, axis=0))[drawn]
    slanted = steps[steps.min(axis=1) > _LEVEL].sum()  # the mitres of a border are
    if not (kinds == pdfium.FPDF_SEGMENT_BEZIERTO).any() and slanted <= _SLANTED * steps.sum():
        return True
    low, high = points.min(axis=0), points.max(axis=0)
    reach = max(2 * _LEVEL, min(_CORNER, 0.25 * float((high - low).min())))
    return bool((np.minimum(points - low, high - points) <= reach).all())


def _moved(boxes: Floats, matrix: Matrix) -> Floats:
    """Return the boxes around boxes that ``matrix`` moves."""
    if matrix == _SAME or not len(boxes):
        return boxes
    a, b, c, d, e, f = matrix
    x, y = boxes[:, [0, 2, 0, 2]], boxes[:, [1, 1, 3, 3]]
    xs, ys = a * x + c * y + e, b * x + d * y + f
    return np.stack((xs.min(axis=1), ys.min(axis=1), xs.max(axis=1), ys.max(axis=1)), axis=1)


def _cut(boxes: Floats, clips: Floats) -> Floats:
    low, high = np.maximum(boxes[:, :2], clips[..., :2]), np.minimum(boxes[:, 2:], clips[..., 2:])
    return np.concatenate((low, high), axis=1)


def _common(one: Sequence[float], other: Edges) -> Edges:
    return max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])


class _Figure(NamedTuple):
    """A figure's edges on the page as the file draws it, and of how many parts it is."""

    edges: Edges
    parts: int


def find_figures(source: PdfSource, page: int) -> list[Edges]:
    """Return left, top, right, bottom of the figures of a page, from 1, in points from its top left as it is shown.

    From the top, at most ``MOST_FIGURES``; none where the page can't be loaded.
    """
    handle = pdfium.FPDF_LoadPage(source.handle, page - 1)
    if not handle:
        return []
    try:
        figures = _on_page(handle)
        shown = page_box(handle)
        quarters = pdfium.FPDFPage_GetRotation(handle)
    finally:
        pdfium.FPDF_ClosePage(handle)
    for step in NEIGHBOURS if figures else ():
        if figures and 1 <= page + step <= source.count:
            figures = list(_without(figures, _neighbour(source, page + step)))
    boxes = np.array([one.edges for one in figures]).reshape(-1, 4)
    turned = as_shown(boxes, np.tile(np.array(shown), (len(boxes), 1)), np.full(len(boxes), quarters))
    return sorted(map(tuple, turned.tolist()), key=lambda edges: (edges[1], edges[0]))[:MOST_FIGURES]


def _neighbour(source: PdfSource, page: int) -> list[_Figure]:
    handle = pdfium.FPDF_LoadPage(source.handle, page - 1)
    if not handle:
        return []
    try:
        return _on_page(handle)
    finally:
        pdfium.FPDF_ClosePage(handle)


def _without(figures: Iterable[_Figure], others: Sequence[_Figure]) -> Iterator[_Figure]:
    """Yield the figures that do not stand on another page in the same place, of as many parts."""
    for one in figures:
        if not any(
            one.parts == other.parts and all(abs(a - b) <= SAME for a, b in zip(one.edges, other.edges, strict=True))
            for other in others
        ):
            yield one


def _on_page(page: Any) -> list[_Figure]:
    left, bottom, right, top = page_box(page)
    area = (right - left) * (top - bottom)
    if not 0 < area < 1e12:
        return []
    parts = _Parts()
    parts.add(calls.list_objects(page), _SAME, (left, bottom, right, top))
    kinds, boxes = np.concatenate(parts.kinds), np.concatenate(parts.boxes)
    sides = boxes[:, 2:] - boxes[:, :2]
    there = (sides >= 0).all(axis=1) & (sides.prod(axis=1) < LARGEST_SHARE * area)
    kinds, boxes, sides = kinds[there], boxes[there], sides[there]
    grid = _Grid((left, bottom, right, top))
    texts, plain = boxes[kinds == TEXT], boxes[kinds == PLAIN]
    covered = _Covered(grid, texts)
    ink = boxes[(kinds == INK) & ~((covered.share(boxes) > MOST_TEXT) & (sides.prod(axis=1) > LEAST_SHARE * area))]
    labels = [one for one in _around(texts, grid.components(texts, NEAR / 2)) if _is_label(one.edges)]
    label_boxes = np.array([one.edges for one in labels]).reshape(-1, 4)
    found = []
    for one in _joined(_around(ink, grid.components(ink, NEAR / 2))):
        edges = _widened(_widened(one.edges, plain), label_boxes)
        width, height = edges[2] - edges[0], edges[3] - edges[1]
        large = min(width, height) >= LEAST_SIDE and LEAST_SHARE * area <= width * height < LARGEST_SHARE * area
        if large and covered.share(np.array([edges]))[0] <= MOST_TEXT:
            found.append(_Figure(edges, one.parts))
    return _joined(found)


def _is_label(edges: Edges) -> bool:
    return edges[2] - edges[0] <= LABEL_WIDTH and edges[3] - edges[1] <= LABEL_HEIGHT


def _widened(edges: Edges, boxes: Floats) -> Edges:
    """Return the edges with the boxes that touch them, as long as that widens them little."""
    now, most = np.array(edges), GROWN * max((edges[2] - edges[0]) * (edges[3] - edges[1]), 1.0)
    for _ in range(2):
        touching = (boxes[:, :2] <= now[2:] + NEAR).all(axis=1) & (boxes[:, 2:] >= now[:2] - NEAR).all(axis=1)
        for box in boxes[touching]:
            wider = np.concatenate((np.minimum(now[:2], box[:2]), np.maximum(now[2:], box[2:])))
            if (wider[2:] - wider[:2]).prod() <= most:
                now = wider
    left, bottom, right, top = now.tolist()
    return left, bottom, right, top


def _joined(figures: list[_Figure]) -> list[_Figure]:
    """Return the figures, those that lie in one another put together."""
    found: list[_Figure] = []
    for one in figures:
        while other := next((other for other in found if _are_one(one.edges, other.edges)), None):
            found.remove(other)
            a, b = one.edges, other.edges
            edges = (min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))
            one = _Figure(edges, one.parts + other.parts)
        found.append(one)
    return found


def _are_one(one: Edges, other: Edges) -> bool:
    return _area(_common(one, other)) > INSIDE * min(_area(one), _area(other))


def _area(edges: Edges) -> float:
    return float(max(edges[2] - edges[0], 0.0) * max(edges[3] - edges[1], 0.0))


def _around(boxes: Floats, labels: Ints) -> list[_Figure]:
    """Return the box around the boxes of each label."""
    if not len(boxes):
        return []
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order], prepend=-1))
    low = np.minimum.reduceat(boxes[order, :2], starts)
    high = np.maximum.reduceat(boxes[order, 2:], starts)
    counts = np.diff(starts, append=len(order)).tolist()
    rows = np.concatenate((low, high), axis=1).tolist()
    return [_Figure((a, b, c, d), count) for (a, b, c, d), count in zip(rows, counts, strict=True)]


class _Grid:
    """The cells of a page."""

    def __init__(self, page: Edges) -> None:
        self._low = np.array(page[:2])
        width, height = page[2] - page[0], page[3] - page[1]
        self.cell = max(CELL, max(width, height) / CELLS)
        self.shape = int(height / self.cell) + 2, int(width / self.cell) + 2

    def places(self, boxes: Floats, beyond: float) -> Ints:
        """Return (n, 4): first column and row, and those past the last, of boxes so many points larger."""
        low = np.floor((boxes[:, :2] - beyond - self._low) / self.cell)
        high = np.ceil((boxes[:, 2:] + beyond - self._low) / self.cell)
        most = np.array(self.shape[::-1])
        low = np.clip(low, 0, most - 1)
        return np.concatenate((low, np.clip(np.maximum(high, low + 1), 1, most)), axis=1).astype(np.intp)

    def painted(self, places: Ints) -> Bools:
        """Return the cells that are covered."""
        steps = np.zeros((self.shape[0] + 1, self.shape[1] + 1), np.int64)
        x0, y0, x1, y1 = places.T
        for ys, xs, step in ((y0, x0, 1), (y1, x1, 1), (y0, x1, -1), (y1, x0, -1)):
            np.add.at(steps, (ys, xs), step)
        return np.asarray(steps.cumsum(axis=0).cumsum(axis=1)[:-1, :-1] > 0)

    def components(self, boxes: Floats, beyond: float) -> Ints:
        """Return (n,): for each box the number of those with which it touches, each reaching so many points beyond."""
        places = self.places(boxes, beyond)
        labels = _labelled(self.painted(places))
        return labels[places[:, 1], places[:, 0]]


class _Covered:
    """Which part of a box text covers."""

    def __init__(self, grid: _Grid, texts: Floats) -> None:
        self._grid = grid
        painted = grid.painted(grid.places(texts, -grid.cell / 2))
        self._sums = np.pad(painted.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))

    def share(self, boxes: Floats) -> Floats:
        """Return (n,): 0 to 1."""
        x0, y0, x1, y1 = self._grid.places(boxes, 0).T
        sums = self._sums
        inside = sums[y1, x1] - sums[y0, x1] - sums[y1, x0] + sums[y0, x0]
        return np.asarray(inside / np.maximum((x1 - x0) * (y1 - y0), 1))


def _labelled(mask: Bools) -> Ints:
    """Return a number for each cell of a mask, the same for those that hang together side by side; 0 elsewhere."""
    padded = np.pad(mask, ((0, 0), (1, 1))).astype(np.int8)
    rows, starts = np.nonzero(np.diff(padded, axis=1) == 1)
    _, ends = np.nonzero(np.diff(padded, axis=1) == -1)
    owner = list(range(len(rows)))

    def find(at: int) -> int:
        while owner[at] != at:
            owner[at] = owner[owner[at]]
            at = owner[at]
        return at

    runs = list(zip(rows.tolist(), starts.tolist(), ends.tolist(), strict=True))
    above = 0
    for at, (row, start, end) in enumerate(runs):
        while above < at and (runs[above][0] < row - 1 or (runs[above][0] == row - 1 and runs[above][2] <= start)):
            above += 1
        other = above
        while other < at and runs[other][0] == row - 1 and runs[other][1] < end:
            owner[find(at)] = find(other)
            other += 1
    labels = np.zeros(mask.shape, np.intp)
    for at, (row, start, end) in enumerate(runs):
        labels[row, start:end] = find(at) + 1
    return labels
