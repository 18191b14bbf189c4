"""Read CSV and TSV: one table, its first full row the header. Knows nothing of types or formulas."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from io import StringIO

from ragqa.readers.builder import DocumentBuilder
from ragqa.readers.files import InputFile
from ragqa.readers.tables import Cell, add_table
from ragqa.types import Document

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


_LONGEST_LINE = 100_000
"""csv refuses longer fields, and a line like that is no row."""
_NAMED = re.compile(r'"?sep=(.)"?[;,\t]*\n', re.IGNORECASE)
_UNIT = re.compile(
    r"[\[(][^\[\]()]{0,12}[\])]|[-–—]?|%|°[CF]?|K|Ω|[kcdmµμ]?m[²³23]?|in(?:ch)?|ft|[kmµμ]?g|lbs?|t|[kM]?N|Nm|[kMmh]?Pa|(?:m)?bar|psi|"
    r"[kMmµμ]?[WVAJ]|kWh|Ah|mAh|[kMG]?Hz|rpm|r?/?min(?:-1|⁻¹)?|[mµμ]?s|sec|h|d|[mc]?l|dB(?:\(A\))?|m[³3]/h|l/(?:min|s|h)|pcs|Stk|"
    r"mm/s|m/s|kg/h|毫米|厘米|米|千克|公斤|克|伏|安|瓦|千瓦|摄氏度|秒|分钟|小时|个|升|巴"
)


def read(file: InputFile) -> Document:
    """Return the rows as a Document; a file without columns is read as plain text."""
    decoded = file.text()
    text = decoded.text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    named = _NAMED.match(text)
    lines = lines_of(text[named.end() :] if named else text)
    if max(map(len, lines), default=0) > _LONGEST_LINE:
        return _as_text(file)
    delimiter = named[1] if named else find_delimiter(lines, file.suffix in (".tsv", ".tab"))
    if delimiter is None:
        return _as_text(file)
    rows = [row for row in records(lines, delimiter) if any(map(str.strip, row))]
    if not rows:
        return _as_text(file)
    builder = DocumentBuilder(file.name)
    titles = _titles(rows)
    for row in rows[:titles]:
        builder.add("caption", f"{delimiter} ".join(cell.strip() for cell in row if cell.strip()))
    rows = rows[titles:]
    headers = 1 + _has_units(rows) if len(rows) > 1 else 0
    add_table(builder, [[Cell(cell) for cell in row] for row in rows], headers)
    return builder.build(file.data, file.name, "text/csv", "", decoded.warnings)


def _titles(rows: Rows) -> int:
    """Return how many first rows are titles over the table: one filled cell, or few of the columns that follow."""
    width = Counter(map(len, rows)).most_common(1)[0][0]
    count = 0
    while count < len(rows) - 1 and width > 1:
        filled = sum(bool(cell.strip()) for cell in rows[count])
        if filled != 1 and not (len(rows[count]) < width and filled * 2 <= width):
            return count
        count += 1
    return count


def _has_units(rows: Rows) -> bool:
    """Say whether the second row gives the units of the columns that the first one names, and numbers follow."""
    if len(rows) < 3:
        return False
    units = [cell.strip() for cell in rows[1]]
    named = [
        at
        for at, unit in enumerate(units)
        if len(unit) > 1 or unit in ("m", "g", "t", "s", "h", "l", "V", "A", "W", "K", "Ω", "%")
    ]
    if not named or not all(map(_UNIT.fullmatch, units)):
        return False
    return any(at < len(row) and any(map(str.isdigit, row[at])) for row in rows[2:12] for at in named)


def _as_text(file: InputFile) -> Document:
    from ragqa.readers.text import read as read_text

    return read_text(file)
