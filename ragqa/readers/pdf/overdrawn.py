"""Text drawn more than once in one place, to look bold or to cast a shadow, is read once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ragqa.readers.pdf import calls

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]
Bools = npt.NDArray[np.bool_]

SHIFT = 0.25
"""How far a second drawing lies from the first at most, in parts of the type size."""
CROWDED = 0.2
"""Times the type size: a word with less room than this for each character holds one drawing over another."""


def find_repeated(text: str, words: Ints, corners: Floats) -> Bools:
    """Return (n,): which words say the same in the same place as one before them.

    ``words`` (n, 3): start, end, line; ``corners`` (n, 2, 4): left, top, right, bottom of first and last character.
    """
    found = np.zeros(len(words), np.bool_)
    left, bottom, size = corners[:, 0, 0], corners[:, 0, 3], corners[:, 0, 1] - corners[:, 0, 3]
    place = np.rint(bottom / 4) * 1e5 + left
    order = np.argsort(place, kind="stable")
    close = np.flatnonzero(np.diff(place[order]) < SHIFT * size.max())
    if not len(close):
        return found
    one, other = order[close], order[close + 1]
    near = np.zeros(len(words), np.bool_)
    near[close] = (
        (left[other] - left[one] < SHIFT * size[one])
        & (left[other] - left[one] < 0.5 * (corners[one, 1, 2] - left[one]))
        & (np.abs(bottom[other] - bottom[one]) < SHIFT * size[one])
        & (np.abs(size[other] - size[one]) < 0.02 * size[one])
        & (words[one, 1] - words[one, 0] == words[other, 1] - words[other, 0])
    )
    first = 0
    for at in np.flatnonzero(near).tolist():
        first = first if at and near[at - 1] else int(order[at])
        here, there = sorted((first, int(order[at + 1])))
        if text[words[here, 0] : words[here, 1]] == text[words[there, 0] : words[there, 1]]:
            found[there] = True
            first = here
    return found


def blank_crowded(pointer: int, text: str, words: Ints, corners: Floats) -> str:
    """Return a page's text with nothing visible for the characters of a word that are drawn over the same ones."""
    length = words[:, 1] - words[:, 0]
    reach, size = corners[:, 1, 2] - corners[:, 0, 0], corners[:, 0, 1] - corners[:, 0, 3]
    level = np.abs(corners[:, 0, 3] - corners[:, 1, 3]) < 0.1  # and not running downwards
    found = np.flatnonzero((np.abs(reach) < CROWDED * length * size) & (length > 3) & level).tolist()
    if not found:
        return text
    characters = list(text)
    for start, end in words[found, :2].tolist():
        edges = calls.char_boxes(pointer, range(start, end))
        seen: dict[str, list[float]] = {}
        for at, (left, _, right, _) in zip(range(start, end), edges.tolist(), strict=True):
            places = seen.setdefault(text[at], [])
            if any(abs(left - other) < SHIFT * (right - left) for other in places[-20:]):
                characters[at] = "\u200b"
            else:
                places.append(left)
    return "".join(characters)
