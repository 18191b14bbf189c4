"""Look for anything wrong with a library: the file, its references, spans against texts, vectors, derived indexes.

Finds and names; repairs nothing. Derived indexes repair themselves when they are opened.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import islice
from typing import Protocol

import numpy as np

from ragqa.errors import LibraryError
from ragqa.store.checks import UNIT_LENGTH, row_problems
from ragqa.store.derived import Torn, check_state
from ragqa.store.lexical import LexicalIndex, Texts
from ragqa.store.originals import original_problems
from ragqa.store.places import place_problems
from ragqa.store.sqlite import (
    WITHOUT_ORIGINALS,
    WITHOUT_PLACES,
    check_format,
    expected_schema,
    plainly,
    schema_of,
)
from ragqa.store.sums import sum_problems
from ragqa.store.units import unit_problems
from ragqa.store.vectors import VectorIndex, Vectors


class Whole(Vectors, Texts, Protocol):
    """A library with its connection."""

    def connection(self) -> sqlite3.Connection: ...

    def lost_changes(self) -> list[str]: ...


def problems(database: Whole) -> list[str]:
    """Return what is wrong, a line each; nothing when the library is sound."""
    found: list[str] = []
    with database.snapshot():
        for check in (_file, _rows_of, _derived):
            try:
                with plainly(database.path):
                    found.extend(check(database))
            except LibraryError as error:
                found.append(str(error))
    return found


def _file(database: Whole) -> Iterator[str]:
    connection = database.connection()
    for (lines,) in connection.execute("PRAGMA integrity_check(20)"):
        if lines != "ok":
            yield from (f"{database.path.name}: {line}" for line in lines.splitlines())
    for table, row, parent, _ in islice(connection.execute("PRAGMA foreign_key_check"), 20):
        yield f"{database.path.name}: row {row} of {table} names a row of {parent} that is not there"
    if schema_of(connection) != expected_schema(check_format(connection, database.path)):
        yield f"{database.path.name}: its tables are not those of this format"


def _rows_of(database: Whole) -> Iterator[str]:
    yield from row_problems(database.connection())
    yield from sum_problems(database.connection())
    yield from unit_problems(database.connection())
    version = check_format(database.connection(), database.path)
    if version > WITHOUT_PLACES:
        yield from place_problems(database.connection())
    if version > WITHOUT_ORIGINALS:
        yield from original_problems(database.connection())
    yield from database.lost_changes()


def _derived(database: Whole) -> Iterator[str]:
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
            if not (np.abs(own - 1) < UNIT_LENGTH).all():
                yield f"{name}: the index holds other vectors than the library: remove the folder {root}"


def _rows(database: Whole, ids: np.ndarray) -> np.ndarray:
    return database.vectors(ids.tolist())
