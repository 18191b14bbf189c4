"""Which figures of a page belong to a stretch of its text: by where they stand, and by the caption that the text names.

Knows nothing of files: it is given boxes of figures and of lines of text, all of one page.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ragqa.types import Box

NEAR = 60.0
"""Points from the first or last line of a stretch to a figure directly above or below it, at most."""
INSIDE = 0.5
"""The part of a line that lies in a figure where it is a label of that figure."""
LEVEL = 3.0
"""Points by which the rest of a line, of which a part is cited, may stand nearer to a figure than that part."""
SHORT = 24.0
"""Points of a line that parts nothing from its figure: the number of a step or of a part."""

LABEL = re.compile(
    r"(?:\b(?:figures?|figs?\.|fig(?=\s?\d)|abbildung|abb\.|figura|рис\.|рисунок)|[图圖図]|그림)"
    r"\s?(\d+(?:[.-]\d+)*)",
    re.I,
)
"""A figure as a text or its caption names it, with its number."""


def select_figures(figures: Sequence[Box], cited: Sequence[Box], others: Sequence[Box]) -> list[Box]:
    """Return the figures that belong to the lines ``cited``, those nearest to them first.

    A figure does where it stands between the first and the last of them, beside them, or directly above or below;
    ``others`` are the lines of the page's other text: none of them may stand between.
    """
    found = []
    for figure in figures:
        parting = [line for line in others if line.right - line.left > SHORT and _shared(line, figure) < INSIDE]
        distance = _distance(figure, cited, parting)
        if distance is not None:
            found.append((distance, figure))
    return [figure for _, figure in sorted(found, key=lambda one: one[0])]


def _distance(figure: Box, cited: Sequence[Box], others: Sequence[Box]) -> float | None:
    """Return how many points a figure is from the lines that it belongs to; None where it belongs to none."""
    top, bottom = min(line.top for line in cited), max(line.bottom for line in cited)
    left, right = min(line.left for line in cited), max(line.right for line in cited)
    across = [line for line in cited if line.left < figure.right and line.right > figure.left]
    own = [line for line in others if line.left < figure.right and line.right > figure.left]
    above, below = _gap(figure, own, above=True), _gap(figure, own, above=False)
    if left < figure.right and figure.left < right:
        gaps = _gap(figure, across, above=True), _gap(figure, across, above=False)
        nearest = min(gaps)
        if top <= (figure.top + figure.bottom) / 2 <= bottom:
            return 0.0 if nearest <= min(above, below) + LEVEL else None
        return nearest if nearest <= NEAR and nearest <= (above, below)[gaps.index(nearest)] + LEVEL else None
    level = [line for line in cited if line.top < figure.bottom and line.bottom > figure.top]
    if not level:
        return None
    gap = min(max(line.left - figure.right, figure.left - line.right) for line in level)
    above, below = (
        _gap(figure, [line for line in own if line.right <= left or right <= line.left], above=side)
        for side in (True, False)
    )  # what spans both, as a heading does, is no text of the figure's own column
    between = any(_stands_between(other, figure, level) for other in others)
    return None if between or min(above, below) < gap else gap


def _gap(figure: Box, lines: Sequence[Box], *, above: bool) -> float:
    """Return the points from a figure to the next of ``lines`` above or below it; infinity where there is none."""
    middle = (figure.top + figure.bottom) / 2
    gaps = [
        max(figure.top - line.bottom if above else line.top - figure.bottom, 0.0)
        for line in lines
        if ((line.top + line.bottom) / 2 < middle) == above
    ]
    return min(gaps, default=float("inf"))


def _stands_between(line: Box, figure: Box, level: Sequence[Box]) -> bool:
    """Whether a line stands between a figure and the lines beside it."""
    if line.bottom <= figure.top or line.top >= figure.bottom:
        return False
    return any(
        figure.right <= line.left < line.right <= one.left or one.right <= line.left < line.right <= figure.left
        for one in level
    )


def _shared(line: Box, figure: Box) -> float:
    """Return which part of a line lies in a figure, 0 to 1."""
    wide = min(line.right, figure.right) - max(line.left, figure.left)
    high = min(line.bottom, figure.bottom) - max(line.top, figure.top)
    area = (line.right - line.left) * (line.bottom - line.top)
    return max(wide, 0.0) * max(high, 0.0) / area if area > 0 else 0.0


def captioned(figures: Sequence[Box], caption: Box) -> Box | None:
    """Return the figure directly above or below the first line of a caption, None where there is none."""
    near = [
        (gap, figure)
        for figure in figures
        if figure.left < caption.right and caption.left < figure.right
        for gap in (max(caption.top - figure.bottom, figure.top - caption.bottom),)
        if gap <= NEAR / 2
    ]
    return min(near, key=lambda one: one[0])[1] if near else None
