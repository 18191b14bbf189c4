"""Columns and rows of a table: where they stand, what lies in each, and which rows are its header."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Literal

import numpy as np

from ragqa.readers.pdf.lines import Segment
from ragqa.readers.pdf.rows import TextRow, finish, runs_of
from ragqa.readers.pdf.rules import Rule
from ragqa.readers.runs import Line, joined

Band = tuple[float, float]
"""Where a column begins and ends across the page."""

_MARKER = re.compile(r"^(?:[•◦▪‣●○■□–—*·✓➢→►-]|\(?\w{1,3}[.)]|[①-⑳])$")
_SIGN = re.compile(r"^[$€£¥(]+$")


def find_bands(rows: Sequence[TextRow]) -> list[Band]:
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


def cells_of(row: TextRow, bands: Sequence[Band]) -> list[str]:
    """Return what a row says in each column, '' where nothing."""
    return [_read(segments) for segments in _by_band(row, bands)]


def cell_lines(row: TextRow, bands: Sequence[Band]) -> list[Line]:
    """Return what a row says in each column, as ``cells_of``, and where it comes from."""
    return [Line(_read(segments), runs_of(row.page, segments)) for segments in _by_band(row, bands)]


def _by_band(row: TextRow, bands: Sequence[Band]) -> list[list[Segment]]:
    cells: list[list[Segment]] = [[] for _ in bands]
    for segment in row.segments:
        cells[band_of(segment, bands)].append(segment)
    return cells


def _read(segments: Sequence[Segment]) -> str:
    return " ".join([*(finish(s.text) for s in segments[:-1]), *(s.text for s in segments[-1:])])


def is_tabular(lines: Sequence[TextRow], many: Sequence[TextRow], bands: Sequence[Band]) -> bool:
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


def _beside_text(lines: Sequence[TextRow], bands: Sequence[Band]) -> bool:
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


def is_running_text(many: Sequence[TextRow], bands: Sequence[Band]) -> bool:
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


_NUMERIC = re.compile(
    r"^[\s(\[$€£¥+\-−–—~≈<>≤≥]*\d[\d\s.,:/%°)\]xX×\-–+eE]*[a-zA-Zµ%°)]{0,3}\*?$|^[—–\-*✓×xX]$|^[Nn]/[Aa]$"
)


CLOSE = 1.4
"""Times the type size from one line of a cell to the next."""
WALL = 0.6
"""The part of the width right of the first column that a rule covers to part two rows."""


def is_numeric(text: str) -> bool:
    """Whether a cell holds a value: a number, with or without a unit, or a sign for yes, no and nothing."""
    return bool(_NUMERIC.match(text))


Wall = Literal["", "part", "full"]
"""A rule between two lines: none, one that leaves out the first column, one over all of the table."""


def rules_between(lines: Sequence[TextRow], bands: Sequence[Band], rules: Sequence[Rule]) -> list[Wall]:
    """Return for each line but the first what rule parts it from the one above it."""
    left, inner, right = bands[0][0], bands[1][0], max(bands[-1][1], bands[1][0] + 1)
    walls: list[Wall] = []
    for above, below in pairwise(lines):
        high, low = (above.y0 + above.y1) / 2, (below.y0 + below.y1) / 2
        drawn = [rule for rule in rules if low < rule.at < high and rule.end > left and rule.start < right]
        after = sum(max(min(rule.end, right) - max(rule.start, inner), 0.0) for rule in drawn) / (right - inner)
        before = any(rule.start < bands[0][1] - 1 for rule in drawn)
        walls.append("" if after < WALL else "full" if before else "part")
    return walls


def group_lines(
    lines: Sequence[TextRow], grid: Sequence[Sequence[str]], walls: Sequence[Wall] = ()
) -> list[tuple[int, int]]:
    """Gather the lines of each row of the table: a cell may take several lines, and none goes past a rule."""
    groups: list[tuple[int, int]] = []
    start = 0
    ruled = sum(map(bool, walls)) >= 2
    for end in [*(at for at, wall in enumerate(walls) if wall), len(lines) - 1]:
        part, cells = lines[start : end + 1], grid[start : end + 1]
        if ruled and _is_one_row(part, cells):
            groups.append((start, end))
        else:
            groups += [(start + a, start + b) for a, b in _group(part, cells)]
        start = end + 1
    return groups


def _is_one_row(lines: Sequence[TextRow], grid: Sequence[Sequence[str]]) -> bool:
    """Whether lines between two rules are the lines of one row's cells: set close, and fewer in some cells."""
    if any(above.y0 - below.y0 > CLOSE * max(above.size, below.size) for above, below in pairwise(lines)):
        return False
    if len(lines) > 1 and all(all(map(bool, line)) for line in grid):
        return False
    later = [text for line in grid[1:] for text in line if text]
    return sum(map(is_numeric, later)) <= 0.3 * len(later)


def _group(lines: Sequence[TextRow], grid: Sequence[Sequence[str]]) -> list[tuple[int, int]]:
    pitch = [above.y0 - below.y0 for above, below in pairwise(lines)]
    least = min(pitch, default=0.0)
    wide = [p > 1.25 * least for p in pitch]
    spaced = sum(wide) >= max(2, 0.25 * len(pitch)) and sum(wide) < len(pitch)
    groups = [(0, 0)]
    for at in range(1, len(lines)):
        tight = not wide[at - 1]
        cells = grid[at]
        if cells[0] and not spaced:
            label_only = groups[-1][1] == at - 1 and not any(grid[at - 1][1:]) and not grid[at - 1][0].endswith(":")
            goes_on = tight and cells[0][:1].islower() and (label_only or not any(cells[1:]))
        elif cells[0]:
            fewer = any(a and not b for a, b in zip(grid[groups[-1][0]], cells, strict=True))
            rest = [c for c in cells[1:] if c]
            fits = not all(_NUMERIC.match(c) for c in rest) if rest else _closes(grid, wide, at)
            goes_on = tight and fewer and fits
        else:
            texts = [c for c in cells if c]
            goes_on = (
                (tight or not spaced)
                and not all(_NUMERIC.match(c) for c in texts)
                and pitch[at - 1] < 1.6 * lines[at].size
            )
        if goes_on and (not cells[0] or lines[at].bold == lines[groups[-1][0]].bold):
            groups[-1] = (groups[-1][0], at)
        else:
            groups.append((at, at))
    return groups


def _closes(grid: Sequence[Sequence[str]], wide: Sequence[bool], at: int) -> bool:
    """Whether lines of the first column alone, from ``at`` on, end their row: what is centred has them above it too."""
    while at < len(wide) and not wide[at]:
        at += 1
        if any(grid[at][1:]):
            return False
    return True


def count_headers(
    lines: Sequence[TextRow], grid: Sequence[Sequence[str]], groups: Sequence[tuple[int, int]], walls: Sequence[Wall]
) -> int:
    """Return how many of the first groups are the header: by their face, by a rule below them, by what they say."""
    count = 0
    while (
        count < len(groups)
        and count < 4
        and all(lines[at].bold for at in range(groups[count][0], groups[count][1] + 1))
    ):
        count += 1
    if count == len(groups) or count == 4:
        count = 0
    if not count:
        while count < len(groups) - 1 and count < 4 and not grid[groups[count][0]][0]:
            count += 1
    if count and count < len(groups):
        return count
    above = next((at for at, (_, end) in enumerate(groups[:3], 1) if end < len(walls) and walls[end] == "full"), 0)
    names = [c for line in grid[: groups[above - 1][1] + 1] for c in line if c] if above else []
    if len(names) >= len(grid[0]) and sum(map(bool, walls)) <= 2 and not any(map(is_numeric, names)):
        return above  # a rule below the names, and perhaps one above the sums
    first = [c for line in grid[groups[0][0] : groups[0][1] + 1] for c in line if c]
    rest = [c for start, end in groups[1:] for line in grid[start : end + 1] for c in line[1:] if c]
    if len(groups) > 2 and len(first) > 1 and not any(_NUMERIC.match(c) for c in first) and max(map(len, first)) <= 40:
        numbers = sum(bool(_NUMERIC.match(c)) for c in rest)
        if (rest and numbers >= 0.6 * len(rest)) or (len(first) >= 3 and len(first) >= len(grid[0])):
            return 1
        if len(first) == len(grid[0]) == 2 and max(map(len, first)) <= 20 and rest and median(map(len, rest)) >= 25:
            return 1
    return 0


def header_cells(lines: Sequence[TextRow], bands: Sequence[Band]) -> list[Line]:
    """Return what stands above each column; what spans several is said for each."""
    cells: list[list[Line]] = [[] for _ in bands]
    for row in lines:
        for s in row.segments:
            over = [
                at for at, (a, b) in enumerate(bands) if min(s.x1, b) - max(s.x0, a) > 0.3 * min(b - a, s.x1 - s.x0)
            ]
            for at in over or [band_of(s, bands)]:
                cells[at].append(Line(finish(s.text), runs_of(row.page, [s])))
    return [joined(parts) for parts in cells]
