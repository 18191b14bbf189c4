"""Characters of a page to Segments: words of one line that stand close together, with place, size and font.

Only the first and the last character of a word are asked for their boxes: the calls into pdfium are most of the time
that reading a long manual takes. Knows nothing of columns, paragraphs or tables.
"""

from __future__ import annotations

import ctypes
import math
from collections import deque
from collections.abc import Sequence
from itertools import pairwise, repeat
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pypdfium2.raw as pdfium

from ragqa.readers.pdf import calls
from ragqa.readers.pdf.characters import clean, page_text
from ragqa.readers.pdf.fonts import Font, fonts_at
from ragqa.readers.pdf.hidden import blank_unseen, find_misplaced
from ragqa.readers.pdf.rules import NO_RULES, Rule, Rules, find_rules
from ragqa.readers.pdf.unreadable import sift_unreadable

MAX_CHARS = 400_000
"""Characters read of one page; a printed page has some thousands, so what passes this is damage or an attack."""

GAP = 0.9
"""A gap between words wider than this part of the type size parts two segments: no line of prose is set so wide."""

FEWEST_BESIDE, BESIDE = 3, 60.0
"""How many segments begin so many points further right than the others where a page's rules are looked for."""

APART = 0.32
"""The part of the type size that is free around a rule between two cells: more than a space is wide."""

BELOW = 0.22
"""The part of the type size that we take to lie below the baseline."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]


class Segment(NamedTuple):
    """Words of one line without a wide gap between them. Places are in points, y grows upwards."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    size: float
    line: int
    """Which line of the page's own text stream it belongs to: segments of one line were written together."""
    font: Font
    last_font: Font

    @property
    def mono(self) -> bool:
        return self.font.mono and self.last_font.mono

    @property
    def bold(self) -> bool:
        return self.font.bold and self.last_font.bold


class PageText(NamedTuple):
    """What a page says: its segments in stream order, and how much of it could be read."""

    segments: list[Segment]
    characters: int = 0
    unreadable: int = 0
    cut: bool = False
    """Whether the page holds more than MAX_CHARS."""
    rules: Rules = NO_RULES
    """What is drawn, where words stand side by side; else nothing is looked for."""


def read_text(page: object, text_page: object) -> PageText:
    """Return what a loaded page says to those who look at it; ``text_page`` is pdfium's reading of it."""
    pointer = ctypes.cast(text_page, ctypes.c_void_p).value or 0  # type: ignore[arg-type]
    total = pdfium.FPDFText_CountChars(text_page)
    count = min(total, MAX_CHARS)
    if count <= 0:
        return PageText([])
    text = blank_unseen(page, pointer, page_text(text_page, pointer, count))
    words = _words(text)
    corners = _corners(pointer, words)
    if len(words) and (misplaced := find_misplaced(page, words, corners)).any():
        words, corners = words[~misplaced], corners[~misplaced]
    if not len(words):
        return PageText([], count, sift_unreadable(pointer, text, ())[1], count < total)
    boxes = _boxes(text_page, pointer, words, corners)
    first, last = _parts(words, boxes)
    rules = find_rules(page) if _side_by_side(boxes, first) else NO_RULES
    if rules.upright:
        if len(parted := _cut_at_rules(pointer, words, boxes, rules.upright)) > len(words):
            words = parted
            boxes = _boxes(text_page, pointer, words, _corners(pointer, words))
        first, last = _parts(words, boxes, rules)
    sample = _longest(words, first)
    text, unreadable = sift_unreadable(pointer, text, ((words[sample, 0] + words[sample, 1]) // 2).tolist())
    segments = _segments(pointer, text, words, boxes, first, last, sample)
    return PageText(segments, count, unreadable, count < total, rules)


def _words(text: str) -> Ints:
    """Return (n, 3): start, end, and the number of the line, of each run without white space."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    broken = (codes == 10) | (codes == 13)
    blank = broken | (codes == 32) | (codes == 9) | (codes == 0xA0) | (codes == 0x3000)
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


def _cut_at_rules(pointer: int, words: Ints, boxes: Floats, upright: Sequence[Rule]) -> Ints:
    """Return the words, those that an upright rule runs through cut there: signs of narrow columns stand so close."""
    left, bottom, right, top = boxes.T
    middle, long = (bottom + top) / 2, words[:, 1] - words[:, 0] > 1
    cuts: dict[int, set[int]] = {}
    for rule in upright:
        through = long & (left < rule.at - 1) & (rule.at + 1 < right) & (rule.start < middle) & (middle < rule.end)
        for at in np.flatnonzero(through).tolist():
            start, end = int(words[at, 0]), int(words[at, 1])
            edges = np.zeros((end - start, 4), np.float32)
            address = edges.ctypes.data
            places = range(address, address + edges.nbytes, 16)
            deque(map(calls.char_box, repeat(pointer), range(start, end), places), maxlen=0)
            between = (edges[:-1, 2] <= rule.at + 1) & (edges[1:, 0] >= rule.at - 1)
            between &= edges[1:, 0] - edges[:-1, 2] > APART * (top[at] - bottom[at])
            cuts.setdefault(at, set()).update((start + 1 + np.flatnonzero(between)).tolist())
    if not any(cuts.values()):
        return words
    found = []
    for at, (start, end, line) in enumerate(words.tolist()):
        found += [(a, b, line) for a, b in pairwise([start, *sorted(cuts.get(at, ())), end])]
    return np.array(found, np.intp)


def _corners(pointer: int, words: Ints) -> Floats:
    """Return (n, 2, 4): left, top, right, bottom of each word's first and last character."""
    corners = np.zeros((len(words), 2, 4), np.float32)
    address, long = corners.ctypes.data, words[:, 1] - words[:, 0] > 1
    deque(
        map(calls.char_box, repeat(pointer), words[:, 0].tolist(), range(address, address + corners.nbytes, 32)),
        maxlen=0,
    )
    places = address + 16 + 32 * np.flatnonzero(long)
    deque(map(calls.char_box, repeat(pointer), (words[long, 1] - 1).tolist(), places.tolist()), maxlen=0)
    corners[~long, 1] = corners[~long, 0]
    return corners.astype(np.float64)


def _boxes(text_page: object, pointer: int, words: Ints, pairs: Floats) -> Floats:
    """Return (n, 4): left, bottom, right, top of each word, turned upright where its text is turned."""
    boxes = np.stack(
        (
            pairs[:, :, 0].min(axis=1),
            pairs[:, 0, 3],
            pairs[:, :, 2].max(axis=1),
            pairs[:, 0, 1],
        ),
        axis=1,
    )
    turned = _turned(pointer, words, pairs)
    if len(turned):
        _turn(text_page, words, boxes, turned)
    return np.asarray(np.nan_to_num(boxes, nan=0.0, posinf=0.0, neginf=0.0), np.float64)


def _turned(pointer: int, words: Ints, pairs: Floats) -> Ints:
    """Return which words do not run to the right. Asked only of those whose last letter is not right of the first."""
    length = words[:, 1] - words[:, 0]
    stuck = ~(pairs[:, 1, 0] - pairs[:, 0, 0] > 0.1)
    asked = np.flatnonzero(stuck & (length > 1))
    found = asked[_runs_elsewhere(pointer, words[asked, 0])]
    if not len(found):
        return found
    single = np.flatnonzero(length == 1)
    return np.concatenate((found, single[_runs_elsewhere(pointer, words[single, 0])]))


def _runs_elsewhere(pointer: int, characters: Ints) -> npt.NDArray[np.bool_]:
    matrices = np.zeros((len(characters), 6), np.float32)
    start = matrices.ctypes.data
    deque(
        map(calls.char_matrix, repeat(pointer), characters.tolist(), range(start, start + matrices.nbytes, 24)),
        maxlen=0,
    )
    return np.asarray(matrices[:, 0] < 0.7 * np.abs(matrices[:, 1]) + 1e-9, np.bool_)


def _turn(text_page: object, words: Ints, boxes: Floats, turned: Ints) -> None:
    """Give words set upwards, downwards or upside down the boxes that they have when the page is turned to read them.

    Where they are a minority (a stamp in the margin), they are moved below the page, to come after the rest.
    """
    matrix = pdfium.FS_MATRIX()
    x, y, left, right, bottom, top = (ctypes.c_double() for _ in range(6))
    minority = len(turned) < len(boxes) / 2
    floor = float(np.delete(boxes, turned, axis=0)[:, 1].min()) - 1000 if minority else 0.0
    for at in turned.tolist():
        first, last = int(words[at, 0]), int(words[at, 1]) - 1
        pdfium.FPDFText_GetMatrix(text_page, first, matrix)
        angle = math.atan2(matrix.b, matrix.a)
        quarter = round(angle / (math.pi / 2)) * (math.pi / 2)
        cos, sin = round(math.cos(-quarter)), round(math.sin(-quarter))
        size = pdfium.FPDFText_GetFontSize(text_page, first) * math.hypot(matrix.a, matrix.b)
        across = []
        for index in (first, last):
            pdfium.FPDFText_GetCharBox(text_page, index, left, right, bottom, top)
            across += [cos * px - sin * py for px in (left.value, right.value) for py in (bottom.value, top.value)]
        pdfium.FPDFText_GetCharOrigin(text_page, first, x, y)
        base = sin * x.value + cos * y.value + floor
        boxes[at] = (min(across), base - BELOW * size, max(across), base + (1 - BELOW) * size)


def _side_by_side(boxes: Floats, first: Ints) -> bool:
    """Whether some segments begin far right of the others, as those of a table's columns do."""
    left = boxes[first, 0]
    return int((left > np.partition(left, len(left) // 10)[len(left) // 10] + BESIDE).sum()) >= FEWEST_BESIDE


def _parts(words: Ints, boxes: Floats, rules: Rules = NO_RULES) -> tuple[Ints, Ints]:
    """Return the first and the last word of each segment; none goes past an upright rule between two words."""
    left, bottom, right, top = boxes.T
    size = np.maximum(top - bottom, 0.1)
    gap = left[1:] - right[:-1]
    em = np.maximum(size[1:], size[:-1])
    parted = (
        (words[1:, 2] != words[:-1, 2])
        | (gap > GAP * em)
        | (gap < -1.5 * em)
        | (np.abs(bottom[1:] - bottom[:-1]) > 0.7 * em)
    )
    for rule in rules.upright:
        beside = (right[:-1] <= rule.at + 1) & (left[1:] >= rule.at - 1) & (gap > APART * em)
        parted |= beside & (rule.start < (bottom[1:] + top[1:]) / 2) & ((bottom[1:] + top[1:]) / 2 < rule.end)
    first = np.concatenate(([0], np.flatnonzero(parted) + 1))
    return first, np.concatenate((first[1:], [len(words)])) - 1


def _segments(
    pointer: int, text: str, words: Ints, boxes: Floats, first: Ints, last: Ints, sample: Ints
) -> list[Segment]:
    left, _, right, _ = boxes.T
    base, height = _baselines(pointer, words, boxes, sample)
    starts, ends = words[first, 0].tolist(), words[last, 1].tolist()
    columns = (
        [clean(text[start:end]) for start, end in zip(starts, ends, strict=True)],
        np.minimum.reduceat(left, first).tolist(),
        (base - BELOW * height).tolist(),
        np.maximum.reduceat(right, first).tolist(),
        (base + (1 - BELOW) * height).tolist(),
        height.tolist(),
        words[first, 2].tolist(),
        fonts_at(pointer, starts),
        fonts_at(pointer, (words[last, 1] - 1).tolist()),
    )
    return [segment for segment in map(Segment, *columns) if segment.text]


def _longest(words: Ints, first: Ints) -> Ints:
    """Return the longest word of each segment: what is raised or set in another size, as a list's number, is short."""
    length = words[:, 1] - words[:, 0]
    owner = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(words))))
    best = np.flatnonzero(length == np.maximum.reduceat(length, first)[owner])
    return np.asarray(best[np.unique(owner[best], return_index=True)[1]], np.intp)


def _baselines(pointer: int, words: Ints, boxes: Floats, sample: Ints) -> tuple[Floats, Floats]:
    """Return the baseline and the type size of the words asked for, each taken from a character in its middle.

    pdfium's boxes follow the glyphs of some fonts, so their heights tell neither.
    """
    count = len(sample)
    at = ((words[sample, 0] + words[sample, 1]) // 2).tolist()
    matrices, origins = np.zeros((count, 6), np.float32), np.zeros((count, 2))
    start = matrices.ctypes.data
    deque(map(calls.char_matrix, repeat(pointer), at, range(start, start + matrices.nbytes, 24)), maxlen=0)
    start = origins.ctypes.data
    deque(
        map(
            calls.char_origin,
            repeat(pointer),
            at,
            range(start, start + 16 * count, 16),
            range(start + 8, start + 8 + 16 * count, 16),
        ),
        maxlen=0,
    )
    points = np.fromiter(map(calls.font_size, repeat(pointer), at), np.float64, count)
    size = points * np.hypot(matrices[:, 2], matrices[:, 3])
    base = origins[:, 1]
    sane = (size > 0.5) & (size < 2000) & (matrices[:, 0] > 0.1 * np.abs(matrices[:, 1])) & np.isfinite(base)
    box = boxes[sample]
    tall = np.clip(box[:, 3] - box[:, 1], 0.5, 2000)
    return np.where(sane, base, box[:, 1] + BELOW * tall), np.where(sane, size, tall)
