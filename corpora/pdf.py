"""Typeset one manual as PDF. The bytes depend on the sources and on reportlab's version only.

Contents and index need page numbers, so the manual is set again with those of the last round until they stand still.
Streams stay uncompressed: zlib's output differs between builds of zlib, and the committed file must not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from itertools import groupby
from typing import Any

from edition import Edition
from faces import ACCENT, SONG, xml
from figures import draw
from flowables import Leader, Text, measure, write
from markup import Block, Chapter
from reportlab.lib.colors import HexColor, white
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    NextPageTemplate,
    PageBreak,
    PageTemplate,
    Spacer,
    Table,
    XPreformatted,
)  # fmt: skip

_WIDTH, _MARGIN, _GAP = A4[0], 22 * mm, 8 * mm
_BODY = _WIDTH - 2 * _MARGIN
_BOX_COLOURS = {"danger": "#b3261e", "warning": "#c75b12", "caution": "#9a7b00", "note": "#14506e"}
_MAX_ROUNDS = 6


@dataclass
class Pages:
    """Where things stood in one round of typesetting: physical pages from 1."""

    front: int = 0
    """How many pages come before chapter 1: they are numbered i, ii, iii."""
    headings: list[tuple[int, str, str, int]] = field(default_factory=list)
    """(level, number and title, bookmark key, page)"""
    terms: dict[str, list[int]] = field(default_factory=dict)

    def label(self, page: int) -> str:
        """Return the printed number of a physical page."""
        if page > self.front:
            return str(page - self.front)
        return ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")[page]


class _Template(BaseDocTemplate):  # type: ignore[misc]
    """Frames, running headers and footers. ``pages`` fills up while it draws."""

    def __init__(self, file: BytesIO, edition: Edition, last: Pages) -> None:
        super().__init__(
            file, pagesize=A4, invariant=1, pageCompression=0, title=f"{edition.maker} {edition.title}",
            author=edition.maker, subject=edition.subtitle.replace("|", " - "), lang=edition.language,
        )  # fmt: skip
        self.edition, self.last, self.pages, self.chapter = edition, last, Pages(), ""
        half = (_BODY - _GAP) / 2
        bottom, height = 24 * mm, A4[1] - 50 * mm
        one = Frame(_MARGIN, bottom, _BODY, height, 0, 0, 0, 0)
        left = Frame(_MARGIN, bottom, half, height, 0, 0, 0, 0)
        right = Frame(_MARGIN + half + _GAP, bottom, half, height, 0, 0, 0, 0)
        self.addPageTemplates([
            PageTemplate("title", [one]),
            PageTemplate("one", [one], onPageEnd=self._furniture),
            PageTemplate("two", [left, right], onPageEnd=self._furniture),
        ])  # fmt: skip

    def _furniture(self, canvas: Canvas, _: BaseDocTemplate) -> None:
        canvas.saveState()
        canvas.setStrokeColor(HexColor("#9aa7b0"))
        canvas.line(_MARGIN, A4[1] - 20 * mm, _WIDTH - _MARGIN, A4[1] - 20 * mm)
        canvas.line(_MARGIN, 18 * mm, _WIDTH - _MARGIN, 18 * mm)
        canvas.setFillColor(HexColor("#4d5a63"))
        label, name = self.last.label(self.page), f"{self.edition.maker} {self.edition.title}"
        left, right = (name, self.chapter) if self.page % 2 else (self.chapter, name)
        top, bottom = A4[1] - 17 * mm, 13 * mm
        write(canvas, _MARGIN, top, left, 8)
        write(canvas, _WIDTH - _MARGIN - measure(right, 8), top, right, 8)
        outer, inner = (label, self.edition.document_number)[:: 1 if self.page % 2 == 0 else -1]
        write(canvas, _MARGIN, bottom, outer, 8)
        write(canvas, _WIDTH - _MARGIN - measure(inner, 8), bottom, inner, 8)
        canvas.restoreState()

    def heading(self, level: int, number: str, title: str) -> Callable[[Canvas], None]:
        """Return the mark of a heading: outline, contents, running header, page labels."""

        def mark(canvas: Canvas) -> None:
            key = f"h{number}" if number else f"u{len(self.pages.headings)}"
            if level == 0:
                self.chapter = f"{number} {title}".strip()
                if number == "1":
                    self.pages.front = self.page - 1
                    canvas.addPageLabel(0, "ROMAN_LOWER", 1)
                    canvas.addPageLabel(self.page - 1, "ARABIC", 1)
            canvas.bookmarkPage(key)
            canvas.addOutlineEntry(f"{number} {title}".strip(), key, level, closed=level == 0)
            self.pages.headings.append((level, f"{number}  {title}".strip(), key, self.page))

        return mark

    def term(self, terms: Sequence[str]) -> Callable[[Canvas], None] | None:
        def mark(_: Canvas) -> None:
            for term in terms:
                found = self.pages.terms.setdefault(term, [])
                if self.page not in found:
                    found.append(self.page)

        return mark if terms else None


class _Setter:
    """Blocks → flowables, for one round."""

    def __init__(self, edition: Edition, hyphens: dict[str, str] | None, template: _Template, last: Pages) -> None:
        self.edition, self.template, self.last = edition, template, last
        self.hyphens = hyphens
        self.chinese = edition.language == "zh"
        self.columns = 1

    def style(self, name: str, **options: Any) -> ParagraphStyle:
        size = options.pop("size", 9.6)
        options.setdefault("leading", size * (1.62 if self.chinese else 1.38))
        base = SONG if self.chinese else "Helvetica"
        return ParagraphStyle(name, fontName=options.pop("font", base), fontSize=size, **options)

    def text(self, text: str, style: ParagraphStyle, **options: Any) -> Text:
        return Text(text, style, None if self.chinese else (self.hyphens if self.columns == 2 else {}), **options)

    @property
    def bold(self) -> str:
        return SONG if self.chinese else "Helvetica-Bold"

    def block(self, block: Block) -> list[Flowable]:
        maker = getattr(self, f"_{block.kind}", None) or self._box
        made: list[Flowable] = maker(block)
        return made

    def _columns(self, block: Block) -> list[Flowable]:
        self.columns = int(block.name)
        return [NextPageTemplate("two" if self.columns == 2 else "one"), PageBreak()]

    def _page(self, block: Block) -> list[Flowable]:
        return [PageBreak()]

    def _chapter(self, block: Block) -> list[Flowable]:
        mark = self.template.heading(0, block.number, block.text)
        style = self.style("chapter", size=19, font=self.bold, textColor=HexColor(ACCENT), spaceAfter=12)
        return [self.text(f"{block.number}  {block.text}", style, mark=mark)]

    def _section(self, block: Block) -> list[Flowable]:
        outline, term = self.template.heading(1, block.number, block.text), self.template.term(block.terms)

        def mark(canvas: Canvas) -> None:
            outline(canvas)
            if term:
                term(canvas)

        style = self.style(
            "section", size=12.5, font=self.bold, textColor=HexColor(ACCENT), spaceBefore=12, spaceAfter=5
        )
        return [CondPageBreak(48 * mm), self.text(f"{block.number}  {block.text}", style, mark=mark)]

    def _heading(self, block: Block) -> list[Flowable]:
        style = self.style(
            "heading", size=10.2, font=self.bold, textColor=HexColor("#333333"), spaceBefore=8, spaceAfter=3
        )
        return [
            CondPageBreak((24 if self.columns == 2 else 38) * mm),
            self.text(block.text, style, mark=self.template.term(block.terms)),
        ]

    def _paragraph(self, block: Block) -> list[Flowable]:
        style = self.style("body", spaceAfter=5.5, alignment=4 if self.columns == 2 and not self.chinese else 0)
        return [self.text(block.text, style, mark=self.template.term(block.terms))]

    def _step(self, block: Block) -> list[Flowable]:
        style = self.style("step", leftIndent=18, bulletIndent=2, spaceAfter=3.5, bulletFontName="Helvetica-Bold")
        return [self.text(block.text, style, bullet=block.number, mark=self.template.term(block.terms))]

    def _bullet(self, block: Block) -> list[Flowable]:
        style = self.style("bullet", leftIndent=14, bulletIndent=4, spaceAfter=3, bulletFontName="Helvetica")
        return [self.text(block.text, style, bullet="\u2022", mark=self.template.term(block.terms))]

    def _box(self, block: Block) -> list[Flowable]:
        colour = HexColor(_BOX_COLOURS[block.kind])
        head = self.text(self.edition.words[block.kind], self.style("word", size=9, font=self.bold, textColor=colour))
        body = self.text(block.text, self.style("box", size=9.2), mark=self.template.term(block.terms))
        width = _BODY if self.columns == 1 else (_BODY - _GAP) / 2
        table = Table([[[head, body]]], colWidths=[width], spaceBefore=4, spaceAfter=8)
        table.setStyle([
            ("BOX", (0, 0), (-1, -1), 0.6, colour), ("LINEBEFORE", (0, 0), (0, -1), 4, colour),
            ("LEFTPADDING", (0, 0), (-1, -1), 10), ("TOPPADDING", (0, 0), (-1, -1), 4),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 6),
        ])  # fmt: skip
        return [table]

    def _table(self, block: Block) -> list[Flowable]:
        caption = self.style("caption", size=8.8, font=self.bold, spaceBefore=6, spaceAfter=3)
        cell, head = self.style("cell", size=8.4), self.style("head", size=8.4, font=self.bold, textColor=white)
        full = _BODY if self.columns == 1 else (_BODY - _GAP) / 2
        rows = [[self.text(text, cell if at else head) for text in row] for at, row in enumerate(block.rows)]
        table = Table(
            rows, colWidths=[full * width / sum(block.widths) for width in block.widths], repeatRows=1, spaceAfter=9
        )
        table.setStyle([
            ("BACKGROUND", (0, 0), (-1, 0), HexColor(ACCENT)), ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("GRID", (0, 0), (-1, -1), 0.4, HexColor("#9aa7b0")),
            ("ROWBACKGROUNDS", (0, 1), (-1, -1), [white, HexColor("#f3f6f8")]),
            ("TOPPADDING", (0, 0), (-1, -1), 2.5), ("BOTTOMPADDING", (0, 0), (-1, -1), 3.5),
            ("LEFTPADDING", (0, 0), (-1, -1), 4), ("RIGHTPADDING", (0, 0), (-1, -1), 4),
        ])  # fmt: skip
        title = f"{self.edition.words['table']} {block.number}  {block.text}"
        return [CondPageBreak(34 * mm), self.text(title, caption, mark=self.template.term(block.terms)), table]

    def _figure(self, block: Block) -> list[Flowable]:
        drawing = draw(block.name, block.rows[0])
        title = f"{self.edition.words['figure']} {block.number}  {block.text}"
        style = self.style("caption", size=8.8, font=self.bold, spaceAfter=9, alignment=1)
        return [CondPageBreak(drawing.height + 30), Spacer(1, 6), drawing, self.text(title, style)]

    def _code(self, block: Block) -> list[Flowable]:
        style = ParagraphStyle("code", fontName="Courier", fontSize=7.9, leading=10.4)
        text = "\n".join(xml(f"`{line}`", style, None, {}) for line in block.text.split("\n"))
        table = Table([[XPreformatted(text, style)]], colWidths=[_BODY], spaceBefore=3, spaceAfter=8)
        table.setStyle([("BACKGROUND", (0, 0), (-1, -1), HexColor("#eef1f3")), ("LEFTPADDING", (0, 0), (-1, -1), 8)])
        return [table]

    def title_page(self) -> list[Flowable]:
        out: list[Flowable] = [Spacer(1, 60 * mm)]
        big = self.style("maker", size=17, font=self.bold, leading=24, textColor=HexColor(ACCENT))
        out.append(self.text(self.edition.maker, big))
        out.append(self.text(self.edition.title, self.style("title", size=44, font=self.bold, leading=60)))
        for line in self.edition.subtitle.split("|"):
            out.append(self.text(line, self.style("subtitle", size=16, leading=25)))
        out.append(Spacer(1, 70 * mm))
        for line in (*self.edition.imprint, self.edition.document_number):
            out.append(self.text(line, self.style("imprint", size=10.5, leading=16)))
        return [*out, NextPageTemplate("one"), PageBreak()]

    def contents(self) -> list[Flowable]:
        style = self.style("contents", size=19, font=self.bold, textColor=HexColor(ACCENT), spaceAfter=10)

        def mark(_: Canvas) -> None:
            self.template.chapter = self.edition.contents

        lines = [Leader(level, title, self.last.label(page), key) for level, title, key, page in self.last.headings]
        return [self.text(self.edition.contents, style, mark=mark), *lines]

    def index(self) -> list[Flowable]:
        self.columns = 1
        style = self.style("index", size=19, font=self.bold, textColor=HexColor(ACCENT), spaceAfter=10)
        mark = self.template.heading(0, "", self.edition.index)
        out: list[Flowable] = [NextPageTemplate("two"), PageBreak(), self.text(self.edition.index, style, mark=mark)]
        entry = self.style("entry", size=8.8, leftIndent=10, firstLineIndent=-10)
        letter = self.style("letter", size=10, font=self.bold, spaceBefore=6, spaceAfter=2)
        terms = sorted(self.last.terms.items(), key=lambda item: (item[0].lower(), item[0]))
        for initial, group in groupby(terms, key=lambda item: item[0][0].upper()):
            out += [CondPageBreak(12 * mm), self.text(initial, letter)]
            out += [self.text(f"{term}, {', '.join(map(self.last.label, pages))}", entry) for term, pages in group]
        return out


def typeset(
    edition: Edition, front: Sequence[Block], chapters: Sequence[Chapter], hyphens: dict[str, str] | None
) -> bytes:
    """Return the manual's PDF. ``front`` stands behind the title page, before the contents."""
    last = Pages()
    for _ in range(_MAX_ROUNDS):
        file = BytesIO()
        template = _Template(file, edition, last)
        setter = _Setter(edition, hyphens, template, last)
        story = setter.title_page()
        for block in front:
            story += setter.block(block)
        story += [PageBreak(), *setter.contents()]
        for chapter in chapters:
            setter.columns = 1
            story += [NextPageTemplate("one"), PageBreak()]
            for block in chapter.blocks:
                story += setter.block(block)
        if edition.index:
            story += setter.index()
        template.build(story)
        if template.pages == last:
            return file.getvalue()
        last = template.pages
    raise RuntimeError(f"page numbers of {edition.name} did not settle within {_MAX_ROUNDS} rounds")
