"""Which rows are headings, and of what level: from the outline where there is one, and from type size and weight.

Rows of one heading are joined by the caller. Knows nothing of the blocks around them.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from ragqa.readers.pdf.captions import is_caption
from ragqa.readers.pdf.rows import Row
from ragqa.readers.pdf.source import Bookmark

MAX_LENGTH = 200
MAX_LEVEL = 6
COMMON = 0.3
"""The part of a document's characters past which a style is that of text, however large or bold."""

Style = tuple[int, bool, str]
"""Type size in half points, bold or not, and the name of the font."""

_ENUMERATOR = re.compile(
    r"^(?:(?:chapter|part|appendix|section)\s*)?(?:\d{1,3}|[ivxlc]+|[a-z]|one|two|three|four|five|six|seven|eight|nine|ten|"
    r"eleven|twelve)\W?$|^第\s*[一二三四五六七八九十百\d]+\s*[章篇部編编节節]$",
    re.I,
)
_SOLID = re.compile(r"[\W_]+")
_NUMBERED = re.compile(
    r"^(?:(?:chapter|part|appendix|section|annex)\s+)?((?:\d{1,3}|[A-Z])(?:\.\d{1,3})*)\.?\s+\S", re.I
)
_CHINESE = re.compile(
    r"^(?:第[一二三四五六七八九十百零〇\d]+([章篇部编編卷])|第[一二三四五六七八九十百零〇\d]+([节節])|附录|附錄)"
)
_ADMONITION = re.compile(
    r"^(?:note|notes|tip|hint|warning|caution|danger|important|attention|notice|example|remark|注意|警告|提示|小心|说明|說明|注|危险|危險|重要|示例)\W*$",
    re.I,
)
"""Labels of boxes beside the text: in large or bold type, but they begin no section."""
_SENTENCE_END = re.compile(r"[.;,:。；，：…]$|[\x02]$")


def style_of(row: Row) -> Style:
    return (round(2 * row.size), row.bold, row.segments[0].font.name)


def body_style(rows: Sequence[Row]) -> Style:
    """Return the style in which most characters of the document are set, code left out."""
    counts: Counter[Style] = Counter()
    for row in rows:
        counts[style_of(row)] += len(row.text) * (1 if row.mono else 20) * (1 if row.text.isascii() else 2)
    return counts.most_common(1)[0][0] if counts else (20, False, "")


def find_headings(rows: Sequence[Row], bookmarks: Sequence[Bookmark], skip: set[int]) -> dict[int, tuple[int, int]]:
    """Return for the position of a heading's first row how many rows it has and its level.

    ``skip`` are positions that can't be headings (tables of contents, code).
    """
    found = _from_outline(rows, bookmarks, skip)
    by_type = _from_type(rows, skip, found)
    return _with_numbers_above(rows, {**by_type, **found})


def _with_numbers_above(rows: Sequence[Row], found: dict[int, tuple[int, int]]) -> dict[int, tuple[int, int]]:
    """Join a heading that is but a number ('Chapter 3', 'TWO', '第三章') to the one below it."""
    joined = dict(found)
    for at in sorted(found):
        count, _ = found[at]
        below = found.get(at + count)
        if below and count == 1 and _ENUMERATOR.match(rows[at].text) and rows[at].page == rows[at + 1].page:
            joined[at] = (count + below[0], below[1])
            joined.pop(at + count, None)
    return joined


def _solid(text: str) -> str:
    return _SOLID.sub("", text).lower()


def _from_outline(rows: Sequence[Row], bookmarks: Sequence[Bookmark], skip: set[int]) -> dict[int, tuple[int, int]]:
    pages: defaultdict[int, list[int]] = defaultdict(list)
    for at, row in enumerate(rows):
        if at not in skip and len(row.text) <= MAX_LENGTH:
            pages[row.page].append(at)
    solid = {at: _solid(rows[at].text) for places in pages.values() for at in places}
    found: dict[int, tuple[int, int]] = {}
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


def _from_type(rows: Sequence[Row], skip: set[int], outlined: dict[int, tuple[int, int]]) -> dict[int, tuple[int, int]]:
    body = body_style(rows)
    styles = _known_styles(rows, outlined)
    inside = {at + step for at, (count, _) in outlined.items() for step in range(count)}
    common = _too_common(rows)
    blocked = skip | inside
    runs = []
    at = 0
    while at < len(rows):
        can_be = at not in blocked and style_of(rows[at])[:2] not in common
        count = _run(rows, at, body, blocked) if can_be else 0
        if count:
            runs.append((at, count))
        at += count or 1
    levels = _levels([rows[at] for at, _ in runs], styles, body)
    found = {}
    for at, count in runs:
        level = levels.get(style_of(rows[at])[:2])
        if level is not None:
            found[at] = (count, level)
    if not outlined:
        _number_levels(rows, found)
    return found


def _too_common(rows: Sequence[Row]) -> set[tuple[int, bool]]:
    """Return the styles of too much of the text to be headings', where the document is long enough to tell."""
    counts: Counter[tuple[int, bool]] = Counter()
    for row in rows:
        counts[style_of(row)[:2]] += len(row.text)
    total = sum(counts.values())
    return {style for style, count in counts.items() if total > 500 and count > COMMON * total}


def _known_styles(rows: Sequence[Row], outlined: dict[int, tuple[int, int]]) -> dict[tuple[int, bool], int]:
    votes: defaultdict[tuple[int, bool], Counter[int]] = defaultdict(Counter)
    for at, (_, level) in outlined.items():
        votes[style_of(rows[at])[:2]][level] += 1
    return {style: counts.most_common(1)[0][0] for style, counts in votes.items()}


def _run(rows: Sequence[Row], at: int, body: Style, skip: set[int]) -> int:
    """Return how many rows from ``at`` on make one heading by their looks, or 0."""
    row = rows[at]
    if _ADMONITION.match(row.text) or is_caption(row.text):
        return 0
    if not _stands_out(row, body) or row.mono or len(row.text) > MAX_LENGTH or not any(c.isalpha() for c in row.text):
        return 0
    count = 1
    while (
        at + count < len(rows)
        and at + count not in skip
        and count < 5
        and style_of(rows[at + count])[:2] == style_of(row)[:2]
        and rows[at + count].column == row.column
        and 0 <= rows[at + count - 1].y0 - rows[at + count].y0 <= 1.6 * row.size
        and not _NUMBERED.match(rows[at + count].text)
    ):
        count += 1
    last = rows[at + count - 1]
    if count == 5 or (count > 2 and style_of(row)[0] <= 1.1 * body[0]):
        return 0
    big = style_of(row)[0] >= 1.15 * body[0]
    if _SENTENCE_END.search(last.text) and not (big and not last.text.endswith((",", "\x02"))):
        return 0
    if not big and len(row.segments) > 2:
        return 0
    after = rows[at + count] if at + count < len(rows) else None
    if after is None:
        return 0
    if not big and after.column == row.column and abs(after.y0 - row.y0) < 0.5 * row.size:
        return 0
    before = rows[at - 1] if at else None
    if before and not big and before.column == row.column and before.y0 - row.y1 < 0.3 * row.size:
        return 0
    return count


def _stands_out(row: Row, body: Style) -> bool:
    size, bold, _ = style_of(row)
    if size > 1.08 * body[0] + 0.5:
        return True
    return bold and not body[1] and size >= 0.95 * body[0]


def _levels(heads: Sequence[Row], known: dict[tuple[int, bool], int], body: Style) -> dict[tuple[int, bool], int]:
    """Give each style a level: that of the outline's headings in it, else by size, larger above smaller."""
    styles = {style_of(row)[:2] for row in heads}
    if known:
        deepest = max(known.values())
        least = min(known)
        return {
            style: known.get(style) or min(deepest + 1, MAX_LEVEL)
            for style in styles
            if style in known or style < least or style[0] < min(s[0] for s in known)
        }
    cover = heads[0].page if heads else 0
    often = Counter(style_of(row)[:2] for row in heads if row.page > cover)
    inner = {style for style, count in often.items() if count > 1} or set(often) or styles
    ranked: list[tuple[int, bool]] = []
    levels: dict[tuple[int, bool], int] = {}
    for style in sorted(inner, reverse=True):
        if not ranked or style[0] < 0.96 * ranked[-1][0] or style[1] != ranked[-1][1]:
            ranked.append(style)
        levels[style] = min(len(ranked), MAX_LEVEL)
    for style in styles - inner:  # of the cover alone, or used once: as high as the next smaller
        levels[style] = min(min((levels[s] for s in inner if s <= style), default=len(ranked)), MAX_LEVEL)
    return levels


def _number_levels(rows: Sequence[Row], found: dict[int, tuple[int, int]]) -> None:
    """Where most headings carry numbers, let the depth of the number say the level."""
    depths = {}
    for at in found:
        match = _NUMBERED.match(rows[at].text)
        chinese = _CHINESE.match(rows[at].text)
        if match:
            depths[at] = match[1].count(".") + 1
        elif chinese:
            depths[at] = 2 if chinese[2] else 1
    if len(depths) < 3 or len(depths) < 0.25 * len(found):
        return
    for at, depth in depths.items():
        found[at] = (found[at][0], min(depth, MAX_LEVEL))
