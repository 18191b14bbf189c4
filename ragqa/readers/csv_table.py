"""Read CSV and TSV: one table, its first full row the header. Knows nothing of types or formulas."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import PurePath

from ragqa.readers.csv_records import Rows, find_delimiter, lines_of, records
from ragqa.readers.draft import Draft
from ragqa.readers.encodings import Decoded
from ragqa.readers.tables import Cell, add_table
from ragqa.types import Document

_LONGEST_LINE = 100_000
"""csv refuses longer fields, and a line like that is no row."""
_NAMED = re.compile(r'"?sep=(.)"?[;,\t]*\n', re.IGNORECASE)
_UNIT = re.compile(
    r"[\[(][^\[\]()]{0,12}[\])]|[-–—]?|%|°[CF]?|K|Ω|[kcdmµμ]?m[²³23]?|in(?:ch)?|ft|[kmµμ]?g|lbs?|t|[kM]?N|Nm|[kMmh]?Pa|(?:m)?bar|psi|"
    r"[kMmµμ]?[WVAJ]|kWh|Ah|mAh|[kMG]?Hz|rpm|r?/?min(?:-1|⁻¹)?|[mµμ]?s|sec|h|d|[mc]?l|dB(?:\(A\))?|m[³3]/h|l/(?:min|s|h)|pcs|Stk|"
    r"mm/s|m/s|kg/h|毫米|厘米|米|千克|公斤|克|伏|安|瓦|千瓦|摄氏度|秒|分钟|小时|个|升|巴"
)


def read(decoded: Decoded, data: bytes, name: str) -> Document:
    """Return the rows as a Document; a file without columns is read as plain text."""
    text = decoded.text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    named = _NAMED.match(text)
    lines = lines_of(text[named.end() :] if named else text)
    if max(map(len, lines), default=0) > _LONGEST_LINE:
        return _as_text(decoded, data, name)
    delimiter = named[1] if named else find_delimiter(lines, PurePath(name).suffix.lower() in (".tsv", ".tab"))
    if delimiter is None:
        return _as_text(decoded, data, name)
    rows = [row for row in records(lines, delimiter) if any(map(str.strip, row))]
    if not rows:
        return _as_text(decoded, data, name)
    draft = Draft(name)
    titles = _titles(rows)
    for row in rows[:titles]:
        draft.add("caption", f"{delimiter} ".join(cell.strip() for cell in row if cell.strip()))
    rows = rows[titles:]
    headers = 1 + _has_units(rows) if len(rows) > 1 else 0
    add_table(draft, [[Cell(cell) for cell in row] for row in rows], headers)
    return draft.document(data, name, "text/csv", "", decoded.warnings)


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


def _as_text(decoded: Decoded, data: bytes, name: str) -> Document:
    from ragqa.readers.text import read as read_text

    return read_text(decoded, data, name)
