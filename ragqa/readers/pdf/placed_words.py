"""Where the words of a page's segments stand: noted as the page is read, carried to the document's text as a Layout.

A segment of a page has a number; ``Run`` says which of its characters stand where in a longer text. Searches for
nothing but a word within the one segment that says it, where that was written in another way than it was drawn.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ragqa.layout import DOWN, FARTHEST, LEFT, RIGHT, STEP, UP, Layout
from ragqa.readers.pdf.calls import clean
from ragqa.readers.pdf.words import measure_corners
from ragqa.readers.runs import Line

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

UNEVEN = 0.3
"""Times its first character's height by which a word's ends differ, that is not of one line."""

_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")


class PlacedWords(NamedTuple):
    """The words of a page, segment by segment, as they were read; the rest is done for all pages at once."""

    text: str
    """The page's text, in which the words have their offsets."""
    said: list[str]
    """What each segment says."""
    orders: dict[int, list[int]]
    """The words of those segments that say them otherwise than one by one as they stand in the text."""
    words: Ints
    """(words, 3): start, end, line."""
    boxes: Floats
    """(words, 4): left, bottom, right, top on the page as the file draws it."""
    first: Ints
    """(segments,): the first word of each."""
    sideways: dict[int, int]
    """The direction of those words that do not run to the right, as in ``ragqa.layout`` on the page as drawn."""
    page_box: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    """Left, bottom, right, top of what is shown of the page."""
    quarters: int = 0
    """How often the page is turned clockwise to be shown."""

    def with_lines(self, texts: Sequence[str], boxes: Sequence[Sequence[float]]) -> PlacedWords:
        """Return the same with a segment more for each of the ``texts``, all of it one word in the given box."""
        words = [(0, len(text), 0) for text in texts]
        first = np.arange(len(self.words), len(self.words) + len(texts))
        return self._replace(
            said=[*self.said, *texts],
            words=np.concatenate((self.words, words)),
            boxes=np.concatenate((self.boxes, boxes)),
            first=np.concatenate((self.first, first)),
        )


NO_WORDS = PlacedWords("", [], {}, np.zeros((0, 3), np.intp), np.zeros((0, 4)), np.zeros(0, np.intp), {})


def place_words(
    pointer: int,
    text: str,
    said: list[str],
    orders: dict[int, list[int]],
    words: Ints,
    boxes: Floats,
    first: Ints,
    sideways: Ints,
) -> PlacedWords:
    """Return the words of a page with their places on it.

    ``boxes`` (n, 4) are those of the words as they stand upright; ``sideways`` (m, 3) are the words, before some were
    parted, whose boxes are those of the page turned, or of their first character.
    """
    directions: dict[int, int] = {}
    if len(sideways):
        boxes = boxes.copy()
        owner = np.searchsorted(sideways[:, 0], words[:, 0], "right") - 1
        turned = np.flatnonzero((owner >= 0) & (words[:, 0] < sideways[owner, 1]))
        corners = measure_corners(pointer, words[turned])
        low, high = corners.min(axis=1), corners.max(axis=1)
        boxes[turned] = np.stack((low[:, 0], low[:, 3], high[:, 2], high[:, 1]), axis=1)
        directions = dict(zip(turned.tolist(), _directions(corners).tolist(), strict=True))
    for word in (word for order in orders.values() for word in order):
        if _RIGHT_TO_LEFT.search(text, words[word, 0], words[word, 1]):
            directions[word] = LEFT
    return PlacedWords(text, said, orders, words, boxes, first, directions)


def find_uneven(corners: Floats) -> Ints:
    """Return which words end higher or lower than they begin, as those set downwards do.

    ``corners`` (n, 2, 4): left, top, right, bottom of first and last character.
    """
    low, height = corners[:, :, 3], corners[:, 0, 1] - corners[:, 0, 3]
    return np.flatnonzero(np.abs(low[:, 1] - low[:, 0]) > UNEVEN * height)


def _directions(corners: Floats) -> Ints:
    """Return which way words run from the first character to the last."""
    middles = (corners[:, :, :2] + corners[:, :, 2:]) / 2
    along, up = (middles[:, 1] - middles[:, 0]).T
    level = np.abs(along) >= np.abs(up)
    return np.where(level, np.where(along < 0, LEFT, RIGHT), np.where(up < 0, DOWN, UP)).astype(np.intp)


def align(said: str, words: Sequence[str]) -> list[tuple[int, int]]:
    """Return start and length of each of the words in what a segment says of them, in their order.

    Those that it says in another way, as '2' raised is '²', have all that stands between the words around them.
    """
    found: list[tuple[int, int] | None] = []
    at = 0
    for word in map(clean, words):
        place = said.find(word, at) if word else at
        found.append((place, len(word)) if place >= 0 else None)
        at = place + len(word) if place >= 0 else at
    spans: list[tuple[int, int]] = []
    for number, one in enumerate(found):
        if one is None:
            after = next((later[0] for later in found[number:] if later), len(said))
            before = next((earlier[0] + earlier[1] for earlier in reversed(found[:number]) if earlier), 0)
            between = said[before:after]
            one = (before + len(between) - len(between.lstrip()), len(between.strip()))
        spans.append(one)
    return spans


def layout_of(
    lines: Sequence[tuple[int, Line]], pages: Sequence[PlacedWords], sizes: Sequence[tuple[float, float]]
) -> Layout:
    """Return where a document's words stand: ``lines`` are its text, each with the offset where it begins."""
    words = _all_words(pages)
    at, page, segment, skip, length = _runs(lines)
    before = np.cumsum([0, *(len(one.first) for one in pages)])
    whole = before[page] + segment
    each = words.counts[whole]
    run = np.repeat(np.arange(len(at)), each)
    word = np.repeat(words.first[whole] - np.cumsum(each) + each, each) + np.arange(len(run))
    first = np.maximum(words.starts[word], skip[run])
    last = np.minimum(words.starts[word] + words.lengths[word], (skip + length)[run])
    held = np.flatnonzero(last > first)
    shift = (at - skip)[run[held]]
    begins = first[held] + shift
    if (np.diff(begins) < 0).any():
        order = np.argsort(begins, kind="stable")
        held, shift = held[order], shift[order]
    return Layout(
        _steps(np.array(sizes).reshape(-1, 2)),
        np.stack((first[held] + shift, last[held] + shift), axis=1),
        page[run[held]] + 1,
        _steps(words.boxes[word[held]]),
        words.directions[word[held]],
    )


def _runs(lines: Sequence[tuple[int, Line]]) -> Ints:
    """Return (5, runs): the columns of the runs of all lines in the whole text, those that no segment says left out."""
    counts = [len(line.runs) for _, line in lines]
    flat = chain.from_iterable(chain.from_iterable(line.runs for _, line in lines))
    runs = np.fromiter(flat, np.intp, 5 * sum(counts)).reshape(-1, 5).T.copy()
    lengths = np.fromiter((len(line.text) for _, line in lines), np.intp, len(lines))
    runs[4] = np.minimum(runs[4], np.repeat(lengths, counts) - runs[0])  # a hyphen at a line's end may be gone
    runs[0] += np.repeat(np.fromiter((at for at, _ in lines), np.intp, len(lines)), counts)
    return np.asarray(runs[:, runs[2] >= 0], np.intp)


class _Words(NamedTuple):
    """The words of all pages: of each segment how many and the first, of each word its place in the segment's text."""

    counts: Ints
    first: Ints
    starts: Ints
    lengths: Ints
    boxes: Floats
    """(words, 4): left, top, right, bottom on the page as it is shown."""
    directions: Ints


def _all_words(pages: Sequence[PlacedWords]) -> _Words:
    held = [len(page.words) for page in pages]
    before = np.cumsum([0, *held])
    segments = [len(page.first) for page in pages]
    first = np.concatenate([page.first for page in pages]) + np.repeat(before[:-1], segments)
    words = np.concatenate([page.words for page in pages])
    counts = np.diff(first, append=len(words))
    begins, ends = words[first, 0], words[first + counts - 1, 1]
    starts, lengths = words[:, 0] - np.repeat(begins, counts), words[:, 1] - words[:, 0]
    directions = np.full(len(words), RIGHT)
    said = np.fromiter(map(len, chain.from_iterable(page.said for page in pages)), np.intp, len(first))
    other = np.flatnonzero(said != ends - begins)
    above = np.cumsum([0, *segments]).tolist()
    others = np.split(other, np.searchsorted(other, above[1:-1]))
    for at, (page, which) in enumerate(zip(pages, others, strict=True)):
        for segment in {*(which - above[at]).tolist(), *page.orders}:
            start = int(page.first[segment])
            order = page.orders.get(segment) or range(start, start + int(counts[above[at] + segment]))
            spans = align(page.said[segment], [page.text[a:b] for a, b, _ in page.words[list(order)].tolist()])
            for word, span in zip(order, spans, strict=True):
                starts[before[at] + word], lengths[before[at] + word] = span
        for word, direction in page.sideways.items():
            directions[before[at] + word] = direction
    owner = np.repeat(np.arange(len(pages)), held)
    quarters = np.array([page.quarters for page in pages])[owner]
    drawn = np.concatenate([page.boxes for page in pages])
    boxes = as_shown(drawn, np.array([page.page_box for page in pages]).reshape(-1, 4)[owner], quarters)
    return _Words(counts, first, starts, lengths, boxes, (directions + quarters) % 4)


def as_shown(boxes: Floats, page_boxes: Floats, quarters: Ints) -> Floats:
    """Return left, top, right, bottom from the top left of the pages as they are shown: cut, and turned clockwise."""
    (x0, y0, x1, y1), (left, bottom, right, top) = boxes.T, page_boxes.T
    shown = np.stack((x0 - left, top - y1, x1 - left, top - y0), axis=1)
    if quarters.any():
        turned = {
            1: (y0 - bottom, x0 - left, y1 - bottom, x1 - left),
            2: (right - x1, y0 - bottom, right - x0, y1 - bottom),
            3: (top - y1, right - x1, top - y0, right - x0),
        }
        for times, edges in turned.items():
            shown = np.where((quarters == times)[:, None], np.stack(edges, axis=1), shown)
    return shown


def _steps(points: Floats) -> npt.NDArray[np.int64]:
    steps = np.rint(points * STEP)
    if not (np.abs(steps) <= FARTHEST * STEP).all():  # NaN fails this too
        steps = np.clip(np.nan_to_num(steps), -FARTHEST * STEP, FARTHEST * STEP)
    return steps.astype(np.int64)
