"""The units of each document: found when it is put, asked for by where the passages found stand.

They follow from the document, so an archive's own are thrown away and found anew. Each row has the checksum of what it
quotes: a disk's flipped bit is never quoted.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, get_args

from ragqa.document_fields import strings_from, typed_rows
from ragqa.store.sums import crc
from ragqa.types import Document, Span, Unit, UnitKind

LONGEST = 20_000
"""Characters; nobody wants more than that whole."""

TABLES = """
CREATE TABLE unit (
    unit_id INTEGER PRIMARY KEY,
    document_id INTEGER NOT NULL REFERENCES document ON DELETE CASCADE,
    start_at INTEGER NOT NULL,
    end_at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    fields TEXT NOT NULL,
    crc INTEGER NOT NULL
);
CREATE INDEX unit_place ON unit (document_id, start_at);
"""
_KINDS = frozenset(get_args(UnitKind))
_MARGIN = "start_at > ? AND start_at < ? AND end_at > ?"


def put_units(connection: sqlite3.Connection, document_id: int, document: Document) -> None:
    """Find the units of a document and store them in place of those before."""
    from ragqa.units import find_units  # its patterns take 10 ms, and only what writes needs them

    connection.execute("DELETE FROM unit WHERE document_id = ?", (document_id,))
    rows = []
    for unit in find_units(document):
        if unit.end - unit.start <= LONGEST:
            row = (unit.start, unit.end, unit.kind, _fields(unit))
            quoted = document.text[unit.start : unit.end] + document.text[slice(*unit.warning)]
            rows.append((document_id, *row, crc(document_id, *row, quoted)))
    connection.executemany(
        "INSERT INTO unit (document_id, start_at, end_at, kind, fields, crc) VALUES (?, ?, ?, ?, ?, ?)", rows
    )


def units_at(connection: sqlite3.Connection, document: str, spans: Sequence[Span]) -> list[tuple[int, Unit]]:
    """Return the id and the unit of each that touches one of the ``spans`` of a document's text, in reading order."""
    found: dict[int, Unit] = {}
    sql = (
        "SELECT unit_id, start_at, end_at, kind, fields FROM unit WHERE document_id = "
        f"(SELECT document_id FROM document WHERE name = ?) AND {_MARGIN}"
    )
    for start, end in _merged(spans):
        for unit_id, *row in connection.execute(sql, (document, start - LONGEST, end, start)):
            found[unit_id] = _unit(*row)
    return sorted(found.items(), key=lambda item: (item[1].start, -item[1].end))


def texts_of(connection: sqlite3.Connection, unit_id: int) -> tuple[str, str] | None:
    """Return the text of a unit and the warning that stands before it; None where they are not as they were written."""
    sql = "SELECT document_id, start_at, end_at, kind, fields, crc FROM unit WHERE unit_id = ?"
    row = connection.execute(sql, (unit_id,)).fetchone()
    if row is None:
        return None
    document_id, start, end, kind, fields, sum_ = row
    warning = _unit(start, end, kind, fields).warning
    quoted = "SELECT substr(text, ? + 1, ? - ?), substr(text, ? + 1, ? - ?) FROM document WHERE document_id = ?"
    text, before = connection.execute(
        quoted, (start, end, start, warning[0], warning[1], warning[0], document_id)
    ).fetchone()
    sound = crc(document_id, start, end, kind, fields, text + before) == sum_
    return (text, before) if sound else None


def unit_problems(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield the units that are not as they were written."""
    for unit_id, name in connection.execute(
        "SELECT unit_id, name FROM unit JOIN document USING (document_id)"
    ).fetchall():
        try:
            sound = texts_of(connection, unit_id) is not None
        except ValueError:
            sound = False
        if not sound:
            yield f"{name}: unit {unit_id} is not as it was written"


def _merged(spans: Sequence[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _fields(unit: Unit) -> str:
    rest = (unit.section, unit.lead, unit.parts, unit.steps, unit.warning, unit.page, unit.page_end, unit.printed)
    return json.dumps(rest, ensure_ascii=False, separators=(",", ":"))


def _unit(start: int, end: int, kind: Any, fields: str) -> Unit:
    """Return the unit of a row. Raises ValueError where it is none."""
    value = json.loads(fields)
    if kind not in _KINDS or not isinstance(value, list) or len(value) != 8:
        raise ValueError("a unit of the document is none")
    section, lead, parts, steps, warning, *pages, printed = value
    pairs = typed_rows([lead, warning], "units", (int, int))
    spans = typed_rows(parts, "parts of units", (int, int))
    numbers = [steps, *(page for page in pages if page is not None)]
    if not all(isinstance(number, int) for number in numbers) or not isinstance(printed, (str, type(None))):
        raise ValueError("the pages or steps of a unit are no numbers")
    return Unit(
        kind,
        start,
        end,
        strings_from(section, "headings"),
        (pairs[0][0], pairs[0][1]),
        tuple((first, last) for first, last in spans),
        steps,
        (pairs[1][0], pairs[1][1]),
        pages[0],
        pages[1],
        printed,
    )
