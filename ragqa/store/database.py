"""The database of a library: documents, text, passages and vectors in one SQLite file. One document is one transaction.

Knows nothing of search: FAISS and tantivy are derived from here, by ``vectors.py`` and ``lexical.py``.
"""

from __future__ import annotations

import fnmatch
import json
import re
import sqlite3
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager
from datetime import datetime, timezone
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from unicodedata import normalize

from ragqa.document_fields import block_rows, page_rows
from ragqa.errors import LibraryError, UnreadableFile
from ragqa.store import NOWHERE, EmbedderIdentity, Indexes, Stamp, StoredDocument, StoreInfo, WindowMatrix
from ragqa.store.checks import document_of
from ragqa.store.originals import (
    drop_unused,
    has_original,
    layout_of,
    original_of,
    originals_size,
    put_layout,
    put_original,
)
from ragqa.store.places import add_place, move_places, name_at, places_of, set_places
from ragqa.store.session import WRITER_WAIT, Session
from ragqa.store.sqlite import WITHOUT_ORIGINALS, check_format, plainly
from ragqa.store.sums import DOCUMENT, PASSAGE, damaged, damaged_passage, lost_changes, sum_document
from ragqa.store.units import put_units, texts_of, units_at
from ragqa.store.vector_table import VectorTable
from ragqa.types import Document, Passage, Span, Unit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ragqa.embedders.base import Embedded, TokenStates


class Database:
    """A library in a folder: the ``Store`` of this project. It holds a session and the table of vectors."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._vectors = VectorTable(session)
        self.folder, self.path, self.lock = session.folder, session.path, session.lock

    @classmethod
    def open(cls, folder: Path, wait: float = WRITER_WAIT) -> Database:
        """Open a library; a writer waits ``wait`` seconds for another. Raises LibraryError if it is none or newer."""
        return cls(Session.open(folder, wait, _find_units))

    @classmethod
    def create_or_open(cls, folder: Path, wait: float = WRITER_WAIT) -> Database:
        """Open the library in ``folder``, laid out anew where there is none."""
        return cls(Session.create_or_open(folder, wait, _find_units))

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file, for all threads."""
        self._session.close()

    # Documents

    def documents(self) -> list[StoredDocument]:
        """Return the documents, by name."""
        with plainly(self.path):
            return [StoredDocument(*row) for row in self.connection().execute(_STORED + " ORDER BY name")]

    def stored(self, name: str) -> StoredDocument | None:
        """Return what is known of the document ``name``, composed (NFC) or decomposed (NFD), or None."""
        with plainly(self.path):
            row = self.connection().execute(_STORED + " WHERE name = ?", (name,)).fetchone()
        if row or name.isascii():
            return StoredDocument(*row) if row else None
        same = normalize("NFC", name)
        return next((held for held in self.documents() if normalize("NFC", held.name) == same), None)

    def document(self, name: str) -> Document:
        """Return a document whole, as it was put. Raises LibraryError if there is none of that name."""
        sql = (
            "SELECT title, media_type, sha256, text, blocks, pages, warnings, document_sum.crc IS "
            f"{DOCUMENT} FROM document LEFT JOIN document_sum USING (document_id) WHERE name = ?"
        )
        with plainly(self.path):
            row = self.connection().execute(sql, (name,)).fetchone()
        if row is None:
            raise LibraryError(f"library '{self.folder.name}' has no document '{name}': see 'ragqa list'")
        try:
            if not row[7]:
                raise ValueError
            return document_of(name, row[:7])
        except (ValueError, TypeError):
            raise damaged(self._session, name, "the text") from None

    def matching(self, glob: str) -> list[StoredDocument]:
        """Return the documents whose name, or the file's own without its folders, matches the glob, by name.

        Where one is called exactly as the glob is written, as 'pump[1].pdf' may be, those alone are meant. A name is
        the same composed (NFC) and decomposed (NFD).
        """
        glob = normalize("NFC", glob)
        names = [(held, normalize("NFC", held.name)) for held in self.documents()]
        same = [held for held, name in names if glob in (name, name.rsplit("/", 1)[-1])]
        match = re.compile(fnmatch.translate(glob)).match
        return same or [held for held, name in names if match(name) or match(name.rsplit("/", 1)[-1])]

    def put(
        self,
        document: Document,
        passages: Sequence[Passage],
        keys: Sequence[bytes],
        embedder: EmbedderIdentity,
        cut: str,
        source: str = "",
        place: str = "",
    ) -> Literal["added", "replaced"]:
        """Store a document with its passages, in place of one of the same name; all of it or nothing.

        ``keys`` name each passage's vectors, already put by ``put_vectors``; ``place`` is its file, if it has one.
        Passages that say the same as before keep their ids. Raises EmbedderMismatch, LibraryError, and UnreadableFile
        for text that no file can hold.
        """
        with self.transaction() as connection:
            embedder_id = self._vectors.bind(connection, embedder)
            vector_ids = self._vectors.vector_ids(connection, embedder_id, keys)
            before = connection.execute(
                "SELECT document_id, title FROM document WHERE name = ?", (document.name,)
            ).fetchone()
            try:
                document_id = self._put_document(connection, document, len(passages), (cut, source), before)
                self._put_passages(connection, document_id, passages, vector_ids)
                put_units(connection, document_id, document)
                put_layout(connection, document_id, document.layout)
                sum_document(connection, document_id)
                set_places(connection, document_id, [place] if place else [])
            except UnicodeEncodeError:
                raise UnreadableFile(f"{document.name} holds half characters (lone surrogates): save it anew") from None
            self._session.advance(connection)
        return "replaced" if before else "added"

    def remove(self, names: Sequence[str]) -> int:
        """Remove documents and their passages in one transaction; return how many there were."""
        with self.transaction() as connection:
            sql = "DELETE FROM document WHERE name IN (SELECT value FROM json_each(?))"
            removed = connection.execute(sql, (json.dumps(list(names)),)).rowcount
            if removed:
                self._session.advance(connection)
        return removed

    def rename(self, name: str, new: str, source: str, place: str) -> None:
        """Call the document ``name`` by a new name, free until now, and have it lie at ``place``; all or nothing."""
        with self.transaction() as connection:
            document_id = _id_of(connection, name)
            sql = "UPDATE document SET name = ?, source = ? WHERE document_id = ?"
            connection.execute(sql, (new, source, document_id))
            set_places(connection, document_id, [place])
            sum_document(connection, document_id)
            self._session.advance(connection)

    # Where the files lie

    def file_places(self) -> dict[str, list[str]]:
        """Return where the files of each document lie, by its name; nothing of those that were never files here."""
        with plainly(self.path):
            return places_of(self.connection())

    def file_places_of(self, name: str) -> list[str]:
        """Return where the files of a document lie, its own first."""
        with plainly(self.path):
            return places_of(self.connection(), name).get(name, [])

    def name_at(self, place: str) -> str | None:
        """Return the document that the file at ``place`` was when it was read last; None where it was none."""
        with plainly(self.path):
            return name_at(self.connection(), place)

    def add_place(self, name: str, place: str) -> None:
        """Keep that the document ``name``, and no other, lies at ``place`` too."""
        with self.transaction() as connection:
            add_place(connection, name, place)

    def set_places(self, name: str, source: str, places: Sequence[str]) -> None:
        """Have the document lie at ``places`` and nowhere else, the first of them its own, ``source`` its hash."""
        with self.transaction() as connection:
            document_id = _id_of(connection, name)
            connection.execute("UPDATE document SET source = ? WHERE document_id = ?", (source, document_id))
            set_places(connection, document_id, list(places))
            sum_document(connection, document_id)

    def move_places(self, folder: str, to: str) -> None:
        """Have all that lay below ``folder`` lie below ``to``."""
        with self.transaction() as connection:
            move_places(connection, folder, to)

    def _put_document(
        self,
        connection: sqlite3.Connection,
        document: Document,
        passages: int,
        origin: tuple[str, str],
        before: tuple[int, str] | None,
    ) -> int:
        values = (
            document.title,
            document.media_type,
            document.sha256,
            *origin,
            datetime.now(timezone.utc).isoformat(timespec="seconds"),
            len(document.pages),
            passages,
            json.dumps(document.warnings),
            json.dumps(page_rows(document)),
            json.dumps(block_rows(document)),
            document.text,
        )
        if before is None:
            sql = f"INSERT INTO document ({_WRITTEN}, name) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            return int(connection.execute(sql, (*values, document.name)).lastrowid or 0)
        document_id, title = before
        if title != document.title:  # the title is a part of what each passage is indexed under
            connection.execute("DELETE FROM passage WHERE document_id = ?", (document_id,))
        sql = f"UPDATE document SET ({_WRITTEN}) = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE document_id = ?"
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
            kept = before[content].popleft() if before.get(content) else None
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
        torn = next((row[0] for row in rows if not row[12]), None)
        if torn is not None:
            raise damaged_passage(self._session, torn)
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

    def places(self, ids: Sequence[int]) -> NDArray[np.int64]:
        """Return (len(ids), 2): each one's document, and its place in it from 0; ``NOWHERE`` for one that is gone."""
        import numpy as np

        with plainly(self.path):
            rows = self.connection().execute(_PLACES, (json.dumps(list(ids)),)).fetchall()
        found = {row[0]: row[1:] for row in rows}
        return np.array([found.get(passage_id, NOWHERE) for passage_id in ids], np.int64).reshape(-1, 2)

    def passage_ids(
        self, document_glob: str | None = None, without: AbstractSet[int] = frozenset(), only: int | None = None
    ) -> NDArray[np.int64]:
        """Return the ids, ascending, of the passages of documents whose name matches the glob; of all for None.

        ``without`` are ids of documents that are left out, ``only`` is the id of the one that is looked at.
        """
        import numpy as np

        with plainly(self.path):
            if document_glob is None and not without and only is None:
                rows = self.connection().execute("SELECT passage_id FROM passage").fetchall()
            else:
                matching = self._matching(document_glob or "*")
                kept = [one for one in matching if one not in without and only in (None, one)]
                rows = self.connection().execute(_IDS_OF_DOCUMENTS, (json.dumps(kept),)).fetchall()
        return np.sort(np.fromiter((row[0] for row in rows), np.int64, len(rows)))

    def _matching(self, document_glob: str) -> list[int]:
        return [held.document_id for held in self.matching(document_glob)]

    def index_texts(self, ids: Sequence[int]) -> Iterator[tuple[int, str]]:
        """Yield id and text of each passage for a lexical index, title, section path and table header at its end."""
        with plainly(self.path):
            for passage_id, text, title, section, header in self.connection().execute(
                _INDEX_TEXTS, (json.dumps(list(ids)),)
            ):
                path = dict.fromkeys((title, *json.loads(section), header))
                yield passage_id, "\n".join((text, *(part for part in path if part)))

    def document_samples(self, document_ids: Sequence[int]) -> Iterator[tuple[int, str]]:
        """Yield the id of each of the documents and some of its text: of passages from its beginning, ever fewer."""
        with plainly(self.path):
            rows = self.connection().execute(_SAMPLES, (_SAMPLE, json.dumps(list(document_ids))))
            for document_id, found in groupby(rows, key=itemgetter(0)):
                yield document_id, "\n".join(text for _, text in found)

    # Units

    def units(self, document: str, spans: Sequence[Span]) -> list[tuple[int, Unit]]:
        """Return the id and the unit of each that touches one of the ``spans`` of a document, in reading order."""
        with plainly(self.path):
            try:
                return units_at(self.connection(), document, spans)
            except (ValueError, TypeError):
                raise damaged(self._session, document, "a unit") from None

    def unit_texts(self, document: str, unit_id: int) -> tuple[str, str]:
        """Return the text of a unit of a document, and of the warning that stands before it."""
        with plainly(self.path):
            texts = texts_of(self.connection(), unit_id)
        if texts is None:
            raise damaged(self._session, document, "a unit")
        return texts

    # The documents' files, and where their words stand

    def put_original(self, sha256: str, data: bytes) -> None:
        """Keep the bytes of a file under their hash, in a transaction of their own; unused ones are garbage."""
        with self.transaction() as connection:
            put_original(connection, sha256, data)

    def has_original(self, sha256: str) -> bool:
        """Say whether the bytes of this hash are kept."""
        with plainly(self.path):
            return self._keeps_originals() and has_original(self.connection(), sha256)

    def original(self, name: str) -> bytes | None:
        """Return the bytes of the file that the document ``name`` was read from, None where they are not kept."""
        stored = self.stored(name)
        with plainly(self.path):
            try:
                return original_of(self.connection(), stored.sha256) if stored and self._keeps_originals() else None
            except ValueError:
                raise damaged(self._session, name, "the file") from None

    def layout(self, name: str) -> bytes | None:
        """Return where the words of the document ``name`` stand, as ``ragqa.layout`` packs it; None where unknown."""
        with plainly(self.path):
            try:
                return layout_of(self.connection(), name) if self._keeps_originals() else None
            except ValueError:
                raise damaged(self._session, name, "where the words stand") from None

    def _keeps_originals(self) -> bool:
        """Whether it has the tables: a library of a format before, on a medium that can't be written, has not."""
        return check_format(self.connection(), self.path) > WITHOUT_ORIGINALS

    # Vectors

    def embedder(self) -> EmbedderIdentity | None:
        """Return whose vectors the library holds; None before the first document."""
        return self._vectors.embedder()

    def known_keys(self, keys: Sequence[bytes], embedder: EmbedderIdentity) -> set[bytes]:
        """Return those of ``keys`` whose vectors by ``embedder`` are stored already."""
        return self._vectors.known_keys(keys, embedder)

    def put_vectors(self, keys: Sequence[bytes], vectors: Sequence[Embedded], embedder: EmbedderIdentity) -> None:
        """Store ``embedder``'s vectors of the texts that ``keys`` stand for, in a transaction of their own."""
        self._vectors.put(keys, vectors, embedder)

    def swap_embedder(self, embedder: EmbedderIdentity, keys: Mapping[int, bytes]) -> None:
        """Give every passage its vectors by another embedder (put before under ``keys``), in one transaction."""
        self._vectors.swap_embedder(embedder, keys)

    def collect_garbage(self) -> int:
        """Drop the vectors that no passage uses and the files that no document does, give their space back.

        Returns how many vectors it dropped.
        """
        with self.transaction() as connection:
            files = drop_unused(connection)
        vectors = self._vectors.collect_garbage()
        if files or vectors:
            with self.writing(), plainly(self.path):
                self.connection().execute("PRAGMA incremental_vacuum").fetchall()
        return vectors

    def vectors(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """Return float32 (len(ids), dim); a row of zeros for an id that is gone."""
        return self._vectors.get(ids)

    def windows(self, ids: Sequence[int]) -> dict[int, NDArray[np.float32]]:
        """Return the window vectors, float32 (windows, dim), of those passages that are there still."""
        return self._vectors.windows(ids)

    def window_matrix(self, ids: Sequence[int]) -> WindowMatrix:
        """Return the window vectors and the places of passages, in the order of ``ids``."""
        return self._vectors.window_matrix(ids)

    def token_states(self, ids: Sequence[int], dim: int) -> list[TokenStates | None]:
        """Return the states of each passage's tokens, of ``dim`` numbers each; None where there are none."""
        return self._vectors.token_states(ids, dim)

    # Search, moments, transactions

    def indexes(self, notice: Callable[[str], None]) -> Indexes:
        """Return the searches over the state as it is now; ``notice`` gets one line if one had to be repaired."""
        from ragqa.store.lexical import LexicalIndex
        from ragqa.store.vectors import VectorIndex

        vectors = VectorIndex.open(self, notice)
        lexical = LexicalIndex.open(self, notice)
        return Indexes(self.stamp(), vectors, lexical)

    def connection(self) -> sqlite3.Connection:
        """Return this thread's connection, in autocommit unless inside ``snapshot`` or a write."""
        return self._session.connection()

    @property
    def writable(self) -> bool:
        """Whether the folder and the file may be written to."""
        return self._session.writable

    def writing(self) -> AbstractContextManager[None]:
        """Be the one writer, for several changes in a row. Raises LibraryError naming who already is."""
        return self._session.writing()

    def snapshot(self) -> AbstractContextManager[sqlite3.Connection]:
        """Let all reads of this thread inside see one state, whatever a writer does meanwhile."""
        return self._session.snapshot()

    def transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        """Write all of what is inside, or nothing."""
        return self._session.transaction()

    def stamp(self) -> Stamp:
        """Return the state that the file is in now."""
        return self._session.stamp()

    def descends_from(self, stamp: Stamp) -> bool:
        """Say whether this library was once in the state ``stamp``: only then do passage ids mean the same in both."""
        return self._session.descends_from(stamp)

    # The whole

    def info(self) -> StoreInfo:
        """Return where it lies, its size and when it changed."""
        changed = datetime.fromtimestamp(self.path.stat().st_mtime, timezone.utc)
        size = sum(file.stat().st_size for file in self.folder.rglob("*") if file.is_file())
        with plainly(self.path):
            originals = originals_size(self.connection()) if self._keeps_originals() else 0
        return StoreInfo(str(self.folder), size, changed, originals)

    def verify(self) -> list[str]:
        """Return what is wrong with the library, a line each; nothing when it is sound."""
        from ragqa.store.verify import problems

        return problems(self)

    def lost_changes(self) -> list[str]:
        """Return one line where changes that were written are gone, as with a lost log; else nothing."""
        return lost_changes(self._session)

    def export(self, archive: Path) -> None:
        """Write the whole library into one file that ``import_`` reads."""
        from ragqa.store.archive import export

        export(self.connection(), archive)

    @classmethod
    def import_(cls, archive: Path, folder: Path) -> Database:
        """Make the library in ``folder`` from an exported file. Raises LibraryError if it is none, or one is there."""
        from ragqa.store.archive import unpack

        unpack(archive, folder)
        database = cls.open(folder)
        with database.transaction() as connection:
            _find_units(database._session, connection)  # what an archive says of them is not taken
            connection.execute("DELETE FROM place")  # nor where files lie on another machine
        return database


def _find_units(session: Session, connection: sqlite3.Connection) -> None:
    """Find the units of all documents anew."""
    database = Database(session)
    for stored in database.documents():
        put_units(connection, stored.document_id, database.document(stored.name))


def _id_of(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute("SELECT document_id FROM document WHERE name = ?", (name,)).fetchone()[0])


_STORED = (
    "SELECT document_id, name, title, media_type, sha256, page_count, passage_count, added_at, cut, source "
    "FROM document"
)
_WRITTEN = "title, media_type, sha256, cut, source, added_at, page_count, passage_count, warnings, pages, blocks, text"
_PASSAGE_COLUMNS = (
    "document_id, vector_id, section, header, text, ordinal, start_at, end_at, page, page_end, tokens, "
    "page_breaks, windows"
)
_INSERT_PASSAGE = f"INSERT INTO passage ({_PASSAGE_COLUMNS}) VALUES ({', '.join('?' * 13)})"
_UPDATE_PASSAGE = f"UPDATE passage SET ({_PASSAGE_COLUMNS}) = ({', '.join('?' * 13)}) WHERE passage_id = ?"
_ASKED = "WHERE passage_id IN (SELECT value FROM json_each(?))"
_PASSAGES = (
    "SELECT passage_id, name, start_at, end_at, passage.text, section, header, page, page_end, tokens, "
    f"page_breaks, windows, passage_sum.crc IS {PASSAGE} FROM passage JOIN document USING (document_id) "
    f"LEFT JOIN passage_sum USING (passage_id) {_ASKED}"
)
_PLACES = f"SELECT passage_id, document_id, ordinal FROM passage INDEXED BY passage_place {_ASKED}"
_IDS_OF_DOCUMENTS = "SELECT passage_id FROM passage WHERE document_id IN (SELECT value FROM json_each(?))"
_SAMPLE = 700
"""Characters of a passage by which its document's language is told."""
_SAMPLES = (
    "SELECT document_id, substr(text, 1, ?) FROM passage "
    "WHERE document_id IN (SELECT value FROM json_each(?)) AND ordinal IN (0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144) "
    "ORDER BY document_id, ordinal"
)
_INDEX_TEXTS = (
    "SELECT passage_id, passage.text, title, section, header FROM passage "
    f"JOIN document USING (document_id) {_ASKED} ORDER BY passage_id"
)
