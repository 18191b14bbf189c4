"""Which rows are headings, and of what level: from the outline where there is one, and from the type they are set in.

Rows of one heading are joined by the caller. Knows nothing of the blocks around them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ragqa.readers.pdf.levels import below_outline, by_size, known_levels
from ragqa.readers.pdf.outline import Headings, from_outline
from ragqa.readers.pdf.rows import Row
from ragqa.readers.pdf.source import Bookmark
from ragqa.readers.pdf.styles import body_style, count_styles, too_common
from ragqa.readers.pdf.typed import find_typed

_ENUMERATOR = re.compile(
    r"^(?:(?:chapter|part|appendix|section)\s*)?(?:\d{1,3}|[ivxlc]+|[a-z]|one|two|three|four|five|six|seven|eight|nine|ten|"
    r"eleven|twelve)\W?$|^第\s*[一二三四五六七八九十百\d]+\s*[章篇部编編节節]$",
    re.I,
)


def find_headings(rows: Sequence[Row], bookmarks: Sequence[Bookmark], skip: set[int]) -> Headings:
    """Return the headings of a document. ``skip`` are positions that can't be any: tables of contents, code."""
    outlined = from_outline(rows, bookmarks, skip)
    inside = {at + step for at, (count, _) in outlined.items() for step in range(count)}
    known = known_levels(rows, outlined)
    counts = count_styles(rows, skip)
    typed = find_typed(rows, body_style(counts), too_common(counts), skip | inside, known.keys())
    found = below_outline(rows, typed, outlined, known) if outlined else by_size(rows, typed)
    return _with_numbers_above(rows, found)


def _with_numbers_above(rows: Sequence[Row], found: Headings) -> Headings:
    """Join a heading that is but a number ('Chapter 3', 'TWO', '第三章') to the one below it."""
    joined = dict(found)
    for at in sorted(found):
        count, _ = found[at]
        below = found.get(at + count)
        if below and count == 1 and _ENUMERATOR.match(rows[at].text) and rows[at].page == rows[at + 1].page:
            joined[at] = (count + below[0], below[1])
            joined.pop(at + count, None)
    return joined
