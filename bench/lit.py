"""Do the boxes of a quote cover it on its page, and little else? 200 sentences and rows of a table of each set.

The oracle is PDFium's own reading of a page: each of its characters has a box. A quote whose characters, white space
and hyphens left out, stand there once and nowhere else in the manual is found by searching, and judged by its place:
``covered`` is the part of its characters whose middles lie in our boxes, ``other`` is how many of the rest of the page
do, for each character of the quote. Of one that is not found once, as a row of a table that PDFium reads in another
order, it is compared which characters lie in the boxes, and how often. A quote is lit right at 95 % and 10 %.
``--worst`` shows what was lit wrong.
"""

from __future__ import annotations

import ctypes
import itertools
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pypdfium2.raw as pdfium

from bench.data import need
from bench.record import Row, names_of, parser_of_names, report
from ragqa.layout import Layout
from ragqa.readers.guard import Guard
from ragqa.readers.pdf.source import use_standin_font
from ragqa.sentences import sentences
from ragqa.types import Box, Document, Span

SETS = ("consumer-manuals", "manuals", "sample manuals")
QUOTES, SEED = 200, 20
SHORTEST = 12
"""Characters of a quote, white space and hyphens left out."""
COVERED, OTHER = 0.95, 0.10

_LEFT_OUT = re.compile(r"[\s\x00-\x1f\u00ad\ufffe\u200b|\-\u2010]")


class Chars(NamedTuple):
    """What PDFium says of a page: its characters, and the middle of each, from the top left of the page as shown."""

    text: str
    middles: npt.NDArray[np.float64]


class Judged(NamedTuple):
    """A quote, and how it was lit."""

    quote: str
    page: int
    covered: float
    other: float
    by_place: bool

    @property
    def right(self) -> bool:
        return self.covered >= COVERED and self.other <= OTHER


class Oracle:
    """A PDF read by PDFium alone, character by character."""

    def __init__(self, file: Path) -> None:
        pdfium.FPDF_InitLibrary()
        use_standin_font()  # without a font for it, PDFium leaves out Chinese that a file does not carry one for
        self._data = file.read_bytes()
        self._pdf = pdfium.FPDF_LoadMemDocument64(self._data, len(self._data), None)
        self.page = lru_cache(maxsize=None)(self._read)
        self.pages = pdfium.FPDF_GetPageCount(self._pdf)

    def _read(self, number: int) -> Chars:
        page = pdfium.FPDF_LoadPage(self._pdf, number - 1)
        text = pdfium.FPDFText_LoadPage(page)
        width, height = pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page)
        edges = [ctypes.c_double() for _ in range(4)]
        x, y = ctypes.c_int(), ctypes.c_int()
        said, middles = [], []
        for at in range(pdfium.FPDFText_CountChars(text)):
            char = chr(min(pdfium.FPDFText_GetUnicode(text, at), 0x10FFFF))
            if _LEFT_OUT.match(char) or not pdfium.FPDFText_GetCharBox(text, at, *edges):
                continue
            left, right, bottom, top = (edge.value for edge in edges)
            across, down = (left + right) / 2, (bottom + top) / 2
            pdfium.FPDF_PageToDevice(page, 0, 0, round(100 * width), round(100 * height), 0, across, down, x, y)
            said.append(char)
            middles.append((x.value / 100, y.value / 100))
        pdfium.FPDFText_ClosePage(text)
        pdfium.FPDF_ClosePage(page)
        return Chars("".join(said), np.array(middles).reshape(-1, 2))

    def find(self, quote: str, page: int) -> npt.NDArray[np.bool_] | None:
        """Return which characters of a page are the quote; None where it does not stand there, and there alone."""
        if sum(self.page(number).text.count(quote) for number in range(1, self.pages + 1)) != 1:
            return None
        at = self.page(page).text.find(quote)
        inside = np.zeros(len(self.page(page).text), np.bool_)
        inside[at : at + len(quote)] = True
        return inside if at >= 0 else None


def quotes(document: Document) -> Iterator[Span]:
    """Yield the sentences, rows and headings of a document that stand on one page."""
    for block in document.blocks:
        if block.kind == "toc":
            continue
        text = document.text[block.start : block.end]
        whole = block.kind in ("table_row", "table_header", "heading", "code")
        for start, end in [(0, len(text))] if whole else sentences(text):
            span = block.start + start, block.start + end
            long = len(_LEFT_OUT.sub("", document.text[slice(*span)])) >= SHORTEST
            if long and document.page_at(span[0]) == document.page_at(span[1] - 1):
                yield span


def judge(document: Document, layout: Layout, oracle: Oracle, span: Span) -> Judged:
    """Return how a quote is lit."""
    quote = _LEFT_OUT.sub("", document.text[slice(*span)])
    page = document.page_at(span[0]) or 1
    chars, wanted = oracle.page(page), oracle.find(quote, page)
    lit = np.zeros(len(chars.text), np.bool_)
    for box in layout.boxes(document.text, *span):
        lit |= _inside(chars.middles, box) & (box.page == page)
    if wanted is None:
        shown, said = Counter(itertools.compress(chars.text, lit)), Counter(quote)
        covered, other = (said & shown).total(), (shown - said).total()
    else:
        covered, other = int((lit & wanted).sum()), int((lit & ~wanted).sum())
    text = document.text[slice(*span)]
    return Judged(text, page, covered / len(quote), other / len(quote), wanted is not None)


def _inside(middles: npt.NDArray[np.float64], box: Box) -> npt.NDArray[np.bool_]:
    x, y = middles.T
    return np.asarray((box.left <= x) & (x <= box.right) & (box.top <= y) & (y <= box.bottom), np.bool_)


def measure(folder: Path, worst: bool) -> Row:
    """Return how the quotes of a folder's manuals are lit: of each manual as many, chosen by chance."""
    files = sorted(folder.glob("*.pdf"))
    judged: list[Judged] = []
    chance = random.Random(SEED)
    with Guard([".pdf"]) as guard:
        for number, file in enumerate(files):
            document = guard.read(file.read_bytes(), file.name)
            layout = Layout.unpack(document.layout, len(document.text), len(document.pages))
            oracle, spans = Oracle(file), list(quotes(document))
            chosen = chance.sample(spans, QUOTES * (number + 1) // len(files) - len(judged))
            mine = [judge(document, layout, oracle, span) for span in chosen]
            judged += mine
            for one in [one for one in mine if worst and not one.right]:
                how = "place" if one.by_place else "letters"
                print(f"{file.name} {one.page}, by {how}: {one.covered:.2f} {one.other:.2f} {one.quote[:100]!r}")
    placed = [one for one in judged if one.by_place]
    return {
        "set": folder.name,
        "manuals": len(files),
        "quotes": len(judged),
        "lit_right": sum(one.right for one in judged) / len(judged),
        "covered": float(np.mean([one.covered for one in judged])),
        "other": float(np.mean([one.other for one in judged])),
        "by_place": len(placed),
        "right_by_place": sum(one.right for one in placed) / max(len(placed), 1),
    }


def main(argv: Sequence[str] | None = None) -> None:
    options = parser_of_names(__doc__, SETS, "sets")
    options.add_argument("--worst", action="store_true", help="Print the quotes that were lit wrong.")
    given = options.parse_args(argv)
    names = names_of(given)
    rows = [{**measure(need(name)[0], given.worst), "set": name} for name in names]
    report("lit", rows, data=names, keep=given.keep)


if __name__ == "__main__":
    main()
