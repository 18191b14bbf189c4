"""Where the files of documents lie on this machine: several files of one content are one document.

The first place of a document is the one that it is named for. An archive carries none: nobody else's machine has them,
and they name folders of the user's.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator

TABLES = """
CREATE TABLE place (
    place_id INTEGER PRIMARY KEY,
    document_id INTEGER NOT NULL REFERENCES document ON DELETE CASCADE,
    path BLOB NOT NULL,
    crc INTEGER NOT NULL,
    UNIQUE (document_id, path)
);
CREATE INDEX place_path ON place (path);
"""
_SOUND = "place.crc IS crc(place.document_id, path)"


def places_of(connection: sqlite3.Connection, document: str | None = None) -> dict[str, list[str]]:
    """Return the places of each document that has any, or of ``document``, by name, its own first."""
    found: dict[str, list[str]] = {}
    which = "" if document is None else " AND name = ?"
    sql = f"SELECT name, path FROM place JOIN document USING (document_id) WHERE {_SOUND}{which} ORDER BY place_id"
    for name, path in connection.execute(sql, () if document is None else (document,)):
        found.setdefault(name, []).append(os.fsdecode(path))
    return found


def name_at(connection: sqlite3.Connection, path: str) -> str | None:
    """Return the document that the file at ``path`` was when it was read last; None where it was none."""
    sql = f"SELECT name FROM place JOIN document USING (document_id) WHERE path = ? AND {_SOUND}"
    row = connection.execute(sql, (os.fsencode(path),)).fetchone()
    return str(row[0]) if row else None


def add_place(connection: sqlite3.Connection, name: str, path: str) -> None:
    """Keep that the document ``name``, and no other, lies at ``path`` too."""
    data = os.fsencode(path)
    document = "(SELECT document_id FROM document WHERE name = ?1)"
    connection.execute(f"DELETE FROM place WHERE path = ?2 AND document_id != {document}", (name, data))
    sql = "INSERT OR IGNORE INTO place (document_id, path, crc) SELECT document_id, ?2, crc(document_id, ?2) "
    connection.execute(f"{sql} FROM document WHERE name = ?1", (name, data))


def set_places(connection: sqlite3.Connection, document_id: int, paths: list[str]) -> None:
    """Have the document lie at ``paths`` and nowhere else, the first of them its own."""
    connection.execute("DELETE FROM place WHERE document_id = ?", (document_id,))
    for path in paths:
        data = os.fsencode(path)
        connection.execute("DELETE FROM place WHERE path = ?", (data,))
        sql = "INSERT INTO place (document_id, path, crc) VALUES (?1, ?2, crc(?1, ?2))"
        connection.execute(sql, (document_id, data))


def move_places(connection: sqlite3.Connection, folder: str, to: str) -> None:
    """Have all that lay below ``folder`` lie below ``to``: the folder was moved."""
    for name, paths in places_of(connection).items():
        moved = [to + path.removeprefix(folder) if path.startswith(folder + os.sep) else path for path in paths]
        if moved != paths:
            (document_id,) = connection.execute("SELECT document_id FROM document WHERE name = ?", (name,)).fetchone()
            set_places(connection, document_id, list(dict.fromkeys(moved)))


def place_problems(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield how many places are not as they were written."""
    (torn,) = connection.execute(f"SELECT count(*) FROM place WHERE NOT ({_SOUND})").fetchone()
    if torn:
        yield f"{torn} of the places of documents are not as they were written: ingest the folder again"
