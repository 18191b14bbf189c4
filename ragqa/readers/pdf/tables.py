"""Tables: rows whose segments stand in the same columns. Precision first: prose is never to become a table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple

import numpy as np

from ragqa.readers.pdf.captions import is_caption
from ragqa.readers.pdf.joining import Knows, finish, join
from ragqa.readers.pdf.lines import Segment
from ragqa.readers.pdf.rows import Row

MAX_INNER_SINGLES = 3
"""Rows of one segment in a row that may stand inside a table: continued cells and group labels."""
MAX_SPACE = 2.2
"""White space between two rows of a table, in type sizes."""

_NUMERIC = re.compile(
    r"^[\s(\[$€£¥+\-−–—~≈<>≤≥]*\d[\d\s.,:/%°)\]xX×\-–+eE]*[a-zA-Zµ%°)]{0,3}\*?$|^[—–\-*✓×xX]$|^[Nn]/[Aa]$"
)
_MARKER = re.compile(r"^(?:[•◦▪‣●○■□–—*·✓➢→►-]|\(?\w{1,3}[.)]|[①-⑳])$")
_BAR = re.compile(r"(?<!\S)\|(?!\S)")
_SIGN = re.compile(r"^[$€£¥(]+$")


class TableRow(NamedTuple):
    """A row of a table: its lines' positions, and its text with cells joined."""

    first: int
    last: int
    text: str
    header: bool


class Table(NamedTuple):
    first: int
    last: int
    rows: list[TableRow]


Band = tuple[float, float]


def find_tables(rows: Sequence[Row], skip: set[int], knows: Knows) -> list[Table]:
    """Return the tables among rows in reading order. ``skip`` are positions that belong to nothing tabular."""
    found = []
    for first, last in _candidates(rows, skip):
        table = _table(rows, first, last, knows)
        if table:
            found.append(table)
    return found


def _candidates(rows: Sequence[Row], skip: set[int]) -> list[tuple[int, int]]:
    found = []
    first = last = -1
    for at, row in enumerate(rows):
        many = len(row.segments) > 1 and at not in skip and not is_caption(row.text)
        if first >= 0 and (
            at in skip
            or _breaks(row, rows[last])
            or not _follows(rows[at - 1], row)
            or _singles(rows, last, at) > MAX_INNER_SINGLES
        ):
            found.append((first, last))
            first = -1
        if many:
            if first < 0:
                first = at
            last = at
    if first >= 0:
        found.append((first, last))
    return [(a, b) for a, b in found if b > a]


def _breaks(row: Row, table: Row) -> bool:
    """Whether a row can't stand in a table: a caption, or a sentence that runs across its columns."""
    if len(row.segments) > 1:
        return is_caption(row.text)
    across = row.x0 < table.segments[1].x0 - row.size < row.x1
    return across and len(row.text) > 50 and row.x1 - row.x0 > 0.6 * (table.x1 - table.x0)


def _singles(rows: Sequence[Row], last: int, at: int) -> int:
    """Return how many single lines follow the last full row, those within a later column of it not counted."""
    edge = rows[last].segments[1].x0 - 2
    return sum(len(row.segments) == 1 and row.x0 < edge for row in rows[last + 1 : at + 1])


def _follows(above: Row, below: Row) -> bool:
    return above.column == below.column and above.y0 - below.y1 <= MAX_SPACE * max(above.size, below.size)


def _table(rows: Sequence[Row], first: int, last: int, knows: Knows) -> Table | None:
    lines = rows[first : last + 1]
    many = [row for row in lines if len(row.segments) > 1]
    if len(many) < 2 or all(row.mono for row in many):
        return None
    bands = _bands(many)
    if len(bands) < 2 or not _is_tabular(lines, many, bands):
        return None
    last = first + _grown(rows, first, last, bands) - 1
    lines = rows[first : last + 1]
    grid = [_cells(row, bands) for row in lines]
    groups = _group(lines, grid)
    heads = _headers(lines, grid, groups)
    shown = []
    if heads:
        shown.append(
            TableRow(
                first,
                first + groups[heads - 1][1],
                _text(_header_cells(lines[: groups[heads - 1][1] + 1], bands)),
                True,
            )
        )
    for start, end in groups[heads:]:
        cells = [_cell([line[at] for line in grid[start : end + 1]], knows) for at in range(len(bands))]
        shown.append(TableRow(first + start, first + end, _text(cells), False))
    return Table(first, last, shown)


def _bands(rows: Sequence[Row]) -> list[Band]:
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


def _at(segment: Segment, bands: Sequence[Band]) -> int:
    """Return the column that a segment lies in most, the first of them for one that spans several."""
    shares = [min(segment.x1, b) - max(segment.x0, a) for a, b in bands]
    best = max(shares)
    whole = [at for at, share in enumerate(shares) if share > 0.6 * (bands[at][1] - bands[at][0])]
    return whole[0] if len(whole) > 1 else shares.index(best)


def _cells(row: Row, bands: Sequence[Band]) -> list[str]:
    cells = [""] * len(bands)
    for segment in row.segments:
        at = _at(segment, bands)
        cells[at] = f"{finish(cells[at])} {segment.text}" if cells[at] else segment.text
    return cells


def _is_tabular(lines: Sequence[Row], many: Sequence[Row], bands: Sequence[Band]) -> bool:
    grid = [_cells(row, bands) for row in many]
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
    if _is_running_text(many, bands):
        return False
    if len(bands) == 2:
        second = [line[1] for line in grid if line[1]]
        if firsts and second and median(map(len, firsts)) > 38 and median(map(len, second)) > 38:
            return False
        if bands[1][0] - bands[0][1] < 0.9 * median(row.size for row in many):
            return False
    return median(map(len, cells)) <= 60


def _is_running_text(many: Sequence[Row], bands: Sequence[Band]) -> bool:
    """Whether the cells fill their columns line after line, as columns of prose do."""
    if len(many) < 6:
        return False
    for at, (left, right) in enumerate(bands):
        cells = [s for row in many for s in row.segments if _at(s, bands) == at]
        if not cells or median(len(s.text) for s in cells) < 22:
            return False
        if median(s.x1 - s.x0 for s in cells) < 0.75 * (right - left):
            return False
    return True


def _grown(rows: Sequence[Row], first: int, last: int, bands: Sequence[Band]) -> int:
    """Return how many rows the table has with the lines below it that go on with a cell of its last row."""
    pitch = [a.y0 - b.y0 for a, b in pairwise(rows[first : last + 1])]
    usual = min(pitch)
    at = last + 1
    while at < len(rows) and at - last <= 6:
        row = rows[at]
        if row.column != rows[last].column or len(row.segments) > 1 or row.size > 1.1 * rows[last].size:
            break
        if rows[at - 1].y0 - row.y0 > 1.15 * usual or row.x0 < bands[1][0] - 2:
            break
        at += 1
    return at - first


def _group(lines: Sequence[Row], grid: Sequence[Sequence[str]]) -> list[tuple[int, int]]:
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
            goes_on = tight and fewer and not all(_NUMERIC.match(c) for c in cells[1:] if c)
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


def _headers(lines: Sequence[Row], grid: Sequence[Sequence[str]], groups: Sequence[tuple[int, int]]) -> int:
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


def _header_cells(lines: Sequence[Row], bands: Sequence[Band]) -> list[str]:
    """Return what stands above each column; what spans several is said for each."""
    cells: list[list[str]] = [[] for _ in bands]
    for row in lines:
        for s in row.segments:
            over = [
                at for at, (a, b) in enumerate(bands) if min(s.x1, b) - max(s.x0, a) > 0.3 * min(b - a, s.x1 - s.x0)
            ]
            for at in over or [_at(s, bands)]:
                cells[at].append(s.text)
    return [" ".join(map(finish, parts)) for parts in cells]


def _cell(parts: Sequence[str], knows: Knows) -> str:
    text = ""
    for part in parts:
        if part and text:
            text, between = join(text, part, knows)
            text += between + part
        else:
            text = text or part
    return finish(text)


def _text(cells: Sequence[str]) -> str:
    texts = [_BAR.sub("¦", cell) for cell in cells]
    while texts and not texts[-1]:
        texts.pop()
    return re.sub(r"^(?: \| )+", "", " | ".join(texts))
