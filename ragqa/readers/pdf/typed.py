"""Headings known by their type alone: short lines that stand out, stand alone, and are set alike over the document.

Tells where they are, not their levels. Precision first: what is bold within tables, boxes and paragraphs stays there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence, Set

from ragqa.readers.pdf.captions import is_caption
from ragqa.readers.pdf.outline import MAX_LENGTH
from ragqa.readers.pdf.rows import Row
from ragqa.readers.pdf.styles import Style, style_of

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
    r"^(?:note|notes|tip|hint|warning|caution|danger|important|attention|notice|"
    r"注意|警告|提示|小心|说明|說明|注|危险|危險|重要)\W*$",
    re.I,
)
"""Labels of boxes beside the text: in large or bold type, but they begin no section."""
_SENTENCE_END = re.compile(r"[.;,:。；，：…]$|[\x02]$")
_NUMBERED = re.compile(
    r"^(?:(?:chapter|part|appendix|section|annex)\s+)?((?:\d{1,3}|[A-Z])(?:\.\d{1,3})*)\.?\s+\S", re.I
)
_NUMBER = re.compile(r"^\W?[\dA-Za-z一二三四五六七八九十]{1,3}(?:\.\d{1,3})*\W?$|^第\w{1,4}$")


def find_typed(
    rows: Sequence[Row], body: Style, common: Set[Style], blocked: Set[int], known: Set[Style]
) -> list[tuple[int, int]]:
    """Return (position, rows) of each heading. ``known`` are the styles of headings that the outline names."""
    found: list[tuple[int, int, Style]] = []
    lines: Counter[Style] = Counter()
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

    def __init__(self, body: Style, common: Set[Style]) -> None:
        self._body = body
        self._known: dict[Style, int] = dict.fromkeys(common, 0)

    def of(self, style: Style) -> int:
        if style not in self._known:
            self._known[style] = self._judged(style)
        return self._known[style]

    def _judged(self, style: Style) -> int:
        times = style.size / max(self._body.size, 1)
        if times >= BIG:
            return 3
        if times > LARGER or (style.bold and not self._body.bold and times >= 0.95):
            return 2
        slanted = style.italic and not self._body.italic and times >= 0.97
        return 1 if slanted or times >= FAINT else 0


def _run(rows: Sequence[Row], at: int, style: Style, strength: int, blocked: Set[int]) -> int:
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


def _stands_alone(rows: Sequence[Row], at: int, count: int, strength: int) -> bool:
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


def _same_columns(above: Row, below: Row) -> bool:
    return any(abs(a.x0 - b.x0) < 3 for a in above.segments[1:] for b in below.segments[1:])


def _without_text(rows: Sequence[Row], loud: _Loud) -> set[int]:
    """Return the pages that hold no plain text to speak of, as covers."""
    plain = Counter(row.page for row in rows if not loud.of(style_of(row)))
    return {row.page for row in rows if plain[row.page] < 3}


def _alike(found: Sequence[tuple[int, int, Style]], lines: Counter[Style], loud: _Loud) -> set[Style]:
    """Return the styles that are headings' wherever, or nearly wherever, they are used."""
    runs = Counter(style for _, _, style in found)
    heads: Counter[Style] = Counter()
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
