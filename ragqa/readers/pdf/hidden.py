"""What of a page nobody sees: text drawn in no colour at all, beside the paper, or too small to be seen.

Invisible text over a picture is a scan's text layer: that is read, and so is a page that holds nothing else. Text in
the paper's own colour, wholly transparent, or covered by something is not found out.
"""

from __future__ import annotations

import ctypes
import math
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pypdfium2.raw as pdfium

from ragqa.readers.pdf import calls
from ragqa.readers.pdf.calls import Address

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


class Objects(NamedTuple):
    """The objects of a page: those of text with their rendering modes, the others with their kinds."""

    texts: list[Address]
    modes: list[int]
    others: list[Address]
    kinds: list[int]

    def of_kind(self, kind: int) -> list[Address]:
        """Return the objects of one kind, which is not text."""
        return [found for found, one in zip(self.others, self.kinds, strict=True) if one == kind]


def objects_of(page: Any) -> Objects:
    """Return the objects of a loaded page."""
    address, count = ctypes.cast(page, ctypes.c_void_p), pdfium.FPDFPage_CountObjects(page)
    every = list(map(calls.page_object, repeat(address), range(min(count, MAX_OBJECTS))))
    modes = list(map(calls.render_mode, every))
    if -1 not in modes:
        return Objects(every, modes, [], [])
    others = [found for found, mode in zip(every, modes, strict=True) if mode < 0]
    texts = [found for found, mode in zip(every, modes, strict=True) if mode >= 0]
    return Objects(texts, [mode for mode in modes if mode >= 0], others, list(map(calls.object_kind, others)))


def blank_unseen(objects: Objects, text_page: int, text: str) -> tuple[str, bool]:
    """Return a page's text with a space for each character that is drawn invisibly, save over a picture, and whether
    invisible text is left: a scan's text layer.

    ``text_page`` is the address of pdfium's reading of the page; ``text`` has a character for each of its indexes.
    """
    unseen, pictures = _look_through(objects)
    if not unseen:
        return text, False
    shown = list(text)
    for at, found in enumerate(calls.text_objects(text_page, range(len(text)))):
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


def _look_through(objects: Objects) -> tuple[set[int | None], list[Box]]:
    """Return the invisible text objects of a page, and where it has pictures, or forms with some, if it has any."""
    unseen: set[int | None] = set()
    if not _UNSEEN.isdisjoint(objects.modes):
        unseen = {one.value for one, mode in zip(objects.texts, objects.modes, strict=True) if mode in _UNSEEN}
    pictures = objects.of_kind(pdfium.FPDF_PAGEOBJ_IMAGE)
    for form in objects.of_kind(pdfium.FPDF_PAGEOBJ_FORM):
        inside = _within(form)
        unseen.update(one.value for one in inside if calls.render_mode(one) in _UNSEEN)
        if pdfium.FPDF_PAGEOBJ_IMAGE in map(calls.object_kind, inside):
            pictures.append(form)
    return unseen, [tuple(box) for box in calls.object_bounds(pictures).tolist()] if unseen else []


def _within(form: Address) -> list[Address]:
    """Return the objects of a form and of the forms in it."""
    found: list[Address] = []
    forms = [form]
    while forms and len(found) < MAX_OBJECTS:
        outer = forms.pop()
        inside = list(map(calls.form_object, repeat(outer), range(min(calls.form_count(outer), MAX_OBJECTS))))
        forms += [one for one in inside if calls.object_kind(one) == pdfium.FPDF_PAGEOBJ_FORM]
        found += inside
    return found


def _is_over(text_page: int, at: int, pictures: list[Box]) -> bool:
    """Whether the middle of a character lies within a picture."""
    edges = calls.char_boxes(text_page, [at])[0]
    x, y = float(edges[0] + edges[2]) / 2, float(edges[1] + edges[3]) / 2
    return any(left <= x <= right and bottom <= y <= top for left, bottom, right, top in pictures)
