"""PDFium asked in bulk, with plain numbers for pointers: characters, objects, and fonts with what their names tell.

IsWord nothing of lines.
"""

from __future__ import annotations

import ctypes
import re
import unicodedata
from collections import deque
from collections.abc import Callable, Sequence, Set
from functools import lru_cache
from itertools import pairwise, repeat
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pypdfium2.raw as pdfium

from ragqa.cjk import HAN, KANA, PUNCTUATION
from ragqa.readers.encodings import normalise
from ragqa.readers.symbol_fonts import is_symbol_font, replace_symbols

AT_ONCE = 1024
"""Characters that are asked for before their results are copied."""

_void, _int = ctypes.c_void_p, ctypes.c_int


class Address(ctypes.c_void_p):
    """Where an object of a page lies; ctypes makes no plain number of it, so that it need not be converted again."""


def _plain(function: Any, result: Any, *arguments: Any) -> Any:
    return ctypes.CFUNCTYPE(result, *arguments)(ctypes.cast(function, ctypes.c_void_p).value or 0)


def _bare(function: Any, result: Any) -> Any:
    """Return a function that takes pointers as ctypes objects, for which nothing is converted."""
    return ctypes.CFUNCTYPE(result)(ctypes.cast(function, ctypes.c_void_p).value or 0)


def _memory(kind: Any, width: int, outputs: int) -> tuple[npt.NDArray[Any], list[list[Any]]]:
    """Return (AT_ONCE, width), and for each of the outputs its place in every row, as an argument to be filled."""
    memory, size, step = (kind * (AT_ONCE * width))(), ctypes.sizeof(kind), width // outputs
    places = [
        [(kind * step).from_buffer(memory, size * (width * at + step * output)) for at in range(AT_ONCE)]
        for output in range(outputs)
    ]
    return np.ctypeslib.as_array(memory).reshape(AT_ONCE, width), places


def _for_all(
    function: Any, kind: Any, width: int, outputs: int = 1
) -> Callable[[int, Sequence[int]], npt.NDArray[np.float64]]:
    """Return a function that gives (n, width) for n characters, zeros where pdfium says nothing of one.

    pdfium's own function fills ``outputs`` arguments, each with an equal part of a row.
    """
    call = _bare(function, ctypes.c_int)
    filled, places = _memory(kind, width, outputs)

    def ask(text_page: int, characters: Sequence[int]) -> npt.NDArray[np.float64]:
        page, found = ctypes.c_void_p(text_page), np.empty((len(characters), width))
        for start in range(0, len(characters), AT_ONCE):
            part = characters[start : start + AT_ONCE]
            filled[: len(part)] = 0
            deque(map(call, repeat(page), part, *places), maxlen=0)
            found[start : start + len(part)] = filled[: len(part)]
        return found

    return ask


# Of many characters of a page: (n, 4) left, top, right, bottom; (n, 6) matrices; (n, 2) origins.
char_boxes = _for_all(pdfium.FPDFText_GetLooseCharBox, ctypes.c_float, 4)
char_matrices = _for_all(pdfium.FPDFText_GetMatrix, ctypes.c_float, 6)
char_origins = _for_all(pdfium.FPDFText_GetCharOrigin, ctypes.c_double, 2, outputs=2)
_size_of = _bare(pdfium.FPDFText_GetFontSize, ctypes.c_double)
_error_of = _bare(pdfium.FPDFText_HasUnicodeMapError, ctypes.c_int)
_object_of = _bare(pdfium.FPDFText_GetTextObject, ctypes.c_void_p)


def font_sizes(text_page: int, characters: Sequence[int]) -> list[float]:
    """Return the size of each of these characters, before its matrix."""
    return list(map(_size_of, repeat(ctypes.c_void_p(text_page)), characters))


def text_objects(text_page: int, characters: Sequence[int]) -> list[int | None]:
    """Return the address of the text object that draws each of these characters, None where pdfium put it in."""
    return list(map(_object_of, repeat(ctypes.c_void_p(text_page)), characters))


def map_errors(text_page: int, characters: Sequence[int]) -> list[int]:
    """Return 1 for each of these characters for which the file has no Unicode."""
    return list(map(_error_of, repeat(ctypes.c_void_p(text_page)), characters))


# Of a character: the page's text and the character's index; then where the result goes.
char_matrix = _plain(pdfium.FPDFText_GetMatrix, _int, _void, _int, _void)
char_origin = _plain(pdfium.FPDFText_GetCharOrigin, _int, _void, _int, _void, _void)
char_unicode = _plain(pdfium.FPDFText_GetUnicode, ctypes.c_uint, _void, _int)
font_size = _plain(pdfium.FPDFText_GetFontSize, ctypes.c_double, _void, _int)

# Of a text object, of a form.
font_of = _plain(pdfium.FPDFTextObj_GetFont, _void, _void)
form_count = _plain(pdfium.FPDFFormObj_CountObjects, _int, _void)
object_matrix = _plain(pdfium.FPDFPageObj_GetMatrix, _int, _void, _void)
fill_colour = _plain(pdfium.FPDFPageObj_GetFillColor, _int, _void, *[_void] * 4)

# Of a path, and of a segment of it.
path_count = _plain(pdfium.FPDFPath_CountSegments, _int, _void)
path_mode = _plain(pdfium.FPDFPath_GetDrawMode, _int, _void, _void, _void)
path_segment = _plain(pdfium.FPDFPath_GetPathSegment, _void, _void, _int)
segment_kind = _plain(pdfium.FPDFPathSegment_GetType, _int, _void)
segment_point = _plain(pdfium.FPDFPathSegment_GetPoint, _int, _void, _void, _void)
segment_closes = _plain(pdfium.FPDFPathSegment_GetClose, _int, _void)

# Of a page or a form and an object's number, and of an object.
page_object = _bare(pdfium.FPDFPage_GetObject, Address)
form_object = _plain(pdfium.FPDFFormObj_GetObject, Address, _void, ctypes.c_ulong)
render_mode = _bare(pdfium.FPDFTextObj_GetTextRenderMode, _int)
object_kind = _bare(pdfium.FPDFPageObj_GetType, _int)
_bounds_of = _bare(pdfium.FPDFPageObj_GetBounds, _int)
_filled, _edges = _memory(ctypes.c_float, 4, outputs=4)


def object_bounds(objects: Sequence[Address]) -> npt.NDArray[np.float64]:
    """Return (n, 4): left, bottom, right, top of each object."""
    found = np.empty((len(objects), 4))
    for start in range(0, len(objects), AT_ONCE):
        part = objects[start : start + AT_ONCE]
        _filled[: len(part)] = 0
        deque(map(_bounds_of, part, *_edges), maxlen=0)
        found[start : start + len(part)] = _filled[: len(part)]
    return found


MAX_OBJECTS = 200_000
"""Objects of a page, or of a form on it, that are looked through."""


class PageObjects(NamedTuple):
    """The objects of a page or a form: those of text with their rendering modes, the others with their kinds."""

    texts: list[Address]
    modes: list[int]
    others: list[Address]
    kinds: list[int]

    def of_kind(self, kind: int) -> list[Address]:
        """Return the objects of one kind, which is not text."""
        return [found for found, one in zip(self.others, self.kinds, strict=True) if one == kind]


def list_objects(page: Any) -> PageObjects:
    """Return the objects of a loaded page."""
    address, count = ctypes.cast(page, ctypes.c_void_p), pdfium.FPDFPage_CountObjects(page)
    return _by_kind(list(map(page_object, repeat(address), range(min(count, MAX_OBJECTS)))))


def list_form_objects(form: Address) -> PageObjects:
    """Return the objects of a form; those of forms in it stay within these."""
    return _by_kind(list(map(form_object, repeat(form), range(min(form_count(form), MAX_OBJECTS)))))


def _by_kind(every: list[Address]) -> PageObjects:
    modes = list(map(render_mode, every))
    if -1 not in modes:
        return PageObjects(every, modes, [], [])
    others = [found for found, mode in zip(every, modes, strict=True) if mode < 0]
    texts = [found for found, mode in zip(every, modes, strict=True) if mode >= 0]
    return PageObjects(texts, [mode for mode in modes if mode >= 0], others, list(map(object_kind, others)))


# Of a page and an annotation's number on it, and of an annotation.
annotation = _plain(pdfium.FPDFPage_GetAnnot, _void, _void, _int)
annotation_kind = _plain(pdfium.FPDFAnnot_GetSubtype, _int, _void)
close_annotation = _plain(pdfium.FPDFPage_CloseAnnot, None, _void)


SOFT_HYPHEN = "\x02"
"""pdfium's mark for a hyphen that ends a line; the next line follows it without a break."""

_CJK = f"\u2e80-\u2fff{PUNCTUATION}{KANA}\u3100-\u312f{HAN}\U00020000-\U0003ffff"
"""With radicals, Bopomofo and the planes of rare ideographs."""
CJK = re.compile(f"[{_CJK}]")
_CJK_SPACE = re.compile(f"(?<=[{_CJK}]) +(?=[{_CJK}])")
_ACCENTS = {"\u00b4": "\u0301", "\u00a8": "\u0308", "\u02c6": "\u0302", "\u02dc": "\u0303", "\u00b8": "\u0327"}
_LOOSE_ACCENT = re.compile(r"([\u00b4\u00a8\u02c6\u02dc\u00b8])([A-Za-z])")


def page_text(text_page: object, pointer: int, count: int) -> str:
    """Return exactly one character for each character index of the page."""
    buffer = (ctypes.c_ushort * (count + 1))()
    written = pdfium.FPDFText_GetText(text_page, 0, count, buffer)
    text = bytes(buffer)[: 2 * max(written - 1, 0)].decode("utf-16-le", "replace")
    if len(text) != count:  # text and character indexes drift apart: characters without Unicode, or surrogate pairs
        codes = np.fromiter(map(char_unicode, repeat(pointer), range(count)), np.uint32, count)
        _join_surrogates(codes)
        codes[(codes > 0x10FFFF) | ((codes >= 0xD800) & (codes < 0xE000)) | (codes == 0)] = 0xFFFD
        text = codes.tobytes().decode("utf-32-le")
    return _mark_hyphens(text_page, text.replace("\ufffe", SOFT_HYPHEN))


def _join_surrogates(codes: npt.NDArray[np.uint32]) -> None:
    """Put the character of each surrogate pair in the place of its first half, and nothing visible in the second's."""
    high = np.flatnonzero((codes[:-1] >> 10 == 0x36) & (codes[1:] >> 10 == 0x37))
    codes[high] = 0x10000 + ((codes[high] & 0x3FF) << 10) + (codes[high + 1] & 0x3FF)
    codes[high + 1] = ord("\u200b")


def _mark_hyphens(text_page: object, text: str) -> str:
    """Keep pdfium's hyphen mark only where it is one: some fonts have a letter at that code."""
    at = text.find(SOFT_HYPHEN)
    while at >= 0:
        if pdfium.FPDFText_IsHyphen(text_page, at) != 1:
            text = text[:at] + "\ufffd" + text[at + 1 :]
        at = text.find(SOFT_HYPHEN, at + 1)
    return text


def clean(text: str) -> str:
    """Return a segment's text on one line, without the spaces that some files put between Chinese characters."""
    keep_hyphen = text.endswith(SOFT_HYPHEN)
    if not text.isascii():
        text = normalise(text.replace("\ufffd", "").replace("\u00ad", "-"))
        text = _CJK_SPACE.sub("", text)
        text = _LOOSE_ACCENT.sub(_composed, text)
    elif not text.isprintable():
        text = normalise(text)
    return " ".join(text.split()) + (SOFT_HYPHEN if keep_hyphen else "")


def _composed(match: re.Match[str]) -> str:
    """Return the accented letter that an accent and a letter drawn one over the other mean."""
    letter = unicodedata.normalize("NFC", match[2] + _ACCENTS[match[1]])
    return letter if len(letter) == 1 else match[0]


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


def find_fonts(pointer: int, places: Sequence[int]) -> list[Font]:
    """Return the font of each of these characters of a page.

    pdfium reuses the addresses of text and fonts on the next page, so nothing is kept beyond it.
    """
    objects = text_objects(pointer, places)
    fonts = {one: font_of(one) if one else None for one in set(objects)}
    described = {font: _describe(font) if font else NO_FONT for font in set(fonts.values())}
    return [described[fonts[one]] for one in objects]


def show_symbols(pointer: int, text: str) -> str:
    """Return a page's text with the signs that its symbol fonts show for letters, one for each character."""
    places = [at for at, char in enumerate(text) if "!" <= char <= "ÿ" or "\uf000" <= char <= "\uf0ff"]
    fonts = find_fonts(pointer, places)
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
                characters[at] = replace_symbols(font.name, text[at])
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
    wrong = {text[at] for at, error in zip(firsts, map_errors(pointer, firsts), strict=True) if error == 1}
    whole_font = 1 in map_errors(pointer, sample) or len(wrong) > STRAY
    if not wrong and not whole_font:
        return []
    places = [at for at, char in enumerate(text) if whole_font or char in wrong]
    found = [at for at, error in zip(places, map_errors(pointer, places), strict=True) if error == 1]
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
