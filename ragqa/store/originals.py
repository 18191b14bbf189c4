"""What the pages of documents are shown from: the bytes of their files, and where their words stand on the pages.

Files are kept by their SHA-256, which is also their checksum; documents name the same hash. A layout stays packed here.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator

from ragqa.store.sums import crc

TABLES = """
CREATE TABLE layout (
    document_id INTEGER PRIMARY KEY REFERENCES document ON DELETE CASCADE,
    data BLOB NOT NULL,
    crc INTEGER NOT NULL
);
CREATE TABLE original (sha256 TEXT PRIMARY KEY, data BLOB NOT NULL);
"""
_UNUSED = "sha256 NOT IN (SELECT sha256 FROM document)"


def put_layout(connection: sqlite3.Connection, document_id: int, layout: bytes) -> None:
    """Keep where the words of a document stand, in place of what was kept before; nothing where it is not known."""
    connection.execute("DELETE FROM layout WHERE document_id = ?", (document_id,))
    if layout:
        sql = "INSERT INTO layout (document_id, data, crc) VALUES (?, ?, ?)"
        connection.execute(sql, (document_id, layout, crc(document_id, layout)))


def layout_of(connection: sqlite3.Connection, name: str) -> bytes | None:
    """Return the layout of a document, None where it has none. Raises ValueError where it is not as it was written."""
    sql = "SELECT data, layout.crc IS crc(document_id, data) FROM layout JOIN document USING (document_id)"
    row = connection.execute(f"{sql} WHERE name = ?", (name,)).fetchone()
    if row is None:
        return None
    if not row[1]:
        raise ValueError
    return bytes(row[0])


def put_original(connection: sqlite3.Connection, sha256: str, data: bytes) -> None:
    """Keep a file's bytes under their hash."""
    connection.execute("INSERT OR IGNORE INTO original (sha256, data) VALUES (?, ?)", (sha256, data))


def has_original(connection: sqlite3.Connection, sha256: str) -> bool:
    """Say whether the bytes of this hash are kept."""
    return connection.execute("SELECT 1 FROM original WHERE sha256 = ?", (sha256,)).fetchone() is not None


def original_of(connection: sqlite3.Connection, sha256: str) -> bytes | None:
    """Return the bytes of this hash, None where they are not kept. Raises ValueError where they are others."""
    row = connection.execute("SELECT data FROM original WHERE sha256 = ?", (sha256,)).fetchone()
    if row is None:
        return None
    if hashlib.sha256(row[0]).hexdigest() != sha256:
        raise ValueError
    return bytes(row[0])


def originals_size(connection: sqlite3.Connection) -> int:
    """Return how many bytes the files take."""
    (size,) = connection.execute("SELECT coalesce(sum(length(data)), 0) FROM original").fetchone()
    return int(size)


def drop_unused(connection: sqlite3.Connection) -> int:
    """Drop the files that no document is made from; return how many."""
    return connection.execute(f"DELETE FROM original WHERE {_UNUSED}").rowcount


def original_problems(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield what is wrong with files and layouts, a line each. Files that no document needs any more are no fault."""
    from ragqa.layout import Layout  # which needs numpy, and few commands need either

    odd = "typeof(data) != 'blob' OR length(sha256) > 64"
    (count,) = connection.execute(f"SELECT count(*) FROM original WHERE {odd}").fetchone()
    if count:
        yield f"{count} of its files are no bytes with a hash"
        return
    for (sha256,) in connection.execute("SELECT sha256 FROM original ORDER BY sha256").fetchall():
        try:
            original_of(connection, sha256)
        except ValueError:
            yield f"the file {sha256[:12]!a} is not as it was read: ingest it again"
    sql = (
        "SELECT name, data, layout.crc IS crc(document_id, data), length(text), page_count FROM layout "
        "JOIN document USING (document_id) ORDER BY name"
    )
    for name, data, sound, length, pages in connection.execute(sql).fetchall():
        try:
            if not sound or not isinstance(data, bytes):
                raise ValueError("is not as it was written")
            Layout.unpack(data, length, pages)
        except ValueError as error:
            yield f"{name[:200]}: where its words stand on the pages {error}: ingest it again"
