"""The fonts that pages are drawn with where a PDF carries none: this machine's, and Noto Sans CJK if it is installed.

Reading uses none of them (``source.use_standin_font``): what a page says does not depend on the machine, only how it
looks does.
"""

from __future__ import annotations

import ctypes
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pypdfium2.raw as pdfium

PACKAGE, FILE = "noto_cjk_sans_otc", "NotoSansCJK-Regular.ttc"
"""What ``ragqa[cjk]`` installs: a collection of one typeface as each language writes it."""

_FACES = {
    pdfium.FXFONT_SHIFTJIS_CHARSET: 0,
    pdfium.FXFONT_HANGEUL_CHARSET: 1,
    pdfium.FXFONT_GB2312_CHARSET: 2,
    pdfium.FXFONT_CHINESEBIG5_CHARSET: 3,
}
"""The places of their faces in the collection."""

_COLLECTION = int.from_bytes(b"ttcf", "big")
_OVERRIDDEN = ("MapFont", "GetFontData", "GetFaceName", "GetFontCharset", "DeleteFont")


class PageFonts:
    """What pdfium asks for fonts while one document is drawn."""

    def __init__(self) -> None:
        self.lacking = False
        """Whether a Chinese, Japanese or Korean font was asked for and none is there."""

    def use(self) -> None:
        """Be asked from now on. To be called after ``FPDF_InitLibrary`` and before a document is loaded."""
        _Asked.by = self
        _install()


class _Asked:
    by: PageFonts


@cache
def _install() -> Any:
    """Put our functions before those of the system's fonts; return all that pdfium keeps the address of."""
    default = pdfium.FPDF_GetDefaultSystemFontInfo()
    if not default:
        return None
    info, types = default.contents, dict(pdfium.FPDF_SYSFONTINFO._fields_)
    # ctypes copies the address: these stay the system's own when the fields are set anew.
    old = {name: types[name](ctypes.cast(getattr(info, name), ctypes.c_void_p).value) for name in _OVERRIDDEN}
    data = _collection()
    keys = ctypes.create_string_buffer(len(_FACES))
    first = ctypes.addressof(keys)
    ours = range(first, first + len(_FACES))

    def map_font(this: Any, weight: int, italic: int, charset: int, pitch: int, face: Any, exact: Any) -> int | None:
        found: int | None = old["MapFont"](this, weight, italic, charset, pitch, face, exact)
        if found or charset not in _FACES:
            return found
        if not data:
            _Asked.by.lacking = True
            return None
        return first + _FACES[charset]

    def get_font_data(this: Any, font: int, table: int, target: Any, size: int) -> int:
        if font not in ours:
            return int(old["GetFontData"](this, font, table, target, size))
        if table not in (0, _COLLECTION):
            return 0
        # Of a face of a collection, pdfium takes what follows its own header, and looks up which one begins there.
        at = 0 if table else int.from_bytes(data[12 + 4 * (font - first) :][:4], "big")
        if target and size >= len(data) - at:
            ctypes.memmove(target, data[at:], len(data) - at)
        return len(data) - at

    def get_face_name(this: Any, font: int, target: Any, size: int) -> int:
        if font not in ours:
            return int(old["GetFaceName"](this, font, target, size))
        name = b"Noto Sans CJK\0"
        if target and size >= len(name):
            ctypes.memmove(target, name, len(name))
        return len(name)

    def get_charset(this: Any, font: int) -> int:
        if font not in ours:
            return int(old["GetFontCharset"](this, font))
        return int(next(charset for charset, at in _FACES.items() if at == font - first))

    def delete_font(this: Any, font: int) -> None:
        if font not in ours:
            old["DeleteFont"](this, font)

    functions = (map_font, get_font_data, get_face_name, get_charset, delete_font)
    new = {name: types[name](function) for name, function in zip(_OVERRIDDEN, functions, strict=True)}
    for name, function in new.items():
        setattr(info, name, function)
    pdfium.FPDF_SetSystemFontInfo(default)
    return default, old, new, data, keys


def _collection() -> bytes:
    """Return the font file of the extra, b'' where it is not installed."""
    spec = find_spec(PACKAGE)
    file = Path(spec.origin).with_name(FILE) if spec and spec.origin else None
    return file.read_bytes() if file and file.is_file() else b""
