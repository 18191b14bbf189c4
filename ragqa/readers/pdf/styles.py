"""The styles of a document's rows, and what most of its text is set in. Judges no row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from typing import NamedTuple

from ragqa.readers.pdf.rows import Row

COMMON = 0.3
"""The part of a document's characters past which a style is that of text, however large or bold."""


class Style(NamedTuple):
    """Type size in quarter points, weight and slant. The font's name is no part: Chinese and Latin stand in two."""

    size: int
    bold: bool
    italic: bool


def style_of(row: Row) -> Style:
    first = row.segments[0]
    return Style(round(4 * row.size), row.bold, first.font.italic and first.last_font.italic)


def count_styles(rows: Sequence[Row], skip: Set[int]) -> Counter[Style]:
    """Return how much is set in each style, Chinese counted twice, tables and code little; ``skip`` are left out."""
    counts: Counter[Style] = Counter()
    for at, row in enumerate(rows):
        if at not in skip:
            weight = 1 if row.mono else 20 // len(row.segments)
            counts[style_of(row)] += len(row.text) * weight * (1 if row.text.isascii() else 2)
    return counts


def body_style(counts: Counter[Style]) -> Style:
    """Return the style in which most of the document is set."""
    return counts.most_common(1)[0][0] if counts else Style(40, False, False)


def too_common(counts: Counter[Style]) -> set[Style]:
    """Return the styles of too much of the text to be headings', where the document is long enough to tell."""
    total = sum(counts.values())
    return {style for style, count in counts.items() if total > 10_000 and count > COMMON * total}
