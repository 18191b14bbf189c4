"""Two small plots as SVG: lines over ranks, and bars of questions in order. Knows no runs; colours are the style's."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from ragqa.evaluation.report.markup import SERIES, Markup, joined, tag

WIDTH, HEIGHT = 420, 260
LEFT, RIGHT, TOP, BOTTOM = 40, 12, 12, 40

Point = tuple[float, float]
Place = Callable[[float], float]


def line_style(number: int) -> str:
    """Return the classes of the ``number``-th line."""
    return f"line s{number % SERIES}{' dashed' if number >= SERIES else ''}"


def lines(
    series: Sequence[Sequence[Point]],
    x_ticks: Sequence[float],
    x_title: str,
    title: str,
    *,
    logarithmic: bool,
    top: float = 1,
) -> Markup:
    """Return a plot of lines; ``y`` goes from 0 to ``top``."""
    scale = math.log if logarithmic else float
    low, high = scale(x_ticks[0]), scale(x_ticks[-1])
    x: Place = lambda value: LEFT + (scale(value) - low) / (high - low) * (WIDTH - LEFT - RIGHT)  # noqa: E731
    y: Place = lambda value: _y(value / top)  # noqa: E731
    drawn = [
        tag("polyline", class_=line_style(number), points=" ".join(f"{x(at):.1f},{y(value):.1f}" for at, value in line))
        for number, line in enumerate(series)
    ]
    ticks = [
        tag("text", f"{value:g}", x=f"{x(value):.1f}", y=HEIGHT - BOTTOM + 17, text_anchor="middle")
        for value in x_ticks
    ]
    return _plot(title, x_title, _levels([share * top for share in (0, 0.25, 0.5, 0.75, 1)], y), *ticks, *drawn)


def bars(values: Sequence[float], x_title: str, title: str) -> Markup:
    """Return a bar a question, from -1 to 1, in the order given; one path for each side, however many they are."""
    step = (WIDTH - LEFT - RIGHT) / max(len(values), 1)
    y: Place = lambda value: TOP + (1 - value) / 2 * (HEIGHT - TOP - BOTTOM)  # noqa: E731
    gap = min(step * 0.15, 1.0)

    def side(sign: int) -> str:
        return "".join(
            f"M{LEFT + at * step:.2f} {y(0):.1f}h{step - gap:.2f}V{y(value):.1f}h{gap - step:.2f}z"
            for at, value in enumerate(values)
            if value * sign > 0
        )

    paths = [tag("path", class_=name, d=side(sign)) for name, sign in (("above", 1), ("below", -1)) if side(sign)]
    zero = tag("line", class_="axis", x1=LEFT, x2=WIDTH - RIGHT, y1=f"{y(0):.1f}", y2=f"{y(0):.1f}")
    return _plot(title, x_title, _levels((-1, -0.5, 0, 0.5, 1), y), *paths, zero, ticks=False)


def swatch(number: int) -> Markup:
    """Return a short piece of the ``number``-th line, for a legend."""
    return tag(
        "svg",
        tag("line", class_=line_style(number), x1=0, x2=26, y1=6, y2=6),
        viewBox="0 0 26 12",
        aria_hidden="true",
    )


def log_ticks(last: int) -> list[float]:
    """Return 1, 2, 5, 10, … up to ``last``."""
    steps = [factor * 10**power for power in range(4) for factor in (1, 2, 5)]
    return [float(step) for step in steps if step <= last]


def _y(value: float) -> float:
    return TOP + (1 - value) * (HEIGHT - TOP - BOTTOM)


def _levels(values: Sequence[float], y: Place) -> Markup:
    return joined(
        *(tag("line", class_="grid", x1=LEFT, x2=WIDTH - RIGHT, y1=f"{y(v):.1f}", y2=f"{y(v):.1f}") for v in values),
        *(tag("text", f"{v:g}", x=LEFT - 7, y=f"{y(v) + 4:.1f}", text_anchor="end") for v in values),
    )


def _plot(title: str, x_title: str, *parts: Markup, ticks: bool = True) -> Markup:
    middle, height = LEFT + (WIDTH - LEFT - RIGHT) / 2, HEIGHT if ticks else HEIGHT - 18
    below = tag("text", x_title, x=f"{middle:.0f}", y=height - 5, text_anchor="middle")
    return tag("svg", tag("title", title), *parts, below, viewBox=f"0 0 {WIDTH} {height}", role="img")
