"""Which characters of a page can't be read: they stand for nothing, or their font does not say what they are.

PDFium hands out the bare code of a character that its font has no map for. In some fonts the codes are the characters
themselves; in others they number the glyphs, and what comes out is another text that nobody wrote.
"""

from __future__ import annotations

import ctypes
import unicodedata
from collections.abc import Iterable

import pypdfium2.raw as pdfium

_MEANT = frozenset(
    "\r\n\t\x02\xad\u061c\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\uf06e\uf071\uf076\uf0a7\uf0b7\uf0d8\uf0fc"
)
"""What has no glyph in Unicode and is read all the same: breaks, joiners, marks of direction, bullets of Wingdings."""
_OFTEN = frozenset("etaoinsrhldu")
"""Of the letters of any text in a European language, some four fifths are these."""
_WORDY, _PLAIN = 0.65, 0.85

_map_error = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int)(
    ctypes.cast(pdfium.FPDFText_HasUnicodeMapError, ctypes.c_void_p).value or 0
)
_known: dict[str, bool] = {}


def count_meaningless(text: str) -> int:
    """Return how many characters are controls, unassigned, for private use, or a sign of what was lost."""
    return sum(text.count(char) for char in set(text) if _is_meaningless(char))


def find_unmapped(pointer: int, text: str, sample: Iterable[int]) -> list[int]:
    """Return the positions of the characters of a page without a map, less those that their codes tell anyway.

    Asks for the first of each different character and for the ``sample``; only where one has none, for all.
    """
    asked = {text.find(char) for char in set(text)}.union(sample)
    if not any(_map_error(pointer, at) == 1 for at in asked):
        return []
    found = [at for at in range(len(text)) if _map_error(pointer, at) == 1]
    return [] if _speaks("".join(text[at] for at in found)) else found


def _speaks(text: str) -> bool:
    """Whether codes taken for characters give words: they then are the characters."""
    if any(_is_meaningless(char) or char in "\t\x02" for char in text):
        return False
    if not text.isascii():
        return all(char.isascii() or _is_usual(char) for char in text)
    letters = [char for char in text.lower() if char.isalpha()]
    plain = sum(char.isalnum() or char == " " for char in text)
    return plain >= _PLAIN * len(text) and sum(char in _OFTEN for char in letters) >= _WORDY * len(letters)


def _is_usual(char: str) -> bool:
    """Whether a character is one that ordinary text is written in: about one in six of all codes."""
    for codec in ("cp1252", "gb2312", "euc-kr"):
        try:
            char.encode(codec)
        except UnicodeEncodeError:
            continue
        return True
    return False


def _is_meaningless(char: str) -> bool:
    if char not in _known:
        _known[char] = char == "\ufffd" or (char not in _MEANT and unicodedata.category(char) in _NOTHING)
    return _known[char]


_NOTHING = frozenset(("Cc", "Cf", "Cn", "Co", "Cs"))
