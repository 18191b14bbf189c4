"""Which characters of a page can't be read: they stand for nothing, or their font does not say what they are.

PDFium hands out the bare code of a character that its font has no map for. In some fonts the codes are the characters
themselves; in others they number the glyphs, and what comes out is another text that nobody wrote.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence, Set

from ragqa.readers.pdf import calls

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
