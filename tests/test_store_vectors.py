"""Dense search against numpy: the exact index, the approximate one, filters, removal, and the way between the two."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ragqa.embedders import Embedded
from ragqa.store import EmbedderIdentity
from ragqa.store import vectors as module
from ragqa.store.database import Database
from ragqa.store.vectors import VectorIndex
from ragqa.types import Passage
from tests.store_making import document_of, unit

DIM = 32
IDENTITY = EmbedderIdentity("fake:clusters", "1", DIM)


def clustered(count: int, seed: int) -> np.ndarray:
    """Unit vectors around 40 centres, as texts about 40 things would lie."""
    rng = np.random.default_rng(seed)
    centres = unit(np.random.default_rng(0).standard_normal((40, DIM)))
    return unit(centres[rng.integers(40, size=count)] + 0.12 * rng.standard_normal((count, DIM)))


def put_rows(database: Database, name: str, rows: np.ndarray) -> None:
    document, passages = document_of(name, [f"{name} {at}" for at in range(len(rows))])
    keys = [f"{name} {at}".encode() for at in range(len(rows))]
    none = np.empty((0, DIM), np.float32)
    database.put_vectors(keys, [Embedded(row, none) for row in rows], IDENTITY)
    database.put(document, [Passage(p.document, p.start, p.end, p.text) for p in passages], keys, IDENTITY, "1")


@pytest.fixture
def library(tmp_path: Path):
    with Database.create_or_open(tmp_path / "lib") as database:
        for number in range(3):
            put_rows(database, str(number), clustered(700, number + 1))
        yield database


@pytest.fixture(params=["exact", "approximate"])
def index(request: pytest.FixtureRequest, library: Database, monkeypatch: pytest.MonkeyPatch) -> VectorIndex:
    make_small(monkeypatch, 100_000 if request.param == "exact" else 500)
    found = VectorIndex.open(library, pytest.fail)
    assert found.exact == (request.param == "exact")
    return found


def make_small(monkeypatch: pytest.MonkeyPatch, exact_below: int) -> None:
    monkeypatch.setattr(module, "EXACT_BELOW", exact_below)
    monkeypatch.setattr(module, "POINTS_PER_LIST", 40)
    monkeypatch.setattr(module, "SCANNED", 50)


def oracle(database: Database, query: np.ndarray, k: int, allowed: np.ndarray | None = None) -> np.ndarray:
    ids = database.passage_ids() if allowed is None else allowed
    return ids[np.argsort(-(database.vectors(ids.tolist()) @ query), kind="stable")[:k]]


def recall(database: Database, index: VectorIndex, k: int = 50, allowed: np.ndarray | None = None) -> float:
    found = []
    for query in clustered(40, 99):
        ids, scores = index.search(query, k, allowed)
        assert (np.diff(scores) <= 0).all()
        assert np.abs(scores - database.vectors(ids.tolist()) @ query).max() < 2e-3
        found.append(len(np.intersect1d(ids, oracle(database, query, k, allowed))) / k)
    return float(np.mean(found))


def test_search_agrees_with_numpy(library: Database, index: VectorIndex):
    assert recall(library, index) >= (0.999 if index.exact else 0.98)


def test_a_filter_keeps_to_what_is_allowed_and_finds_it_all(library: Database, index: VectorIndex):
    for glob, k in (("1", 50), ("[02]", 50)):
        allowed = library.passage_ids(glob)
        assert recall(library, index, k, allowed) >= 0.999
    few = library.passage_ids()[::60]
    assert recall(library, index, 20, few) >= 0.999
    query = clustered(1, 5)[0]
    assert index.search(query, 10, np.array([10**9]))[0].tolist() == []
    assert len(index.search(query, 10**6, library.passage_ids("1"))[0]) == 700


def test_scores_of_given_passages_and_the_mean_of_all(library: Database, index: VectorIndex):
    query = clustered(1, 5)[0]
    ids = np.random.default_rng(0).permutation(library.passage_ids())[:100]
    assert np.abs(index.score(ids, query) - library.vectors(ids.tolist()) @ query).max() < 2e-3
    every = library.vectors(library.passage_ids().tolist())
    assert np.abs(index.mean - every.mean(axis=0)).max() < 1e-4
    assert index.score(np.array([10**9]), query)[0] == pytest.approx(float(index.mean @ query))


def test_what_is_removed_is_not_found_and_what_comes_is(library: Database, index: VectorIndex):
    library.remove(["1"])
    put_rows(library, "3", clustered(500, 44))
    caught_up = VectorIndex.open(library, pytest.fail)
    assert caught_up.exact == index.exact
    assert caught_up.ids.tolist() == library.passage_ids().tolist()
    assert recall(library, caught_up) >= (0.999 if index.exact else 0.98)
    every = library.vectors(library.passage_ids().tolist())
    assert np.abs(caught_up.mean - every.mean(axis=0)).max() < 1e-4
    assert index.size == 2100  # the one open before still serves its own state


def test_it_turns_approximate_and_back_as_the_library_grows_and_shrinks(
    library: Database, monkeypatch: pytest.MonkeyPatch
):
    make_small(monkeypatch, 2500)
    assert VectorIndex.open(library, pytest.fail).exact
    put_rows(library, "3", clustered(700, 44))
    assert not VectorIndex.open(library, pytest.fail).exact
    library.remove(["3", "2"])
    assert VectorIndex.open(library, pytest.fail).exact


def test_lists_are_laid_out_anew_when_most_vectors_came_later(library: Database, monkeypatch: pytest.MonkeyPatch):
    make_small(monkeypatch, 500)
    VectorIndex.open(library, pytest.fail)
    for number in range(3, 8):
        put_rows(library, str(number), clustered(700, number + 1) @ np.diag(np.linspace(-1, 1, DIM)))
        VectorIndex.open(library, pytest.fail)
    assert recall(library, VectorIndex.open(library, pytest.fail)) >= 0.97


def test_an_empty_library_finds_nothing(tmp_path: Path):
    with Database.create_or_open(tmp_path / "empty") as database:
        index = VectorIndex.open(database, pytest.fail)
        assert index.size == 0 and index.search(np.ones(1, np.float32), 5)[0].tolist() == []
        put_rows(database, "a", clustered(3, 1))
        assert VectorIndex.open(database, pytest.fail).size == 3
        database.remove(["a"])
        emptied = VectorIndex.open(database, pytest.fail)
        assert emptied.size == 0 and emptied.search(clustered(1, 1)[0], 5)[0].tolist() == []
