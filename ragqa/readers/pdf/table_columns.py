"""The columns of a table: where they stand, what of a row lies in each, and whether they are a table's at all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

import numpy as np

from ragqa.readers.pdf.joining import finish
from ragqa.readers.pdf.lines import Segment
from ragqa.readers.pdf.rows import Row

Band = tuple[float, float]
"""Where a column begins and ends across the page."""

_MARKER = re.compile(r"^(?:[•◦▪‣●○■□–—*·✓➢→►-]|\(?\w{1,3}[.)]|[①-⑳])$")
_SIGN = re.compile(r"^[$€£¥(]+$")


def find_bands(rows: Sequence[Row]) -> list[Band]:
    """Return the columns: stripes of x that are covered by more than a stray segment."""
    pieces = [s for row in rows for s in row.segments]
    x0 = min(s.x0 for s in pieces)
    width = min(int(max(s.x1 for s in pieces) - x0) + 3, 20_000)
    cover = np.zeros(width + 1)
    for s in pieces:
        a, b = int(s.x0 - x0), min(int(s.x1 - x0) + 1, width)
        if 0 <= a < b:
            cover[a] += 1
            cover[b] -= 1
    cover = np.cumsum(cover)[:width]
    solid = cover > max(0, int(0.12 * len(rows)))
    edges = np.flatnonzero(np.diff(np.concatenate(([0], solid.astype(np.int8), [0]))))
    bands = [(x0 + a, x0 + b) for a, b in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)]
    size = median(row.size for row in rows)
    merged: list[Band] = []
    for band in bands:
        if merged and (band[0] - merged[-1][1] < 0.4 * size or _only_signs(pieces, merged[-1])):
            merged[-1] = (merged[-1][0], band[1])
        else:
            merged.append(band)
    return merged


def _only_signs(pieces: Sequence[Segment], band: Band) -> bool:
    inside = [s.text for s in pieces if s.x0 >= band[0] - 2 and s.x1 <= band[1] + 2]
    return bool(inside) and all(_SIGN.match(text) for text in inside)


def band_of(segment: Segment, bands: Sequence[Band]) -> int:
    """Return the column that a segment lies in most, the first of them for one that spans several."""
    shares = [min(segment.x1, b) - max(segment.x0, a) for a, b in bands]
    best = max(shares)
    whole = [at for at, share in enumerate(shares) if share > 0.6 * (bands[at][1] - bands[at][0])]
    return whole[0] if len(whole) > 1 else shares.index(best)


def cells_of(row: Row, bands: Sequence[Band]) -> list[str]:
    """Return what a row says in each column, '' where nothing."""
    cells = [""] * len(bands)
    for segment in row.segments:
        at = band_of(segment, bands)
        cells[at] = f"{finish(cells[at])} {segment.text}" if cells[at] else segment.text
    return cells


def is_tabular(lines: Sequence[Row], many: Sequence[Row], bands: Sequence[Band]) -> bool:
    """Whether lines, ``many`` of them of several segments, are a table's: not a list, a form's labels or prose."""
    grid = [cells_of(row, bands) for row in many]
    filled = [sum(map(bool, cells)) for cells in grid]
    wide = [count for count in filled if count > 1]
    if len(wide) < (3 if len(bands) == 2 else 2) or len(wide) < 0.7 * len(many):
        return False
    if len(many) < 0.34 * len(lines):
        return False
    firsts = [cells[0] for cells in grid if cells[0]]
    if firsts and sum(bool(_MARKER.match(text)) for text in firsts) > 0.6 * len(firsts) and len(bands) == 2:
        return False
    cells = [text for line in grid for text in line if text]
    if is_running_text(many, bands) or _beside_text(lines, bands):
        return False
    if len(bands) == 2:
        second = [line[1] for line in grid if line[1]]
        if firsts and second and median(map(len, firsts)) > 38 and median(map(len, second)) > 38:
            return False
        if bands[1][0] - bands[0][1] < 0.9 * median(row.size for row in many):
            return False
    return median(map(len, cells)) <= 60


def _beside_text(lines: Sequence[Row], bands: Sequence[Band]) -> bool:
    """Whether the first or the last column is set beside text that runs on past its lines: notes in a margin are."""
    if len(bands) != 2:
        return False
    for column in (0, 1):
        left, right = bands[column]
        through = beside = 0
        for above, below in pairwise(lines):
            ends = [s for s in above.segments if band_of(s, bands) == column]
            begins = [s for s in below.segments if band_of(s, bands) == column]
            if len(below.segments) < 2 or not ends or not begins:
                continue
            beside += 1
            close = above.y0 - below.y0 < 1.45 * max(above.size, below.size)
            runs = ends[-1].x1 > left + 0.8 * (right - left) and begins[0].text[:1].islower()
            through += close and runs and len(ends[-1].text) > 30
        if through >= max(2, 0.4 * beside):
            return True
    return False


def is_running_text(many: Sequence[Row], bands: Sequence[Band]) -> bool:
    """Whether the cells fill their columns line after line, as columns of prose do."""
    if len(many) < 6:
        return False
    for at, (left, right) in enumerate(bands):
        cells = [s for row in many for s in row.segments if band_of(s, bands) == at]
        if not cells or median(len(s.text) for s in cells) < 22:
            return False
        if median(s.x1 - s.x0 for s in cells) < 0.75 * (right - left):
            return False
    return True
