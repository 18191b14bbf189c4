"""The words of a page that are to be read: seen, in their place, not struck out, and each once.

Only the first and the last character of a word are asked for their boxes: the calls into pdfium are most of the time
that reading a long manual takes. IsWord nothing of lines.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterable, Sequence
from itertools import pairwise, repeat
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pypdfium2.raw as pdfium

from ragqa.readers.pdf import calls
from ragqa.readers.pdf.calls import MAX_OBJECTS, Address, PageObjects

Ints = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Box = tuple[float, float, float, float]
"""Left, bottom, right, top."""

TINY = 0.5
"""Points. What is lower, and narrower for each character, is a speck, where the page has larger type."""

_UNSEEN = frozenset((pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP))


def blank_unseen(objects: PageObjects, text_page: int, text: str) -> tuple[str, bool]:
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


def _look_through(objects: PageObjects) -> tuple[set[int | None], list[Box]]:
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


SHIFT = 0.25
"""How far a second drawing lies from the first at most, in parts of the type size."""
CROWDED = 0.2
"""Times the type size: a word with less room than this for each character holds one drawing over another."""


def find_repeated(text: str, words: Ints, corners: Floats) -> Bools:
    """Return (n,): which words say the same in the same place as one before them.

    ``words`` (n, 3): start, end, line; ``corners`` (n, 2, 4): left, top, right, bottom of first and last character.
    """
    found = np.zeros(len(words), np.bool_)
    left, bottom, size = corners[:, 0, 0], corners[:, 0, 3], corners[:, 0, 1] - corners[:, 0, 3]
    place = np.rint(bottom / 4) * 1e5 + left
    order = np.argsort(place, kind="stable")
    close = np.flatnonzero(np.diff(place[order]) < SHIFT * size.max())
    if not len(close):
        return found
    one, other = order[close], order[close + 1]
    near = np.zeros(len(words), np.bool_)
    near[close] = (
        (left[other] - left[one] < SHIFT * size[one])
        & (left[other] - left[one] < 0.5 * (corners[one, 1, 2] - left[one]))
        & (np.abs(bottom[other] - bottom[one]) < SHIFT * size[one])
        & (np.abs(size[other] - size[one]) < 0.02 * size[one])
        & (words[one, 1] - words[one, 0] == words[other, 1] - words[other, 0])
    )
    first = 0
    for at in np.flatnonzero(near).tolist():
        first = first if at and near[at - 1] else int(order[at])
        here, there = sorted((first, int(order[at + 1])))
        if text[words[here, 0] : words[here, 1]] == text[words[there, 0] : words[there, 1]]:
            found[there] = True
            first = here
    return found


def blank_crowded(pointer: int, text: str, words: Ints, corners: Floats) -> str:
    """Return a page's text with nothing visible for the characters of a word that are drawn over the same ones."""
    length = words[:, 1] - words[:, 0]
    reach, size = corners[:, 1, 2] - corners[:, 0, 0], corners[:, 0, 1] - corners[:, 0, 3]
    level = np.abs(corners[:, 0, 3] - corners[:, 1, 3]) < 0.1  # and not running downwards
    found = np.flatnonzero((np.abs(reach) < CROWDED * length * size) & (length > 3) & level).tolist()
    if not found:
        return text
    characters = list(text)
    for start, end in words[found, :2].tolist():
        edges = calls.char_boxes(pointer, range(start, end))
        seen: dict[str, list[float]] = {}
        for at, (left, _, right, _) in zip(range(start, end), edges.tolist(), strict=True):
            places = seen.setdefault(text[at], [])
            if any(abs(left - other) < SHIFT * (right - left) for other in places[-20:]):
                characters[at] = "\u200b"
            else:
                places.append(left)
    return "".join(characters)


MAX_PATHS = 4000
"""Paths of a page that are looked at; what has more is a drawing."""
MAX_FORMS = 50
THICK = 3.0
"""Points. A line drawn through text is thinner."""
ZONE = (0.12, 0.46)
"""How far above the baseline it lies, in parts of the type size."""
FEW = 20
"""Lines that are all held against all words at once."""
BELOW = 0.22
"""The part of the type's box that is taken to lie below the baseline."""
OVERHANG = 0.6
"""How far it may begin and end beside the characters that it strikes, in parts of the type size."""


class Struck(NamedTuple):
    """Characters that are struck out: their first, the one after the last, and how far they reach."""

    start: int
    end: int
    left: float
    right: float


def find_thin_lines(objects: PageObjects) -> Floats:
    """Return (m, 4): left, bottom, right, top of the thin level lines and bars among a page's objects."""
    paths = objects.of_kind(pdfium.FPDF_PAGEOBJ_PATH)
    if len(paths) > MAX_PATHS:
        return np.zeros((0, 4))
    lines = [_thin(paths)]
    for form in objects.of_kind(pdfium.FPDF_PAGEOBJ_FORM)[:MAX_FORMS]:
        count = calls.form_count(form)
        if count > MAX_PATHS:
            continue
        inside = list(map(calls.form_object, repeat(form), range(count)))
        drawn = [one for one in inside if calls.object_kind(one) == pdfium.FPDF_PAGEOBJ_PATH]
        if drawn:
            lines.append(_moved(form, _thin(drawn)))
    return np.concatenate(lines)


def _thin(paths: Sequence[Address]) -> Floats:
    boxes = calls.object_bounds(paths)
    wide, tall = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    return boxes[(tall < THICK) & (wide > 2 * tall) & (wide > 2)]


def _moved(form: Address, lines: Floats) -> Floats:
    """Return the lines of a form where they stand on the page; none where it is turned."""
    matrix = pdfium.FS_MATRIX()
    if not pdfium.FPDFPageObj_GetMatrix(ctypes.cast(form, pdfium.FPDF_PAGEOBJECT), matrix) or matrix.b or matrix.c:
        return np.zeros((0, 4))
    scale, shift = (matrix.a, matrix.d, matrix.a, matrix.d), (matrix.e, matrix.f, matrix.e, matrix.f)
    moved = lines * scale + shift
    return np.concatenate((np.minimum(moved[:, :2], moved[:, 2:]), np.maximum(moved[:, :2], moved[:, 2:])), axis=1)


def find_struck(
    pointer: int,
    text: str,
    words: Ints,
    corners: Floats,
    lines: Floats,
    marked: Sequence[tuple[float, float, float, float]],
) -> list[Struck]:
    """Return what is struck out by ``lines`` (m, 4), as ``find_thin_lines`` gives them, and by ``marked`` boxes.

    ``words`` (n, 3): start, end, line; ``corners`` (n, 2, 4): left, top, right, bottom of first and last character.
    """
    if not len(words) or (not len(lines) and not marked):
        return []
    bottom, height = corners[:, 0, 3], corners[:, 0, 1] - corners[:, 0, 3]
    middles = (lines[:, 1] + lines[:, 3]) / 2
    zone = bottom + (BELOW + sum(ZONE) / 2) * height
    if not marked and len(lines) <= FEW and not (np.abs(middles[:, None] - zone) < 0.25 * height).any():
        return []  # as on nearly every page
    left, right = corners[:, :, 0].min(axis=1), corners[:, :, 2].max(axis=1)
    found: list[Struck] = []
    lines, middles = lines[order := np.argsort(middles)], middles[order]
    low = np.searchsorted(middles, bottom + (BELOW + ZONE[0] - 0.05) * height)
    high = np.searchsorted(middles, bottom + (BELOW + ZONE[1] + 0.05) * height)
    crossed: dict[int, list[int]] = {}
    for word in np.flatnonzero(high > low).tolist():
        for at in range(low[word], min(high[word], low[word] + 50)):
            if lines[at, 0] < right[word] and lines[at, 2] > left[word]:
                crossed.setdefault(at, []).append(word)
    for at, over in crossed.items():
        if (
            lines[at, 0] > left[over].min() - height[over].max()
            and lines[at, 2] < right[over].max() + height[over].max()
        ):
            found += _through(pointer, text, words, over, lines[at].tolist())
    for mark in marked:
        middle = bottom + height / 2
        over = np.flatnonzero((left < mark[2]) & (right > mark[0]) & (middle > mark[1]) & (middle < mark[3])).tolist()
        found += [one for word in over for one in _covered(pointer, text, words[word], mark[0], mark[2])]
    return sorted(set(found))


def _through(pointer: int, text: str, words: Ints, over: Sequence[int], line: Sequence[float]) -> list[Struck]:
    """Return the characters that a line strikes out; none where it runs on beside them or between columns."""
    left, bottom, right, top = line
    found = [one for word in over for one in _covered(pointer, text, words[word], left, right)]
    found.sort(key=lambda one: one.left)
    if not found:
        return []
    base, size = _type(pointer, found[0].start)
    if not ZONE[0] < ((bottom + top) / 2 - base) / size < ZONE[1] or top - bottom > 0.2 * size:
        return []
    if left < found[0].left - OVERHANG * size or right > found[-1].right + OVERHANG * size:
        return []
    gaps = [after.left - before.right for before, after in pairwise(found)]
    return found if max(gaps, default=0) < 1.5 * size else []


def _type(pointer: int, at: int) -> tuple[float, float]:
    """Return the baseline and the size of a character."""
    matrix, (_, base) = calls.char_matrices(pointer, [at])[0], calls.char_origins(pointer, [at])[0]
    return float(base), max(calls.font_sizes(pointer, [at])[0] * float(np.hypot(matrix[2], matrix[3])), 0.1)


def _covered(pointer: int, text: str, word: Ints, left: float, right: float) -> list[Struck]:
    """Return the characters of a word whose middles lie between ``left`` and ``right``, if no letter is cut off."""
    start, end = int(word[0]), int(word[1])
    edges = calls.char_boxes(pointer, range(start, end))
    middle = (edges[:, 0] + edges[:, 2]) / 2
    inside = np.flatnonzero((middle > left) & (middle < right))
    if not len(inside):
        return []
    first, last = start + int(inside[0]), start + int(inside[-1])
    beside = (text[first - 1] if first > start else " ", text[last + 1] if last + 1 < end else " ")
    if any(one.isascii() and one.isalnum() for one in beside):
        return []
    return [Struck(first, last + 1, float(edges[first - start, 0]), float(edges[last - start, 2]))]


def blank_spans(text: str, spans: Iterable[Sequence[int]]) -> str:
    """Return a page's text with spaces in place of what stands from the first of two indexes to the second."""
    characters = list(text)
    for start, end in spans:
        characters[start:end] = " " * (end - start)
    return "".join(characters)


def close_gaps(words: Ints, boxes: Floats, struck: Sequence[Struck]) -> None:
    """Let the word before each struck passage reach to its end, so that what is left stays one line."""
    for one in struck:
        after = int(np.searchsorted(words[:, 0], one.end))
        if 0 < after < len(words) and words[after, 2] == words[after - 1, 2]:
            near = one.left - boxes[after - 1, 2] < boxes[after - 1, 3] - boxes[after - 1, 1]
            if near and boxes[after - 1, 2] < one.right <= boxes[after, 0] + 1:
                boxes[after - 1, 2] = one.right


_BLANK = np.zeros(0x3002, np.bool_)
_BLANK[[9, 10, 13, 32, 0xA0, 0x3000]] = True
NO_LINES = np.zeros((0, 4))


def find_shown_words(
    page: object, objects: PageObjects, pointer: int, text: str, marked: Sequence[Box]
) -> tuple[str, Ints, Floats, list[Struck], bool]:
    """Return a page's text without what is not to be read, its words, their corners, what was struck out of it, and
    whether it is a scan's text layer. ``objects`` are those of the page.

    Words are (n, 3): start, end and line; corners (n, 2, 4): left, top, right, bottom of the first and last character.
    """
    text, layer = blank_unseen(objects, pointer, text)
    words = _words(text)
    corners = measure_corners(pointer, words)
    lines = find_thin_lines(objects) if objects.others else NO_LINES
    struck = find_struck(pointer, text, words, corners, lines, marked)
    if struck:
        text = blank_spans(text, [one[:2] for one in struck])
        words = _words(text)
        corners = measure_corners(pointer, words)
    if not len(words):
        return text, words, corners, struck, layer
    misplaced, repeated = find_misplaced(page, words, corners), find_repeated(text, words, corners)
    if repeated.any():
        text = blank_spans(text, words[repeated, :2].tolist())
    if (gone := misplaced | repeated).any():
        words, corners = words[~gone], corners[~gone]
    return blank_crowded(pointer, text, words, corners), words, corners, struck, layer


def _words(text: str) -> Ints:
    """Return (n, 3): start, end, and the number of the line, of each run without white space."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    broken = (codes == 10) | (codes == 13)
    blank = _BLANK[np.minimum(codes, len(_BLANK) - 1)]
    solid = np.concatenate(([False], ~blank, [False]))
    edges = np.flatnonzero(solid[1:] != solid[:-1])
    starts, ends = edges[::2], edges[1::2]
    hyphens = np.flatnonzero(codes == 2)
    if len(hyphens):  # a word broken by a hyphen is two, on two lines
        inner = hyphens[(hyphens + 1 < len(codes))] + 1
        inner = inner[~blank[np.minimum(inner, len(codes) - 1)]]
        starts = np.sort(np.concatenate((starts, inner)))
        ends = np.sort(np.concatenate((ends, inner)))
        broken = broken.copy()
        broken[hyphens] = True
    lines = np.cumsum(broken)
    return np.stack((starts, ends, lines[np.maximum(starts - 1, 0)]), axis=1)


def measure_corners(pointer: int, words: Ints) -> Floats:
    """Return (n, 2, 4): left, top, right, bottom of each word's first and last character."""
    corners, long = np.empty((len(words), 2, 4)), words[:, 1] - words[:, 0] > 1
    corners[:, 0] = calls.char_boxes(pointer, words[:, 0].tolist())
    corners[long, 1] = calls.char_boxes(pointer, (words[long, 1] - 1).tolist())
    corners[~long, 1] = corners[~long, 0]
    return corners
