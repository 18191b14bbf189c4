"""The order in which a page is read: columns by their gutter, and what stands across them. IsWord nothing of roles.

Columns are believed only where they hold prose on both sides: a table also has gutters.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from operator import attrgetter
from typing import NamedTuple

import numpy as np

from ragqa.readers.pdf.calls import CJK
from ragqa.readers.pdf.lines import BELOW, Segment
from ragqa.readers.pdf.rows import TextRow, make_rows
from ragqa.readers.pdf.ruled import RuledTable

SPREAD = 0.1
"""The part of a sheet's width that is free between two pages on it."""
MIN_ROWS = 4
"""Lines that a column must have."""


class _Unit(NamedTuple):
    """What is never parted between columns: a line as the file wrote it, or one segment."""

    segments: tuple[Segment, ...]
    x0: float
    y0: float
    x1: float
    y1: float


def read_in_order(
    page: int, rows: Sequence[TextRow], tables: Sequence[RuledTable], first_column: int
) -> tuple[list[TextRow], dict[int, RuledTable]]:
    """Return the rows of a page in reading order, and which of their stretches are the ``tables``.

    ``rows`` are what stands side by side over the whole page, as ``make_rows`` gives them. Stretches are numbered from
    ``first_column``; a table is a stretch of its own, read where it stands.
    """
    if not rows:
        return [], {}
    held = {id(s) for table in tables for s in table.segments}
    segments = [s for row in rows for s in row.segments if not held or id(s) not in held]
    segments.sort(key=attrgetter("line"))
    whole = [_unit(table.segments) for table in tables]
    lines = _lines(segments) + whole
    stretches = _columns(lines)
    if stretches is None and len(segments) >= 4 * MIN_ROWS:
        stretches = _columns([_Unit((s,), s.x0, s.y0, s.x1, s.y1) for s in segments] + whole, strict=True, notes=True)
    if stretches is None and not tables:
        left, right = min(row.x0 for row in rows), max(row.x1 for row in rows)
        return [TextRow(*row[:-3], first_column, left, right) for row in rows], {}
    if stretches is None:
        stretches = [(lines, (min(row.x0 for row in rows), max(row.x1 for row in rows)))]
    ordered: list[TextRow] = []
    numbers: dict[int, RuledTable] = {}
    tabled = first_column + len(stretches)
    for number, (units, bounds) in enumerate(stretches, first_column):
        text = [s for unit in units if id(unit.segments[0]) not in held for s in unit.segments]
        below = make_rows(page, text, number, bounds)
        here = {id(unit.segments[0]) for unit in units}
        for table in sorted((t for t in tables if id(t.segments[0]) in here), key=lambda t: -t.top):
            above = sum((row.y0 + row.y1) / 2 > table.top for row in below)
            ordered += below[:above]
            below = below[above:]
            numbers[tabled] = table
            ordered += make_rows(page, table.segments, tabled, bounds)
            tabled += 1
        ordered += below
    return ordered, numbers


def _unit(segments: tuple[Segment, ...]) -> _Unit:
    _, x0, y0, x1, y1, *_ = zip(*segments, strict=True)
    return _Unit(segments, min(x0), min(y0), max(x1), max(y1))


Stretch = tuple[list[_Unit], tuple[float, float]]


def _lines(segments: Sequence[Segment]) -> list[_Unit]:
    lines: dict[int, list[Segment]] = {}
    for segment in segments:
        lines.setdefault(segment.line, []).append(segment)
    return [_Unit((line[0],), *line[0][1:5]) if len(line) == 1 else _unit(tuple(line)) for line in lines.values()]


def _columns(units: list[_Unit], strict: bool = False, notes: bool = False) -> list[Stretch] | None:
    """Return the stretches of a page with columns, in reading order, or None where it has none.

    ``notes``: a column of text with notes beside it will do.
    """
    stripes = _stripes(units)
    gutter = next((at for at, share in stripes if _is_gutter(units, at, share, strict)), None)
    noted = gutter is None and notes
    if noted:
        gutter = next((at for at, _ in stripes if _has_notes(units, at)), None)
    if gutter is None:
        return None
    left = [u for u in units if u.x1 <= gutter + 1]
    right = [u for u in units if u.x0 >= gutter - 1]
    across = [u for u in units if u.x0 < gutter - 1 and u.x1 > gutter + 1]
    x0, x1 = min(u.x0 for u in units), max(u.x1 for u in units)
    found: list[Stretch] = []
    for kind, band in _bands(across, left, right):
        if kind == "across":
            found.append((band[0], (x0, x1)))
            continue
        for side in band:
            if side:
                inner = None if noted else _columns(side, strict)
                found += inner or [(side, (min(u.x0 for u in side), max(u.x1 for u in side)))]
    return found


def _bands(across: list[_Unit], left: list[_Unit], right: list[_Unit]) -> list[tuple[str, list[list[_Unit]]]]:
    """Cut the page by what stands across its columns: between two such rows, left is read, then right."""
    bands: list[tuple[str, list[list[_Unit]]]] = []
    rest = (sorted(left, key=lambda u: -u.y1), sorted(right, key=lambda u: -u.y1))
    for unit in [*sorted(across, key=lambda u: -u.y1), None]:
        floor = (unit.y0 + unit.y1) / 2 if unit else float("-inf")
        sides = []
        for side in rest:
            count = sum((u.y0 + u.y1) / 2 > floor for u in side)
            sides.append(sorted(side[:count], key=lambda u: u.segments[0].line))  # as written, for the columns within
            del side[:count]
        if sides[0] or sides[1]:
            bands.append(("columns", sides))
        if unit:
            if bands and bands[-1][0] == "across":
                bands[-1][1][0].append(unit)
            else:
                bands.append(("across", [[unit]]))
    return bands


def _stripes(units: Sequence[_Unit]) -> list[tuple[float, float]]:
    """Return the middles of the widest white stripes between units, and which part of the width each takes."""
    if len(units) < 2 * MIN_ROWS:
        return []
    x0, x1 = min(u.x0 for u in units), max(u.x1 for u in units)
    width = int(x1 - x0) + 2
    if not 60 < width < 20_000:
        return []
    cover = np.zeros(width + 1)
    starts = np.array([u.x0 for u in units]) - x0
    ends = np.array([u.x1 for u in units]) - x0
    np.add.at(cover, np.floor(starts).astype(np.intp), 1)
    np.add.at(cover, np.minimum(np.ceil(ends).astype(np.intp), width), -1)
    cover = np.cumsum(cover)[:width]
    inner = cover[int(0.15 * width) : int(0.85 * width)]
    if not len(inner) or inner.min() > 0.5 * len(units):
        return []
    low = inner <= inner.min() + 0.02 * len(units)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], low.astype(np.int8), [0]))))
    stripes = sorted(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True), key=lambda s: s[0] - s[1])
    middle = x0 + int(0.15 * width)
    return [(middle + (start + end) / 2, (end - start) / width) for start, end in stripes[:4] if end - start >= 5]


def _is_gutter(units: Sequence[_Unit], at: float, share: float, strict: bool) -> bool:
    return _is_spread(units, at, share) or _parts(units, at, strict)


def _has_gutter(units: Sequence[_Unit], strict: bool) -> bool:
    return any(_is_gutter(units, at, share, strict) for at, share in _stripes(units))


def _is_spread(units: Sequence[_Unit], at: float, share: float) -> bool:
    """Whether two pages stand on a sheet: much text on each side of a stripe in the middle, which nothing crosses."""
    if share < SPREAD:
        return False
    x0, x1 = min(u.x0 for u in units), max(u.x1 for u in units)
    if x1 - x0 < 1.2 * (max(u.y1 for u in units) - min(u.y0 for u in units)):
        return False
    sides = ([u for u in units if u.x1 <= at], [u for u in units if u.x0 >= at])
    if min(map(len, sides)) < 10 or sum(map(len, sides)) < len(units):
        return False
    lengths = [list(map(_letters, side)) for side in sides]
    return all(sum(n for n in side if n >= 25) > 0.6 * sum(side) for side in lengths)


def _parts(units: Sequence[_Unit], at: float, strict: bool) -> bool:
    """Whether the stripe at ``at`` has a column of prose on each side."""
    sides = ([u for u in units if u.x1 <= at + 1], [u for u in units if u.x0 >= at - 1])
    if min(map(len, sides)) < (10 if strict else MIN_ROWS):
        return False
    together = min(max(u.y1 for u in side) for side in sides) - max(min(u.y0 for u in side) for side in sides)
    tallest = max(max(u.y1 for u in side) - min(u.y0 for u in side) for side in sides)
    order = [u.x1 <= at + 1 for u in units if u.x1 <= at + 1 or u.x0 >= at - 1]
    turns = sum(a != b for a, b in pairwise(order))
    if together < (0.1 if turns == 1 else 0.3) * tallest:  # one written whole before the other may be much longer
        return False
    calm = turns <= 3 + 0.15 * min(map(len, sides))
    if not calm and not strict:
        return False
    return all(_is_prose(side, 0.75 if strict else 0.5) or _has_gutter(side, strict) for side in sides)


def _has_notes(units: Sequence[_Unit], at: float) -> bool:
    """Whether a column of text stands on one side of the stripe at ``at``, and notes in a margin on the other.

    Notes have lines of their own, or stand beside the middle of a sentence; what a table says of a term begins beside
    it.
    """
    sides = ([u for u in units if u.x1 <= at + 1], [u for u in units if u.x0 >= at - 1])
    if min(map(len, sides)) < 2 or sum(map(len, sides)) < 0.75 * len(units):
        return False
    notes, text = sorted(sides, key=lambda side: sum(map(_letters, side)))
    if len(text) < 10 or len(text) < len(notes) or not _is_prose(text, 0.6):
        return False
    bases = [_base(unit) for unit in text]
    aligned = sum(any(abs(_base(note) - base) < 1 for base in bases) for note in notes)
    if len(notes) >= 3 and aligned <= 0.4 * len(notes):
        return True
    text = sorted(text, key=lambda u: -u.y1)
    left, right = min(u.x0 for u in text), max(u.x1 for u in text)
    beside = within = 0
    for above, line in pairwise(text):
        middle = (line.y0 + line.y1) / 2
        if not any(note.y0 < middle < note.y1 for note in notes):
            continue
        beside += 1
        close = above.y0 - line.y0 < 1.5 * (line.y1 - line.y0)
        runs = above.x1 > left + 0.75 * (right - left) and line.segments[0].text[:1].islower()
        within += close and runs and line.x0 < above.x0 + 1
    return within >= max(2, 0.3 * beside)


def _base(unit: _Unit) -> float:
    return unit.segments[0].y0 + BELOW * unit.segments[0].size


def _is_prose(side: Sequence[_Unit], fill: float) -> bool:
    left, right = min(u.x0 for u in side), max(u.x1 for u in side)
    lengths = sorted(_letters(u) for u in side)
    widths = sorted((u.x1 - u.x0) / max(right - left, 1) for u in side)
    middle = len(side) // 2
    return lengths[middle] >= 18 and widths[middle] >= fill


def _letters(unit: _Unit) -> int:
    """Return the length of its text, a Chinese character counted for two letters."""
    return sum(len(s.text) + (0 if s.text.isascii() else len(CJK.findall(s.text))) for s in unit.segments)
