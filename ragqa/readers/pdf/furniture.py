"""Running headers, footers and page numbers, known by their return over the pages. Body text is never taken for one.

A row counts only at the very top or bottom of its page, and only where nothing but furniture stands outside it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from ragqa.readers.pdf.rows import Row

DEPTH = 4
"""Rows looked at from each edge of a page."""
NEAR = 3.0
"""Points by which the same furniture may move from page to page."""
MARGIN = 0.2
"""The part of the page's height, at top and at bottom, where furniture can stand."""

_NUMBER = re.compile(
    r"^[\W_]*(?:page|seite|第)?\s*(?:[A-Z]{1,2}[-–.])?(?:\d{1,4}|[ivxlcdm]{1,7})\s*(?:页|頁)?\s*(?:(?:of|/|共)\s*\d{1,4}\s*(?:页|頁)?)?[\W_]*$",
    re.I,
)
_DIGITS = re.compile(r"\d+|\b[ivxlcdm]+\b", re.I)
_SPACE = re.compile(r"\s+")


def find_furniture(pages: Sequence[Sequence[Row]], heights: Sequence[float]) -> list[set[int]]:
    """Return for each page the positions in its rows (top first) that are furniture."""
    found: list[set[int]] = [set() for _ in pages]
    for bottom in (False, True):
        edges = [_edge(rows, height, bottom) for rows, height in zip(pages, heights, strict=True)]
        returning = _returning(pages, edges)
        slots = _slots(pages, edges, returning)
        for page, (rows, edge) in enumerate(zip(pages, edges, strict=True)):
            taken = []
            for depth, at in enumerate(edge):
                key = (page, at)
                if key in returning or _in_slot(rows[at], slots, bottom, depth):
                    taken.append(at)
                else:
                    break
            while taken and not _apart(rows, taken[-1], bottom, (page, taken[-1]) in returning):
                taken.pop()
            if len(taken) < len(rows) or _all_numbers(rows):
                found[page].update(taken)
    return found


def _edge(rows: Sequence[Row], height: float, bottom: bool) -> list[int]:
    """Return the positions of the outermost rows, outermost first."""
    if not rows:
        return []
    order = range(len(rows) - 1, max(len(rows) - 1 - DEPTH, -1), -1) if bottom else range(min(DEPTH, len(rows)))
    top = max(height, max(row.y1 for row in rows))
    inside = (lambda row: row.y1 < MARGIN * top) if bottom else (lambda row: row.y0 > (1 - MARGIN) * top)
    return [at for at in order if inside(rows[at])]


def _key(row: Row) -> str:
    return _SPACE.sub("", _DIGITS.sub("#", row.text)).lower()


def _returning(pages: Sequence[Sequence[Row]], edges: Sequence[Sequence[int]]) -> set[tuple[int, int]]:
    """Return (page, position) of rows whose text comes back, digits aside, at the same height on other pages."""
    places: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for page, edge in enumerate(edges):
        for at in edge:
            places[_key(pages[page][at])].append((page, at))
    found = set()
    for key, where in places.items():
        need = _need(len(pages), key)
        for page, at in where:
            row = pages[page][at]
            again = (
                {
                    other
                    for other, there in where
                    if abs(pages[other][there].y0 - row.y0) <= NEAR and abs(pages[other][there].size - row.size) < 0.6
                }
                if len(where) <= 60
                else _near_pages(pages, where, row, page)
            )
            if len(again) < need:
                continue
            if key.strip("#") == "" and not _counts(pages, where, page, row):
                continue
            found.add((page, at))
    return found


def _near_pages(pages: Sequence[Sequence[Row]], where: Sequence[tuple[int, int]], row: Row, page: int) -> set[int]:
    """The same count for a key of many pages, which stops when it has seen enough."""
    found: set[int] = set()
    for other, at in where:
        if abs(pages[other][at].y0 - row.y0) <= NEAR and abs(pages[other][at].size - row.size) < 0.6:
            found.add(other)
            if len(found) > 8:
                break
    return found


def _need(pages: int, key: str) -> int:
    """On how many pages a text must stand to be furniture: all of a short document, three of a longer one."""
    return 3 if pages > 3 else max(pages, 2)


def _counts(pages: Sequence[Sequence[Row]], where: Sequence[tuple[int, int]], page: int, row: Row) -> bool:
    """Whether a row of digits alone goes up with the pages, as a page number does and a figure does not."""
    here = _value(row.text)
    if here is None:
        return bool(_NUMBER.match(row.text))
    steps = 0
    for other, at in where:
        value = _value(pages[other][at].text)
        if other != page and value is not None and abs(other - page) <= 12 and value - here == other - page:
            steps += 1
    return steps >= min(2, len(pages) - 1)


def _value(text: str) -> int | None:
    digits = re.findall(r"\d+", text)
    return int(digits[0]) if len(digits) == 1 and len(digits[0]) < 6 else None


Slots = dict[tuple[bool, int], int]


def _slots(pages: Sequence[Sequence[Row]], edges: Sequence[Sequence[int]], returning: set[tuple[int, int]]) -> Slots:
    """Return the heights (and type sizes) where the outermost row is nearly always furniture.

    A header that names its chapter returns on too few pages to be known by its text, but it stands where the others do.
    """
    known: Counter[tuple[bool, int]] = Counter()
    seen: Counter[tuple[bool, int]] = Counter()
    for page, edge in enumerate(edges):
        for at in edge[:2]:
            row = pages[page][at]
            slot = (row.bold, _slot(row))
            seen[slot] += 1
            known[slot] += (page, at) in returning
    return {slot: count for slot, count in known.items() if count >= 5 and count >= 0.5 * seen[slot]}


def _slot(row: Row) -> int:
    return round(row.y0) * 1000 + round(row.size * 2)


def _in_slot(row: Row, slots: Slots, bottom: bool, depth: int) -> bool:
    if depth > 1 or len(row.text) > 160:
        return False
    place = round(row.y0) * 1000 + round(row.size * 2)
    return any((bold, place + step) in slots for bold in (True, False) for step in (-1000, 0, 1000))


def _apart(rows: Sequence[Row], at: int, bottom: bool, returns: bool) -> bool:
    """Whether white space parts the row from the body: the header of a table that runs on stands close to its rows."""
    inner = at - 1 if bottom else at + 1
    if not 0 <= inner < len(rows):
        return True
    above, below = (rows[inner], rows[at]) if bottom else (rows[at], rows[inner])
    room = above.y0 - below.y1
    size = min(rows[at].size, rows[inner].size)
    if _NUMBER.match(rows[at].text) and returns:
        return room > 0.2 * size
    return room > 0.6 * size or (returns and len(rows[at].segments) < 3 and room > 0.35 * size)


def _all_numbers(rows: Sequence[Row]) -> bool:
    return all(_NUMBER.match(row.text) for row in rows)
