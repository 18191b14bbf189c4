"""What a PDF may hold, told from the names in its bytes: to look for it page by page takes long, and most hold none."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import NamedTuple

MAX_PACKED = 50_000_000
"""Bytes of packed objects that are looked through."""

_NAMES = re.compile(
    rb"/(?:(StrikeOut|FreeText|Widget)\b|(?:[A-Z]{6}\+)?(Wingdings|Webdings|Symbol|Zapf|ITCZapf|Monotype))"
)
_PACKED = re.compile(rb"/ObjStm\b")


class Holds(NamedTuple):
    """Whether a PDF may have anything typed or struck out over its pages, and letters that a symbol font shows."""

    marks: bool
    symbols: bool


def holds(data: bytes) -> Holds:
    """Return what a PDF may hold; everything where its objects can't be looked through."""
    if b"/Encrypt" in data:
        return Holds(True, True)
    marks = symbols = False
    unpacked = 0
    for part in _parts(data):
        unpacked += len(part)
        if not part or unpacked > MAX_PACKED + len(data):
            return Holds(True, True)
        for match in _NAMES.finditer(part):
            marks, symbols = marks or bool(match[1]), symbols or bool(match[2])
            if marks and symbols:
                return Holds(True, True)
    return Holds(marks, symbols)


def _parts(data: bytes) -> Iterator[bytes]:
    """Yield the file and each of its packed streams of objects, empty where one can't be unpacked."""
    yield data
    for match in _PACKED.finditer(data):
        start = data.find(b"stream", match.end()) + 6
        start += 2 if data[start : start + 2] == b"\r\n" else 1
        try:
            yield zlib.decompressobj().decompress(data[start : data.find(b"endstream", start)], MAX_PACKED)
        except zlib.error:
            yield b""
