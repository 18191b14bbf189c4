"""What of a page nobody sees: text drawn in no colour at all, beside the paper, or too small to be seen.

Invisible text over a picture is a scan's text layer: that is read, and so is a page that holds nothing else. Text in
the paper's own colour, wholly transparent, or covered by something is not found out.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Sequence
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt
import pypdfium2.raw as pdfium

from ragqa.readers.pdf import calls

Ints = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Box = tuple[float, float, float, float]
"""Left, bottom, right, top."""

MAX_OBJECTS = 200_000
"""Objects of a page that are looked through, those within its forms among them."""
TINY = 0.5
"""Points. What is lower, and narrower for each character, is a speck, where the page has larger type."""

_UNSEEN = frozenset((pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP))


def objects_of(page: Any) -> tuple[list[int], list[int]]:
    """Return the objects of a page and the text rendering mode of each, -1 for what is no text."""
    address, count = ctypes.cast(page, ctypes.c_void_p).value, pdfium.FPDFPage_CountObjects(page)
    objects = list(map(calls.page_object, repeat(address), range(min(count, MAX_OBJECTS))))
    return objects, list(map(calls.render_mode, objects))


def blank_unseen(objects: Sequence[int], modes: Sequence[int], text_page: int, text: str) -> tuple[str, bool]:
    """Return a page's text with a space for each character that is drawn invisibly, save over a picture, and whether
    invisible text is left: a scan's text layer.

    ``objects`` and ``modes`` are the page's own, ``text_page`` is the address of pdfium's reading of the page; ``text``
    has a character for each of its indexes.
    """
    unseen, pictures = _look_through(objects, modes)
    if not unseen:
        return text, False
    shown = list(text)
    for at, found in enumerate(map(calls.text_object, repeat(text_page), range(len(text)))):
        if found in unseen and not _is_over(text_page, at, pictures):
            shown[at] = " "
    blanked = "".join(shown)
    return (text, True) if blanked.isspace() else (blanked, bool(pictures))


def find_misplaced(page: Any, words: Ints, corners: Floats) -> Bools:
    """Return (n,): which words lie wholly beside the page or are specks; none where that would be all of them.

    ``corners`` (n, 2, 4): left, top, right, bottom of each word's first and last character.
    """
    page_box = pdfium.FS_RECTF()
    if pdfium.FPDF_GetPageBoundingBox(page, page_box) and 1 < page_box.right - page_box.left < 1e6:
        left, bottom, right, top = page_box.left, page_box.bottom, page_box.right, page_box.top
    else:
        left, bottom, right, top = -math.inf, -math.inf, math.inf, math.inf
    height = corners[:, 0, 1] - corners[:, 0, 3]
    within = corners[..., 0].min() >= left and corners[..., 2].max() <= right
    if within and corners[..., 3].min() >= bottom and corners[..., 1].max() <= top and height.min() >= TINY:
        return np.zeros(len(words), np.bool_)  # as on nearly every page
    begin, end = corners[:, :, 0].min(axis=1), corners[:, :, 2].max(axis=1)
    beside = (end < left) | (begin > right) | (corners[:, 0, 1] < bottom) | (corners[:, 0, 3] > top)
    speck = (height < TINY) & (end - begin < TINY * (words[:, 1] - words[:, 0]))
    for at in np.flatnonzero(beside[1:]) + 1:  # what runs off the paper, word after word, is the end of a line
        follows = words[at, 2] == words[at - 1, 2] and abs(begin[at] - end[at - 1]) < 2 * height[at]
        beside[at] = beside[at - 1] or not follows
    hidden = beside | speck
    return np.asarray(hidden & ~hidden.all(), np.bool_)


def _look_through(objects: Sequence[int], modes: Sequence[int]) -> tuple[set[int], list[Box]]:
    """Return the invisible text objects of a page, and where it has pictures, or forms with some, if it has any."""
    if -1 not in modes and _UNSEEN.isdisjoint(modes):
        return set(), []
    unseen = {found for found, mode in zip(objects, modes, strict=True) if mode in _UNSEEN}
    pictures = []
    for found in (found for found, mode in zip(objects, modes, strict=True) if mode < 0):  # no text
        kind = calls.object_kind(found)
        inside = _within(found) if kind == pdfium.FPDF_PAGEOBJ_FORM else []
        unseen.update(one for one in inside if calls.render_mode(one) in _UNSEEN)
        if pdfium.FPDF_PAGEOBJ_IMAGE in (kind, *map(calls.object_kind, inside)):
            pictures.append(found)
    return unseen, [_box(found) for found in pictures] if unseen else []


def _within(form: int) -> list[int]:
    """Return the objects of a form and of the forms in it."""
    found: list[int] = []
    forms = [form]
    while forms and len(found) < MAX_OBJECTS:
        outer = forms.pop()
        inside = list(map(calls.form_object, repeat(outer), range(min(calls.form_count(outer), MAX_OBJECTS))))
        forms += [one for one in inside if calls.object_kind(one) == pdfium.FPDF_PAGEOBJ_FORM]
        found += inside
    return found


def _box(found: int) -> Box:
    edges = np.zeros(4, np.float32)
    address = edges.ctypes.data
    calls.object_bounds(found, *range(address, address + 16, 4))
    left, bottom, right, top = edges.tolist()
    return left, bottom, right, top


def _is_over(text_page: int, at: int, pictures: list[Box]) -> bool:
    """Whether the middle of a character lies within a picture."""
    edges = np.zeros(4, np.float32)
    calls.char_box(text_page, at, edges.ctypes.data)
    x, y = float(edges[0] + edges[2]) / 2, float(edges[1] + edges[3]) / 2
    return any(left <= x <= right and bottom <= y <= top for left, bottom, right, top in pictures)
