"""Characters of a page to Segments: words of one line that stand close together, with place, size and font.

Knows nothing of columns, paragraphs or tables.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pypdfium2.raw as pdfium

from ragqa.readers.pdf import calls
from ragqa.readers.pdf.characters import clean, page_text
from ragqa.readers.pdf.fonts import Font, fonts_at, show_symbols
from ragqa.readers.pdf.hidden import Box
from ragqa.readers.pdf.letterspaced import join_letterspaced
from ragqa.readers.pdf.right_to_left import Leftward, find_leftward, mend_ligatures
from ragqa.readers.pdf.rules import NO_RULES, Rule, Rules, find_rules
from ragqa.readers.pdf.struck import close_gaps
from ragqa.readers.pdf.superscripts import Pieces, part_scripts, write_line
from ragqa.readers.pdf.unreadable import sift_unreadable
from ragqa.readers.pdf.words import corners_of, shown_words

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
    turned: bool = False
    """Whether most of its text was turned to be read."""
    rules: Rules = NO_RULES
    """What is drawn, where words stand side by side; else nothing is looked for."""


def read_text(page: object, text_page: object, marked: Sequence[Box] = (), symbols: bool = True) -> PageText:
    """Return what a loaded page says to those who look at it; ``text_page`` is pdfium's reading of it.

    ``marked`` are the places of text that a reviewer has struck out; ``symbols`` says whether the file may set letters
    in a symbol font.
    """
    pointer = ctypes.cast(text_page, ctypes.c_void_p).value or 0  # type: ignore[arg-type]
    total = pdfium.FPDFText_CountChars(text_page)
    count = min(total, MAX_CHARS)
    if count <= 0:
        return PageText([])
    text = page_text(text_page, pointer, count)
    if symbols:
        text = show_symbols(pointer, text)
    text, words, corners, struck, layer = shown_words(page, pointer, text, marked)
    if not len(words):
        return PageText([], count, sift_unreadable(pointer, text, ())[1], count < total)
    boxes, turned = _boxes(text_page, pointer, words, corners)
    rules = find_rules(page) if _side_by_side(boxes, _parts(words, boxes)[0]) else NO_RULES
    if rules.upright and len(parted := _cut_at_rules(pointer, words, boxes, rules.upright)) > len(words):
        words, corners = parted, corners_of(pointer, parted)
        boxes, turned = _boxes(text_page, pointer, words, corners)
    close_gaps(words, boxes, struck)
    text = mend_ligatures(pointer, text)
    pieces = None if layer else part_scripts(pointer, text, words, corners, boxes)
    if pieces:
        words, boxes = pieces.words, pieces.boxes
    else:
        text, words, boxes = join_letterspaced(text, words, boxes)
    leftward = find_leftward(text, words, boxes, GAP)
    first, last = _parts(words, boxes, leftward, rules)
    sample = _longest(words, first)
    text, unreadable = sift_unreadable(pointer, text, ((words[sample, 0] + words[sample, 1]) // 2).tolist())
    segments = _segments(
        pointer, _line_texts(text, words, pieces, leftward, first, last), words, boxes, first, last, sample
    )
    return PageText(segments, count, unreadable, count < total, turned, rules)


def _cut_at_rules(pointer: int, words: Ints, boxes: Floats, upright: Sequence[Rule]) -> Ints:
    """Return the words, those that an upright rule runs through cut there: signs of narrow columns stand so close."""
    left, bottom, right, top = boxes.T
    middle, long = (bottom + top) / 2, words[:, 1] - words[:, 0] > 1
    cuts: dict[int, set[int]] = {}
    for rule in upright:
        through = long & (left < rule.at - 1) & (rule.at + 1 < right) & (rule.start < middle) & (middle < rule.end)
        for at in np.flatnonzero(through).tolist():
            start, end = int(words[at, 0]), int(words[at, 1])
            edges = calls.char_boxes(pointer, range(start, end))
            between = (edges[:-1, 2] <= rule.at + 1) & (edges[1:, 0] >= rule.at - 1)
            between &= edges[1:, 0] - edges[:-1, 2] > APART * (top[at] - bottom[at])
            cuts.setdefault(at, set()).update((start + 1 + np.flatnonzero(between)).tolist())
    if not any(cuts.values()):
        return words
    found = []
    for at, (start, end, line) in enumerate(words.tolist()):
        found += [(a, b, line) for a, b in pairwise([start, *sorted(cuts.get(at, ())), end])]
    return np.array(found, np.intp)


def _boxes(text_page: object, pointer: int, words: Ints, pairs: Floats) -> tuple[Floats, bool]:
    """Return (n, 4): left, bottom, right, top of each word, upright where its text is turned, and whether most is."""
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
    if not np.isfinite(boxes).all():
        boxes = np.nan_to_num(boxes, nan=0.0, posinf=0.0, neginf=0.0)
    return np.asarray(boxes, np.float64), len(turned) >= len(boxes) / 2


def _turned(pointer: int, words: Ints, pairs: Floats) -> Ints:
    """Return which words do not run to the right. Asked only of those whose last letter is not right of the first."""
    stuck = ~(pairs[:, 1, 0] - pairs[:, 0, 0] > 0.1) & (words[:, 1] - words[:, 0] > 1)
    asked = np.flatnonzero(stuck)
    found = asked[_runs_elsewhere(pointer, words[asked, 0])]
    if not len(found):
        return found
    rest = np.flatnonzero(~stuck)
    return np.concatenate((found, rest[_runs_elsewhere(pointer, words[rest, 0])]))


def _runs_elsewhere(pointer: int, characters: Ints) -> npt.NDArray[np.bool_]:
    matrices = calls.char_matrices(pointer, characters.tolist())
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


def _parts(words: Ints, boxes: Floats, leftward: Leftward | None = None, rules: Rules = NO_RULES) -> tuple[Ints, Ints]:
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
    if leftward:
        for line in leftward.lines:
            a, b = min(line), max(line)
            parted[a:b] = leftward.passage[a + 1 : b + 1] != leftward.passage[a:b]
    for rule in rules.upright:
        beside = (right[:-1] <= rule.at + 1) & (left[1:] >= rule.at - 1) & (gap > APART * em)
        parted |= beside & (rule.start < (bottom[1:] + top[1:]) / 2) & ((bottom[1:] + top[1:]) / 2 < rule.end)
    first = np.concatenate(([0], np.flatnonzero(parted) + 1))
    return first, np.concatenate((first[1:], [len(words)])) - 1


def _segments(
    pointer: int, texts: list[str], words: Ints, boxes: Floats, first: Ints, last: Ints, sample: Ints
) -> list[Segment]:
    left, _, right, _ = boxes.T
    base, height = _baselines(pointer, words, boxes, sample)
    starts, ends = words[first, 0].tolist(), (words[last, 1] - 1).tolist()
    fonts = fonts_at(pointer, starts + ends)
    columns = (
        texts,
        np.minimum.reduceat(left, first).tolist(),
        (base - BELOW * height).tolist(),
        np.maximum.reduceat(right, first).tolist(),
        (base + (1 - BELOW) * height).tolist(),
        height.tolist(),
        words[first, 2].tolist(),
        fonts[: len(starts)],
        fonts[len(starts) :],
    )
    return [segment for segment in map(Segment, *columns) if segment.text]


def _line_texts(
    text: str, words: Ints, pieces: Pieces | None, leftward: Leftward | None, first: Ints, last: Ints
) -> list[str]:
    """Return the clean text of each segment."""
    starts, ends = words[first, 0].tolist(), words[last, 1].tolist()
    texts = [clean(text[start:end]) for start, end in zip(starts, ends, strict=True)]
    if pieces:
        for at in np.unique(np.searchsorted(first, np.flatnonzero(pieces.shift), "right") - 1).tolist():
            texts[at] = write_line(text, pieces, int(first[at]), int(last[at]))
    for line in leftward.lines if leftward else ():
        said: dict[int, list[str]] = {}
        for word in line:
            said.setdefault(int(np.searchsorted(first, word, "right")) - 1, []).append(text[slice(*words[word, :2])])
        for at, found in said.items():
            texts[at] = clean(" ".join(found))
    return texts


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
    at = ((words[sample, 0] + words[sample, 1]) // 2).tolist()
    matrices, origins = calls.char_matrices(pointer, at), calls.char_origins(pointer, at)
    points = np.array(calls.font_sizes(pointer, at))
    size = points * np.hypot(matrices[:, 2], matrices[:, 3])
    base = origins[:, 1]
    sane = (size > 0.5) & (size < 2000) & (matrices[:, 0] > 0.1 * np.abs(matrices[:, 1])) & np.isfinite(base)
    box = boxes[sample]
    tall = np.clip(box[:, 3] - box[:, 1], 0.5, 2000)
    return np.where(sane, base, box[:, 1] + BELOW * tall), np.where(sane, size, tall)
