"""An open ``library.db``: who may write, what a transaction is, which state the database is in. Knows no documents."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ragqa.errors import LibraryError
from ragqa.store import Stamp
from ragqa.store.lock import Locked, WriterLock
from ragqa.store.sqlite import (
    DERIVED,
    FILE_NAME,
    FORMAT,
    READABLE,
    Connections,
    check_format,
    create_tables,
    plainly,
    renew_format,
)
from ragqa.store.sums import note_state, sum_state

WRITER_WAIT = 5.0
"""Seconds that a second writer waits before it is told who holds the lock."""


Refill = Callable[["Session", sqlite3.Connection], None]
"""Finds anew what follows from the documents and is stored with them, in a library of an older format."""


class Session:
    """What every table stands on. Safe for readers in threads and processes; one writer at a time."""

    def __init__(self, folder: Path, wait: float, refill: Refill) -> None:
        self._refill = refill
        self.folder = folder
        self.path = folder / FILE_NAME
        self.lock = WriterLock(folder)
        self._wait = wait
        self._connections = Connections(self.path)

    @classmethod
    def open(cls, folder: Path, wait: float, refill: Refill) -> Session:
        """Open a library; a writer waits ``wait`` seconds for another. Raises LibraryError if it is none or newer."""
        if not (folder / FILE_NAME).is_file():
            raise LibraryError(f"{folder} holds no library ({FILE_NAME} is missing): make one with 'ragqa ingest PATH'")
        return cls._open(folder, wait, refill)

    @classmethod
    def create_or_open(cls, folder: Path, wait: float, refill: Refill) -> Session:
        """Open the library in ``folder``, laid out anew where there is none."""
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir(exist_ok=True, mode=0o700)
        except OSError as error:
            raise LibraryError(
                f"{folder} can't be made ({error.strerror}): name another place with RAGQA_HOME"
            ) from None
        return cls._open(folder, wait, refill)

    @classmethod
    def _open(cls, folder: Path, wait: float, refill: Refill) -> Session:
        session = cls(folder, wait, refill)
        try:
            with plainly(session.path):
                version = check_format(session.connection(), session.path)
                if 0 < version < FORMAT and (session.writable or version not in READABLE):
                    session._renew()
                if not version:
                    session._lay_out()
        except BaseException:
            session.close()
            raise
        return session

    def _renew(self) -> None:
        """Bring a library of a format before to this one, all of it or nothing."""
        with self.transaction() as connection:
            if renew_format(connection):
                self._refill(self, connection)

    def _lay_out(self) -> None:
        """Make the tables, unless another process does just now; that one may go on to hold the lock for long."""
        try:
            with self.writing():
                if not check_format(self.connection(), self.path):
                    create_tables(self.connection())
                    for name in DERIVED:  # empty, not missing: their first build is no repair
                        (self.folder / name).mkdir(exist_ok=True, mode=0o700)
        except Locked:
            if not check_format(self.connection(), self.path):
                raise

    def close(self) -> None:
        """Let go of the file, for all threads."""
        self._connections.close()

    def connection(self) -> sqlite3.Connection:
        """Return this thread's connection, in autocommit unless inside ``snapshot`` or a write."""
        return self._connections.get()

    @property
    def writable(self) -> bool:
        """Whether the folder and the file may be written to."""
        return self._connections.writable

    # Transactions

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the one writer, for several changes in a row. Raises LibraryError naming who already is."""
        if not self.writable:
            raise LibraryError(f"{self.path} is read-only here: copy the library to a place you may write to")
        with self.lock.held(self._wait):
            yield

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Let all reads of this thread inside see one state, whatever a writer does meanwhile."""
        connection = self.connection()
        with plainly(self.path):
            if connection.in_transaction:
                yield connection
                return
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.rollback()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write all of what is inside, or nothing."""
        with self.writing(), plainly(self.path):
            connection = self.connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                before = self.generation
                yield connection
                after = self.generation
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.rollback()
                raise
            if after != before:
                note_state(self)

    @property
    def generation(self) -> int:
        """How many changes made this state, read afresh."""
        return self.stamp().generation

    def stamp(self) -> Stamp:
        """Return the state that the file is in now."""
        sql = "SELECT generation, token FROM library JOIN history USING (generation)"
        with plainly(self.path):
            row = self.connection().execute(sql).fetchone()
        if row is None:
            raise LibraryError(
                f"{self.path} does not say which state it is in, so it is damaged: restore a copy, or ingest the "
                "documents into another --index"
            )
        return Stamp(*row)

    def descends_from(self, stamp: Stamp) -> bool:
        """Say whether this library was once in the state ``stamp``: only then do passage ids mean the same in both."""
        sql = "SELECT 1 FROM history WHERE generation = ? AND token = ?"
        with plainly(self.path):
            return self.connection().execute(sql, (stamp.generation, stamp.token)).fetchone() is not None

    def advance(self, connection: sqlite3.Connection) -> None:
        """Count a change, inside its transaction: derived indexes are behind from here on."""
        connection.execute("UPDATE library SET generation = generation + 1")
        connection.execute("INSERT INTO history SELECT generation, ? FROM library", (secrets.token_hex(8),))
        sum_state(connection)
