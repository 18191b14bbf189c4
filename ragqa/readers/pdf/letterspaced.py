"""Headings set with space between their letters, 'W A R N I N G', as words. Knows nothing of headings."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from ragqa.readers.pdf.characters import CJK

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
