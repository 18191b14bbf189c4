"""The characters of a page as pdfium gives them, and the clean text of a line of them. Knows nothing of places."""

from __future__ import annotations

import ctypes
import re
import unicodedata
from itertools import repeat

import numpy as np
import numpy.typing as npt
import pypdfium2.raw as pdfium

from ragqa.readers.encodings import normalise
from ragqa.readers.pdf import calls

SOFT_HYPHEN = "\x02"
"""pdfium's mark for a hyphen that ends a line; the next line follows it without a break."""

_CJK = (
    "\u2e80-\u303f\u3040-\u30ff\u3100-\u312f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
)
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
