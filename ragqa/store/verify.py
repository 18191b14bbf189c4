"""Look for anything wrong with a library: the file, its references, spans against texts, vectors, derived indexes.

Finds and names; repairs nothing. Derived indexes repair themselves when they are opened.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from ragqa.errors import LibraryError
from ragqa.store.blobs import unpack_vectors, unpack_windows
from ragqa.store.derived import Torn, check_state
from ragqa.store.sqlite import expected_schema, plainly, schema_of

if TYPE_CHECKING:
    from ragqa.store.database import Database

_UNIT = 0.01
"""How far from 1 the length of a stored vector may be: float16 alone moves it by 1e-3 at most."""


def problems(database: Database) -> list[str]:
    """Return what is wrong, a line each; nothing when the library is sound."""
    found: list[str] = []
    with database.snapshot():
        for check in (_file, _documents, _vectors, _derived):
            try:
                with plainly(database.path):
                    found.extend(check(database))
            except LibraryError as error:
                found.append(str(error))
    return found


def _file(database: Database) -> Iterator[str]:
    connection = database.connection()
    for (line,) in connection.execute("PRAGMA integrity_check(20)"):
        if line != "ok":
            yield f"{database.path.name}: {line}"
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        yield f"{database.path.name}: row {row} of {table} names a row of {parent} that is not there"
    if schema_of(connection) != expected_schema():
        yield f"{database.path.name}: its tables are not those of this format"


def _documents(database: Database) -> Iterator[str]:
    for stored in database.documents():
        document = database.document(stored.name)
        sql = "SELECT passage_id FROM passage WHERE document_id = ? ORDER BY ordinal"
        ids = [row[0] for row in database.connection().execute(sql, (stored.document_id,))]
        if len(ids) != stored.passages or len(document.pages) != stored.pages:
            yield f"{stored.name}: {len(ids)} passages and {len(document.pages)} pages, its record says otherwise"
        for passage in database.passages(ids).values():
            if document.text[passage.start : passage.end] != passage.text:
                yield f"{stored.name}: passage {passage.passage_id} does not stand where it says"
            if any(not 0 <= start <= end <= len(passage.text) for start, end in passage.windows):
                yield f"{stored.name}: passage {passage.passage_id} has windows outside its text"


def _vectors(database: Database) -> Iterator[str]:
    sql = (
        "SELECT passage_id, vector.embedder_id IS library.embedder_id, vector, vector.windows, passage.windows "
        "FROM passage JOIN vector USING (vector_id), library"
    )
    held = database.embedder()
    for passage_id, own, blob, windows, spans in database.connection().execute(sql):
        if not own or held is None:
            yield f"passage {passage_id}: its vector is of another embedder than the library's"
            continue
        try:
            rows = np.concatenate([unpack_vectors([blob], held.dim), unpack_windows([windows], held.dim)[0]])
        except ValueError:
            yield f"passage {passage_id}: its vectors do not have {held.dim} numbers"
            continue
        if len(rows) not in (1, 1 + len(json.loads(spans))):
            yield f"passage {passage_id}: {len(rows) - 1} window vectors for {len(json.loads(spans))} windows"
        if not (np.abs(np.linalg.norm(rows, axis=1) - 1) < _UNIT).all():  # NaN fails this too
            yield f"passage {passage_id}: a vector is not of unit length"


def _derived(database: Database) -> Iterator[str]:
    from ragqa.store.lexical import LexicalIndex
    from ragqa.store.vectors import VectorIndex

    ids = database.passage_ids()
    for name, kind in (("vectors", VectorIndex), ("lexical", LexicalIndex)):
        root = database.folder / name
        if not root.is_dir() or not any(root.iterdir()):
            continue  # not built yet: nothing can be wrong with it
        try:
            state = check_state(root)
        except Torn as torn:
            yield f"{name}: the index {torn}; the next search rebuilds it"
            continue
        if state.stamp != database.stamp():
            continue  # behind: caught up when it is next opened
        index = kind.open(database)
        if not np.array_equal(index.ids, ids):
            yield f"{name}: the index holds other passages than the library: remove the folder {root}"
        elif name == "vectors" and len(ids):
            some = np.random.default_rng(0).choice(ids, size=min(len(ids), 200), replace=False)
            own = np.array(
                [index.score(some[at : at + 1], vector)[0] for at, vector in enumerate(_rows(database, some))]
            )
            if not (np.abs(own - 1) < _UNIT).all():
                yield f"{name}: the index holds other vectors than the library: remove the folder {root}"


def _rows(database: Database, ids: np.ndarray) -> np.ndarray:
    return database.vectors(ids.tolist())
