"""Checksums of the database, written with it and held against it when it is read: a disk's flipped bit is never quoted.

SQLite guards how its pages hang together, not what stands in them. CRC-32 finds any single error; it is no guard
against somebody who means to deceive. Beside the database a small file says which state was written last, so that a
log of SQLite's that got lost, and the changes in it, are missed.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from ragqa.errors import LibraryError
from ragqa.plain_files import open_plain, write_private


class Opened(Protocol):
    """An open library, as far as its checksums go."""

    folder: Path
    path: Path

    @property
    def generation(self) -> int: ...

    def connection(self) -> sqlite3.Connection: ...


LAST = "last-state"
"""The file beside the database."""

_LONGEST_NUMBER = 20

TABLES = """
CREATE TABLE document_sum (document_id INTEGER PRIMARY KEY REFERENCES document ON DELETE CASCADE, crc INTEGER NOT NULL);
CREATE TABLE passage_sum (passage_id INTEGER PRIMARY KEY REFERENCES passage ON DELETE CASCADE, crc INTEGER NOT NULL);
CREATE TABLE vector_sum (vector_id INTEGER PRIMARY KEY REFERENCES vector ON DELETE CASCADE, crc INTEGER NOT NULL);
CREATE TABLE state_sum (one INTEGER PRIMARY KEY CHECK (one = 1), crc INTEGER NOT NULL);
"""

DOCUMENT = (
    "crc(document.document_id, name, title, media_type, sha256, cut, source, added_at, page_count, passage_count, "
    "warnings, pages, blocks, document.text)"
)
PASSAGE = (
    "crc(passage.passage_id, passage.document_id, passage.vector_id, ordinal, start_at, end_at, page, page_end, "
    "page_breaks, tokens, section, header, passage.windows, passage.text, document.name)"
)
VECTOR = "crc(vector.vector_id, vector.embedder_id, key, vector, vector.windows)"
TOKENS = "crc(token.vector_id, states)"
_STATE = (
    "(SELECT crc(generation, token, embedder_id, spec, revision, dim) FROM library "
    "LEFT JOIN history USING (generation) LEFT JOIN embedder USING (embedder_id))"
)
_PASSAGE_ROWS = "passage JOIN document USING (document_id)"


def crc(*values: object) -> int:
    """Return the CRC-32 of a row's values, each told apart from the next by its length."""
    total = 0
    for value in values:
        data = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
        total = zlib.crc32(data, zlib.crc32(len(data).to_bytes(8, "little"), total))
    return total


def sum_document(connection: sqlite3.Connection, document_id: int) -> None:
    """Write the sums of a document and its passages, as they are now."""
    sql = f"INSERT OR REPLACE INTO document_sum SELECT document_id, {DOCUMENT} FROM document WHERE document_id = ?"
    connection.execute(sql, (document_id,))
    sql = f"INSERT OR REPLACE INTO passage_sum SELECT passage_id, {PASSAGE} FROM {_PASSAGE_ROWS} WHERE document_id = ?"
    connection.execute(sql, (document_id,))


def sum_passages(connection: sqlite3.Connection) -> None:
    """Write the sums of all passages."""
    connection.execute(f"INSERT OR REPLACE INTO passage_sum SELECT passage_id, {PASSAGE} FROM {_PASSAGE_ROWS}")


def sum_new_vectors(connection: sqlite3.Connection) -> None:
    """Write the sums of the vectors that came since the last ones; their ids only ever grow."""
    last = "(SELECT coalesce(max(vector_id), 0) FROM vector_sum)"
    connection.execute(f"INSERT INTO vector_sum SELECT vector_id, {VECTOR} FROM vector WHERE vector_id > {last}")


def sum_state(connection: sqlite3.Connection) -> None:
    """Write the sum of which state the library is in and whose vectors it holds."""
    connection.execute(f"INSERT OR REPLACE INTO state_sum SELECT 1, {_STATE}")


def add_sums(connection: sqlite3.Connection) -> None:
    """Give a library that has none its sums, in one transaction."""
    for statement in TABLES.strip().split(";\n"):
        connection.execute(statement.rstrip(";"))
    connection.execute(f"INSERT INTO document_sum SELECT document_id, {DOCUMENT} FROM document")
    sum_passages(connection)
    sum_new_vectors(connection)
    sum_state(connection)


def damaged(session: Opened, document: str, what: str) -> LibraryError:
    """Return the error for a row of a document that is not as it was written."""
    return LibraryError(
        f"{session.path}: {what} of '{document}' is damaged on the disk, so nothing is answered from it: "
        "'ragqa remove' and 'ragqa ingest' it again, or restore a copy; 'ragqa verify' says what else is"
    )


def damaged_passage(session: Opened, passage_id: int, what: str = "passage") -> LibraryError:
    """Return the error for a passage, or its vector, that is not as it was written."""
    sql = "SELECT name FROM passage JOIN document USING (document_id) WHERE passage_id = ?"
    row = session.connection().execute(sql, (passage_id,)).fetchone()
    return damaged(session, str(row[0]) if row else "?", f"{what} {passage_id}")


def sum_problems(connection: sqlite3.Connection, *, tokens: bool = True) -> Iterator[str]:
    """Yield the rows that are not as they were written; ``tokens``: whether the format has token states."""
    for kind, key, value, rows in (
        ("document", "document_id", DOCUMENT, "document"),
        ("passage", "passage_id", PASSAGE, _PASSAGE_ROWS),
        ("vector", "vector_id", VECTOR, "vector"),
    ):
        sql = f"SELECT {key} FROM {rows} LEFT JOIN {kind}_sum USING ({key}) WHERE {kind}_sum.crc IS NOT {value}"
        for (number,) in connection.execute(sql):
            yield f"{kind} {number} is not as it was written"
        sql = f"SELECT count(*) FROM {kind}_sum WHERE {key} NOT IN (SELECT {key} FROM {kind})"
        (left,) = connection.execute(sql).fetchone()
        if left:
            yield f"{left} rows of {kind} are missing"
    if tokens:
        (torn,) = connection.execute(f"SELECT count(*) FROM token WHERE crc IS NOT {TOKENS}").fetchone()
        if torn:
            yield f"the token states of {torn} vectors are not as they were written"
    if connection.execute(f"SELECT crc IS {_STATE} FROM state_sum").fetchone() != (1,):
        yield "the state and the embedder are not as they were written"


def note_state(session: Opened) -> None:
    """Leave beside the database which state it is in. A kill after a change leaves an older one, which does no harm."""
    with suppress(OSError):
        write_private(session.folder / LAST, f"{session.generation}\n".encode())


def lost_changes(session: Opened) -> list[str]:
    """Return one line where the library was once in a later state than it is in now; else nothing."""
    try:
        with open_plain(session.folder / LAST) as stream:  # before the state is read: it may grow meanwhile
            written = int(stream.read(_LONGEST_NUMBER))
    except (OSError, ValueError):
        return []
    held = session.generation
    if written <= held:
        return []
    return [
        f"{session.path} holds change {held} where {written} were written: its log ({session.path.name}-wal) was lost "
        "or damaged; ingest the last documents again, or restore a copy with its log"
    ]
