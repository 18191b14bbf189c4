"""Headings set at the beginning of a paragraph's first line: the line is parted in two, as the outline names it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from ragqa.readers.pdf.rows import Row
from ragqa.readers.pdf.source import Bookmark


def part_run_ins(rows: Sequence[Row], bookmarks: Sequence[Bookmark]) -> list[Row]:
    """Return the rows, those that begin with a bookmark's title in bold and go on in plain type parted after it."""
    titles: defaultdict[int, list[str]] = defaultdict(list)
    for mark in bookmarks:
        if mark.page is not None:
            titles[mark.page].append(mark.title)
    found: list[Row] = []
    for row in rows:
        title = _title(row, titles.get(row.page, ()))
        found += _parted(row, title) if title else [row]
    return found


def _title(row: Row, titles: Sequence[str]) -> str:
    first = row.segments[0]
    if not titles or not first.font.bold or row.bold:
        return ""
    fits = [title for title in titles if row.text.startswith(title + " ")]
    return max(fits, key=len, default="")


def _parted(row: Row, title: str) -> list[Row]:
    first, *others = row.segments
    if len(title) > len(first.text):
        return [row]
    split = first.x0 + (first.x1 - first.x0) * len(title) / len(first.text)
    head = first._replace(text=title, x1=split, last_font=first.font)
    rest = first.text[len(title) :].strip()
    tail = [first._replace(text=rest, x0=split + 0.5 * row.size, font=first.last_font)] if rest else []
    tail += others
    text = row.text[len(title) :].strip()
    heading = row._replace(segments=(head,), text=title, x1=split, size=head.size, bold=True)
    return [heading, row._replace(segments=tuple(tail), text=text, x0=row.x0, bold=False)] if tail else [heading]
