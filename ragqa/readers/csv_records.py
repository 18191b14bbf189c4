"""Lines of a CSV file to records: which sign parts the cells, and where quotes are wrong. Knows no header."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from io import StringIO

Rows = list[list[str]]

_SAMPLE = 500
"""Lines that choose the delimiter."""
_TALLEST = 60
"""Lines of a quoted cell; a quote that closes later was never meant to open."""
_LEAST_EVEN = 0.5
"""Share of the records that a delimiter must cut into the same number of cells."""


def lines_of(text: str) -> list[str]:
    """Return the lines with their ends, which quoted cells may hold."""
    return StringIO(text, newline="\n").readlines()


def records(lines: Sequence[str], delimiter: str) -> Iterator[list[str]]:
    """Yield the cells of each record, as RFC 4180 has them; a line whose quotes don't close is a record as it is."""
    at = width = 0
    while at < len(lines):
        line, used = lines[at], 1
        row = line.rstrip("\n").split(delimiter)
        if '"' in line:
            try:
                reader = csv.reader(lines[at : at + _TALLEST], delimiter=delimiter, strict=True)
                row = next(reader)
                used = reader.line_num
            except (csv.Error, StopIteration):
                lenient = next(csv.reader([line], delimiter=delimiter), row)
                row = row if len(row) == width != len(lenient) else lenient
        at += used
        width = width or (len(row) if len(row) > 1 else 0)
        yield row


def find_delimiter(lines: Sequence[str], tabs: bool) -> str | None:
    """Return the sign that cuts the first lines most evenly, header and records; None where none does.

    ``tabs`` where the file's name promises them. A file of one column has any sign that stands nowhere.
    """
    sample = lines[:_SAMPLE]
    best, found, cut = 0.0, None, 0.0
    for delimiter in "\t;|,":
        rows = [row for row in records(sample, delimiter) if any(map(str.strip, row))]
        if not rows:
            return None
        cut = max(cut, sum(len(row) > 1 for row in rows) / len(rows))
        score = _evenness(rows, delimiter, "".join(sample)) + (0.3 if tabs and delimiter == "\t" else 0)
        if score > best:
            best, found = score, delimiter
    if found is None and cut < 0.2 and sum(not line.isspace() for line in sample) > 2:
        return "\t" if tabs or not any("\t" in line for line in lines) else None
    return found


def _evenness(rows: Rows, delimiter: str, text: str) -> float:
    """Return how evenly a delimiter cuts all records, and whether it looks like one; 0 where it does not cut."""
    widths = Counter(map(len, rows))
    width = max(widths, key=lambda width: (widths[width], width))
    share = widths[width] / len(rows)
    if width < 2 or share < _LEAST_EVEN:
        return 0.0
    signs = max(text.count(delimiter), 1)
    in_words = text.count(f"{delimiter} ") / signs  # a list within a cell, or a sentence
    if len(rows[0]) == width:
        return share + 0.2 - 0.15 * in_words
    in_numbers = len(re.findall(r"(?<=\d),(?=\d)", text)) / signs if delimiter == "," else 0
    return max(share - 0.15 * in_words - 0.3 * in_numbers, 0.01)
