"""What the typefaces of a page are called, and which of them are bold, italic or of fixed width."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import pypdfium2.raw as pdfium

from ragqa.readers.pdf import calls
from ragqa.readers.symbol_fonts import is_symbol_font, symbol_text

_MONO = re.compile(
    r"mono|courier|consol|typewriter|cmtt|menlo|inconsolata|sourcecode|lucidacons|fixed|ectt|sftt|tctt|lmtt", re.I
)
_BOLD = re.compile(r"bold|black|heavy|demi|medi\b|cmbx|sfbx|ecbx|cmssbx|[-,_]bd|w[6-9]\b|[a-z]-b\b", re.I)
_ITALIC = re.compile(r"italic|oblique|cmti|cmsl|sfti|[-,_]it\b", re.I)


_DECODED = frozenset("0123456789!#%&()*+,./:;<=>?[]_{|}-¬°±×÷µ·®©")
"""Signs that pdfium itself makes of the codes of Symbol; letters it leaves only where it does not know the font."""


class Font(NamedTuple):
    """What of a typeface tells roles apart."""

    name: str
    bold: bool
    mono: bool
    italic: bool


NO_FONT = Font("", False, False, False)


def fonts_at(pointer: int, places: Sequence[int]) -> list[Font]:
    """Return the font of each of these characters of a page.

    pdfium reuses the addresses of text and fonts on the next page, so nothing is kept beyond it.
    """
    objects = calls.text_objects(pointer, places)
    fonts = {one: calls.font_of(one) if one else None for one in set(objects)}
    described = {font: _describe(font) if font else NO_FONT for font in set(fonts.values())}
    return [described[fonts[one]] for one in objects]


def show_symbols(pointer: int, text: str) -> str:
    """Return a page's text with the signs that its symbol fonts show for letters, one for each character."""
    places = [at for at, char in enumerate(text) if "!" <= char <= "ÿ" or "\uf000" <= char <= "\uf0ff"]
    fonts = fonts_at(pointer, places)
    said: dict[Font, list[int]] = {}
    for at, font in zip(places, fonts, strict=True):
        said.setdefault(font, []).append(at)
    characters = list(text)
    for font, where in said.items():
        if not is_symbol_font(font.name):
            continue
        plain = {text[at] for at in where if text[at] < "\uf000"}
        known = "symbol" in font.name.lower() and plain <= _DECODED
        for at in where:
            if not known or text[at] >= "\uf000":
                characters[at] = symbol_text(font.name, text[at])
    return "".join(characters)


def _describe(pointer: int) -> Font:
    font = ctypes.cast(pointer, pdfium.FPDF_FONT)
    buffer = ctypes.create_string_buffer(256)
    length = pdfium.FPDFFont_GetBaseFontName(font, buffer, 256)
    return _font(buffer.raw[: max(0, min(length, 256) - 1)], max(pdfium.FPDFFont_GetFlags(font), 0))


@lru_cache(maxsize=1000)
def _font(raw_name: bytes, flags: int) -> Font:
    name = raw_name.decode("utf-8", "replace").partition("+")
    shown = name[2] or name[0]
    return Font(
        shown,
        bold=bool(flags & 1 << 18) or bool(_BOLD.search(shown)),
        mono=bool(flags & 1) or bool(_MONO.search(shown)),
        italic=bool(flags & 64) or bool(_ITALIC.search(shown)),
    )
