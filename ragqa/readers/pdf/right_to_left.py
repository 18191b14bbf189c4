"""Arabic and Hebrew: pdfium gives their lines in the order in which they are read; this keeps that order.

Knows nothing of rows: cells of a table stand from left to right as on the page.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from ragqa.readers.pdf import calls

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]

_LETTER = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_ALEF_LAM = re.compile("[\u0622\u0623\u0625\u0627]\u0644")


def has_right_to_left(text: str) -> bool:
    """Whether a page has any letter that is read from right to left."""
    return not text.isascii() and _LETTER.search(text) is not None


def mend_ligatures(pointer: int, text: str) -> str:
    """Return a page's text with lam before alef where both are one glyph, whose two letters pdfium turns about."""
    characters = list(text)
    for match in _ALEF_LAM.finditer(text):
        places = np.zeros((2, 2))
        for step in (0, 1):
            address = places[step].ctypes.data
            calls.char_origin(pointer, match.start() + step, address, address + 8)
        if np.abs(places[0] - places[1]).max() < 0.01:
            characters[match.start() : match.end()] = reversed(match[0])
    return "".join(characters)


def part_lines(text: str, words: Ints, boxes: Floats, parted: Bools, widest: float) -> None:
    """Say anew in ``parted`` (n - 1,) between which words a line that is read from right to left has a wide gap.

    ``widest`` is the widest gap between words of one passage, in parts of the type size.
    """
    edges = np.flatnonzero(np.diff(words[:, 2])) + 1
    for first, last in zip([0, *edges.tolist()], [*edges.tolist(), len(words)], strict=True):
        said = text[words[first, 0] : words[last - 1, 1]]
        if last - first < 2 or 2 * len(_LETTER.findall(said)) < sum(map(str.isalpha, said)):
            continue
        line = boxes[first:last]
        order = np.argsort(line[:, 0])
        reach = np.maximum.accumulate(line[order, 2])
        size = float(np.median(line[:, 3] - line[:, 1]))
        passage = np.empty(len(line), np.intp)
        passage[order] = np.concatenate(([0], np.cumsum(line[order[1:], 0] - reach[:-1] > widest * size)))
        parted[first : last - 1] = passage[1:] != passage[:-1]
