"""The rows of a table: which lines make one, which are the header, and what it says above each column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Literal

from ragqa.readers.pdf.joining import finish
from ragqa.readers.pdf.rows import Row
from ragqa.readers.pdf.rules import Rule
from ragqa.readers.pdf.table_columns import Band, band_of

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


def rules_between(lines: Sequence[Row], bands: Sequence[Band], rules: Sequence[Rule]) -> list[Wall]:
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
    lines: Sequence[Row], grid: Sequence[Sequence[str]], walls: Sequence[Wall] = ()
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


def _is_one_row(lines: Sequence[Row], grid: Sequence[Sequence[str]]) -> bool:
    """Whether lines between two rules are the lines of one row's cells: set close, and fewer in some cells."""
    if any(above.y0 - below.y0 > CLOSE * max(above.size, below.size) for above, below in pairwise(lines)):
        return False
    if len(lines) > 1 and all(all(map(bool, line)) for line in grid):
        return False
    later = [text for line in grid[1:] for text in line if text]
    return sum(map(is_numeric, later)) <= 0.3 * len(later)


def _group(lines: Sequence[Row], grid: Sequence[Sequence[str]]) -> list[tuple[int, int]]:
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
    lines: Sequence[Row], grid: Sequence[Sequence[str]], groups: Sequence[tuple[int, int]], walls: Sequence[Wall]
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


def header_cells(lines: Sequence[Row], bands: Sequence[Band]) -> list[str]:
    """Return what stands above each column; what spans several is said for each."""
    cells: list[list[str]] = [[] for _ in bands]
    for row in lines:
        for s in row.segments:
            over = [
                at for at, (a, b) in enumerate(bands) if min(s.x1, b) - max(s.x0, a) > 0.3 * min(b - a, s.x1 - s.x0)
            ]
            for at in over or [band_of(s, bands)]:
                cells[at].append(s.text)
    return [" ".join(map(finish, parts)) for parts in cells]
