"""Segments to Rows: what stands side by side on one baseline. Knows nothing of columns or of roles."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple

from ragqa.readers.pdf.joining import finish
from ragqa.readers.pdf.lines import Segment
from ragqa.readers.pdf.right_to_left import is_leftward


class Row(NamedTuple):
    """Segments on one baseline, left to right. ``left`` and ``right`` bound the column that it stands in."""

    page: int
    segments: tuple[Segment, ...]
    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    size: float
    bold: bool
    mono: bool
    column: int
    """Counts the stretches of text that are read one after the other; rows of one stretch share it."""
    left: float
    right: float


def make_rows(
    page: int, segments: Sequence[Segment], column: int = 0, bounds: tuple[float, float] | None = None
) -> list[Row]:
    """Return the rows of a stretch of a page, top first. ``bounds`` default to what the segments reach."""
    if not segments:
        return []
    left, right = bounds or (min(s.x0 for s in segments), max(s.x1 for s in segments))
    return [_row(page, group, column, left, right) for group in _groups(segments)]


def _groups(segments: Sequence[Segment]) -> list[list[Segment]]:
    """Gather what shares a baseline. A small segment (a superscript) joins the row that it overlaps by half."""
    groups: list[list[Segment]] = []
    top = bottom = 0.0
    for segment in sorted(segments, key=lambda s: -(s.y0 + s.y1)):
        low, high = segment.y0, segment.y1
        if groups:
            overlap = min(high, top) - max(low, bottom)
            small, large = sorted((high - low, top - bottom))
            if overlap > (0.5 if small > 0.8 * large else 0.25) * small and not _stacked(segment, groups[-1]):
                groups[-1].append(segment)
                if high - low > top - bottom:  # the tallest speaks for the row
                    top, bottom = high, low
                continue
        groups.append([segment])
        top, bottom = high, low
    for group in groups:
        group.sort(key=attrgetter("x0"))
    return groups


def _stacked(segment: Segment, group: Sequence[Segment]) -> bool:
    """Whether it stands over or under a segment of the group: lines set tighter than their type size."""
    for other in group:
        if min(segment.x1, other.x1) - max(segment.x0, other.x0) > 0.5 * min(
            segment.x1 - segment.x0, other.x1 - other.x0
        ):
            return abs(segment.y0 - other.y0) > 0.25 * min(segment.size, other.size)
    return False


def _row(page: int, group: list[Segment], column: int, left: float, right: float) -> Row:
    first = group[0]
    if len(group) == 1:
        return Row(
            page,
            (first,),
            first.text,
            first.x0,
            first.y0,
            first.x1,
            first.y1,
            first.size,
            first.bold,
            first.mono,
            column,
            left,
            right,
        )
    widest = max(group, key=lambda s: len(s.text))
    return Row(
        page,
        tuple(group),
        _read(group),
        first.x0,
        min(s.y0 for s in group),
        max(s.x1 for s in group),
        max(s.y1 for s in group),
        widest.size,
        all(s.bold for s in group),
        all(s.mono for s in group),
        column,
        left,
        right,
    )


def _read(group: Sequence[Segment]) -> str:
    """Return the text of a row's segments in the order in which they are read: Arabic and Hebrew from the right."""
    ordered = group[::-1] if is_leftward("".join(s.text for s in group)) else group
    return " ".join([*(finish(s.text) for s in ordered[:-1]), ordered[-1].text])
