"""Superscripts and subscripts of a page: words parted where the type turns small and leaves the baseline.

What is written for them on a line is told by ``ragqa.readers.scripts``. Boxes of words say where to look; only there is
pdfium asked for each character's size and baseline. IsWord nothing of rows, tables or footnotes.
"""

from __future__ import annotations

import ctypes
import math
import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ragqa.readers.pdf import calls
from ragqa.readers.pdf.calls import clean
from ragqa.readers.scripts import write_subscript, write_superscript

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

SMALLER = 0.86
"""Times the size of the type beside it, which a superscript or subscript does not pass."""
LEAST = 0.4
"""Times that size, below which small type belongs to something else, such as a drop cap's word."""
RAISED, LOWERED = (0.13, 0.65), (-0.5, -0.06)
"""How far above the baseline beside it, in parts of the size there."""
STACKED = 0.5
"""How far apart the baselines of a word's ends are, in parts of its size, where it is two: those of a fraction."""
NEAR = 0.3
"""The widest gap before a superscript, in parts of the size beside it: less than a wide space."""
LONGEST = 10
"""Characters. What is longer is a remark in smaller type."""
MANY = 0.25
"""Of a page's words. Where more seem raised or lowered, as a scan's do, the sizes tell nothing."""

_SEEN = 64
"""Characters before a superscript that tell what it is."""

_SCRIPT = re.compile(
    r"[^\W\d_]{0,2}|.*[\d*†‡§+−–].*|[^\w\s]+|[^\W\d_]*(?:max|min|ref|out|in|abs|rel|eff|tot)", re.DOTALL
)
"""What is raised or lowered: no whole words."""


class ScriptedWords(NamedTuple):
    """Words, and the parts of those with a superscript or subscript: ``words`` (n, 3) and ``boxes`` (n, 4)."""

    words: Ints
    boxes: Floats
    shift: npt.NDArray[np.int8]
    """(n,): 1 for raised, -1 for lowered."""
    tight: npt.NDArray[np.bool_]
    """(n,): stands against the piece before it, whatever space the text has there."""


class _Type(NamedTuple):
    """Where a character's baseline lies, and its size; ``along`` is where it begins on its line."""

    along: float
    base: float
    size: float


def split_scripts(pointer: int, text: str, words: Ints, corners: Floats, boxes: Floats) -> ScriptedWords | None:
    """Return the words parted at superscripts and subscripts, or None where the page shows none.

    ``words`` (n, 3): start, end, line; ``corners`` (n, 2, 4): left, top, right, bottom of first and last character;
    ``boxes`` (n, 4): left, bottom, right, top, turned upright. Broken lines are healed at what is raised or lowered.
    """
    heights = corners[:, :, 1] - corners[:, :, 3]
    uneven = _differ(heights[:, 0], heights[:, 1])
    for at in np.flatnonzero(np.abs(corners[:, 0, 3] - corners[:, 1, 3]) > STACKED * heights[:, 0]).tolist():
        uneven[at] = text[words[at, 0] : words[at, 1]].isascii()  # and not Chinese that runs downwards
    uneven[_with_small_inside(pointer, text, words, heights)] = True
    tall = boxes[:, 3] - boxes[:, 1]
    turned = np.abs(tall - heights[:, 0]) > 0.01 * tall
    if turned.any():  # the boxes of its characters lie on their side
        uneven[turned] = [any(map(str.isdecimal, text[a:b])) and b - a > 1 for a, b in words[turned, :2].tolist()]
        heights = np.where(turned[:, None], tall[:, None], heights)
    low, high = heights[:-1, 1], heights[1:, 0]
    beside = np.abs(boxes[1:, 0] - boxes[:-1, 2]) < np.maximum(low, high)
    level = np.minimum(boxes[1:, 3], boxes[:-1, 3]) > np.maximum(boxes[1:, 1], boxes[:-1, 1])
    pairs = np.flatnonzero(_differ(low, high) & beside & level)
    beside_small = np.concatenate((pairs, pairs + 1))
    uneven[beside_small] |= words[beside_small, 1] - words[beside_small, 0] > 1  # boxes of some fonts tell no sizes
    split = np.flatnonzero(uneven)
    if not len(split) and not len(pairs):
        return None
    return _Page(pointer, text).part(words, boxes, split.tolist(), pairs.tolist())


def _differ(one: Floats, other: Floats) -> npt.NDArray[np.bool_]:
    return np.asarray(np.minimum(one, other) < SMALLER * np.maximum(one, other), np.bool_)


def _with_small_inside(pointer: int, text: str, words: Ints, heights: Floats) -> Ints:
    """Return the words in whose inside a number, or a degree's circle, ends smaller than their first character."""
    codes = np.frombuffer(text.encode("latin-1", "replace"), np.uint8)  # other letters become '?'
    digit = codes - 48 < 10  # what is less than 48 wraps around and is large
    before, here, after, next_digit = codes[:-3], digit[1:-2], codes[2:-1], digit[3:]
    ends = here & (after > 32) & ~digit[2:-1] & (digit[:-3] | (before > 62) | (before == 41))
    ends &= ~(next_digit & ((after == 44) | (after == 46)))  # 1,234 and 3.5
    if "oC" in text or "oF" in text or "ºC" in text:
        ends |= ((codes[1:-2] == 111) | (codes[1:-2] == 186)) & ((after == 67) | (after == 70))
    found = np.flatnonzero(ends) + 1
    if not len(found):
        return found
    edges = calls.char_boxes(pointer, found.tolist())
    owner = np.searchsorted(words[:, 0], found, "right") - 1
    inside = (owner >= 0) & (words[owner, 1] > found)
    small = _differ(heights[owner, 0], edges[:, 1] - edges[:, 3])
    return np.asarray(owner[inside & small], np.intp)


class _Page:
    """The characters of one page, asked for as they are needed."""

    def __init__(self, pointer: int, text: str) -> None:
        self._pointer = pointer
        self._text = text
        self._matrix, self._place = (ctypes.c_float * 6)(), (ctypes.c_double * 2)()
        self._at_matrix, self._at_place = ctypes.addressof(self._matrix), ctypes.addressof(self._place)

    def part(self, words: Ints, boxes: Floats, split: Sequence[int], pairs: Sequence[int]) -> ScriptedWords | None:
        parts = {at: found for at in split if len(found := self._runs(words[at], boxes[at])) > 1}
        counts = np.ones(len(words), np.intp)
        counts[list(parts)] = [len(found) for found in parts.values()]
        begins = np.cumsum(counts) - counts
        owner = np.repeat(np.arange(len(words)), counts)
        words, boxes = words[owner], boxes[owner]
        for at, found in parts.items():
            here = slice(begins[at], begins[at] + len(found))
            words[here, :2] = [run[:2] for run in found]
            boxes[here, 0], boxes[here, 2] = zip(*(run[2:] for run in found), strict=True)
        asked = {int(begins[at]) + step for at, found in parts.items() for step in range(len(found))}
        asked.update(int(begins[at + 1]) - step for at in pairs for step in (0, 1))
        return self._judge(words, boxes, sorted(asked), owner)

    def _runs(self, word: Ints, box: Floats) -> list[tuple[int, int, float, float]]:
        """Return start, end, left and right of each stretch of a word in one size and on one baseline."""
        start, end = int(word[0]), int(word[1])
        drawn = calls.text_objects(self._pointer, range(start, end))
        begins = [start, *(start + at for at in range(1, len(drawn)) if drawn[at] != drawn[at - 1])]
        types, cuts, lefts = self._types(begins), [start], [float(box[0])]
        for at, one, other in zip(begins[1:], types, types[1:], strict=False):
            large = max(one.size, other.size)
            if min(one.size, other.size) < SMALLER * large or abs(one.base - other.base) > 0.12 * large:
                cuts.append(at)
                lefts.append(float(np.clip(other.along, box[0], box[2])))
        return list(zip(cuts, [*cuts[1:], end], lefts, [*lefts[1:], float(box[2])], strict=True))

    def _types(self, characters: Sequence[int]) -> list[_Type]:
        return [self._type(at) for at in characters]

    def _type(self, at: int) -> _Type:
        calls.char_matrix(self._pointer, at, self._at_matrix)
        calls.char_origin(self._pointer, at, self._at_place, self._at_place + 8)
        a, b, c, d = self._matrix[:4]
        x, y = self._place
        size = calls.font_size(self._pointer, at) * math.hypot(c, d)
        if not (math.isfinite(x) and math.isfinite(y) and math.isfinite(size)):
            return _Type(0.0, 0.0, 0.0)
        if abs(a) >= abs(b):
            return _Type(x, y, size) if a >= 0 else _Type(-x, -y, size)
        return _Type(y, -x, size) if b > 0 else _Type(-y, x, size)

    def _judge(self, words: Ints, boxes: Floats, asked: Sequence[int], owner: Ints) -> ScriptedWords | None:
        """Return which of the pieces asked for are raised or lowered, each against its neighbour."""
        around = sorted({at + step for at in asked for step in (-1, 0, 1) if 0 <= at + step < len(words)})
        firsts = dict(zip(around, self._types([int(words[at, 0]) for at in around]), strict=True))
        shift, tight = np.zeros(len(words), np.int8), np.zeros(len(words), np.bool_)
        bases: dict[int, _Type] = {}
        for at in asked:
            text, here = self._text[words[at, 0] : words[at, 1]], firsts[at]
            if len(text) > LONGEST or not _SCRIPT.fullmatch(text):
                continue
            before = bases.get(at - 1) or firsts.get(at - 1)
            if before and -before.size < boxes[at, 0] - boxes[at - 1, 2] < NEAR * before.size:
                shift[at] = _direction(here, before)
                tight[at] = shift[at] != 0
            if not shift[at] and (after := firsts.get(at + 1)):
                starts = not before or words[at, 2] != words[at - 1, 2] or boxes[at, 0] - boxes[at - 1, 2] > after.size
                if starts and -0.2 * after.size < boxes[at + 1, 0] - boxes[at, 2] < after.size:
                    shift[at], before = max(_direction(here, after), 0), after
            if shift[at] and before:
                bases[at] = before
        for at in [at for at in bases if shift[at] > 0 and self._is_numerator(words, boxes, at, bases[at], firsts)]:
            shift[at], tight[at] = 0, False
            del bases[at]
        if len(bases) > 3 + MANY * len(words):
            return None
        self._heal(words, boxes, firsts, bases, tight)
        return _rejoin(ScriptedWords(words, boxes, shift, tight), owner, firsts)

    def _is_numerator(self, words: Ints, boxes: Floats, at: int, base: _Type, firsts: dict[int, _Type]) -> bool:
        """Whether something that is no subscript stands right below, as in a fraction with a bar."""
        if self._text[words[at, 0] - 1 : words[at, 0]].isalpha():
            return False
        middle = (boxes[at, 0] + boxes[at, 2]) / 2
        for below in range(at + 1, min(at + 9, len(words))):
            drop = (boxes[at, 1] - boxes[below, 1]) / base.size
            if 0.5 < drop < 1.3 and boxes[below, 0] - 1 < middle < boxes[below, 2] + 1:
                return True
        return False

    def _heal(
        self,
        words: Ints,
        boxes: Floats,
        firsts: dict[int, _Type],
        bases: dict[int, _Type],
        tight: npt.NDArray[np.bool_],
    ) -> None:
        """Join the lines that pdfium broke where a superscript or subscript begins or ends."""
        line = np.arange(int(words[:, 2].max()) + 1)
        for at, base in bases.items():
            if tight[at]:
                line[words[at, 2]] = line[words[at - 1, 2]]
            after = firsts.get(at + 1)
            if after is None or tight[at + 1]:
                continue
            level = abs(after.base - base.base) < 0.1 * base.size and after.size > SMALLER * base.size
            if level and -0.3 * base.size < boxes[at + 1, 0] - boxes[at, 2] < 0.9 * base.size:
                line[words[at + 1, 2]] = line[words[at, 2]]
        words[:, 2] = line[words[:, 2]]


def _rejoin(pieces: ScriptedWords, owner: Ints, firsts: dict[int, _Type]) -> ScriptedWords:
    """Return the pieces with those words whole again in which nothing turned out to be raised or lowered."""
    words, boxes, shift, tight = pieces
    again = np.concatenate(([False], owner[1:] == owner[:-1]))
    again &= ~np.isin(owner, owner[shift != 0])
    for at in np.flatnonzero(again).tolist():  # one above the other: the parts of a fraction
        if at in firsts and abs(firsts[at].base - firsts[at - 1].base) > STACKED * firsts[at].size:
            again[at] = False
    last = np.append(~again[1:], True)
    words, right = words.copy(), boxes[last, 2]
    ends = words[last, 1]
    words, boxes = words[~again], boxes[~again]
    words[:, 1], boxes[:, 2] = ends, right
    return ScriptedWords(words, boxes, shift[~again], tight[~again])


def _direction(here: _Type, beside: _Type) -> int:
    if not LEAST * beside.size < here.size < SMALLER * beside.size:
        return 0
    rise = (here.base - beside.base) / beside.size
    return 1 if RAISED[0] < rise < RAISED[1] else -1 if LOWERED[0] < rise < LOWERED[1] else 0


def write_line(text: str, pieces: ScriptedWords, first: int, last: int) -> str:
    """Return the text of the pieces from ``first`` to ``last``, of which some are raised or lowered."""
    words, boxes = pieces.words[first : last + 1].tolist(), pieces.boxes[first : last + 1]
    shift, tight = pieces.shift[first : last + 1].tolist(), pieces.tight[first : last + 1].tolist()
    written, line, at = [], "", 0
    while at < len(words):
        end = at + 1
        while end < len(words) and shift[end] == shift[at] and (tight[end] or not shift[at]):
            end += 1
        gap = "" if tight[at] or not at else _between(text, words, boxes, at)
        if not shift[at]:
            piece = gap + text[words[at][0] : words[end - 1][1]]
        else:
            mark = clean("".join(text[start:stop] for start, stop, _ in words[at:end]))
            if end < len(words) and _stacked(shift, boxes, at, end) and mark.isdecimal():
                below = clean(text[words[end][0] : words[end][1]])
                piece = f"{' ' if line[-1:].isdecimal() else gap}{mark}/{below}"
                end += 1
            else:
                behind = (
                    _between(text, words, boxes, end) + text[words[end][0] : words[end][1]] if end < len(words) else ""
                )
                piece = gap + (write_superscript(line, mark, behind) if shift[at] > 0 else write_subscript(line, mark))
        written.append(piece)
        line = (line + piece)[-_SEEN:]
        at = end
    return clean("".join(written))


def _between(text: str, words: list[list[int]], boxes: Floats, at: int) -> str:
    """Return a space where the piece stands apart from the one before it, or ''."""
    between = text[words[at - 1][1] : words[at][0]]
    if between.strip("\r\n"):
        return " "
    apart = boxes[at, 0] - boxes[at - 1, 2] > 0.15 * (boxes[at, 3] - boxes[at, 1])
    return " " if between and apart else ""


def _stacked(shift: list[int], boxes: Floats, above: int, below: int) -> bool:
    """Whether the second piece stands under the first, as the parts of a fraction do."""
    if shift[above] != 1 or shift[below] != -1:
        return False
    shared = min(boxes[above, 2], boxes[below, 2]) - max(boxes[above, 0], boxes[below, 0])
    return bool(shared > 0.5 * min(boxes[above, 2] - boxes[above, 0], boxes[below, 2] - boxes[below, 0]))
