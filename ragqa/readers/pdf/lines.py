"""Characters of a page to Segments: words of one line that stand close together, with place, size and font.

IsWord nothing of columns, paragraphs or tables.
"""

from __future__ import annotations

import ctypes
import math
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pypdfium2.raw as pdfium

from ragqa.readers.pdf import calls
from ragqa.readers.pdf.calls import CJK, Font, clean, find_fonts, page_text, show_symbols, sift_unreadable
from ragqa.readers.pdf.placed_words import NO_WORDS, PlacedWords, find_uneven, place_words
from ragqa.readers.pdf.rules import NO_RULES, Rule, Rules, find_rules
from ragqa.readers.pdf.superscripts import ScriptedWords, split_scripts, write_line
from ragqa.readers.pdf.words import Box, close_gaps, find_shown_words, measure_corners

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

FEWEST = 5
"""Letters of a line set so; fewer may be a list of letters."""
MOSTLY = 0.6
"""The part of a line's words that are single letters; a narrow pair such as 'WA' stands close enough to be a word."""
WIDEST = 1.2
"""Times the type size: what stands further apart is in columns."""
WIDER = 0.25
"""By how much the gap between words is wider than that between letters, in parts of the type size."""


def join_letterspaced(text: str, words: Ints, boxes: Floats) -> tuple[str, Ints, Floats]:
    """Return text, words (n, 3) and boxes (n, 4) with the letters of such lines joined to words.

    Of ``text`` the spaces between joined letters become characters without width, so that places stay as they are.
    """
    length = words[:, 1] - words[:, 0]
    single = np.bincount(words[:, 2], length == 1)
    if single.max(initial=0) < FEWEST:
        return text, words, boxes
    every, longer = np.bincount(words[:, 2]), np.bincount(words[:, 2], length > 2)
    characters, keep = list(text), np.ones(len(words), np.bool_)
    words, boxes = words.copy(), boxes.copy()
    for line in np.flatnonzero((single >= FEWEST) & (longer == 0) & (single >= MOSTLY * every)).tolist():
        members = np.flatnonzero(words[:, 2] == line)
        for begin, end in pairwise(_word_edges(text, words[members], boxes[members])):
            first, last = members[begin], members[end - 1]
            for at in range(words[first, 0], words[last, 1]):
                characters[at] = "\u200b" if characters[at].isspace() else characters[at]
            words[first, 1], boxes[first, 2] = words[last, 1], boxes[last, 2]
            boxes[first, 3] = boxes[first : last + 1, 3].max()
            keep[first + 1 : last + 1] = False
    return "".join(characters), words[keep], boxes[keep]


def _word_edges(text: str, words: Ints, boxes: Floats) -> list[int]:
    """Return where words begin and the last one ends, or [] where the letters of the line make none."""
    letters = [text[start:end] for start, end in words[:, :2].tolist()]
    said = "".join(letters)
    alphabetical = sum(ord(after) - ord(before) == 1 for before, after in pairwise(said)) > len(said) / 3
    if not said.isalpha() or CJK.search(said) or alphabetical:
        return []
    size = float(np.median(boxes[:, 3] - boxes[:, 1]))
    gaps = boxes[1:, 0] - boxes[:-1, 2]
    if float(gaps.min(initial=0.1)) <= 0 or float(gaps.max(initial=0)) > 2 * WIDEST * size:
        return []
    usual = float(np.median(gaps))
    if usual > WIDEST * size:
        return []
    return [0, *(np.flatnonzero(gaps > usual + WIDER * size) + 1).tolist(), len(words)]


_LETTER = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_ALEF_LAM = re.compile("[\u0622\u0623\u0625\u0627]\u0644")


def is_leftward(text: str) -> bool:
    """Say whether most letters of a text are Arabic or Hebrew."""
    return not text.isascii() and 2 * len(_LETTER.findall(text)) > sum(map(str.isalpha, text))


def mend_ligatures(pointer: int, text: str) -> str:
    """Return a page's text with lam before alef where both are one glyph, whose two letters pdfium turns about."""
    if "\u0644" not in text:
        return text
    characters = list(text)
    for match in _ALEF_LAM.finditer(text):
        places = calls.char_origins(pointer, range(*match.span()))
        if np.abs(places[0] - places[1]).max() < 0.01:
            characters[match.start() : match.end()] = reversed(match[0])
    return "".join(characters)


class Leftward(NamedTuple):
    """The lines of a page that are read from right to left, each as its words in the order in which they are read."""

    lines: list[list[int]]
    passage: Ints
    """(n,): what a wide gap parts, on such lines; 0 elsewhere."""


def find_leftward(text: str, words: Ints, boxes: Floats, widest: float) -> Leftward | None:
    """Return the lines that are read from right to left, or None; what pdfium broke of one line is joined in ``words``.

    ``words`` (n, 3): start, end, line; ``boxes`` (n, 4): left, bottom, right, top; ``widest`` is the widest gap between
    words of one passage, in parts of the type size.
    """
    if text.isascii() or not _LETTER.search(text):
        return None
    found: list[list[int]] = []
    for members in np.split(np.arange(len(words)), np.flatnonzero(np.diff(words[:, 2])) + 1):
        said = text[words[members[0], 0] : words[members[-1], 1]]
        leftward = 2 * len(_LETTER.findall(said)) >= sum(map(str.isalpha, said))
        if found and found[-1][-1] == members[0] - 1 and _goes_on(boxes[found[-1]], boxes[members], widest):
            words[members, 2] = words[found[-1][0], 2]
            found[-1] += members.tolist()
        elif leftward and any(map(str.isalpha, said)):
            found.append(members.tolist())
    passage = np.zeros(len(words), np.intp)
    for line in found:
        at = np.array(line)[np.argsort(boxes[line, 0])]
        reach = np.maximum.accumulate(boxes[at, 2])
        size = float(np.median(boxes[line, 3] - boxes[line, 1]))
        passage[at] = np.concatenate(([0], np.cumsum(boxes[at[1:], 0] - reach[:-1] > widest * size)))
    return Leftward([_in_order(text, words, boxes, line) for line in found], passage) if found else None


def _goes_on(above: Floats, below: Floats, widest: float) -> bool:
    """Whether two lines of the file stand side by side on one baseline without a wide gap."""
    size = float(np.median(above[:, 3] - above[:, 1]))
    if abs(float(np.median(above[:, 1]) - np.median(below[:, 1]))) > 0.3 * size:
        return False
    apart = max(below[:, 0].min() - above[:, 2].max(), above[:, 0].min() - below[:, 2].max())
    return bool(-0.5 * size < apart < widest * size)


def _in_order(text: str, words: Ints, boxes: Floats, line: list[int]) -> list[int]:
    """Return the words of a line from right to left, but Latin words and numbers side by side as they run."""
    ordered: list[int] = []
    run: list[int] = []
    for at in sorted(line, key=lambda word: -boxes[word, 2]):
        if _LETTER.search(text, words[at, 0], words[at, 1]) or not any(
            map(str.isalnum, text[words[at, 0] : words[at, 1]])
        ):
            ordered += [*reversed(run), at]
            run = []
        else:
            run.append(at)
    return [*ordered, *reversed(run)]


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
    number: int = -1
    """Its place among the segments whose words the page has noted."""
    skip: int = 0
    """Characters of that segment's text that stand before this one's, where it was parted."""

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
    placed: PlacedWords = NO_WORDS
    """Where the words of the segments stand on the page."""


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
    objects = calls.list_objects(page)
    text, words, corners, struck, layer = find_shown_words(page, objects, pointer, text, marked)
    if not len(words):
        return PageText([], count, sift_unreadable(pointer, text, ())[1], count < total)
    boxes, turned = _boxes(text_page, pointer, words, corners)
    rules = find_rules(page, objects) if _side_by_side(boxes, _parts(words, boxes)[0]) else NO_RULES
    if rules.upright and len(parted := _cut_at_rules(pointer, words, boxes, rules.upright)) > len(words):
        words, corners = parted, measure_corners(pointer, parted)
        boxes, turned = _boxes(text_page, pointer, words, corners)
    mostly_turned = len(turned) >= len(words) / 2
    sideways = words[np.union1d(turned, find_uneven(corners))]
    close_gaps(words, boxes, struck)
    text = mend_ligatures(pointer, text)
    pieces = None if layer else split_scripts(pointer, text, words, corners, boxes)
    if pieces:
        words, boxes = pieces.words, pieces.boxes
    else:
        text, words, boxes = join_letterspaced(text, words, boxes)
    leftward = find_leftward(text, words, boxes, GAP)
    first, last = _parts(words, boxes, leftward, rules)
    sample = _longest(words, first)
    text, unreadable = sift_unreadable(pointer, text, ((words[sample, 0] + words[sample, 1]) // 2).tolist())
    texts, orders = _line_texts(text, words, pieces, leftward, first, last)
    placed = place_words(pointer, text, texts, orders, words, boxes, first, sideways)
    segments = _segments(pointer, texts, words, boxes, first, last, sample)
    return PageText(segments, count, unreadable, count < total, mostly_turned, rules, placed)


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


def _boxes(text_page: object, pointer: int, words: Ints, pairs: Floats) -> tuple[Floats, Ints]:
    """Return (n, 4): left, bottom, right, top of each word, upright where its text is turned, and which words are."""
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
    return np.asarray(boxes, np.float64), turned


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
    fonts = find_fonts(pointer, starts + ends)
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
        range(len(starts)),
    )
    return [segment for segment in map(Segment, *columns) if segment.text]


def _line_texts(
    text: str, words: Ints, pieces: ScriptedWords | None, leftward: Leftward | None, first: Ints, last: Ints
) -> tuple[list[str], dict[int, list[int]]]:
    """Return the clean text of each segment, and the words of those that do not say them one by one as they stand."""
    starts, ends = words[first, 0].tolist(), words[last, 1].tolist()
    texts = [clean(text[start:end]) for start, end in zip(starts, ends, strict=True)]
    orders: dict[int, list[int]] = {}
    if pieces:
        for at in np.unique(np.searchsorted(first, np.flatnonzero(pieces.shift), "right") - 1).tolist():
            texts[at] = write_line(text, pieces, int(first[at]), int(last[at]))
            orders[at] = list(range(first[at], last[at] + 1))
    for line in leftward.lines if leftward else ():
        said: dict[int, list[int]] = {}
        for word in line:
            said.setdefault(int(np.searchsorted(first, word, "right")) - 1, []).append(word)
        for at, found in said.items():
            texts[at] = clean(" ".join(text[slice(*words[word, :2])] for word in found))
        orders |= said
    return texts, orders


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
