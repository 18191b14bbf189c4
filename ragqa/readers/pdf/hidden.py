"""Which words of a page nobody sees: drawn in no colour at all, or beside the paper.

Invisible text over a picture is a scan's text layer: that is read, and so is a page that holds nothing else. Text in
the paper's own colour is not found out.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt
import pypdfium2.raw as pdfium

Ints = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Box = tuple[float, float, float, float]
"""Left, bottom, right, top."""

MAX_OBJECTS = 20_000
"""Objects of a page that are looked through for pictures."""

_UNSEEN = frozenset((pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP))

_text_object = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)(
    ctypes.cast(pdfium.FPDFText_GetTextObject, ctypes.c_void_p).value or 0
)
_render_mode = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(
    ctypes.cast(pdfium.FPDFTextObj_GetTextRenderMode, ctypes.c_void_p).value or 0
)


def find_hidden(page: Any, pointer: int, words: Ints, corners: Floats) -> Bools:
    """Return (n,): which words are not to be seen on the page.

    ``corners`` (n, 2, 4): left, top, right, bottom of each word's first and last character.
    """
    outside = _outside(page, corners)
    unseen = _unseen(pointer, words)
    if not unseen.any() or (unseen | outside).all():
        return outside & ~outside.all()
    middle = corners.mean(axis=1)
    x, y = (middle[:, 0] + middle[:, 2]) / 2, (middle[:, 1] + middle[:, 3]) / 2
    for left, bottom, right, top in _pictures(page):
        unseen &= ~((x >= left) & (x <= right) & (y >= bottom) & (y <= top))
    return outside | unseen


def _unseen(pointer: int, words: Ints) -> Bools:
    starts = words[:, 0].tolist()
    objects = np.fromiter((found or 0 for found in map(_text_object, repeat(pointer), starts)), np.uint64, len(starts))
    different, which = np.unique(objects, return_inverse=True)
    modes = [bool(one) and _render_mode(one) in _UNSEEN for one in different.tolist()]
    return np.asarray(np.array(modes, np.bool_)[which], np.bool_)


def _outside(page: Any, corners: Floats) -> Bools:
    """Return which words lie wholly beside a page of a usable size."""
    bounds = pdfium.FS_RECTF()
    if not pdfium.FPDF_GetPageBoundingBox(page, bounds) or not 1 < bounds.right - bounds.left < 1e6:
        return np.zeros(len(corners), np.bool_)
    left, right = corners[:, :, 0].min(axis=1), corners[:, :, 2].max(axis=1)
    bottom, top = corners[:, :, 3].min(axis=1), corners[:, :, 1].max(axis=1)
    beside = (right < bounds.left) | (left > bounds.right) | (top < bounds.bottom) | (bottom > bounds.top)
    return np.asarray(beside, np.bool_)


def _pictures(page: Any) -> Iterator[Box]:
    """Yield where pictures lie, and forms that hold some."""
    edges = [ctypes.c_float() for _ in range(4)]
    for at in range(min(pdfium.FPDFPage_CountObjects(page), MAX_OBJECTS)):
        found = pdfium.FPDFPage_GetObject(page, at)
        if _is_picture(found) and pdfium.FPDFPageObj_GetBounds(found, *edges):
            left, bottom, right, top = (edge.value for edge in edges)
            yield left, bottom, right, top


def _is_picture(found: Any) -> bool:
    kind = pdfium.FPDFPageObj_GetType(found)
    if kind != pdfium.FPDF_PAGEOBJ_FORM:
        return bool(kind == pdfium.FPDF_PAGEOBJ_IMAGE)
    inside = (pdfium.FPDFFormObj_GetObject(found, at) for at in range(min(pdfium.FPDFFormObj_CountObjects(found), 100)))
    return any(pdfium.FPDFPageObj_GetType(one) == pdfium.FPDF_PAGEOBJ_IMAGE for one in inside)
