"""Arabic and Hebrew: lines in the order in which they are read. pdfium gives the letters of each word in that order.

Knows nothing of rows.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ragqa.readers.pdf import calls

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

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
