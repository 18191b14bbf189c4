"""The levels of headings known by their type: below the outline's where there is one, else by size and number."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from ragqa.readers.pdf.outline import MAX_LEVEL, Headings
from ragqa.readers.pdf.rows import Row
from ragqa.readers.pdf.styles import Style, style_of

_NUMBERED = re.compile(
    r"^(?:(?:chapter|part|appendix|section|annex)\s+)?((?:\d{1,3}|[A-Z])(?:\.\d{1,3})*)\.?\s+\S", re.I
)
_CHINESE = re.compile(
    r"^(?:第[一二三四五六七八九十百零〇\d]+([章篇部编編卷])|第[一二三四五六七八九十百零〇\d]+([节節])|附录|附錄)"
)


def known_levels(rows: Sequence[Row], outlined: Headings) -> dict[Style, int]:
    """Return the level that most of the outline's headings of each style have; a lone one among many says nothing."""
    votes: defaultdict[Style, Counter[int]] = defaultdict(Counter)
    for at, (_, level) in outlined.items():
        votes[style_of(rows[at])][level] += 1
    least = 2 if len(outlined) > 8 else 1
    return {style: counts.most_common(1)[0][0] for style, counts in votes.items() if counts.total() >= least}


def below_outline(
    rows: Sequence[Row], typed: Sequence[tuple[int, int]], outlined: Headings, known: dict[Style, int]
) -> Headings:
    """Return all headings. One that the outline leaves out stands as high as others of its style that it names.

    Of another style, it stands one level below the outline's heading above it, or below one of larger type since.
    Type larger than the outline's is believed where it returns past the first page: it may be a part's, or the cover's.
    """
    smallest = min(style.size for style in known) if known else 0
    often = Counter(style_of(rows[at]) for at, _ in typed if rows[at].page > 0)
    merged = {at: (count, 0) for at, count in typed} | outlined
    found: Headings = {}
    above: list[tuple[int, Style | None]] = []
    for at in sorted(merged):
        count, level = merged[at]
        style: Style | None = None
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


def by_size(rows: Sequence[Row], typed: Sequence[tuple[int, int]]) -> Headings:
    """Return the headings of a document without an outline: larger above smaller, or as deep as their numbers."""
    levels = _ranked([rows[at] for at, _ in typed])
    found = {at: (count, levels[style_of(rows[at])]) for at, count in typed}
    _number_levels(rows, found)
    return found


def _ranked(heads: Sequence[Row]) -> dict[Style, int]:
    styles = {style_of(row) for row in heads}
    cover = heads[0].page if heads else 0
    often = Counter(style_of(row) for row in heads if row.page > cover)
    inner = {style for style, count in often.items() if count > 1} or set(often) or styles
    ranked: list[Style] = []
    levels: dict[Style, int] = {}
    for style in sorted(inner, reverse=True):
        if not ranked or style.size < 0.96 * ranked[-1].size or style[1:] != ranked[-1][1:]:
            ranked.append(style)
        levels[style] = min(len(ranked), MAX_LEVEL)
    for style in styles - inner:  # of the cover alone, or used once: as high as the next smaller
        levels[style] = min(min((levels[s] for s in inner if s <= style), default=len(ranked)), MAX_LEVEL)
    return levels


def _number_levels(rows: Sequence[Row], found: Headings) -> None:
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
