"""The loss by step as a picture that stands alone: SVG. Knows no trainer."""

from __future__ import annotations

from collections.abc import Sequence

from ragqa.evaluation.report import svg
from ragqa.evaluation.report.markup import CSS, tag


def loss_picture(train: Sequence[tuple[int, float]], valid: Sequence[tuple[int, float]]) -> str:
    """Return an SVG of the loss, in nats a token, on the training examples and on those held back."""
    highest = max(loss for _, loss in (*train, *valid))
    last = max(step for step, _ in (*train, *valid))
    top = next(base * 10**power for power in range(-3, 6) for base in (1, 2, 4, 8) if base * 10.0**power >= highest)
    ticks = sorted({round(last * share) for share in (0, 0.25, 0.5, 0.75, 1)})
    lines = [[(float(step), loss) for step, loss in line] for line in (train, valid) if line]
    title = "Loss in nats a token, by step"
    drawn = svg.lines(lines, ticks, "steps", title, logarithmic=False, top=float(top))
    names = [tag("text", name, x=svg.LEFT + 26 + at * 110, y=14) for at, name in enumerate(("training", "held back"))]
    marks = [
        tag("line", class_=svg.line_style(at), x1=svg.LEFT + at * 110, x2=svg.LEFT + 20 + at * 110, y1=10, y2=10)
        for at in range(len(lines))
    ]
    box = {"viewBox": f"0 0 {svg.WIDTH} {svg.HEIGHT + 30}", "xmlns": "http://www.w3.org/2000/svg"}
    style = tag("style", CSS)
    return tag("svg", style, *marks, *names[: len(lines)], tag("g", drawn, transform="translate(0 15)"), **box)
