"""Dense search: a FAISS index over the passages' vectors, derived from the database. Scores are cosines, best first.

Exact up to ``EXACT_BELOW`` passages, an inverted file (IVF) beyond; ``bench/vectors.py`` measures both. Vectors are
kept as float16, as the database has them. Knows nothing of texts.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ragqa.store import EmbedderIdentity, Stamp
from ragqa.store.derived import FolderStore, open_derived

EXACT_BELOW = 50_000
"""Passages from which the index is approximate: an exact scan of 384-d float16 takes 1.5 ms at this size."""

POINTS_PER_LIST = 200
"""Vectors per list of the inverted file: 500 lists at 100,000."""

FEWEST_PROBED, PROBED = 165, 0.1
"""How many lists a search looks into at least, and which share of many. What counts is how many more than which share:
at 50,000 clustered vectors 83 keep recall@50 .988 (bench/vectors.py), at a million 500 keep recall@10 .996."""

SCANNED = 4_000
"""A document filter that leaves no more passages than this is answered by scoring each of them."""

_CHUNK = 8_192
_FORMAT = 1

Ids = NDArray[np.int64]
Floats = NDArray[np.float32]


class Vectors(FolderStore, Protocol):
    """What this index is made from."""

    def embedder(self) -> EmbedderIdentity | None: ...

    def passage_ids(self) -> Ids: ...

    def vectors(self, ids: Sequence[int]) -> Floats: ...


def probed_lists(lists: int) -> int:
    """Return how many of an index's lists a search looks into."""
    return min(lists, max(FEWEST_PROBED, round(lists * PROBED)))


class VectorIndex:
    """The vectors of one state of the library. Never changes once open: safe for any number of threads."""

    def __init__(self, index: Any, ids: Ids, total: NDArray[np.float64], stamp: Stamp) -> None:
        self._index = index
        self._total = total
        self.ids = ids
        """Of all passages held, ascending, int64."""
        self.stamp = stamp
        """The state of the database that this holds."""
        self.mean: Floats = (total / max(len(ids), 1)).astype(np.float32)
        """The mean of all vectors, float32 (dim,): ``mean @ query`` is the mean score over the whole library."""

    @classmethod
    def open(cls, database: Vectors, notice: Callable[[str], None] = lambda line: None) -> VectorIndex:
        """Return the index of the library as it is now; ``notice`` gets one line if it had to be repaired."""
        return open_derived(database, _Recipe(), notice)

    @property
    def size(self) -> int:
        """How many passages it holds."""
        return len(self.ids)

    @property
    def exact(self) -> bool:
        """Whether ``search`` scans every vector."""
        return not _is_ivf(self._index)

    def search(self, query: Floats, k: int, allowed: Ids | None = None) -> tuple[Ids, Floats]:
        """Return ids and scores of the ``k`` best passages for a unit vector, of those ``allowed`` if given."""
        if allowed is not None:
            allowed = allowed[_contained(allowed, self.ids)]
            if len(allowed) <= SCANNED:
                return _best(allowed, self.score(allowed, query), k)
        k = min(k, self.size if allowed is None else len(allowed))
        if k <= 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        selector = _selector(allowed) if allowed is not None else None
        _use_threads(1)
        scores, ids = self._index.search(_row(query), k, params=self._parameters(selector))
        found = ids[0] >= 0
        return _best(ids[0][found], scores[0][found], k)

    def score(self, ids: Ids, query: Floats) -> Floats:
        """Return the score of each of ``ids``; one that this state does not hold gets the mean score."""
        scores = np.full(len(ids), float(self.mean @ query), np.float32)
        held = np.flatnonzero(_contained(ids, self.ids))
        _use_threads(1)
        for start in range(0, len(held), _CHUNK):
            at = held[start : start + _CHUNK]
            # Not with @, whose threads wait for one another where another process uses a core.
            scores[at] = np.vecdot(self._index.reconstruct_batch(np.ascontiguousarray(ids[at], np.int64)), query)
        return scores

    def _parameters(self, selector: Any) -> Any:
        faiss = _faiss()

        if not _is_ivf(self._index):
            return faiss.SearchParameters(sel=selector) if selector else None
        # Under a filter the lists probed may hold too few of those allowed, so all are.
        lists = self._index.nlist
        probed = lists if selector else probed_lists(lists)
        return faiss.SearchParametersIVF(sel=selector, nprobe=probed)

    def save(self, folder: Path) -> None:
        """Leave its files in ``folder``."""
        faiss = _faiss()

        faiss.write_index(self._index, str(folder / "index.faiss"))
        np.save(folder / "ids.npy", self.ids, allow_pickle=False)
        np.save(folder / "total.npy", self._total, allow_pickle=False)


class _Recipe:
    name = "vectors"
    title = "vector index"

    def form(self, database: Vectors) -> str | None:
        held = database.embedder()
        return f"faiss {_FORMAT} {held.spec} {held.revision} {held.dim}" if held else None

    def build(self, database: Vectors, into: Path | None) -> VectorIndex:
        ids = database.passage_ids()
        held = database.embedder()
        index = build_index(len(ids), held.dim if held else 1, lambda some: database.vectors(ids[some].tolist()))
        total = _add(index, database, ids)
        return self._saved(VectorIndex(index, ids, total, database.stamp()), into)

    def load(self, state: Path, stamp: Stamp, writable: bool) -> VectorIndex:
        faiss = _faiss()

        index = faiss.read_index(str(state / "index.faiss"))
        ids = np.load(state / "ids.npy", allow_pickle=False)
        total = np.load(state / "total.npy", allow_pickle=False)
        if index.ntotal != len(ids) or index.d != len(total):
            raise ValueError(f"{index.ntotal} vectors for {len(ids)} passages")
        return VectorIndex(index, ids, total, stamp)

    def update(self, database: Vectors, state: Path, stamp: Stamp, into: Path) -> VectorIndex:
        old = self.load(state, stamp, True)
        ids = database.passage_ids()
        gone, new = np.setdiff1d(old.ids, ids), np.setdiff1d(ids, old.ids)
        if _wants_another_kind(old, len(ids)):
            return self.build(database, into)
        total = old._total
        if len(gone):
            for start in range(0, len(gone), _CHUNK):
                total = total - old._index.reconstruct_batch(gone[start : start + _CHUNK]).sum(axis=0, dtype=np.float64)
            _remove(old._index, gone)
        total = total + _add(old._index, database, new)
        return self._saved(VectorIndex(old._index, ids, total, database.stamp()), into)

    def _saved(self, index: VectorIndex, into: Path | None) -> VectorIndex:
        if into:
            index.save(into)
        return index


def build_index(size: int, dim: int, sample: Callable[[Ids], Floats]) -> Any:
    """Return an empty FAISS index, trained, right for ``size`` vectors; ``sample`` gives the vectors at some places."""
    faiss = _faiss()

    kind = faiss.ScalarQuantizer.QT_fp16
    if size < EXACT_BELOW:
        return faiss.IndexIDMap2(faiss.IndexScalarQuantizer(dim, kind, faiss.METRIC_INNER_PRODUCT))
    lists = max(1, size // POINTS_PER_LIST)
    coarse = faiss.IndexFlatIP(dim)
    index = faiss.IndexIVFScalarQuantizer(coarse, dim, lists, kind, faiss.METRIC_INNER_PRODUCT, False)
    index.own_fields = True
    coarse.this.disown()
    index.cp.niter = 10
    index.cp.seed = 1
    index.set_direct_map_type(faiss.DirectMap.Hashtable)
    _use_threads(os.cpu_count() or 1)
    places = np.random.default_rng(1).permutation(size)[: lists * 64]
    index.train(sample(np.sort(places)))
    return index


def _add(index: Any, database: Vectors, ids: Ids) -> NDArray[np.float64]:
    """Add the vectors of ``ids`` from the database; return their sum."""
    total = np.zeros(index.d, np.float64)
    for start in range(0, len(ids), _CHUNK):
        some = ids[start : start + _CHUNK]
        vectors = database.vectors(some.tolist())
        index.add_with_ids(vectors, some)
        total += vectors.sum(axis=0, dtype=np.float64)
    return total


def _remove(index: Any, ids: Ids) -> None:
    faiss = _faiss()

    # The inverted file looks each id up; the flat one asks the selector about each vector.
    index.remove_ids(faiss.IDSelectorArray(ids) if _is_ivf(index) else _selector(ids))


def _wants_another_kind(old: VectorIndex, size: int) -> bool:
    """Whether size has passed the switch (with some slack on the way down), or most vectors came after training."""
    if old.exact:
        return size >= EXACT_BELOW
    lists: int = old._index.nlist
    return size < EXACT_BELOW * 0.8 or size > 2 * lists * POINTS_PER_LIST


def _use_threads(count: int) -> None:
    """Set how many threads FAISS may use when called from this one."""
    faiss = _faiss()

    # One for a search: on a busy machine the wait for a second costs several times the search, and concurrent
    # questions have a thread each.
    faiss.omp_set_num_threads(count)


def _faiss() -> Any:
    """Return FAISS, imported when it is first needed; untyped, for its own stubs know no keyword arguments."""
    import faiss

    return faiss


def _is_ivf(index: Any) -> bool:
    return hasattr(index, "nlist")


def _selector(ids: Ids) -> Any:
    faiss = _faiss()

    bits = np.zeros((int(ids.max(initial=0)) // 8 + 1) * 8, bool)
    bits[ids] = True
    return faiss.IDSelectorBitmap(np.packbits(bits, bitorder="little"))


def _contained(ids: Ids, ascending: Ids) -> NDArray[np.bool_]:
    """Say of each of ``ids`` whether it is one of ``ascending``."""
    if not len(ascending):
        return np.zeros(len(ids), bool)
    nearest = np.minimum(np.searchsorted(ascending, ids), len(ascending) - 1)
    return np.equal(ascending[nearest], ids)


def _row(query: Floats) -> Floats:
    return np.ascontiguousarray(query, np.float32).reshape(1, -1)


def _best(ids: Ids, scores: Floats, k: int) -> tuple[Ids, Floats]:
    """Return the ``k`` best, equal scores by id: the same question always gets the same list."""
    order = np.lexsort((ids, -scores))[:k]
    return ids[order], scores[order]
