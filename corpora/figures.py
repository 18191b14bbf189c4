"""The line drawings of the sample manuals. Labels come from the source, so that both editions share the drawings."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from faces import ACCENT, pieces
from reportlab.graphics.shapes import Circle, Drawing, Line, Polygon, Rect, String
from reportlab.lib.colors import HexColor, black, white

_WIDTH, _INK = 480.0, HexColor(ACCENT)


def _label(drawing: Drawing, x: float, y: float, text: str, size: float = 8.5, middle: bool = True) -> None:
    parts = list(pieces(text, "", size))
    x -= sum(width for *_, width in parts) / 2 if middle else 0
    for piece, font, width in parts:
        drawing.add(String(x, y, piece, fontName=font, fontSize=size))
        x += width


def _arrow(drawing: Drawing, x1: float, y1: float, x2: float, y2: float) -> None:
    drawing.add(Line(x1, y1, x2, y2, strokeWidth=1.2, strokeColor=_INK))
    dx, dy = x2 - x1, y2 - y1
    length = (dx * dx + dy * dy) ** 0.5
    ux, uy = 6 * dx / length, 6 * dy / length
    head = [x2, y2, x2 - ux - uy / 2, y2 - uy + ux / 2, x2 - ux + uy / 2, y2 - uy - ux / 2]
    drawing.add(Polygon(head, fillColor=_INK, strokeColor=_INK))


def _airflow(labels: Sequence[str]) -> Drawing:
    drawing = Drawing(_WIDTH, 170)
    drawing.add(Rect(120, 15, 240, 140, fillColor=HexColor("#f3f6f8"), strokeColor=black))
    drawing.add(Polygon([240, 35, 290, 85, 240, 135, 190, 85], fillColor=white, strokeColor=_INK))
    _label(drawing, 240, 82, labels[4])
    for x1, y1, x2, y2 in ((40, 125, 205, 100), (275, 70, 440, 45), (440, 125, 275, 100), (205, 70, 40, 45)):
        _arrow(drawing, x1, y1, x2, y2)
    for x, y in ((150, 104), (318, 104)):
        drawing.add(Rect(x, y - 10, 8, 36, fillColor=HexColor("#d5dee4"), strokeColor=black))
    for x in (155, 325):
        drawing.add(Circle(x, 56, 12, fillColor=white, strokeColor=black))
    for x, y, text in ((55, 135, 0), (425, 30, 1), (425, 135, 2), (55, 30, 3), (154, 138, 5), (322, 138, 6)):
        _label(drawing, x, y, labels[text])
    _label(drawing, 155, 28, labels[7])
    _label(drawing, 325, 28, labels[8])
    return drawing


def _panel(labels: Sequence[str]) -> Drawing:
    drawing = Drawing(_WIDTH, 150)
    drawing.add(Rect(150, 10, 180, 130, rx=10, ry=10, fillColor=HexColor("#f3f6f8"), strokeColor=black))
    drawing.add(Rect(170, 62, 140, 62, fillColor=white, strokeColor=_INK))
    _label(drawing, 240, 96, labels[0], 16)
    _label(drawing, 240, 74, labels[1])
    for at, text in enumerate(labels[2:6]):
        x = 180 + at * 40
        drawing.add(Circle(x, 34, 12, fillColor=white, strokeColor=black))
        _label(drawing, x, 31, str(at + 1))
        side = at < 2
        left, y = (20 if side else 345), (50 if at in (0, 3) else 15)
        _label(drawing, left, y, f"{at + 1}  {text}", middle=False)
    return drawing


def _clearances(labels: Sequence[str]) -> Drawing:
    drawing = Drawing(_WIDTH, 150)
    drawing.add(Line(60, 142, 420, 142, strokeWidth=2))
    drawing.add(Line(60, 8, 420, 8, strokeWidth=2))
    drawing.add(Line(60, 8, 60, 142, strokeWidth=2))
    drawing.add(Rect(150, 45, 150, 65, fillColor=HexColor("#f3f6f8"), strokeColor=black))
    _label(drawing, 225, 74, labels[0], 11)
    for x1, y1, x2, y2 in ((225, 110, 225, 142), (225, 45, 225, 8), (150, 78, 60, 78)):
        _arrow(drawing, x1, y1, x2, y2)
        _arrow(drawing, x2, y2, x1, y1)
    _label(drawing, 232, 123, labels[1], middle=False)
    _label(drawing, 232, 22, labels[2], middle=False)
    _label(drawing, 104, 84, labels[3])
    _label(drawing, 310, 74, labels[4], middle=False)
    return drawing


_DRAWINGS: dict[str, Callable[[Sequence[str]], Drawing]] = {
    "airflow": _airflow,
    "panel": _panel,
    "clearances": _clearances,
}


def draw(name: str, labels: Sequence[str]) -> Drawing:
    """Return the drawing ``name`` as a flowable, centred, with ``labels`` written into it."""
    drawing = _DRAWINGS[name](labels)
    drawing.hAlign = "CENTER"
    return drawing
