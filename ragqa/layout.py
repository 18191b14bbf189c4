"""Where the words of a document stand on its pages, and the boxes of a stretch of its text. Packs itself into bytes.

Knows nothing of files: a reader notes the words as it reads them, so that of two sentences that say the same each has
its own place.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from unicodedata import east_asian_width

import numpy as np
from numpy.typing import NDArray

from ragqa.types import Box

Ints = NDArray[np.int64]

STEP = 10
"""Parts of a point in which places are kept."""

MOST_PAGES = 50_000
FARTHEST = 1_000_000
"""Points; further from its page's corner nothing stands."""

GAP, LEVEL = 1.5, 0.5
"""Words are one box where the gap between them is at most so many times their height, of which they share this part."""

RIGHT, DOWN, LEFT, UP = range(4)
"""Which way a word runs over the page as it is shown."""

_HEAD = struct.Struct("<BII")
_VERSION = 1
_COLUMNS = 8
_LEVEL = 1
"""zlib's: reading a manual is not to take longer for it; higher ones make it a twentieth smaller."""


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """The words of a document in the order of its text, and the sizes of its pages."""

    sizes: Ints
    """(pages, 2): width and height of each page as it is shown, in parts of a point."""
    spans: Ints
    """(words, 2): start and end of each in the document's text."""
    pages: Ints
    """(words,): the page of each, from 1."""
    places: Ints
    """(words, 4): left, top, right, bottom of each, from the top left of its page as shown, in parts of a point."""
    directions: Ints
    """(words,): ``RIGHT``, ``DOWN``, ``LEFT`` or ``UP``."""

    def size(self, page: int) -> tuple[float, float] | None:
        """Return width and height of a page in points, or None where there is no such page."""
        if not 1 <= page <= len(self.sizes):
            return None
        width, height = (self.sizes[page - 1] / STEP).tolist()
        return width, height

    def span(self, page: int) -> tuple[int, int]:
        """Return where the words of a page begin and end in the document's text; 0 and 0 where it has none."""
        spans = self.spans[self.pages == page]
        return (int(spans[:, 0].min()), int(spans[:, 1].max())) if len(spans) else (0, 0)

    def boxes(self, text: str, start: int, end: int) -> tuple[Box, ...]:
        """Return the boxes of the characters from ``start`` to ``end`` of the document's ``text``, one a line and run.

        Of a word that lies only in part between them, the box is cut by the usual widths of its characters.
        """
        found: list[Box] = []
        direction = RIGHT
        for at in np.flatnonzero((self.spans[:, 0] < end) & (self.spans[:, 1] > start)).tolist():
            box, runs = self._box(at, text, start, end), int(self.directions[at])
            if found and runs == direction and _one_line(found[-1], box, across=runs in (DOWN, UP)):
                found[-1] = _around(found[-1], box)
            else:
                found.append(box)
            direction = runs
        return tuple(found)

    def _box(self, at: int, text: str, start: int, end: int) -> Box:
        first, last = self.spans[at].tolist()
        left, top, right, bottom = (self.places[at] / STEP).tolist()
        if start > first or end < last:
            widths = [1.0 if east_asian_width(char) in "WF" else 0.5 for char in text[first:last]]
            whole = sum(widths) or 1.0
            a = sum(widths[: max(start - first, 0)]) / whole
            b = sum(widths[: end - first]) / whole
            if (direction := self.directions[at]) in (LEFT, UP):
                a, b = 1 - b, 1 - a
            if direction in (RIGHT, LEFT):
                left, right = left + a * (right - left), left + b * (right - left)
            else:
                top, bottom = top + a * (bottom - top), top + b * (bottom - top)
        return Box(int(self.pages[at]), left, top, right, bottom)

    def pack(self) -> bytes:
        """Return the layout in few bytes: each word told from the one before it."""
        left, top, right, bottom = self.places.T
        starts, ends = self.spans.T
        columns = (
            starts - np.concatenate(([0], ends[:-1])),
            ends - starts,
            np.diff(self.pages, prepend=0),
            self.directions,
            left - np.concatenate(([0], right[:-1])),
            right - left,
            np.diff(top, prepend=0),
            np.diff(bottom - top, prepend=0),
        )
        numbers = np.concatenate([self.sizes.ravel(), *columns], dtype="<i4", casting="same_kind")
        planes = numbers.view(np.uint8).reshape(-1, 4).T.tobytes()  # the high bytes, nearly all alike, side by side
        return _HEAD.pack(_VERSION, len(self.sizes), len(self.spans)) + zlib.compress(planes, _LEVEL)

    @classmethod
    def unpack(cls, data: bytes, length: int, pages: int) -> Layout:
        """Return the layout of a text of ``length`` characters on so many pages.

        Raises ValueError where ``data`` is none, or does not fit such a text.
        """
        if len(data) < _HEAD.size:
            raise ValueError("is no layout")
        version, sizes, words = _HEAD.unpack_from(data)
        if version != _VERSION or sizes != pages or pages > MOST_PAGES or words > length:
            raise ValueError("is not of its text")
        count = 2 * sizes + _COLUMNS * words
        try:
            planes = zlib.decompressobj().decompress(data[_HEAD.size :], 4 * count + 1)
        except zlib.error:
            raise ValueError("can't be unpacked") from None
        if len(planes) != 4 * count:
            raise ValueError("has not as many words as it says")
        numbers = np.frombuffer(planes, np.uint8).reshape(4, count).T.copy().view("<i4").ravel().astype(np.int64)
        steps, counts, turns, directions, gaps, widths, downs, grows = numbers[2 * sizes :].reshape(_COLUMNS, words)
        starts, numbered, heights = np.cumsum(steps) + np.cumsum(counts) - counts, np.cumsum(turns), np.cumsum(grows)
        left, top = np.cumsum(gaps) + np.cumsum(widths) - widths, np.cumsum(downs)
        found = cls(
            numbers[: 2 * sizes].reshape(sizes, 2),
            np.stack((starts, starts + counts), axis=1),
            numbered,
            np.stack((left, top, left + widths, top + heights), axis=1),
            directions,
        )
        if not all(found._sound(length)):
            raise ValueError("does not fit its text")
        return found

    def _sound(self, length: int) -> Iterator[bool]:
        yield bool((np.abs(self.sizes) <= FARTHEST * STEP).all() and (np.abs(self.places) <= FARTHEST * STEP).all())
        if len(self.spans):
            yield bool((np.diff(self.spans[:, 0]) >= 0).all() and self.spans[0, 0] >= 0)
            yield bool((self.spans[:, 1] > self.spans[:, 0]).all() and self.spans[:, 1].max() <= length)
            yield bool(self.pages.min() >= 1 and self.pages.max() <= len(self.sizes))
            yield bool(self.directions.min() >= RIGHT and self.directions.max() <= UP)


def _one_line(before: Box, after: Box, across: bool) -> bool:
    """Whether two boxes stand one after the other on a line, which runs up or down where ``across``."""
    if before.page != after.page:
        return False
    a = (before.top, before.left, before.bottom, before.right) if across else before.edges
    b = (after.top, after.left, after.bottom, after.right) if across else after.edges
    height = min(a[3] - a[1], b[3] - b[1])
    shared = min(a[3], b[3]) - max(a[1], b[1])
    return shared >= LEVEL * height and max(a[0], b[0]) - min(a[2], b[2]) <= GAP * max(a[3] - a[1], b[3] - b[1])


def _around(one: Box, other: Box) -> Box:
    return Box(
        one.page,
        min(one.left, other.left),
        min(one.top, other.top),
        max(one.right, other.right),
        max(one.bottom, other.bottom),
    )
