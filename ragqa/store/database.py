"""The truth of a library: documents, text, passages and vectors in one SQLite file. One document is one transaction.

Knows nothing of search: FAISS and tantivy are derived from here, by ``vectors.py`` and ``lexical.py``.
"""

from __future__ import annotations

import fnmatch
import json
import re
import secrets
import sqlite3
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ragqa.errors import EmbedderMismatch, LibraryError, UnreadableFile
from ragqa.store.lock import WriterLock
from ragqa.store.sqlite import FILE_NAME, Connections, check_format, create_tables, plainly
from ragqa.types import Block, Document, Page, Passage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ragqa.embedders import Embedded

WRITER_WAIT = 5.0
"""Seconds that a second writer waits before it is told who holds the lock."""

DERIVED = ("vectors", "lexical")
"""The folders beside ``library.db`` that can be thrown away: they are rebuilt from it."""


@dataclass(frozen=True, slots=True)
class EmbedderIdentity:
    """Whose vectors a library holds: equal exactly when the same text gets the same vector."""

    spec: str
    revision: str
    dim: int


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """What a list of documents shows of one. ``cut`` is the fingerprint of how its passages were made."""

    document_id: int
    name: str
    title: str
    media_type: str
    sha256: str
    pages: int
    passages: int
    added_at: str
    cut: str


@dataclass(frozen=True, slots=True)
class Stamp:
    """A state of the truth. The token tells it from the same count in another copy's history."""

    generation: int
    token: str


class Database:
    """An open ``library.db``. Safe for concurrent readers in threads and processes; one writer at a time."""

    def __init__(self, folder: Path, wait: float) -> None:
        self.folder = folder
        self.path = folder / FILE_NAME
        self.lock = WriterLock(folder)
        self._wait = wait
        self._connections = Connections(self.path)

    @classmethod
    def open(cls, folder: Path, wait: float = WRITER_WAIT) -> Database:
        """Open a library; a writer waits ``wait`` seconds for another. Raises LibraryError if it is none or newer."""
        if not (folder / FILE_NAME).is_file():
            raise LibraryError(f"{folder} holds no library ({FILE_NAME} is missing): make one with 'ragqa ingest PATH'")
        return cls._open(folder, wait)

    @classmethod
    def create_or_open(cls, folder: Path, wait: float = WRITER_WAIT) -> Database:
        """Open the library in ``folder``, laid out anew where there is none."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LibraryError(
                f"{folder} can't be made ({error.strerror}): name another place with RAGQA_HOME"
            ) from None
        return cls._open(folder, wait)

    @classmethod
    def _open(cls, folder: Path, wait: float) -> Database:
        database = cls(folder, wait)
        try:
            with plainly(database.path):
                if not check_format(database.connection(), database.path):
                    with database.writing():
                        if not check_format(database.connection(), database.path):
                            create_tables(database.connection())
                            for name in DERIVED:  # empty, not missing: their first build is no repair
                                (folder / name).mkdir(exist_ok=True)
        except BaseException:
            database.close()
            raise
        return database

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

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
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.rollback()
                raise

    @property
    def generation(self) -> int:
        """How many changes made this state, read afresh."""
        return self.stamp().generation

    def stamp(self) -> Stamp:
        """Return the state that the file is in now."""
        sql = "SELECT generation, token FROM library JOIN history USING (generation)"
        with plainly(self.path):
            return Stamp(*self.connection().execute(sql).fetchone())

    def descends_from(self, stamp: Stamp) -> bool:
        """Say whether this library was once in the state ``stamp``: only then do passage ids mean the same in both."""
        sql = "SELECT 1 FROM history WHERE generation = ? AND token = ?"
        with plainly(self.path):
            return self.connection().execute(sql, (stamp.generation, stamp.token)).fetchone() is not None

    def _advance(self, connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE library SET generation = generation + 1")
        connection.execute("INSERT INTO history SELECT generation, ? FROM library", (secrets.token_hex(8),))

    # Documents

    def embedder(self) -> EmbedderIdentity | None:
        """Return whose vectors the library holds; None before the first document."""
        sql = "SELECT spec, revision, dim FROM library JOIN embedder USING (embedder_id)"
        with plainly(self.path):
            row = self.connection().execute(sql).fetchone()
        return EmbedderIdentity(*row) if row else None

    def documents(self) -> list[StoredDocument]:
        """Return the documents, by name."""
        with plainly(self.path):
            return [StoredDocument(*row) for row in self.connection().execute(_STORED + " ORDER BY name")]

    def stored(self, name: str) -> StoredDocument | None:
        """Return what is known of the document ``name``, or None."""
        with plainly(self.path):
            row = self.connection().execute(_STORED + " WHERE name = ?", (name,)).fetchone()
        return StoredDocument(*row) if row else None

    def document(self, name: str) -> Document:
        """Return a document whole, as it was put. Raises LibraryError if there is none of that name."""
        sql = "SELECT title, media_type, sha256, text, blocks, pages, warnings FROM document WHERE name = ?"
        with plainly(self.path):
            row = self.connection().execute(sql, (name,)).fetchone()
        if row is None:
            raise LibraryError(f"library '{self.folder.name}' has no document '{name}': see 'ragqa list'")
        title, media_type, sha256, text, blocks, pages, warnings = row
        return Document(
            name,
            title,
            media_type,
            sha256,
            text,
            tuple(Block(*block) for block in json.loads(blocks)),
            tuple(Page(number, start, end, label, tuple(f)) for number, start, end, label, f in json.loads(pages)),
            tuple(json.loads(warnings)),
        )

    def put(
        self,
        document: Document,
        passages: Sequence[Passage],
        keys: Sequence[bytes],
        embedder: EmbedderIdentity,
        cut: str,
    ) -> Literal["added", "replaced"]:
        """Store a document with its passages, in place of one of the same name; all of it or nothing.

        ``keys`` name each passage's vectors, already put by ``put_vectors``. Passages that say the same as before keep
        their ids. Raises EmbedderMismatch, LibraryError, and UnreadableFile for text that no file can hold.
        """
        with self.transaction() as connection:
            embedder_id = self._bind(connection, embedder)
            vector_ids = self._vector_ids(connection, embedder_id, keys)
            before = connection.execute(
                "SELECT document_id, title FROM document WHERE name = ?", (document.name,)
            ).fetchone()
            try:
                document_id = self._put_document(connection, document, len(passages), cut, before)
                self._put_passages(connection, document_id, passages, vector_ids)
            except UnicodeEncodeError:
                raise UnreadableFile(f"{document.name} holds half characters (lone surrogates): save it anew") from None
            self._advance(connection)
        return "replaced" if before else "added"

    def remove(self, names: Sequence[str]) -> int:
        """Remove documents and their passages in one transaction; return how many there were."""
        with self.transaction() as connection:
            sql = "DELETE FROM document WHERE name IN (SELECT value FROM json_each(?))"
            removed = connection.execute(sql, (json.dumps(list(names)),)).rowcount
            if removed:
                self._advance(connection)
        return removed

    def _bind(self, connection: sqlite3.Connection, embedder: EmbedderIdentity) -> int:
        """Return the embedder's id; the library becomes its own as long as it holds no other's passages."""
        held = self.embedder()
        if held and held != embedder and connection.execute("SELECT 1 FROM passage LIMIT 1").fetchone():
            raise EmbedderMismatch(
                f"library '{self.folder.name}' holds {held.dim}-d vectors of {held.spec} (revision "
                f"{held.revision[:12]}); {embedder.spec} (revision {embedder.revision[:12]}) gives {embedder.dim}-d: "
                f"run 'ragqa reembed --embedder {embedder.spec}' or choose another --index"
            )
        embedder_id = embedder_id_of(connection, embedder)
        connection.execute("UPDATE library SET embedder_id = ?", (embedder_id,))
        return embedder_id

    def _vector_ids(self, connection: sqlite3.Connection, embedder_id: int, keys: Sequence[bytes]) -> list[int]:
        sql = "SELECT vector_id FROM vector WHERE embedder_id = ? AND key = ?"
        rows = [connection.execute(sql, (embedder_id, key)).fetchone() for key in keys]
        if None in rows:
            raise LibraryError(
                f"{rows.count(None)} of {len(keys)} passages have no vector in {self.path}: put them first"
            )
        return [row[0] for row in rows]

    def _put_document(
        self,
        connection: sqlite3.Connection,
        document: Document,
        passages: int,
        cut: str,
        before: tuple[int, str] | None,
    ) -> int:
        values = (
            document.title,
            document.media_type,
            document.sha256,
            cut,
            datetime.now(timezone.utc).isoformat(timespec="seconds"),
            len(document.pages),
            passages,
            json.dumps(document.warnings),
            json.dumps([(page.number, page.start, page.end, page.label, page.furniture) for page in document.pages]),
            json.dumps([(block.kind, block.start, block.end, block.level) for block in document.blocks]),
            document.text,
        )
        if before is None:
            sql = f"INSERT INTO document ({_WRITTEN}, name) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            return int(connection.execute(sql, (*values, document.name)).lastrowid or 0)
        document_id, title = before
        if title != document.title:  # the title is a part of what each passage is indexed under
            connection.execute("DELETE FROM passage WHERE document_id = ?", (document_id,))
        sql = f"UPDATE document SET ({_WRITTEN}) = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE document_id = ?"
        connection.execute(sql, (*values, document_id))
        return document_id

    def _put_passages(
        self,
        connection: sqlite3.Connection,
        document_id: int,
        passages: Sequence[Passage],
        vector_ids: Sequence[int],
    ) -> None:
        before: dict[tuple[object, ...], deque[int]] = defaultdict(deque)
        sql = "SELECT vector_id, section, header, text, passage_id FROM passage WHERE document_id = ? ORDER BY ordinal"
        for *content, passage_id in connection.execute(sql, (document_id,)):
            before[tuple(content)].append(passage_id)
        for ordinal, (passage, vector_id) in enumerate(zip(passages, vector_ids, strict=True)):
            content = (vector_id, json.dumps(passage.section), passage.header, passage.text)
            kept = before[content].popleft() if before.get(content) else None  # type: ignore[arg-type]
            place = (ordinal, passage.start, passage.end, passage.page, passage.page_end, passage.tokens)
            spans = (json.dumps(passage.page_breaks), json.dumps(passage.windows))
            values = (document_id, *content, *place, *spans)
            if kept is None:
                connection.execute(_INSERT_PASSAGE, values)
            else:
                connection.execute(_UPDATE_PASSAGE, (*values, kept))
        gone = [(passage_id,) for ids in before.values() for passage_id in ids]
        connection.executemany("DELETE FROM passage WHERE passage_id = ?", gone)

    # Passages

    def passages(self, ids: Sequence[int]) -> dict[int, Passage]:
        """Return the passages of those ``ids`` that are there still."""
        with plainly(self.path):
            rows = self.connection().execute(_PASSAGES, (json.dumps(list(ids)),)).fetchall()
        return {
            row[0]: Passage(
                document=row[1],
                start=row[2],
                end=row[3],
                text=row[4],
                section=tuple(json.loads(row[5])),
                header=row[6],
                page=row[7],
                page_end=row[8],
                tokens=row[9],
                page_breaks=tuple([(offset, page) for offset, page in json.loads(row[10])]),
                windows=tuple([(start, end) for start, end in json.loads(row[11])]),
                passage_id=row[0],
            )
            for row in rows
        }

    def passage_ids(self, document_glob: str | None = None) -> NDArray[np.int64]:
        """Return the ids, ascending, of the passages of documents whose name matches the glob; of all for None."""
        import numpy as np

        with plainly(self.path):
            if document_glob is None:
                rows = self.connection().execute("SELECT passage_id FROM passage").fetchall()
            else:
                rows = (
                    self.connection()
                    .execute(_IDS_OF_DOCUMENTS, (json.dumps(self._matching(document_glob)),))
                    .fetchall()
                )
        return np.sort(np.fromiter((row[0] for row in rows), np.int64, len(rows)))

    def _matching(self, document_glob: str) -> list[int]:
        match = re.compile(fnmatch.translate(document_glob)).match
        rows = self.connection().execute("SELECT document_id, name FROM document").fetchall()
        return [document_id for document_id, name in rows if match(name)]

    def index_texts(self, ids: Sequence[int]) -> Iterator[tuple[int, str, str]]:
        """Yield id, text, and heading (title, section path, table header) of each passage, for a lexical index."""
        with plainly(self.path):
            for passage_id, text, title, section, header in self.connection().execute(
                _INDEX_TEXTS, (json.dumps(list(ids)),)
            ):
                path = dict.fromkeys((title, *json.loads(section), header))
                yield passage_id, text, "\n".join(part for part in path if part)

    # Vectors: kept under the hash of the text embedded, so that nothing is embedded twice

    def known_keys(self, keys: Sequence[bytes], embedder: EmbedderIdentity) -> set[bytes]:
        """Return those of ``keys`` whose vectors by ``embedder`` are stored already."""
        sql = (
            "SELECT 1 FROM vector WHERE key = ? AND embedder_id = "
            "(SELECT embedder_id FROM embedder WHERE spec = ? AND revision = ? AND dim = ?)"
        )
        identity = (embedder.spec, embedder.revision, embedder.dim)
        with self.snapshot() as connection:
            return {key for key in set(keys) if connection.execute(sql, (key, *identity)).fetchone()}

    def put_vectors(self, keys: Sequence[bytes], vectors: Sequence[Embedded], embedder: EmbedderIdentity) -> None:
        """Store ``embedder``'s vectors of the texts that ``keys`` stand for, in a transaction of their own."""
        from ragqa.store.blobs import pack_vector, pack_windows

        rows = [
            (key, pack_vector(found.vector, embedder.dim), pack_windows(found.windows, embedder.dim))
            for key, found in zip(keys, vectors, strict=True)
        ]
        with self.transaction() as connection:
            embedder_id = embedder_id_of(connection, embedder)
            sql = "INSERT OR IGNORE INTO vector (embedder_id, key, vector, windows) VALUES (?, ?, ?, ?)"
            connection.executemany(sql, [(embedder_id, *row) for row in rows])

    def vectors(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """Return float32 (len(ids), dim); a row of zeros for an id that is gone."""
        import numpy as np

        from ragqa.store.blobs import unpack_vectors

        held = self.embedder()
        found = np.zeros((len(ids), held.dim if held else 0), np.float32)
        with plainly(self.path):
            rows = dict(self.connection().execute(_VECTORS, (json.dumps(list(ids)),)).fetchall())
        present = [at for at, passage_id in enumerate(ids) if passage_id in rows]
        if present:
            found[present] = unpack_vectors([rows[ids[at]] for at in present], found.shape[1])
        return found

    def windows(self, ids: Sequence[int]) -> dict[int, NDArray[np.float32]]:
        """Return the window vectors, float32 (windows, dim), of those passages that are there still."""
        from ragqa.store.blobs import unpack_windows

        held = self.embedder()
        if not held:
            return {}
        with plainly(self.path):
            rows = self.connection().execute(_WINDOWS, (json.dumps(list(ids)),)).fetchall()
        matrix, starts = unpack_windows([row[1] for row in rows], held.dim)
        bounds = starts.tolist()
        return {row[0]: matrix[bounds[at] : bounds[at + 1]] for at, row in enumerate(rows)}

    def collect_garbage(self) -> int:
        """Drop the vectors that no passage uses, give their space back; return how many."""
        with self.transaction() as connection:
            sql = "DELETE FROM vector WHERE vector_id NOT IN (SELECT vector_id FROM passage)"
            dropped = connection.execute(sql).rowcount
        if dropped:
            with self.writing(), plainly(self.path):
                self.connection().execute("PRAGMA incremental_vacuum").fetchall()
        return dropped

    def swap_embedder(self, embedder: EmbedderIdentity, keys: Mapping[int, bytes]) -> None:
        """Give every passage its vectors by another embedder (put before under ``keys``), in one transaction."""
        with self.transaction() as connection:
            everyone = [row[0] for row in connection.execute("SELECT passage_id FROM passage")]
            missing = set(everyone) - keys.keys()
            if missing:
                raise LibraryError(f"{len(missing)} passages came while vectors were built: run 'ragqa reembed' again")
            embedder_id = embedder_id_of(connection, embedder)
            vector_ids = self._vector_ids(connection, embedder_id, [keys[passage_id] for passage_id in everyone])
            connection.executemany(
                "UPDATE passage SET vector_id = ? WHERE passage_id = ?", zip(vector_ids, everyone, strict=True)
            )
            connection.execute("UPDATE library SET embedder_id = ?", (embedder_id,))
            self._advance(connection)

    # The whole

    def verify(self) -> list[str]:
        """Return what is wrong with the library, a line each; nothing when it is sound."""
        from ragqa.store.verify import problems

        return problems(self)

    def export(self, archive: Path) -> None:
        """Write the whole library into one file that ``import_`` reads."""
        from ragqa.store.archive import export

        export(self, archive)

    @classmethod
    def import_(cls, archive: Path, folder: Path) -> Database:
        """Make the library in ``folder`` from an exported file. Raises LibraryError if it is none, or one is there."""
        from ragqa.store.archive import unpack

        unpack(archive, folder)
        return cls.open(folder)


def embedder_id_of(connection: sqlite3.Connection, embedder: EmbedderIdentity) -> int:
    """Return the row of an embedder, made if it is new."""
    connection.execute(
        "INSERT OR IGNORE INTO embedder (spec, revision, dim) VALUES (?, ?, ?)",
        (embedder.spec, embedder.revision, embedder.dim),
    )
    sql = "SELECT embedder_id, dim FROM embedder WHERE spec = ? AND revision = ?"
    embedder_id, dim = connection.execute(sql, (embedder.spec, embedder.revision)).fetchone()
    if dim != embedder.dim:
        raise EmbedderMismatch(
            f"{embedder.spec} gave {dim}-d vectors before and gives {embedder.dim}-d now: choose another --index"
        )
    return int(embedder_id)


_STORED = "SELECT document_id, name, title, media_type, sha256, page_count, passage_count, added_at, cut FROM document"
_WRITTEN = "title, media_type, sha256, cut, added_at, page_count, passage_count, warnings, pages, blocks, text"
_PASSAGE_COLUMNS = (
    "document_id, vector_id, section, header, text, ordinal, start_at, end_at, page, page_end, tokens, "
    "page_breaks, windows"
)
_INSERT_PASSAGE = f"INSERT INTO passage ({_PASSAGE_COLUMNS}) VALUES ({', '.join('?' * 13)})"
_UPDATE_PASSAGE = f"UPDATE passage SET ({_PASSAGE_COLUMNS}) = ({', '.join('?' * 13)}) WHERE passage_id = ?"
_ASKED = "WHERE passage_id IN (SELECT value FROM json_each(?))"
_PASSAGES = (
    "SELECT passage_id, name, start_at, end_at, passage.text, section, header, page, page_end, tokens, "
    f"page_breaks, windows FROM passage JOIN document USING (document_id) {_ASKED}"
)
_IDS_OF_DOCUMENTS = "SELECT passage_id FROM passage WHERE document_id IN (SELECT value FROM json_each(?))"
_INDEX_TEXTS = (
    "SELECT passage_id, passage.text, title, section, header FROM passage "
    f"JOIN document USING (document_id) {_ASKED} ORDER BY passage_id"
)
_VECTORS = f"SELECT passage_id, vector FROM passage JOIN vector USING (vector_id) {_ASKED}"
_WINDOWS = f"SELECT passage_id, vector.windows FROM passage JOIN vector USING (vector_id) {_ASKED}"
