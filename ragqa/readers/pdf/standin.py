"""The only font that PDFium is given beside those it carries and those in the file: a box for every character.

PDFium drops text in a font that a PDF names but does not carry where the machine has none for its Chinese, Japanese
or Korean characters: a glyph without a face has no box, and text without extent is skipped. Which text a file gave
depended on the fonts installed. So no font of the machine is ever asked for. What the characters are and how wide they
run comes from the file and from PDFium's own character maps; the stand-in only says that there is something to see.
"""

from __future__ import annotations

import ctypes
import struct
from functools import cache
from typing import Any

import pypdfium2.raw as pdfium

_CJK = frozenset(
    (
        pdfium.FXFONT_SHIFTJIS_CHARSET,
        pdfium.FXFONT_HANGEUL_CHARSET,
        pdfium.FXFONT_GB2312_CHARSET,
        pdfium.FXFONT_CHINESEBIG5_CHARSET,
    )
)
_EM = 1000
_ASCENT, _DESCENT = 880, -120  # as in most CJK fonts: together the em
_CODES = ((0x20, 0xD7FF), (0xE000, 0xFFFD), (0x10000, 0x10FFFD))


def use_standin_font() -> None:
    """Let PDFium take the stand-in for every CJK font that a file does not carry, and no font of the machine.

    To be called after ``FPDF_InitLibrary`` and before a document is loaded; once or again, which costs nothing.
    """
    pdfium.FPDF_SetSystemFontInfo(_font_info())


@cache
def _font_info() -> Any:
    """Return the callbacks. PDFium keeps their address until the process ends, and so do we."""
    data = standin_font()
    buffer = ctypes.create_string_buffer(data, len(data))
    handle = ctypes.addressof(buffer)

    def map_font(_info: Any, _weight: int, _italic: int, charset: int, *_rest: Any) -> int | None:
        return handle if charset in _CJK else None

    def get_font_data(_info: Any, _font: int, table: int, target: Any, size: int) -> int:
        if table:  # asked first for the table of a font collection, which this is not
            return 0
        if target and size >= len(data):
            ctypes.memmove(target, buffer, len(data))
        return len(data)

    types = dict(pdfium.FPDF_SYSFONTINFO._fields_)
    info = pdfium.FPDF_SYSFONTINFO(version=1)  # what stays NULL, PDFium does not call
    info.MapFont = types["MapFont"](map_font)
    info.GetFontData = types["GetFontData"](get_font_data)
    return info


def standin_font() -> bytes:
    """Return a TrueType font of two glyphs, .notdef and a box; every code point of Unicode has the box."""
    box = struct.pack(">5h", 1, 50, -70, 950, 830)  # one contour, and its bounds
    box += struct.pack(">2H4B", 3, 0, 1, 1, 1, 1)  # its last point, no instructions, four points on the curve
    box += struct.pack(">8h", 50, 0, 900, 0, -70, 900, 0, -900)  # steps in x, then in y
    groups = b"".join(struct.pack(">3L", first, last, 1) for first, last in _CODES)
    many_to_one = struct.pack(">2H3L", 13, 0, 16 + len(groups), 0, len(_CODES)) + groups
    tables = {
        b"cmap": struct.pack(">4HL", 0, 1, 3, 10, 12) + many_to_one,  # one map, Windows's of all Unicode
        b"glyf": box,
        b"head": struct.pack(
            ">4L2H2Q4h2H3h", 0x10000, 0x10000, 0, 0x5F0F3CF5, 0, _EM, 0, 0, 50, -70, 950, 830, 0, 8, 2, 1, 0
        ),
        b"hhea": struct.pack(">L3hH3h3h4hhH", 0x10000, _ASCENT, _DESCENT, 0, _EM, 50, 50, 950, 1, 0, 0, *[0] * 5, 1),
        b"hmtx": struct.pack(">Hhh", _EM, 50, 50),
        b"loca": struct.pack(">3L", 0, 0, len(box)),  # .notdef is empty
        b"maxp": struct.pack(">L14H", 0x10000, 2, 4, 1, 0, 0, 1, *[0] * 8),
    }
    start = 12 + 16 * len(tables)
    directory, body = struct.pack(">L4H", 0x10000, len(tables), 64, 2, 48), b""
    for tag, table in tables.items():
        directory += tag + struct.pack(">3L", 0, start + len(body), len(table))  # no reader checks the sums
        body += table + b"\0" * (-len(table) % 4)
    return directory + body
