"""A document's title: its metadata's where that is one, else the largest type on its first page, else its file name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from ragqa.readers.pdf.joining import finish
from ragqa.readers.pdf.rows import Row
from ragqa.readers.titles import given_title

MAX_TITLE = 200


def choose_title(metadata: str, rows: Sequence[Row], name: str) -> str:
    """Return one line that names the document for a person."""
    return given_title(metadata) or _largest(rows) or ("standard input" if name == "-" else PurePath(name).stem or name)


def _largest(rows: Sequence[Row]) -> str:
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
