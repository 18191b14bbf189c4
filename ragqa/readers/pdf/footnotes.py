"""Footnotes: small lines at the foot of a column, from one that begins with a mark on. Links none to its place."""

from __future__ import annotations

import re
from collections.abc import Sequence, Set

from ragqa.readers.pdf.rows import Row

SMALLER = 0.92
"""Times the size of the text above, which a footnote's type does not pass."""

_MARK = re.compile(r"^(?:\d{1,3}[\s.)]?(?=\D)|\(\d{1,3}\)|\[\d{1,3}\]|[*†‡§¶]+|[①-⑳]|[a-z]\s)\s*\S")


def find_footnotes(rows: Sequence[Row], skip: Set[int]) -> dict[int, int]:
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


def _foot(rows: Sequence[Row], end: int, skip: Set[int]) -> int:
    """Return where the footnotes of the column that ends before ``end`` begin, or ``end`` where it has none."""
    column, size = rows[end - 1].column, rows[end - 1].size
    at = end
    while at and rows[at - 1].column == column and at - 1 not in skip and abs(rows[at - 1].size - size) < 0.06 * size:
        at -= 1
    if not at or rows[at - 1].column != column or size > SMALLER * rows[at - 1].size:
        return end
    return at if at < end and _MARK.match(rows[at].text) else end
