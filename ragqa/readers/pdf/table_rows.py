"""The rows of a table: which lines make one, which are the header, and what it says above each column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from ragqa.readers.pdf.joining import finish
from ragqa.readers.pdf.rows import Row
from ragqa.readers.pdf.table_columns import Band, band_of

_NUMERIC = re.compile(
    r"^[\s(\[$€£¥+\-−–—~≈<>≤≥]*\d[\d\s.,:/%°)\]xX×\-–+eE]*[a-zA-Zµ%°)]{0,3}\*?$|^[—–\-*✓×xX]$|^[Nn]/[Aa]$"
)


def group_lines(lines: Sequence[Row], grid: Sequence[Sequence[str]]) -> list[tuple[int, int]]:
    """Gather the lines of each row of the table: a cell may take several lines."""
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


def count_headers(lines: Sequence[Row], grid: Sequence[Sequence[str]], groups: Sequence[tuple[int, int]]) -> int:
    """Return how many of the first groups are the header."""
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
