"""Which rows the outline's bookmarks name, and how deep each stands. Type size only breaks ties."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from ragqa.readers.pdf.rows import Row
from ragqa.readers.pdf.source import Bookmark

MAX_LENGTH = 200
MAX_LEVEL = 6

Headings = dict[int, tuple[int, int]]
"""For the position of a heading's first row: how many rows it has, and its level."""

_SOLID = re.compile(r"[\W_]+")
_BLANKS = {code: None for code in range(128) if _SOLID.match(chr(code))}  # the same for ASCII, in a third of the time


def _solid(text: str) -> str:
    return text.translate(_BLANKS).lower() if text.isascii() else _SOLID.sub("", text).lower()


def from_outline(rows: Sequence[Row], bookmarks: Sequence[Bookmark], skip: set[int]) -> Headings:
    """Return the rows that say a bookmark's title where it leads, or on the page before or after."""
    pages: defaultdict[int, list[int]] = defaultdict(list)
    for at, row in enumerate(rows):
        if at not in skip and len(row.text) <= MAX_LENGTH:
            pages[row.page].append(at)
    solid = {at: _solid(rows[at].text) for places in pages.values() for at in places}
    found: Headings = {}
    taken: set[int] = set()
    for mark in bookmarks:
        title = _solid(mark.title)
        if mark.page is None or not title:
            continue
        best: tuple[float, int, int] | None = None
        for page in (mark.page, mark.page + 1, mark.page - 1):
            for at in pages.get(page, ()):
                if at in taken:
                    continue
                count = _matches(rows, solid, at, title)
                if count:
                    away = abs(page - mark.page) * 2000 + _away(rows[at], mark, page)
                    if best is None or away < best[0]:
                        best = (away, at, count)
            if best:
                break
        if best:
            found[best[1]] = (best[2], min(mark.depth + 1, MAX_LEVEL))
            taken.update(range(best[1], best[1] + best[2]))
    return found


def _away(row: Row, mark: Bookmark, page: int) -> float:
    """Return how far a row lies from where the bookmark leads; larger type is preferred among rows of one place."""
    if mark.y is None or page != mark.page:
        return 500 - 10 * row.size - 100 * row.bold
    return abs(row.y1 - mark.y) - 3 * row.size


def _matches(rows: Sequence[Row], solid: dict[int, str], at: int, title: str) -> int:
    """Return how many rows from ``at`` on say the title, a chapter number before it allowed; 0 where they do not."""
    text = ""
    for count in range(1, 5):
        here = at + count - 1
        if here >= len(rows) or here not in solid or rows[here].page != rows[at].page:
            return 0
        if count > 1 and not solid[here]:
            return 0
        text += solid[here]
        if text == title:
            return count
        if text.endswith(title) and _is_number(text[: -len(title)]):
            return count
        if title.endswith(text) and count == 1 and _is_number(title[: -len(text)]) and len(text) > 2:
            return count
        if len(text) > len(title) + 16:
            return 0
    return 0


def _is_number(text: str) -> bool:
    """Whether it is what a heading may have before its title: '12', 'a1', 'chapter3', '第三章'."""
    return len(text) <= 12 and bool(
        re.fullmatch(
            r"(?:chapter|appendix|part|section|annex)?[a-z]?\d*[a-z]?|第\w{1,4}[章节節篇部]|附[录錄]\w?|[ivxlc]+", text
        )
    )
