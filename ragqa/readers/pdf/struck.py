"""Text struck out on a page: a line of its own length drawn through its middle, or a reviewer's mark over it.

What is struck out no longer holds, so it is not read. Underlines, rules of tables, bars of fractions, leaders and the
grid lines of charts run elsewhere or further than the text. Knows nothing of rows.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Sequence
from itertools import pairwise, repeat
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pypdfium2.raw as pdfium

from ragqa.readers.pdf import calls
from ragqa.readers.pdf.calls import Address
from ragqa.readers.pdf.hidden import Objects

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

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


def find_thin_lines(objects: Objects) -> Floats:
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


def without(text: str, spans: Iterable[Sequence[int]]) -> str:
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
