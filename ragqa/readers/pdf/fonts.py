"""What the typefaces of a page are called, and which of them are bold, italic or of fixed width."""

from __future__ import annotations

import ctypes
import re
import unicodedata
from collections.abc import Sequence, Set
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import pypdfium2.raw as pdfium

from ragqa.readers.pdf import calls
from ragqa.readers.symbol_fonts import is_symbol_font, symbol_text

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
"""A word of a font's name: 'MonotypeGrotesque-DemiLight' has four. Only whole words tell that one is bold or mono."""
_MONO = re.compile(
    r"courier|consola|console\b|lucidacons|typewriter|menlo|sourcecode|\b(?:cm|ec|sf|tc|lm)tt|\bfixed", re.I
)
_BOLD = re.compile(r"bold|heavy|\b(?:cm|sf|ec)bx|\bcmssbx|[-,_]bd|w[6-9]\b|[a-z]-b\b", re.I)
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
    return describe_font(buffer.raw[: max(0, min(length, 256) - 1)], max(pdfium.FPDFFont_GetFlags(font), 0))


@lru_cache(maxsize=1000)
def describe_font(raw_name: bytes, flags: int) -> Font:
    """Return what a font's name as the PDF has it and its flags (PDF 32000-1, table 123) say of it."""
    name = raw_name.decode("utf-8", "replace").partition("+")
    shown = name[2] or name[0]
    return Font(
        shown,
        bold=bool(flags & 1 << 18) or _is_bold(shown),
        mono=bool(flags & 1) or _is_mono(shown),
        italic=bool(flags & 64) or bool(_ITALIC.search(shown)),
    )


def _is_bold(name: str) -> bool:
    words = [*map(str.lower, _WORD.findall(name)), ""]
    return _BOLD.search(name) is not None or any(
        word.endswith(("black", "demi", "medi")) and after != "light" for word, after in pairwise(words)
    )


def _is_mono(name: str) -> bool:
    words = map(str.lower, _WORD.findall(name))
    return _MONO.search(name) is not None or any(word.endswith("mono") or word.startswith("monospa") for word in words)


_MEANT = frozenset(
    "\r\n\t\x02\xad\u061c\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\uf06e\uf071\uf076\uf0a7\uf0b7\uf0d8\uf0fc"
)
"""What has no glyph in Unicode and is read all the same: breaks, joiners, marks of direction, bullets of Wingdings."""
_OFTEN = frozenset("etaoinsrhldu")
"""In European languages three to four fifths of all letters are these; of glyph numbers, less than half."""
_WORDY, _PLAIN = 0.55, 0.85

UNMAPPED = 0.1
"""The part of a page's characters past which those without a map are left out: a whole font of them, no stray sign."""
STRAY = 5
"""Different signs without a map that a page may have before all of its characters are looked at."""

_ORDINARY = frozenset(" \r\n,.-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
_ODD = [char for char in map(chr, range(128)) if char not in _ORDINARY]
_BEYOND = re.compile(r"[^\x00-\x7f]")
_meaningful: set[str] = set()


def sift_unreadable(pointer: int, text: str, sample: Sequence[int]) -> tuple[str, int]:
    """Return a page's text and how many of its characters can't be read: without meaning, or without a map.

    ``sample`` are places, one in each stretch of type at least. What can't be read is replaced by U+FFFD; of characters
    without a map only where a whole font has none, for a stray sign often has its own code.
    """
    firsts = _firsts(text)
    different = {text[at] for at in firsts}
    unmapped = _unmapped(pointer, text, firsts, sample)
    if len(unmapped) > UNMAPPED * len(text):
        characters = list(text)
        for at in unmapped:
            characters[at] = "\ufffd"
        text, unmapped = "".join(characters), []
    for char in _meaningless(different):
        text = text.replace(char, "\ufffd")
    return text, min(text.count("\ufffd") + len(unmapped), len(text))


def _firsts(text: str) -> list[int]:
    """Return where each different sign stands first, letters and digits of ASCII aside: every page has those."""
    firsts = [at for at in map(text.find, _ODD) if at >= 0]  # far faster than a set of all characters
    if not text.isascii():
        firsts += map(text.find, set(_BEYOND.findall(text)))
    return firsts


def _unmapped(pointer: int, text: str, firsts: Sequence[int], sample: Sequence[int]) -> list[int]:
    """Return the places of the characters without a map, less those whose codes tell what they are.

    The first of each different sign and the sample are asked for, and more where one of them has none.
    """
    wrong = {text[at] for at, error in zip(firsts, calls.map_errors(pointer, firsts), strict=True) if error == 1}
    whole_font = 1 in calls.map_errors(pointer, sample) or len(wrong) > STRAY
    if not wrong and not whole_font:
        return []
    places = [at for at, char in enumerate(text) if whole_font or char in wrong]
    found = [at for at, error in zip(places, calls.map_errors(pointer, places), strict=True) if error == 1]
    return [] if _speaks("".join(text[at] for at in found)) else found


def _speaks(text: str) -> bool:
    """Whether codes taken for characters give words: they then are the characters."""
    if _meaningless(set(text)) or "\t" in text or "\x02" in text:
        return False
    if not all(char.isascii() or _is_usual(char) for char in set(text)):
        return False
    letters = [char for char in text.lower() if char.isalpha() and char.isascii()]
    plain = sum(char.isalnum() or char == " " for char in text)
    return plain >= _PLAIN * len(text) and sum(char in _OFTEN for char in letters) >= _WORDY * len(letters)


def _is_usual(char: str) -> bool:
    """Whether a character is one that ordinary text is written in: about one in six of all codes."""
    for codec in ("cp1252", "cp1250", "cp1251", "cp1253", "gb2312", "euc-kr"):
        try:
            char.encode(codec)
        except UnicodeEncodeError:
            continue
        return True
    return False


def _meaningless(characters: Set[str]) -> list[str]:
    """Return which are controls, unassigned, for private use, or the sign of what was lost."""
    unknown = characters - _meaningful
    found = [
        char
        for char in unknown
        if char == "\ufffd" or (char not in _MEANT and unicodedata.category(char) in ("Cc", "Cf", "Cn", "Co", "Cs"))
    ]
    _meaningful.update(char for char in unknown if char not in found)
    return found
