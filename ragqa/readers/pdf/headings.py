"""Which rows are headings, and of what level: from the outline where there is one, and from the type they are set in.

Rows of one heading are joined by the caller. IsWord nothing of the blocks around them.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence, Set
from pathlib import PurePath
from typing import NamedTuple

from ragqa.readers.builder import clean_metadata_title
from ragqa.readers.pdf.rows import TextRow, finish, is_caption
from ragqa.readers.pdf.source import Bookmark
from ragqa.wording import document_words

MAX_LENGTH = 200
MAX_LEVEL = 6

Headings = dict[int, tuple[int, int]]
"""For the position of a heading's first row: how many rows it has, and its level."""

_SOLID = re.compile(r"[\W_]+")
_BLANKS = {code: None for code in range(128) if _SOLID.match(chr(code))}  # the same for ASCII, in a third of the time


def _solid(text: str) -> str:
    return text.translate(_BLANKS).lower() if text.isascii() else _SOLID.sub("", text).lower()


def find_in_outline(rows: Sequence[TextRow], bookmarks: Sequence[Bookmark], skip: set[int]) -> Headings:
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


def _away(row: TextRow, mark: Bookmark, page: int) -> float:
    """Return how far a row lies from where the bookmark leads; larger type is preferred among rows of one place."""
    if mark.y is None or page != mark.page:
        return 500 - 10 * row.size - 100 * row.bold
    return abs(row.y1 - mark.y) - 3 * row.size


def _matches(rows: Sequence[TextRow], solid: dict[int, str], at: int, title: str) -> int:
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
            rf"(?:chapter|appendix|part|section|annex"
            rf"|{document_words('chapter').casefold()})?[a-z]?\d*[a-z]?|第\w{{1,4}}[章节節篇部]|附[录錄]\w?"
            rf"|[ivxlc]+",
            text,
        )
    )


COMMON = 0.3
"""The part of a document's characters past which a style is that of text, however large or bold."""


class TypeStyle(NamedTuple):
    """Type size in quarter points, weight and slant. The font's name is no part: Chinese and Latin stand in two."""

    size: int
    bold: bool
    italic: bool


def style_of(row: TextRow) -> TypeStyle:
    first = row.segments[0]
    return TypeStyle(round(4 * row.size), row.bold, first.font.italic and first.last_font.italic)


def count_styles(rows: Sequence[TextRow], skip: Set[int]) -> Counter[TypeStyle]:
    """Return how much is set in each style, Chinese counted twice, tables and code little; ``skip`` are left out."""
    counts: Counter[TypeStyle] = Counter()
    for at, row in enumerate(rows):
        if at not in skip:
            weight = 1 if row.mono else 20 // len(row.segments)
            counts[style_of(row)] += len(row.text) * weight * (1 if row.text.isascii() else 2)
    return counts


def body_style(counts: Counter[TypeStyle]) -> TypeStyle:
    """Return the style in which most of the document is set."""
    return counts.most_common(1)[0][0] if counts else TypeStyle(40, False, False)


def find_common_styles(counts: Counter[TypeStyle]) -> set[TypeStyle]:
    """Return the styles of too much of the text to be headings', where the document is long enough to tell."""
    total = sum(counts.values())
    return {style for style, count in counts.items() if total > 10_000 and count > COMMON * total}


_NUMBERED = re.compile(
    rf"^(?:(?:chapter|part|appendix|section|annex|{document_words('chapter')})\s+)?"
    r"((?:\d{1,3}|[A-Z])(?:\.\d{1,3})*)\.?\s+\S",
    re.I,
)
_CHINESE = re.compile(
    r"^(?:第[一二三四五六七八九十百零〇\d]+([章篇部编編卷])|第[一二三四五六七八九十百零〇\d]+([节節])|附录|附錄)"
)


def vote_on_levels(rows: Sequence[TextRow], outlined: Headings) -> dict[TypeStyle, int]:
    """Return the level that most of the outline's headings of each style have; a lone one among many says nothing."""
    votes: defaultdict[TypeStyle, Counter[int]] = defaultdict(Counter)
    for at, (_, level) in outlined.items():
        votes[style_of(rows[at])][level] += 1
    least = 2 if len(outlined) > 8 else 1
    return {style: counts.most_common(1)[0][0] for style, counts in votes.items() if counts.total() >= least}


def find_below_outline(
    rows: Sequence[TextRow], typed: Sequence[tuple[int, int]], outlined: Headings, known: dict[TypeStyle, int]
) -> Headings:
    """Return all headings. One that the outline leaves out stands as high as others of its style that it names.

    Of another style, it stands one level below the outline's heading above it, or below one of larger type since.
    Type larger than the outline's is believed where it returns past the first page: it may be a part's, or the cover's.
    """
    smallest = min(style.size for style in known) if known else 0
    often = Counter(style_of(rows[at]) for at, _ in typed if rows[at].page > 0)
    merged = {at: (count, 0) for at, count in typed} | outlined
    found: Headings = {}
    above: list[tuple[int, TypeStyle | None]] = []
    for at in sorted(merged):
        count, level = merged[at]
        style: TypeStyle | None = None
        if not level:
            style = style_of(rows[at])
            level = known.get(style, 0)
        if level:
            above = [(other, _) for other, _ in above if other < level]
        elif style and (style.size <= smallest or often[style] > 1):
            while above and (held := above[-1][1]) and held <= style:
                above.pop()
            level = above[-1][0] + 1 if above else 1
        else:
            continue
        level = min(level, MAX_LEVEL)
        found[at] = (count, level)
        above.append((level, style))
    return found


def rank_by_size(rows: Sequence[TextRow], typed: Sequence[tuple[int, int]]) -> Headings:
    """Return the headings of a document without an outline: larger above smaller, or as deep as their numbers."""
    levels = _ranked([rows[at] for at, _ in typed])
    found = {at: (count, levels[style_of(rows[at])]) for at, count in typed}
    _number_levels(rows, found)
    return found


def _ranked(heads: Sequence[TextRow]) -> dict[TypeStyle, int]:
    styles = {style_of(row) for row in heads}
    cover = heads[0].page if heads else 0
    often = Counter(style_of(row) for row in heads if row.page > cover)
    inner = {style for style, count in often.items() if count > 1} or set(often) or styles
    ranked: list[TypeStyle] = []
    levels: dict[TypeStyle, int] = {}
    for style in sorted(inner, reverse=True):
        if not ranked or style.size < 0.96 * ranked[-1].size or style[1:] != ranked[-1][1:]:
            ranked.append(style)
        levels[style] = min(len(ranked), MAX_LEVEL)
    for style in styles - inner:  # of the cover alone, or used once: as high as the next smaller
        levels[style] = min(min((levels[s] for s in inner if s <= style), default=len(ranked)), MAX_LEVEL)
    return levels


def _number_levels(rows: Sequence[TextRow], found: Headings) -> None:
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


BIG = 1.15
"""Times the body's size from which type is a heading's without further proof."""
LARGER = 1.09
"""Times the body's size from which it stands out as bold type does."""
FAINT = 1.04
"""Times the body's size from which it may stand out, where all that is set so does."""
SHORT = 90
"""Characters that a heading no larger than the body may have."""
ALIKE = 0.5
"""The part of the lines of a style that must look like headings, where the style is not big."""
FAINT_ALIKE = 0.7
FAINT_TIMES = 3
"""How often a faint style must return, italics at the body's size among them."""

_ADMONITION = re.compile(
    rf"^(?:{document_words('notes')}|note|notes|tip|hint|warning|caution|danger|important|attention|notice|"
    r"注意|警告|提示|小心|说明|說明|注|危险|危險|重要)\W*$",
    re.I,
)
"""Labels of boxes beside the text: in large or bold type, but they begin no section."""
_SENTENCE_END = re.compile(r"[.;,:。；，：…]$|[\x02]$")
_NUMBER = re.compile(r"^\W?[\dA-Za-z一二三四五六七八九十]{1,3}(?:\.\d{1,3})*\W?$|^第\w{1,4}$")


def find_typed(
    rows: Sequence[TextRow], body: TypeStyle, common: Set[TypeStyle], blocked: Set[int], known: Set[TypeStyle]
) -> list[tuple[int, int]]:
    """Return (position, rows) of each heading. ``known`` are the styles of headings that the outline names."""
    found: list[tuple[int, int, TypeStyle]] = []
    lines: Counter[TypeStyle] = Counter()
    loud = _Loud(body, common)
    covers = _without_text(rows, loud)
    at = 0
    while at < len(rows):
        style = style_of(rows[at])
        strength = loud.of(style)
        count = 0
        if strength and at not in blocked:
            lines[style] += 1
            count = _run(rows, at, style, strength, blocked)
            if count and (strength == 3 or rows[at].page not in covers):
                found.append((at, count, style))
                lines[style] += count - 1
        at += count or 1
    believed = _alike(found, lines, loud) | known
    return [(at, count) for at, count, style in found if style in believed]


class _Loud:
    """How much a style stands out from the body's: 3 big, 2 bold or larger, 1 faint, 0 not at all."""

    def __init__(self, body: TypeStyle, common: Set[TypeStyle]) -> None:
        self._body = body
        self._known: dict[TypeStyle, int] = dict.fromkeys(common, 0)

    def of(self, style: TypeStyle) -> int:
        if style not in self._known:
            self._known[style] = self._judged(style)
        return self._known[style]

    def _judged(self, style: TypeStyle) -> int:
        times = style.size / max(self._body.size, 1)
        if times >= BIG:
            return 3
        if times > LARGER or (style.bold and not self._body.bold and times >= 0.95):
            return 2
        slanted = style.italic and not self._body.italic and times >= 0.97
        return 1 if slanted or times >= FAINT else 0


def _run(rows: Sequence[TextRow], at: int, style: TypeStyle, strength: int, blocked: Set[int]) -> int:
    """Return how many rows from ``at`` on make one heading by their looks, or 0."""
    row = rows[at]
    if row.mono or len(row.text) > MAX_LENGTH or not any(c.isalpha() for c in row.text):
        return 0
    if _ADMONITION.match(row.text) or is_caption(row.text):
        return 0
    count = 1
    while (
        at + count < len(rows)
        and at + count not in blocked
        and count < 5
        and style_of(rows[at + count]) == style
        and rows[at + count].column == row.column
        and 0 <= rows[at + count - 1].y0 - rows[at + count].y0 <= 1.6 * row.size
        and not _NUMBERED.match(rows[at + count].text)
    ):
        count += 1
    last = rows[at + count - 1]
    if count == 5 or at + count >= len(rows):
        return 0
    if strength == 3:
        return 0 if last.text.endswith((",", "\x02")) else count
    return count if _stands_alone(rows, at, count, strength) else 0


def _stands_alone(rows: Sequence[TextRow], at: int, count: int, strength: int) -> bool:
    """Whether it is short, no sentence, parted by white space from what is above, and in no row of a table."""
    row, last, after = rows[at], rows[at + count - 1], rows[at + count]
    if count > 2 or sum(len(r.text) for r in rows[at : at + count]) > SHORT or _SENTENCE_END.search(last.text):
        return False
    if len(row.segments) > 2 or (len(row.segments) == 2 and not _NUMBER.match(row.segments[0].text)):
        return False
    if strength == 1 and after.page != last.page:
        return False
    if after.column == row.column and abs(after.y0 - last.y0) < 0.5 * row.size:
        return False
    before = rows[at - 1] if at and rows[at - 1].column == row.column else None
    if before is None:
        return True
    room = before.y0 - row.y1
    if room < (0.3 if strength == 2 else 0.45) * row.size:
        return False
    return room > 2 * row.size or not _same_columns(before, after)


def _same_columns(above: TextRow, below: TextRow) -> bool:
    return any(abs(a.x0 - b.x0) < 3 for a in above.segments[1:] for b in below.segments[1:])


def _without_text(rows: Sequence[TextRow], loud: _Loud) -> set[int]:
    """Return the pages that hold no plain text to speak of, as covers."""
    plain = Counter(row.page for row in rows if not loud.of(style_of(row)))
    return {row.page for row in rows if plain[row.page] < 3}


def _alike(found: Sequence[tuple[int, int, TypeStyle]], lines: Counter[TypeStyle], loud: _Loud) -> set[TypeStyle]:
    """Return the styles that are headings' wherever, or nearly wherever, they are used."""
    runs = Counter(style for _, _, style in found)
    heads: Counter[TypeStyle] = Counter()
    for _, count, style in found:
        heads[style] += count
    believed = set()
    for style, count in heads.items():
        share = count / lines[style]
        strength = loud.of(style)
        least = (FAINT_ALIKE, ALIKE, 0.0)[strength - 1]
        if share >= least and (strength > 1 or runs[style] >= FAINT_TIMES):
            believed.add(style)
    return believed


_ENUMERATOR = re.compile(
    rf"^(?:(?:chapter|part|appendix|section|{document_words('chapter')})\s*)?(?:\d{{1,3}}|[ivxlc]+"
    r"|[a-z]|one|two|three|four|five|six|seven|eight"
    r"|nine|ten|"
    r"eleven|twelve)\W?$|^第\s*[一二三四五六七八九十百\d]+\s*[章篇部编編节節]$",
    re.I,
)


def find_headings(rows: Sequence[TextRow], bookmarks: Sequence[Bookmark], skip: set[int]) -> Headings:
    """Return the headings of a document. ``skip`` are positions that can't be any: tables of contents, code."""
    outlined = find_in_outline(rows, bookmarks, skip)
    inside = {at + step for at, (count, _) in outlined.items() for step in range(count)}
    known = vote_on_levels(rows, outlined)
    counts = count_styles(rows, skip)
    typed = find_typed(rows, body_style(counts), find_common_styles(counts), skip | inside, known.keys())
    found = find_below_outline(rows, typed, outlined, known) if outlined else rank_by_size(rows, typed)
    return _with_numbers_above(rows, found)


def _with_numbers_above(rows: Sequence[TextRow], found: Headings) -> Headings:
    """Join a heading that is but a number ('Chapter 3', 'TWO', '第三章') to the one below it."""
    joined = dict(found)
    for at in sorted(found):
        count, _ = found[at]
        below = found.get(at + count)
        if below and count == 1 and _ENUMERATOR.match(rows[at].text) and rows[at].page == rows[at + 1].page:
            joined[at] = (count + below[0], below[1])
            joined.pop(at + count, None)
    return joined


MAX_TITLE = 200


def choose_title(metadata: str, rows: Sequence[TextRow], name: str) -> str:
    """Return one line that names the document for a person."""
    return (
        clean_metadata_title(metadata)
        or _largest(rows)
        or ("standard input" if name == "-" else PurePath(name).stem or name)
    )


def _largest(rows: Sequence[TextRow]) -> str:
    """Return what stands in the largest type on the first page, where that is larger than the rest and short."""
    page = [row for row in rows if row.page == rows[0].page and sum(c.isalpha() for c in row.text) > 1]
    if not page:
        return ""
    size = max(row.size for row in page)
    usual = sorted(row.size for row in rows)[len(rows) // 2]
    if size < 1.15 * usual:
        return ""
    top = [row for row in page if row.size > 0.97 * size][:4]
    title = " ".join(finish(row.text) for row in top)
    return title if len(title) <= MAX_TITLE else ""
