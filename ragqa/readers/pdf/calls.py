"""pdfium's functions that are asked for each character or object: with plain numbers for pointers, in half the time.

Their arguments and results are pdfium's own; addresses of text and objects are good until their page is closed.
"""

from __future__ import annotations

import ctypes
from typing import Any

import pypdfium2.raw as pdfium

_void, _int = ctypes.c_void_p, ctypes.c_int


def _plain(function: Any, result: Any, *arguments: Any) -> Any:
    return ctypes.CFUNCTYPE(result, *arguments)(ctypes.cast(function, ctypes.c_void_p).value or 0)


# Of a character: the page's text and the character's index; then where the result goes.
char_box = _plain(pdfium.FPDFText_GetLooseCharBox, _int, _void, _int, _void)
char_matrix = _plain(pdfium.FPDFText_GetMatrix, _int, _void, _int, _void)
char_origin = _plain(pdfium.FPDFText_GetCharOrigin, _int, _void, _int, _void, _void)
char_unicode = _plain(pdfium.FPDFText_GetUnicode, ctypes.c_uint, _void, _int)
font_size = _plain(pdfium.FPDFText_GetFontSize, ctypes.c_double, _void, _int)
map_error = _plain(pdfium.FPDFText_HasUnicodeMapError, _int, _void, _int)
text_object = _plain(pdfium.FPDFText_GetTextObject, _void, _void, _int)

# Of a text object, of a page, of an object on it, of a form.
font_of = _plain(pdfium.FPDFTextObj_GetFont, _void, _void)
render_mode = _plain(pdfium.FPDFTextObj_GetTextRenderMode, _int, _void)
page_object = _plain(pdfium.FPDFPage_GetObject, _void, _void, _int)
object_kind = _plain(pdfium.FPDFPageObj_GetType, _int, _void)
object_bounds = _plain(pdfium.FPDFPageObj_GetBounds, _int, _void, *[_void] * 4)
form_count = _plain(pdfium.FPDFFormObj_CountObjects, _int, _void)
form_object = _plain(pdfium.FPDFFormObj_GetObject, _void, _void, ctypes.c_ulong)
object_matrix = _plain(pdfium.FPDFPageObj_GetMatrix, _int, _void, _void)
fill_colour = _plain(pdfium.FPDFPageObj_GetFillColor, _int, _void, *[_void] * 4)

# Of a path, and of a segment of it.
path_count = _plain(pdfium.FPDFPath_CountSegments, _int, _void)
path_mode = _plain(pdfium.FPDFPath_GetDrawMode, _int, _void, _void, _void)
path_segment = _plain(pdfium.FPDFPath_GetPathSegment, _void, _void, _int)
segment_kind = _plain(pdfium.FPDFPathSegment_GetType, _int, _void)
segment_point = _plain(pdfium.FPDFPathSegment_GetPoint, _int, _void, _void, _void)
segment_closes = _plain(pdfium.FPDFPathSegment_GetClose, _int, _void)

# Of a page and an annotation's number on it, and of an annotation.
annotation = _plain(pdfium.FPDFPage_GetAnnot, _void, _void, _int)
annotation_kind = _plain(pdfium.FPDFAnnot_GetSubtype, _int, _void)
close_annotation = _plain(pdfium.FPDFPage_CloseAnnot, None, _void)
