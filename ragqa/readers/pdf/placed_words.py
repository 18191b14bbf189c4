"""Where the words of a page's segments stand: noted as the page is read, carried to the document's text as a Layout.

A segment of a page has a number; ``Run`` says which of its characters stand where in a longer text. Searches for
nothing but a word within the one segment that says it, where that was written in another way than it was drawn.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ragqa.layout import DOWN, FARTHEST, LEFT, RIGHT, STEP, UP, Layout
from ragqa.readers.pdf.calls import clean
from ragqa.readers.pdf.words import measure_corners
from ragqa.readers.runs import Run

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

UNEVEN = 0.3
"""Times its first character's height by which a word's ends differ, that is not of one line."""

_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")


class PlacedWords(NamedTuple):
    """The words of a page, segment by segment."""

    counts: Ints
    """(segments,): how many words each has."""
    starts: Ints
    """(words,): where each begins in its segment's text."""
    lengths: Ints
    boxes: Floats
    """(words, 4): left, bottom, right, top on the page as the file draws it; once shown, left, top, right, bottom."""
    directions: Ints
    """(words,): as in ``ragqa.layout``; before it is shown, up and down as the file draws it."""

    def shown(self, page_box: Sequence[float], quarters: int) -> PlacedWords:
        """Return the same from the top left of the page as it is shown, cut to ``page_box`` and turned clockwise."""
        left, bottom, right, top = page_box
        x0, y0, x1, y1 = self.boxes.T
        if quarters == 0:
            turned = (x0 - left, top - y1, x1 - left, top - y0)
        elif quarters == 1:
            turned = (y0 - bottom, x0 - left, y1 - bottom, x1 - left)
        elif quarters == 2:
            turned = (right - x1, y0 - bottom, right - x0, y1 - bottom)
        else:
            turned = (top - y1, right - x1, top - y0, right - x0)
        return self._replace(boxes=np.stack(turned, axis=1), directions=(self.directions + quarters) % 4)

    def with_lines(self, lengths: Sequence[int], boxes: Sequence[Sequence[float]]) -> PlacedWords:
        """Return the same with a segment more for each of the ``lengths``, all of it one word in the given box."""
        more = len(lengths)
        return PlacedWords(
            np.append(self.counts, np.ones(more, np.intp)),
            np.append(self.starts, np.zeros(more, np.intp)),
            np.append(self.lengths, np.array(lengths, np.intp)),
            np.concatenate((self.boxes, np.array(boxes).reshape(-1, 4))),
            np.append(self.directions, np.full(more, RIGHT)),
        )


_NONE = np.zeros(0, np.intp)
NO_WORDS = PlacedWords(_NONE, _NONE, _NONE, np.zeros((0, 4)), _NONE)


def place_words(
    pointer: int,
    text: str,
    said: Sequence[str],
    orders: Mapping[int, Sequence[int]],
    words: Ints,
    boxes: Floats,
    first: Ints,
    sideways: Ints,
) -> PlacedWords:
    """Return where the words of a page stand in the texts ``said`` of its segments, and on it.

    ``words`` (n, 3): start, end, line, in the page's ``text``; ``boxes`` (n, 4) as they stand upright; ``first`` is
    each segment's first word; ``orders`` are the words of those segments that say them otherwise than they stand there;
    ``sideways`` (m, 3) are the words whose boxes are those of the page turned, or of their first character.
    """
    counts = np.diff(first, append=len(words))
    begins = words[first, 0]
    starts = words[:, 0] - np.repeat(begins, counts)
    lengths = words[:, 1] - words[:, 0]
    directions = np.full(len(words), RIGHT)
    ends = words[np.append(first[1:], len(words)) - 1, 1]
    lengths_said = np.fromiter(map(len, said), np.intp, len(said))
    other = {*np.flatnonzero(lengths_said != ends - begins).tolist(), *orders}
    for at in other:
        order = orders.get(at) or range(first[at], first[at] + counts[at])
        for word, span in zip(order, align(said[at], [text[slice(*words[w, :2])] for w in order]), strict=True):
            starts[word], lengths[word] = span
            if at in orders and _RIGHT_TO_LEFT.search(text, words[word, 0], words[word, 1]):
                directions[word] = LEFT
    if len(sideways):
        boxes = boxes.copy()
        owner = np.searchsorted(sideways[:, 0], words[:, 0], "right") - 1
        turned = np.flatnonzero((owner >= 0) & (words[:, 0] < sideways[owner, 1]))
        corners = measure_corners(pointer, words[turned])
        low, high = corners.min(axis=1), corners.max(axis=1)
        boxes[turned] = np.stack((low[:, 0], low[:, 3], high[:, 2], high[:, 1]), axis=1)
        directions[turned] = _directions(corners)
    return PlacedWords(counts, starts, lengths, boxes, directions)


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


def layout_of(runs: Iterable[Run], pages: Sequence[PlacedWords], sizes: Sequence[tuple[float, float]]) -> Layout:
    """Return where a document's words stand: ``runs`` are those of its text, ``pages`` the words of each, as shown."""
    told = np.array([*runs] or np.zeros((0, 5)), np.intp).reshape(-1, 5)
    told = told[told[:, 2] >= 0]
    at, page, segment, skip, length = told.T
    before = np.cumsum([0, *(len(words.counts) for words in pages)])
    counts, starts, lengths, boxes, directions = (np.concatenate(columns) for columns in zip(*pages, strict=True))
    begins = np.cumsum(counts) - counts
    whole = before[page] + segment
    each = counts[whole]
    run = np.repeat(np.arange(len(told)), each)
    word = np.repeat(begins[whole] - np.cumsum(each) + each, each) + np.arange(len(run))
    first = np.maximum(starts[word], skip[run])
    last = np.minimum(starts[word] + lengths[word], (skip + length)[run])
    held = np.flatnonzero(last > first)
    shift = (at - skip)[run[held]]
    spans = np.stack((first[held] + shift, last[held] + shift), axis=1)
    order = np.argsort(spans[:, 0], kind="stable")
    return Layout(
        _steps(np.array(sizes).reshape(-1, 2)),
        spans[order].astype(np.int64),
        page[run[held]][order].astype(np.int64) + 1,
        _steps(boxes[word[held]][order]),
        directions[word[held]][order].astype(np.int64),
    )


def _steps(points: Floats) -> npt.NDArray[np.int64]:
    return np.rint(np.clip(np.nan_to_num(points), -FARTHEST, FARTHEST) * STEP).astype(np.int64)
