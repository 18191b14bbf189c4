"""Open ``library.db``: its format, its pragmas, a connection for each thread, SQLite's errors said for a person.

Knows tables by name only; what they hold is ``database.py``'s.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from ragqa.errors import LibraryError
from ragqa.store import originals, places, sums, units
from ragqa.store.sums import add_sums, crc

FILE_NAME = "library.db"
DERIVED = ("vectors", "lexical")
"""The folders beside it that can be thrown away: they are rebuilt from it."""

FORMAT = 6
"""``PRAGMA user_version``: raised whenever an older ragqa could no longer read what a newer one writes."""

WITHOUT_SUMS, WITHOUT_UNITS, WITHOUT_PLACES, WITHOUT_ORIGINALS = 2, 3, 4, 5
"""The formats before: the same tables, less the checksums, less units and token states, less the places of files, less
the files themselves and where words stand on their pages. What can be found anew is given to such a library when it is
opened."""

READABLE = (FORMAT, WITHOUT_ORIGINALS, WITHOUT_PLACES)
"""What can be asked as it is, on a medium that can't be written."""

APPLICATION_ID = 0x52414751
"""``PRAGMA application_id``: 'RAGQ', so that no other program's SQLite file is taken for a library."""

_TRUTH = """
CREATE TABLE embedder (
    embedder_id INTEGER PRIMARY KEY,
    spec TEXT NOT NULL,
    revision TEXT NOT NULL,
    dim INTEGER NOT NULL CHECK (dim > 0),
    UNIQUE (spec, revision)
);
CREATE TABLE library (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    generation INTEGER NOT NULL,
    embedder_id INTEGER REFERENCES embedder
);
CREATE TABLE history (generation INTEGER PRIMARY KEY, token TEXT NOT NULL);
CREATE TABLE document (
    document_id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    media_type TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    cut TEXT NOT NULL,
    source TEXT NOT NULL,
    added_at TEXT NOT NULL,
    page_count INTEGER NOT NULL,
    passage_count INTEGER NOT NULL,
    warnings TEXT NOT NULL,
    pages TEXT NOT NULL,
    blocks TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE TABLE vector (
    vector_id INTEGER PRIMARY KEY AUTOINCREMENT,
    embedder_id INTEGER NOT NULL REFERENCES embedder,
    key BLOB NOT NULL,
    vector BLOB NOT NULL CHECK (length(vector) > 0),
    windows BLOB NOT NULL,
    UNIQUE (embedder_id, key)
);
CREATE TABLE passage (
    passage_id INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id INTEGER NOT NULL REFERENCES document ON DELETE CASCADE,
    vector_id INTEGER NOT NULL REFERENCES vector,
    ordinal INTEGER NOT NULL,
    start_at INTEGER NOT NULL CHECK (start_at >= 0),
    end_at INTEGER NOT NULL CHECK (end_at >= start_at),
    page INTEGER,
    page_end INTEGER,
    page_breaks TEXT NOT NULL,
    tokens INTEGER NOT NULL,
    section TEXT NOT NULL,
    header TEXT NOT NULL,
    windows TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX passage_of_document ON passage (document_id, ordinal);
CREATE INDEX passage_of_vector ON passage (vector_id);
-- A search asks where a hundred passages and their vectors are: without their texts these lie close together.
CREATE INDEX passage_place ON passage (passage_id, document_id, ordinal, vector_id);
"""
_TOKENS = """
CREATE TABLE token (
    vector_id INTEGER PRIMARY KEY REFERENCES vector ON DELETE CASCADE,
    states BLOB NOT NULL,
    crc INTEGER NOT NULL
);
"""
_EMPTY = "INSERT INTO library VALUES (1, 0, NULL); INSERT INTO history VALUES (0, 'empty');"

_REMEDIES = {
    "database or disk is full": "the disk is full, nothing of this change was kept: free some space and run it again",
    "attempt to write a readonly database": "it is read-only here: copy it to a place you may write to",
    "file is not a database": "this is no ragqa library: choose another --index or restore a copy",
    "malformed": "the file is damaged: restore a copy, or ingest the documents into another --index",
    "database is locked": "another program holds it: try again when that one is done",
    "unable to open database file": "it can't be opened: look at the folder's permissions",
    "disk I/O error": "the disk failed to read or write it: check the disk and its free space, then try again",
}


@contextmanager
def plainly(path: Path) -> Iterator[None]:
    """Turn what SQLite raises into a LibraryError of one line that names the file and the remedy."""
    try:
        yield
    except sqlite3.IntegrityError:
        raise
    except sqlite3.DatabaseError as error:
        said = str(error)
        remedy = next((remedy for text, remedy in _REMEDIES.items() if text in said), None)
        raise LibraryError(f"{path}: {remedy or said + ', an error of SQLite that ragqa does not know'}") from error


class Connections:
    """The connections to one ``library.db``, one a thread, opened when a thread first asks."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.writable = os.access(path.parent, os.W_OK) and (not path.exists() or os.access(path, os.W_OK))
        self._local = threading.local()
        self._opened: dict[threading.Thread, sqlite3.Connection] = {}
        self._closed = False
        self._guard = threading.Lock()

    def get(self) -> sqlite3.Connection:
        """Return this thread's connection. Raises LibraryError once closed, or when the file can't be opened."""
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None or self._closed:
            if self._closed:
                raise LibraryError(f"{self.path} was closed: open the library again")
            found = self._connect()
            self._local.connection = found
            with self._guard:
                for gone in [thread for thread in self._opened if not thread.is_alive()]:
                    self._opened.pop(gone).close()
                self._opened[threading.current_thread()] = found
        return found

    def close(self) -> None:
        """Close every thread's connection; the last one out folds SQLite's log into the file."""
        with self._guard:
            self._closed = True
            for connection in self._opened.values():
                with suppress(sqlite3.Error):
                    connection.close()
            self._opened.clear()

    def _connect(self) -> sqlite3.Connection:
        refuse_links(self.path)
        with plainly(self.path):
            if self.writable:
                make_private(self.path)
                return connect(self.path, "rwc")
            try:
                return connect(self.path, "ro")
            except sqlite3.OperationalError:
                # On a read-only medium the log's index can't be made; without a log there is nothing it could hold.
                log = self.path.with_name(self.path.name + "-wal")
                if log.exists() and log.stat().st_size:
                    raise
                return connect(self.path, "ro&immutable=1")


def refuse_links(path: Path) -> None:
    """Raise LibraryError where the file of a library, or one of SQLite's beside it, is a link: it leads elsewhere."""
    for file in (path, *(path.with_name(path.name + suffix) for suffix in ("-wal", "-shm", "-journal"))):
        if file.is_symlink():
            raise LibraryError(
                f"{file} is a link, and no link is followed inside a library: put the file itself there, or name the "
                "folder that it lies in"
            )


def make_private(path: Path) -> None:
    """Leave ``path``, made if it is not there, to its owner alone; SQLite gives the files beside it the same rights.

    A file that is there is not opened: to close it would let go of the locks that this process has on it.
    """
    with suppress(OSError):  # it may lie where nothing can be written, or belong to somebody else
        if not path.exists():
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        elif path.lstat().st_mode & 0o077:
            path.chmod(0o600)


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """Return a connection in autocommit mode (transactions are begun by hand), tried once so that faults show here."""
    connection = sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode={mode}",
        uri=True,
        timeout=10,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    try:
        connection.create_function("crc", -1, crc, deterministic=True)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA synchronous = FULL")
        # No memory mapping: it saves 0.4 ms a question, and turns a failing disk into a crash instead of an error.
        connection.execute("PRAGMA mmap_size = 0")
        connection.execute("PRAGMA cache_size = -16000")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def check_format(connection: sqlite3.Connection, path: Path) -> int:
    """Return the format of the tables, 0 for an empty file. Raises LibraryError on one that is not read."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if not tables and not version:
        return 0
    if application != APPLICATION_ID:
        raise LibraryError(f"{path} is a SQLite file of another program, not a ragqa library: choose another --index")
    if version not in (*READABLE, WITHOUT_UNITS, WITHOUT_SUMS):
        remedy = "update it with 'pip install -U ragqa'"
        if version < FORMAT:
            remedy = "choose another --index and ingest the manuals again"
        raise LibraryError(f"{path} has format {version}, this ragqa reads format {FORMAT}: {remedy}")
    return int(version)


def create_tables(connection: sqlite3.Connection) -> None:
    """Lay out an empty library in one transaction."""
    connection.execute("PRAGMA page_size = 8192")
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN IMMEDIATE")
    for statement in (_TRUTH + _EMPTY).split(";"):
        connection.execute(statement)
    add_sums(connection)
    _add(connection, _TOKENS + units.TABLES + places.TABLES + originals.TABLES)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {FORMAT}")
    connection.execute("COMMIT")


def renew_format(connection: sqlite3.Connection) -> bool:
    """Bring a library of a format before to this one, in a transaction; return whether units are to be found."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == FORMAT:
        return False
    if version == WITHOUT_SUMS:
        add_sums(connection)
    if version < WITHOUT_PLACES:
        _add(connection, _TOKENS + units.TABLES)
    if version < WITHOUT_ORIGINALS:
        _add(connection, places.TABLES)
    _add(connection, originals.TABLES)
    connection.execute(f"PRAGMA user_version = {FORMAT}")
    return bool(version < WITHOUT_PLACES)


def _add(connection: sqlite3.Connection, tables: str) -> None:
    for statement in tables.split(";"):
        connection.execute(statement)


def schema_of(connection: sqlite3.Connection) -> set[tuple[str, str, str]]:
    """Return type, name and statement of everything in the schema: a trigger or view slipped in shows here."""
    rows = connection.execute("SELECT type, name, coalesce(sql, '') FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'")
    return {(kind, name, sql) for kind, name, sql in rows}


def expected_schema(version: int = FORMAT) -> set[tuple[str, str, str]]:
    """Return ``schema_of`` a library of this format."""
    connection = sqlite3.connect(":memory:")
    try:
        later = (sums.TABLES, _TOKENS + units.TABLES, places.TABLES, originals.TABLES)
        connection.executescript("".join((_TRUTH, *later[: version - WITHOUT_SUMS])))
        return schema_of(connection)
    finally:
        connection.close()
