"""The words of a page that are to be read: seen, in their place, not struck out, and each once.

Only the first and the last character of a word are asked for their boxes: the calls into pdfium are most of the time
that reading a long manual takes. Knows nothing of lines.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ragqa.readers.pdf import calls
from ragqa.readers.pdf.hidden import Box, blank_unseen, find_misplaced, objects_of
from ragqa.readers.pdf.overdrawn import blank_crowded, find_repeated
from ragqa.readers.pdf.struck import Struck, find_struck, find_thin_lines, without

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

_BLANK = np.zeros(0x3002, np.bool_)
_BLANK[[9, 10, 13, 32, 0xA0, 0x3000]] = True
NO_LINES = np.zeros((0, 4))


def shown_words(
    page: object, pointer: int, text: str, marked: Sequence[Box]
) -> tuple[str, Ints, Floats, list[Struck], bool]:
    """Return a page's text without what is not to be read, its words, their corners, what was struck out of it, and
    whether it is a scan's text layer.

    Words are (n, 3): start, end and line; corners (n, 2, 4): left, top, right, bottom of the first and last character.
    """
    objects = objects_of(page)
    text, layer = blank_unseen(objects, pointer, text)
    words = _words(text)
    corners = corners_of(pointer, words)
    lines = find_thin_lines(objects) if objects.others else NO_LINES
    struck = find_struck(pointer, text, words, corners, lines, marked)
    if struck:
        text = without(text, [one[:2] for one in struck])
        words = _words(text)
        corners = corners_of(pointer, words)
    if not len(words):
        return text, words, corners, struck, layer
    misplaced, repeated = find_misplaced(page, words, corners), find_repeated(text, words, corners)
    if repeated.any():
        text = without(text, words[repeated, :2].tolist())
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


def corners_of(pointer: int, words: Ints) -> Floats:
    """Return (n, 2, 4): left, top, right, bottom of each word's first and last character."""
    corners, long = np.empty((len(words), 2, 4)), words[:, 1] - words[:, 0] > 1
    corners[:, 0] = calls.char_boxes(pointer, words[:, 0].tolist())
    corners[long, 1] = calls.char_boxes(pointer, (words[long, 1] - 1).tolist())
    corners[~long, 1] = corners[~long, 0]
    return corners
