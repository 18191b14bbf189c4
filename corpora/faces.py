"""Text → reportlab paragraph markup: fonts by script, line ends in Chinese, soft hyphens in English.

Chinese is set in the reader's own STSong-Light, which every PDF viewer replaces where it is missing; Latin letters and
digits inside it are set in Helvetica. Lines are broken here because reportlab breaks inside codes such as 'E-21'.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.sax.saxutils import escape

from markup import Look, runs
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont

SONG = "STSong-Light"
ACCENT = "#14506e"
pdfmetrics.registerFont(UnicodeCIDFont(SONG))

_UNIT = re.compile(r"[\d.,]+ (?:[%A-Za-zµ][\u0021-\u00ff]*|[℃Ω])|[\u0021-\u00ff]+|\s|.", re.DOTALL)
_LATIN = re.compile(r"[\u0020-\u00ff]+|[^\u0020-\u00ff]+")
_NO_START = set("，。、；：？！）】》”’…℃％」』·")
_NO_END = set("（【《“‘「『")


def pieces(text: str, look: Look, size: float, *, bold: bool = False) -> Iterator[tuple[str, str, float]]:
    """Yield ``text`` as (piece, font, width in points), cut where the font changes."""
    latin = {"": "Helvetica-Bold" if bold else "Helvetica", "bold": "Helvetica-Bold", "code": "Courier"}[look]
    for found in _LATIN.finditer(text):
        font = latin if ord(found[0][0]) < 0x100 else SONG
        yield found[0], font, pdfmetrics.stringWidth(found[0], font, size)


def xml(text: str, style: ParagraphStyle, width: float | None, hyphens: dict[str, str] | None) -> str:
    """Return reportlab markup of a source line. Chinese (``hyphens`` None) gets its line ends for ``width`` points."""
    bold = style.fontName.endswith("Bold")
    if hyphens is not None:
        return "".join(_face(_soften(part, hyphens), look, bold) for part, look in runs(text))
    if width is None:
        return "".join(_face(part, look, bold) for part, look in runs(text))
    lines = _broken(list(_units(text, style.fontSize, bold)), width - style.leftIndent - style.rightIndent - 0.5)
    return "<br/>".join("".join(_face(part, look, bold) for part, look in line) for line in lines)


def _face(text: str, look: Look, bold: bool) -> str:
    out = []
    for piece, font, _ in pieces(text, look, 10, bold=bold):
        colour = f' color="{ACCENT}"' if look == "bold" and font == SONG else ""
        out.append(f'<font name="{font}"{colour}>{escape(piece)}</font>')
    return "".join(out)


def _units(text: str, size: float, bold: bool) -> Iterator[tuple[str, Look, float]]:
    for part, look in runs(text):
        for found in _UNIT.finditer(part):
            yield found[0], look, sum(width for _, _, width in pieces(found[0], look, size, bold=bold))


def _broken(units: list[tuple[str, Look, float]], width: float) -> list[list[tuple[str, Look]]]:
    """Break greedily, no line beginning with closing or ending with opening punctuation."""
    lines: list[list[tuple[str, Look]]] = []
    start = 0
    while start < len(units):
        used, end = 0.0, start
        while end < len(units) and (used := used + units[end][2]) <= width:
            end += 1
        end = max(end, start + 1)
        if end < len(units):
            while end > start + 1 and (units[end][0] in _NO_START or units[end - 1][0] in _NO_END):
                end -= 1
        lines.append([(unit, look) for unit, look, _ in units[start:end]])
        start = end
        while start < len(units) and units[start][0].isspace():
            start += 1
    return lines


def _soften(text: str, hyphens: dict[str, str]) -> str:
    def soft(found: re.Match[str]) -> str:
        word = found[0]
        cut = hyphens.get(word.lower())
        if not cut:
            return word
        out, at = [], 0
        for part in cut.split("-"):
            out.append(word[at : at + len(part)])
            at += len(part)
        return "\u00ad".join(out)

    return re.sub(r"[A-Za-z]{6,}", soft, text) if hyphens else text
