"""Text typed over a page, such as the values of its form fields, set among the lines that the page prints."""

from __future__ import annotations

from collections.abc import Sequence

from ragqa.readers.pdf.annotations import Box, Typed
from ragqa.readers.pdf.characters import clean
from ragqa.readers.pdf.fonts import NO_FONT
from ragqa.readers.pdf.lines import PageText, Segment

SIZE = 10.0
"""Points, where neither the field nor a label beside it says how large the type is."""


def add_typed(page: PageText, typed: Sequence[Typed], quarters: int) -> PageText:
    """Return the page with a segment for each line typed over it, on the line of the label beside it if it has one.

    What the page itself prints in the same place, as after flattening, is not repeated. ``quarters`` is how often the
    page is turned clockwise to be read.
    """
    printed = page.segments
    line = max((segment.line for segment in printed), default=0)
    added: list[Segment] = []
    for one in typed:
        text, box = clean(one.text), _turned(one.box, quarters) if page.turned else one.box
        inside = " ".join(s.text for s in printed if _within(s, box))
        if not text or text in inside:
            continue
        line += 1
        added.append(_segment(text, box, one.size, _label(printed, box), line))
    characters = page.characters + sum(len(segment.text) for segment in added)
    return page._replace(segments=[*printed, *added], characters=characters)


def _turned(box: Box, quarters: int) -> Box:
    """Return the box as it stands when the page is turned to be read."""
    left, bottom, right, top = box
    for _ in range(quarters % 4):
        left, bottom, right, top = bottom, -right, top, -left
    return left, bottom, right, top


def _within(segment: Segment, box: Box) -> bool:
    middle, centre = (segment.x0 + segment.x1) / 2, (segment.y0 + segment.y1) / 2
    return box[0] - 2 < middle < box[2] + 2 and box[1] - 2 < centre < box[3] + 2


def _label(printed: Sequence[Segment], box: Box) -> Segment | None:
    """Return the nearest segment left or right of a field's line whose middle lies level with it."""
    best, nearest = None, 300.0
    for segment in printed:
        centre = (segment.y0 + segment.y1) / 2
        away = max(box[0] - segment.x1, 1.5 * (segment.x0 - box[2]))  # rather the one before it
        if box[1] < centre < box[3] and -3 < away < nearest:
            best, nearest = segment, away
    return best


def _segment(text: str, box: Box, size: float, label: Segment | None, line: int) -> Segment:
    left, bottom, right, top = box
    if label:
        return Segment(text, left, label.y0, right, label.y1, label.size, label.line, NO_FONT, NO_FONT)
    size = size if 2 < size < 100 else min(SIZE, max(top - bottom, 2))
    base = (bottom + top) / 2 - size / 2
    return Segment(text, left, base, max(right, left + 1), base + size, size, line, NO_FONT, NO_FONT)
