"""Running headers, footers and page numbers, known by their return over the pages. Body text is never taken for one.

A row counts only at the very top or bottom of its page, and only where nothing but furniture stands outside it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence, Set
from itertools import takewhile
from typing import NamedTuple

from ragqa.cjk import HAN
from ragqa.readers.pdf.rows import TextRow
from ragqa.wording import document_words

DEPTH = 4
"""Rows looked at from each edge of a page."""
NEAR = 3.0
"""Points by which the same furniture may move from page to page."""
MARGIN = 0.2
"""The part of the page's height, at top and at bottom, where furniture can stand."""
LARGEST = 1.3
"""How much larger than the usual type furniture may be; what is larger is a title."""
AGAIN = 3
"""Pages on which a text must return; in a shorter document, all of them and at least two."""

OFTEN = 5
"""Pages on which what has no fixed height must return, and a quarter of all."""

_BEHIND = document_words("page_behind")
_NUMBER = re.compile(
    rf"^[\W_]*(?:page|seite|第|{document_words('page')})?\s*(?:[A-Z]{{1,2}}[-–.])?(?:\d{{1,4}}|[ivxlcdm]{{1,7}})"
    rf"\s*(?:页|頁|{_BEHIND})?"
    rf"\s*(?:(?:of|/|共|{document_words('pages_in_all')})\s*\d{{1,4}}\s*(?:页|頁|{_BEHIND})?)?[\W_]*$",
    re.I,
)
_DIGITS = re.compile(r"\d+|\b[ivxlcdm]+\b")
_CHAPTER = re.compile(
    rf"^(?:chapter|part|appendix|section|第|{document_words('chapter')})"
    r"\s*[\dA-Z一二三四五六七八九十]+(?:\.|\b|(?=[章节節篇部]))",
    re.I,
)

Place = tuple[int, int]
"""A page, and the position of a row on it."""


class _Edge(NamedTuple):
    """The outermost rows of every page on one side, outermost first, as positions among the page's rows."""

    pages: Sequence[Sequence[TextRow]]
    outer: list[list[int]]
    bottom: bool
    usual: float
    """The type size of most of the text."""

    def room(self, place: Place) -> float:
        """Return the white space between an outer row and the next inward."""
        rows = self.pages[place[0]]
        inner = place[1] + (-1 if self.bottom else 1)
        if not 0 <= inner < len(rows):
            return 1000.0
        above, below = (rows[inner], rows[place[1]]) if self.bottom else (rows[place[1]], rows[inner])
        return above.y0 - below.y1


def find_furniture(pages: Sequence[Sequence[TextRow]], heights: Sequence[float]) -> list[set[int]]:
    """Return for each page the positions in its rows (top first) that are furniture."""
    found: list[set[int]] = [set() for _ in pages]
    usual = _usual_size(pages)
    for bottom in (False, True):
        outer = [_outer(rows, height, bottom, LARGEST * usual) for rows, height in zip(pages, heights, strict=True)]
        edge = _Edge(pages, outer, bottom, usual)
        floating = _floating(pages, bottom)
        returning = _returning(edge) | floating
        slots = _slots(edge, returning)
        for page, places in enumerate(outer):
            taken = []
            if not places and pages[page]:
                places = [len(pages[page]) - 1 if bottom else 0]
            for depth, at in enumerate(places):
                if (page, at) not in returning and not (depth == 0 and _in_slot(edge, (page, at), slots)):
                    break
                taken.append(at)
            while taken and not _apart(edge, (page, taken[-1]), (page, taken[-1]) in returning):
                taken.pop()
            if len(taken) < len(pages[page]) or all(_NUMBER.match(row.text) for row in pages[page]):
                found[page].update(taken)
    return found


def _usual_size(pages: Sequence[Sequence[TextRow]]) -> float:
    sizes: Counter[float] = Counter()
    for rows in pages:
        for row in rows:
            sizes[round(row.size, 1)] += len(row.text)
    return sizes.most_common(1)[0][0] if sizes else 10.0


def _outer(rows: Sequence[TextRow], height: float, bottom: bool, tallest: float) -> list[int]:
    if not rows:
        return []
    order = range(len(rows) - 1, max(len(rows) - 1 - DEPTH, -1), -1) if bottom else range(min(DEPTH, len(rows)))
    top = max(height, max(row.y1 for row in rows))

    def can_be(at: int) -> bool:
        inside = rows[at].y1 < MARGIN * top if bottom else rows[at].y0 > (1 - MARGIN) * top
        return inside and rows[at].size <= tallest

    return list(takewhile(can_be, order))


def _keys(row: TextRow) -> list[str]:
    """Return what of a row may return: its text without digits, or the chapter that it begins or ends by naming."""
    keys = ["".join(_DIGITS.sub("#", row.text.lower()).split())]
    if len(row.text) <= 160:
        keys += ["chapter:#" for s in (row.segments[0], row.segments[-1]) if _CHAPTER.match(s.text)][:1]
    return keys


def _returning(edge: _Edge) -> set[Place]:
    """Return the rows whose text comes back, digits aside, at the same height on other pages."""
    places: defaultdict[str, list[Place]] = defaultdict(list)
    for page, outer in enumerate(edge.outer):
        for at in outer:
            for key in _keys(edge.pages[page][at]):
                places[key].append((page, at))
    usual_need = AGAIN if len(edge.pages) > AGAIN else max(len(edge.pages), 2)
    found = set()
    for key, where in places.items():
        need = usual_need + 2 if key == "chapter:#" else usual_need
        for place in where:
            row = edge.pages[place[0]][place[1]]
            if _companions(edge, where, row, need) and (key.strip("#") or _counts(edge, where, place)):
                found.add(place)
    return _where_most_return(edge, found)


def _floating(pages: Sequence[Sequence[TextRow]], bottom: bool) -> set[Place]:
    """Return outermost rows that are the same on many pages wherever they stand, as in printed web pages."""
    places: defaultdict[str, list[Place]] = defaultdict(list)
    for page, rows in enumerate(pages):
        if rows:
            at = len(rows) - 1 if bottom else 0
            places[_keys(rows[at])[0]].append((page, at))
    edge = _Edge(pages, [], bottom, 0.0)
    need = max(OFTEN, len(pages) // 4)
    return {
        place
        for key, where in places.items()
        if len(where) >= need
        for place in where
        if key.strip("#") or _counts(edge, where, place)
    }


def _where_most_return(edge: _Edge, found: set[Place]) -> set[Place]:
    """Leave out what stands where other pages have body text: many pages may begin with 'Example:'."""
    heights: defaultdict[int, list[bool]] = defaultdict(list)
    for page, outer in enumerate(edge.outer):
        for at in outer:
            heights[round(edge.pages[page][at].y0 / NEAR)].append((page, at) in found)

    def most(place: Place) -> bool:
        slot = round(edge.pages[place[0]][place[1]].y0 / NEAR)
        here = [flag for step in (-1, 0, 1) for flag in heights[slot + step]]
        return 2 * sum(here) >= len(here)

    return {place for place in found if most(place)}


def _companions(edge: _Edge, where: Sequence[Place], row: TextRow, need: int) -> bool:
    """Whether enough pages have the same text at the same height and size."""
    found: set[int] = set()
    for page, at in where:
        other = edge.pages[page][at]
        if abs(other.y0 - row.y0) <= NEAR and abs(other.size - row.size) < 0.6:
            found.add(page)
            if len(found) >= need:
                return True
    return False


def _counts(edge: _Edge, where: Sequence[Place], place: Place) -> bool:
    """Whether a row of digits alone goes up with the pages, as a page number does and a figure does not."""
    here = _value(edge.pages[place[0]][place[1]].text)
    if here is None:
        return bool(_NUMBER.match(edge.pages[place[0]][place[1]].text))
    steps = 0
    for page, at in where:
        if page != place[0] and abs(page - place[0]) <= 12:
            value = _value(edge.pages[page][at].text)
            steps += value is not None and value - here == page - place[0]
    return steps >= min(2, len(edge.pages) - 1)


def _value(text: str) -> int | None:
    digits = re.findall(r"\d+", text)
    return int(digits[0]) if len(digits) == 1 and len(digits[0]) < 6 else None


def _slots(edge: _Edge, returning: set[Place]) -> dict[int, float]:
    """Return the heights (with type sizes) where the outermost row is nearly always furniture, and the room inwards.

    A header that names its chapter returns on too few pages to be known by its text, but it stands where the others
    do. Where none returns, a line of plain type, no larger than the body's, that stands alone at one height on many
    pages is a header all the same; a title would be larger or bold.
    """
    known: Counter[int] = Counter()
    seen: Counter[int] = Counter()
    alone: Counter[int] = Counter()
    rooms: defaultdict[int, list[float]] = defaultdict(list)
    for page, outer in enumerate(edge.outer):
        for at in outer[:1]:
            row = edge.pages[page][at]
            slot = _slot(row)
            seen[slot] += 1
            known[slot] += (page, at) in returning
            rooms[slot].append(edge.room((page, at)))
            alone[slot] += not row.bold and row.size <= 1.02 * edge.usual and edge.room((page, at)) > 1.2 * row.size
    texts = sum(map(bool, edge.pages))
    return {
        slot: sorted(rooms[slot])[count // 2]
        for slot, count in seen.items()
        if (known[slot] >= 5 and known[slot] >= 0.5 * count)
        or (alone[slot] >= max(5, 0.4 * texts) and alone[slot] >= 0.9 * count)
    }


def _slot(row: TextRow) -> int:
    return round(row.y0) * 1000 + round(row.size * 2)


def _in_slot(edge: _Edge, place: Place, slots: dict[int, float]) -> bool:
    """Whether a row stands where furniture does, as far from the body as furniture does, and is no sentence."""
    row = edge.pages[place[0]][place[1]]
    if len(row.text) > 160 or row.text.endswith((".", ",", ";", "\u3002", "\x02")):
        return False
    rooms = [slots[slot] for slot in (_slot(row) + step for step in (-1000, 0, 1000)) if slot in slots]
    return bool(rooms) and edge.room(place) >= 0.6 * min(rooms)


def _apart(edge: _Edge, place: Place, returns: bool) -> bool:
    """Whether white space parts the row from the body: the header of a table that runs on stands close to its rows."""
    row = edge.pages[place[0]][place[1]]
    room = edge.room(place)
    if len(edge.pages) <= AGAIN and not _NUMBER.match(row.text):  # two pages may well begin with the same words
        return room > 2 * row.size and not row.text.endswith((".", "\u3002"))
    if _NUMBER.match(row.text) and returns:
        return room > 0.2 * row.size
    return room > 0.6 * row.size or (returns and len(row.segments) < 3 and room > 0.35 * row.size)


_PAGE = r"(?:\d{1,4}|[ivxlc]{1,7}|[A-Z]{1,2}[-–]\d{1,3})"
_LEADERS = re.compile(rf"(?:\.\s?){{4,}}\s*{_PAGE}?$|(?:…\s?){{2,}}\s*{_PAGE}?$|(?:·\s?){{4,}}\s*{_PAGE}?$")
_ENDS_IN_PAGE = re.compile(rf"(?:^|\s|[{HAN}）)]){_PAGE}$")
_INDEX_ROW = re.compile(
    r"^(?=.*[^\W\d]).{1,90}?[,\s.]\s?\d{1,4}(?:\s?[-–,]\s?\d{1,4})*,?$|^\d{1,4}(?:\s?[-–,]\s?\d{1,4})*,?$|^[A-Z]$"
)
_CONTENTS = re.compile(
    rf"^(?:{document_words('contents')}|table of contents"
    r"|(?:brief )?contents|list of (?:figures|tables|examples)|目\s*[录錄次]|[图圖表]目?[录錄])$",
    re.I,
)
_INDEX = re.compile(rf"^(?:(?:subject |general |concept |function )?index|索\s*引|{document_words('index')})$", re.I)


def find_contents(rows: Sequence[TextRow]) -> set[int]:
    """Return the positions of rows of tables of contents, their title included, and of indexes below theirs."""
    found = _with_leaders(rows)
    for at, row in enumerate(rows):
        if at in found or len(row.text) > 40:
            continue
        if _CONTENTS.match(row.text.strip()):
            entries = _after(rows, at, _is_entry, 0.6)
            if entries or at + 1 in found:
                found |= {at, *entries}
        elif _INDEX.match(row.text.strip()):
            found |= _after(rows, at, _is_index_entry, 0.5)
    return found


def _with_leaders(rows: Sequence[TextRow]) -> set[int]:
    """Return rows with dot leaders, where several stand near each other, and what stands between them."""
    dotted = [
        at
        for at, row in enumerate(rows)
        if "." * 3 in row.text or ". . ." in row.text or "…" in row.text or "··" in row.text
    ]
    dotted = [at for at in dotted if _LEADERS.search(rows[at].text)]
    found: set[int] = set()
    run: list[int] = []
    for at in [*dotted, None]:
        if run and (at is None or at - run[-1] > 4 or (at - run[-1] > 1 and rows[at].page != rows[run[-1]].page)):
            if len(run) >= 3:
                found.update(range(run[0], run[-1] + 1))
            run = []
        if at is not None:
            run.append(at)
    return found


def _is_entry(row: TextRow) -> bool:
    return bool(_ENDS_IN_PAGE.search(row.text)) and len(row.text) < 160


def _is_index_entry(row: TextRow) -> bool:
    return bool(_INDEX_ROW.match(row.text))


def _after(rows: Sequence[TextRow], at: int, matches: object, share: float) -> set[int]:
    """Return the rows after a heading at ``at`` up to where, over a dozen rows, too few match any more."""
    assert callable(matches)
    flags: list[bool] = []
    last = at
    for here in range(at + 1, len(rows)):
        flags.append(matches(rows[here]))
        if flags[-1]:
            last = here
        window = flags[-12:]
        if len(window) >= 4 and sum(window) < share * len(window) and (len(flags) > 6 or not any(window)):
            break
    entries = sum(flags[: last - at])
    if entries < 3 or entries < share * (last - at):
        return set()
    return set(range(at + 1, last + 1))


SMALLER = 0.92
"""Times the size of the text above, which a footnote's type does not pass."""

_MARK = re.compile(r"^(?:\d{1,3}[\s.)]?(?=\D)|\(\d{1,3}\)|\[\d{1,3}\]|[*†‡§¶]+|[①-⑳]|[a-z]\s)\s*\S")


def find_footnotes(rows: Sequence[TextRow], skip: Set[int]) -> dict[int, int]:
    """Return for the position of a column's first footnote where the rows at its foot end, exclusively.

    ``skip`` are positions of which something else is known. Below a heading, a list in smaller type looks the same.
    """
    found: dict[int, int] = {}
    end = len(rows)
    while end:
        start = _foot(rows, end, skip)
        if start < end:
            found[start] = end
        column = rows[end - 1].column
        while end and rows[end - 1].column == column:
            end -= 1
    return found


def _foot(rows: Sequence[TextRow], end: int, skip: Set[int]) -> int:
    """Return where the footnotes of the column that ends before ``end`` begin, or ``end`` where it has none."""
    column, size = rows[end - 1].column, rows[end - 1].size
    at = end
    while at and rows[at - 1].column == column and at - 1 not in skip and abs(rows[at - 1].size - size) < 0.06 * size:
        at -= 1
    if not at or rows[at - 1].column != column or size > SMALLER * rows[at - 1].size:
        return end
    return at if at < end and _MARK.match(rows[at].text) else end
