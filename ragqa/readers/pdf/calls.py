"""pdfium's functions that are asked for each character or object: with plain numbers for pointers, in half the time.

Their arguments and results are pdfium's own; addresses of text and objects are good until their page is closed. What is
asked of many characters has a function that asks for all: where no argument has to be converted, a call takes half as
long again. Whoever calls holds the reader's lock, for their results pass through memory that is used again.
"""

from __future__ import annotations

import ctypes
from collections import deque
from collections.abc import Callable, Sequence
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt
import pypdfium2.raw as pdfium

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


# Of a page and an annotation's number on it, and of an annotation.
annotation = _plain(pdfium.FPDFPage_GetAnnot, _void, _void, _int)
annotation_kind = _plain(pdfium.FPDFAnnot_GetSubtype, _int, _void)
close_annotation = _plain(pdfium.FPDFPage_CloseAnnot, None, _void)
