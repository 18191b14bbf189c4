"""Bars with their intervals as SVG, a system each, in the look of the bench's report. Knows no systems."""

from __future__ import annotations

from collections.abc import Sequence

from ragqa.evaluation.report.markup import Markup, tag
from ragqa.evaluation.report.style import SERIES
from ragqa.metrics import Interval

WIDTH, ROW, LEFT, RIGHT, TOP = 420, 44, 8, 44, 6


def interval_bars(values: Sequence[tuple[str, Interval]], title: str) -> Markup:
    """Return a bar from 0 to 1 for each name, and a line over its interval."""
    height = TOP + ROW * len(values) + 6
    parts = [part for at, (name, of) in enumerate(values) for part in _bar(at, name, of)]
    return tag("svg", tag("title", title), *parts, viewBox=f"0 0 {WIDTH} {height}", role="img")


def _bar(at: int, name: str, of: Interval) -> list[Markup]:
    top = TOP + at * ROW
    middle = top + 28
    style = f"line s{at % SERIES}"
    return [
        tag("text", name, x=LEFT, y=top + 13),
        tag("line", class_="grid", x1=LEFT, x2=f"{_x(1):.1f}", y1=middle, y2=middle),
        tag("line", class_=style, x1=LEFT, x2=f"{_x(of.mean):.1f}", y1=middle, y2=middle, style="stroke-width:12"),
        tag("line", class_="axis", x1=f"{_x(of.low):.1f}", x2=f"{_x(of.high):.1f}", y1=middle, y2=middle),
        *(
            tag("line", class_="axis", x1=f"{_x(end):.1f}", x2=f"{_x(end):.1f}", y1=middle - 5, y2=middle + 5)
            for end in (of.low, of.high)
        ),
        tag("text", f"{of.mean:.3f}", x=WIDTH, y=middle + 4, text_anchor="end"),
    ]


def _x(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - RIGHT)
