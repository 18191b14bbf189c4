"""The vectors of a library, kept under the hash of the text embedded, so that nothing is embedded twice.

One embedder's vectors are in use; another's may stand beside them until they are swapped in. Knows no documents.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ragqa.errors import EmbedderMismatch, LibraryError
from ragqa.store import NOWHERE, EmbedderIdentity, WindowMatrix
from ragqa.store.session import Session
from ragqa.store.sqlite import plainly
from ragqa.store.sums import TOKENS, VECTOR, damaged_passage, sum_new_vectors, sum_passages

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ragqa.embedders.base import Embedded, TokenStates


class VectorTable:
    """The vectors, and whose they are."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def embedder(self) -> EmbedderIdentity | None:
        """Return whose vectors the library holds; None before the first document."""
        sql = "SELECT spec, revision, dim FROM library JOIN embedder USING (embedder_id)"
        with plainly(self._session.path):
            row = self._session.connection().execute(sql).fetchone()
        return EmbedderIdentity(*row) if row else None

    def known_keys(self, keys: Sequence[bytes], embedder: EmbedderIdentity) -> set[bytes]:
        """Return those of ``keys`` whose vectors by ``embedder`` are stored already."""
        sql = (
            "SELECT 1 FROM vector WHERE key = ? AND embedder_id = "
            "(SELECT embedder_id FROM embedder WHERE spec = ? AND revision = ? AND dim = ?)"
        )
        identity = (embedder.spec, embedder.revision, embedder.dim)
        with self._session.snapshot() as connection:
            return {key for key in set(keys) if connection.execute(sql, (key, *identity)).fetchone()}

    def put(self, keys: Sequence[bytes], vectors: Sequence[Embedded], embedder: EmbedderIdentity) -> None:
        """Store ``embedder``'s vectors of the texts that ``keys`` stand for, in a transaction of their own."""
        from ragqa.store.blobs import pack_tokens, pack_vector, pack_windows

        rows = [
            (key, pack_vector(found.vector, embedder.dim), pack_windows(found.windows, embedder.dim))
            for key, found in zip(keys, vectors, strict=True)
        ]
        with self._session.transaction() as connection:
            embedder_id = embedder_id_of(connection, embedder)
            sql = "INSERT OR IGNORE INTO vector (embedder_id, key, vector, windows) VALUES (?, ?, ?, ?)"
            connection.executemany(sql, [(embedder_id, *row) for row in rows])
            sum_new_vectors(connection)
            states = [
                (key, pack_tokens(found.tokens))
                for key, found in zip(keys, vectors, strict=True)
                if found.tokens is not None
            ]
            ids = self.vector_ids(connection, embedder_id, [key for key, _ in states])
            sql = "INSERT OR IGNORE INTO token (vector_id, states, crc) VALUES (?1, ?2, crc(?1, ?2))"
            connection.executemany(sql, zip(ids, (packed for _, packed in states), strict=True))

    def get(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """Return float32 (len(ids), dim); a row of zeros for an id that is gone."""
        import numpy as np

        from ragqa.store.blobs import unpack_vectors

        with self._session.snapshot() as connection:
            held = self.embedder()
            rows = {}
            for passage_id, vector, sound in connection.execute(_VECTORS, (json.dumps(list(ids)),)):
                if not sound:
                    raise damaged_passage(self._session, passage_id, "the vector of passage")
                rows[passage_id] = vector
        found = np.zeros((len(ids), held.dim if held else 0), np.float32)
        present = [at for at, passage_id in enumerate(ids) if passage_id in rows]
        if present:
            found[present] = unpack_vectors([rows[ids[at]] for at in present], found.shape[1])
        return found

    def windows(self, ids: Sequence[int]) -> dict[int, NDArray[np.float32]]:
        """Return the window vectors, float32 (windows, dim), of those passages that are there still."""
        held = self.window_matrix(ids)
        there = [at for at, place in enumerate(held.places.tolist()) if tuple(place) != NOWHERE]
        return {ids[at]: held.vectors[held.starts[at] : held.starts[at + 1]] for at in there}

    def window_matrix(self, ids: Sequence[int]) -> WindowMatrix:
        """Return the window vectors and the places of passages, in the order of ``ids``."""
        import numpy as np

        from ragqa.store.blobs import unpack_windows

        with self._session.snapshot() as connection:
            held = self.embedder()
            rows = connection.execute(_WINDOWS, (json.dumps(list(ids)),)).fetchall()
        found = {row[0]: row for row in rows}
        torn = next((row[0] for row in rows if not row[4]), None)
        if torn is not None:
            raise damaged_passage(self._session, torn, "the vector of passage")
        gone = (0, *NOWHERE, b"", 1)
        there = [found.get(passage_id, gone) for passage_id in ids]
        vectors, starts = unpack_windows([row[3] for row in there], held.dim if held else 1)
        return WindowMatrix(np.array([row[1:3] for row in there], np.int64).reshape(-1, 2), vectors, starts)

    def token_states(self, ids: Sequence[int], dim: int) -> list[TokenStates | None]:
        """Return the states of each passage's tokens, of ``dim`` numbers each; None where there are none."""
        from ragqa.store.blobs import unpack_tokens

        with plainly(self._session.path):
            rows = self._session.connection().execute(_TOKENS, (json.dumps(list(ids)),)).fetchall()
        torn = next((row[0] for row in rows if not row[2]), None)
        if torn is not None:
            raise damaged_passage(self._session, torn, "the token states of passage")
        found = {passage_id: states for passage_id, states, _ in rows if len(states) % (2 + dim) == 0}
        return [unpack_tokens(found[one], dim) if one in found else None for one in ids]

    def collect_garbage(self) -> int:
        """Drop the vectors that no passage uses; return how many."""
        with self._session.transaction() as connection:
            sql = "DELETE FROM vector WHERE vector_id NOT IN (SELECT vector_id FROM passage)"
            return connection.execute(sql).rowcount

    def swap_embedder(self, embedder: EmbedderIdentity, keys: Mapping[int, bytes]) -> None:
        """Give every passage its vectors by another embedder (put before under ``keys``), in one transaction."""
        with self._session.transaction() as connection:
            everyone = [row[0] for row in connection.execute("SELECT passage_id FROM passage")]
            missing = set(everyone) - keys.keys()
            if missing:
                raise LibraryError(f"{len(missing)} passages came while vectors were built: run 'ragqa reembed' again")
            embedder_id = embedder_id_of(connection, embedder)
            vector_ids = self.vector_ids(connection, embedder_id, [keys[passage_id] for passage_id in everyone])
            connection.executemany(
                "UPDATE passage SET vector_id = ? WHERE passage_id = ?", zip(vector_ids, everyone, strict=True)
            )
            connection.execute("UPDATE library SET embedder_id = ?", (embedder_id,))
            sum_passages(connection)
            self._session.advance(connection)

    def bind(self, connection: sqlite3.Connection, embedder: EmbedderIdentity) -> int:
        """Return the embedder's id; the library becomes its own as long as it holds no other's passages."""
        held = self.embedder()
        if held and held != embedder and connection.execute("SELECT 1 FROM passage LIMIT 1").fetchone():
            raise EmbedderMismatch(
                f"library '{self._session.folder.name}' holds {held.dim}-d vectors of {held.spec} (revision "
                f"{held.revision[:12]}); {embedder.spec} (revision {embedder.revision[:12]}) gives {embedder.dim}-d: "
                f"run 'ragqa reembed --embedder {embedder.spec}' or choose another --index"
            )
        embedder_id = embedder_id_of(connection, embedder)
        connection.execute("UPDATE library SET embedder_id = ?", (embedder_id,))
        return embedder_id

    def vector_ids(self, connection: sqlite3.Connection, embedder_id: int, keys: Sequence[bytes]) -> list[int]:
        """Return the rows of the vectors under ``keys``. Raises LibraryError if one was never put."""
        sql = "SELECT vector_id FROM vector WHERE embedder_id = ? AND key = ?"
        rows = [connection.execute(sql, (embedder_id, key)).fetchone() for key in keys]
        if None in rows:
            raise LibraryError(
                f"{rows.count(None)} of {len(keys)} passages have no vector in {self._session.path}: put them first"
            )
        return [row[0] for row in rows]


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


_ASKED = "WHERE passage_id IN (SELECT value FROM json_each(?))"
_PLACED = "FROM passage INDEXED BY passage_place JOIN vector USING (vector_id) LEFT JOIN vector_sum USING (vector_id)"
_SOUND = f"vector_sum.crc IS {VECTOR}"
_VECTORS = f"SELECT passage_id, vector, {_SOUND} {_PLACED} {_ASKED}"
_TOKENS = f"SELECT passage_id, states, crc IS {TOKENS} FROM passage JOIN token USING (vector_id) {_ASKED}"
_WINDOWS = f"SELECT passage_id, document_id, ordinal, vector.windows, {_SOUND} {_PLACED} {_ASKED}"
