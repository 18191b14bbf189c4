"""Read CSV and TSV: one table, its first full row the header. Knows nothing of types or formulas."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from io import StringIO

from ragqa.readers.draft import Draft
from ragqa.readers.encodings import Decoded
from ragqa.readers.tables import Cell, add_table
from ragqa.types import Document

_DELIMITERS = ",;\t|"
_SAMPLE_LINES = 60
_LONGEST_LINE = 100_000
"""csv refuses longer fields, and a line like that is no row."""


def read(decoded: Decoded, data: bytes, name: str) -> Document:
    """Return the rows as a Document; a file without columns is read as plain text."""
    text = decoded.text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    delimiter = sniff_delimiter(text)
    if delimiter is None:
        return _as_text(decoded, data, name)
    try:
        rows = [row for row in csv.reader(_lines(text), delimiter=delimiter) if any(cell.strip() for cell in row)]
    except csv.Error:
        return _as_text(decoded, data, name)
    if not rows:
        return _as_text(decoded, data, name)
    width = Counter(map(len, rows)).most_common(1)[0][0]
    draft = Draft(name)
    titles = 0
    while titles < len(rows) - 1 and width > 1 and sum(bool(cell.strip()) for cell in rows[titles]) == 1:
        draft.add("caption", " ".join(rows[titles]))  # above the header
        titles += 1
    rows = rows[titles:]
    add_table(draft, [[Cell(cell) for cell in row] for row in rows], 1 if len(rows) > 1 else 0)
    return draft.document(data, name, "text/csv", "", decoded.warnings)


def sniff_delimiter(text: str) -> str | None:
    """Return the delimiter that cuts the first lines most evenly into columns; None where none does."""
    sample = []
    for line in _lines(text):
        if len(line) > _LONGEST_LINE:
            return None
        sample.append(line)
        if len(sample) == _SAMPLE_LINES:
            break
    best = (0.0, 0, "")
    for delimiter in _DELIMITERS:
        try:
            widths = Counter(len(row) for row in csv.reader(sample, delimiter=delimiter) if row)
        except csv.Error:
            continue
        if not widths:
            continue
        width, count = widths.most_common(1)[0]
        if width > 1:
            best = max(best, (round(count / widths.total(), 1), width, delimiter))
    return best[2] if best[0] >= 0.5 else None


def _lines(text: str) -> Iterator[str]:
    """Yield lines with their ends, which quoted fields may hold, without a second copy of the whole."""
    return iter(StringIO(text, newline="\n"))


def _as_text(decoded: Decoded, data: bytes, name: str) -> Document:
    from ragqa.readers.text import read as read_text

    return read_text(decoded, data, name)
