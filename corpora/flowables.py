"""The flowables that reportlab lacks: a paragraph of mixed script that marks its place, and a line of the contents."""

from __future__ import annotations

from collections.abc import Callable

from faces import pieces, xml
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph


def measure(text: str, size: float, *, bold: bool = False) -> float:
    return sum(width for *_, width in pieces(text, "", size, bold=bold))


def write(canvas: Canvas, x: float, y: float, text: str, size: float, *, bold: bool = False) -> float:
    """Draw one line of mixed script; return its width."""
    start = x
    for piece, font, width in pieces(text, "", size, bold=bold):
        canvas.setFont(font, size)
        canvas.drawString(x, y, piece)
        x += width
    return x - start


class Text(Flowable):
    """A source line as a paragraph; ``mark`` is told when its first line is drawn."""

    def __init__(
        self,
        text: str,
        style: ParagraphStyle,
        hyphens: dict[str, str] | None,
        *,
        bullet: str = "",
        mark: Callable[[Canvas], None] | None = None,
        inner: Paragraph | None = None,
        markup: str = "",
    ) -> None:
        super().__init__()
        self.text, self.style, self.hyphens = text, style, hyphens
        self.bullet, self.mark, self.inner, self.markup = bullet, mark, inner, markup
        self.fixed = inner is not None

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        if not self.fixed:
            bullet = f"<bullet>{self.bullet}</bullet>" if self.bullet else ""
            self.markup = bullet + xml(self.text, self.style, width, self.hyphens)
            self.inner = Paragraph(self.markup, self.style)
        assert self.inner is not None
        self.width, self.height = self.inner.wrapOn(self.canv, width, height)
        return self.width, self.height

    def split(self, width: float, height: float) -> list[Flowable]:
        self.wrap(width, height)
        assert self.inner is not None
        parts = self._halves(height) if self.hyphens is None else self.inner.splitOn(self.canv, width, height)
        marks = [self.mark] + [None] * len(parts)
        return [
            Text("", self.style, self.hyphens, mark=mark, inner=part, markup=getattr(part, "source", ""))
            for part, mark in zip(parts, marks, strict=False)
        ]

    def _halves(self, height: float) -> list[Paragraph]:
        """Split at a line end of ours: reportlab would begin the second half with an empty line."""
        lines = self.markup.split("<br/>")
        fits = min(int(height // self.style.leading), len(lines))
        if fits < 1:
            return []
        halves = []
        for part in filter(None, (lines[:fits], lines[fits:])):
            half = Paragraph("<br/>".join(part), self.style)
            half.source = "<br/>".join(part)
            halves.append(half)
        return halves

    def draw(self) -> None:
        if self.mark:
            self.mark(self.canv)
        assert self.inner is not None
        self.inner.drawOn(self.canv, 0, 0)


class Leader(Flowable):
    """A line of the contents: title, dots, page number; it links to the heading."""

    def __init__(self, level: int, title: str, label: str, key: str) -> None:
        super().__init__()
        self.level, self.title, self.label, self.key = level, title, label, key
        self.size = 10.0 if level == 0 else 9.0

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        self.width, self.height = width, 19.0 if self.level == 0 else 13.0
        return self.width, self.height

    def draw(self) -> None:
        left, bold = 14.0 * self.level, self.level == 0
        end = left + write(self.canv, left, 3, self.title, self.size, bold=bold)
        start = self.width - self.canv.stringWidth(self.label, "Helvetica", self.size)
        self.canv.setFont("Helvetica", self.size)
        self.canv.drawString(start, 3, self.label)
        dot = self.canv.stringWidth(" .", "Helvetica", self.size)
        count = int((start - end - 8) / dot)
        self.canv.drawRightString(start - 4, 3, " ." * max(count, 0))
        self.canv.linkRect("", self.key, (0, 0, self.width, self.height), relative=1)
