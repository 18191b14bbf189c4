"""Find the passages that answer a question: dense and lexical search, fused by standardised scores.

Each side's scores are put on one scale, ``(x - mean) / (mean of its 50 best - mean)``, the mean taken over the whole
collection, so that both sides' usual good hits weigh the same and a side that is blind to the question's language adds
little but noise of its own size. Knows nothing of answers.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ragqa.analysis import query_terms, terms
from ragqa.types import Hit, Mode, Passage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ragqa.embedders import Embedder
    from ragqa.store.database import Database
    from ragqa.store.lexical import LexicalIndex
    from ragqa.store.vectors import VectorIndex

CANDIDATES = 100
"""Passages that each side proposes."""

USUAL = 50
"""How many of a side's best scores tell what a good hit usually scores."""

DUPLICATE_COSINE, DUPLICATE_TERMS = 0.95, 0.8
"""Two passages closer than both (cosine of vectors, Jaccard of terms) say the same."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What each side counts in the sum. Chosen by ``bench/retrieval.py``."""

    dense: float = 0.5
    window: float = 0.5
    lexical: float = 1.0


@dataclass(frozen=True, slots=True)
class Found:
    """The hits for a question, best first, and where the time went."""

    question: str
    hits: tuple[Hit, ...]
    timings_ms: dict[str, float]


class Retriever:
    """Searches one library's indexes. Holds no state of its own: safe for concurrent questions."""

    def __init__(
        self,
        database: Database,
        vectors: VectorIndex | None,
        lexical: LexicalIndex | None,
        embedder: Embedder | None,
        weights: Weights | None = None,
    ) -> None:
        self._database = database
        self._vectors = vectors
        self._lexical = lexical
        self._embedder = embedder
        self._weights = weights or Weights()

    def search(self, question: str, k: int, mode: Mode = "hybrid", document: str | None = None) -> Found:
        """Return the ``k`` best passages of the documents whose name matches the glob ``document``."""
        clock = _Clock()
        allowed = self._database.passage_ids(document) if document else None
        sides: list[_Side] = []
        query = None
        if mode != "lexical" and self._embedder and self._vectors:
            query = self._embedder.embed_queries([question])[0]
            clock.lap("embed")
            sides.append(_dense_side(self._vectors, query, allowed, self._weights.dense))
            clock.lap("dense")
        if mode != "dense" and self._lexical:
            sides.append(_lexical_side(self._lexical, query_terms(question), allowed, self._weights.lexical))
            clock.lap("lexical")
        ids = np.unique(np.concatenate([side.ids for side in sides])) if sides else np.empty(0, np.int64)
        if not len(ids):
            return Found(question, (), clock.laps)
        sides = [side.extended_to(ids) for side in sides]
        if query is not None and self._weights.window:
            sides.append(_window_side(self._database.windows(ids.tolist()), query, ids, sides[0], self._weights.window))
        total = np.sum([side.weight * side.standard() for side in sides], axis=0)
        clock.lap("fuse")
        hits = self._pick(ids, total, {side.name: side for side in sides}, k)
        clock.lap("read")
        return Found(question, hits, clock.laps)

    def _pick(
        self, ids: NDArray[np.int64], total: NDArray[np.float32], sides: Mapping[str, _Side], k: int
    ) -> tuple[Hit, ...]:
        order = np.argsort(-total, kind="stable")[: 2 * k + 8]
        passages = self._database.passages(ids[order].tolist())
        best = [at for at in order.tolist() if int(ids[at]) in passages]
        chosen = _without_duplicates(best, [int(ids[at]) for at in best], passages, self._database, k)
        return tuple(
            Hit(
                rank,
                passages[int(ids[at])],
                float(total[at]),
                dense=sides["dense"].score_at(at) if "dense" in sides else None,
                lexical=sides["lexical"].score_at(at) if "lexical" in sides else None,
            )
            for rank, at in enumerate(chosen, 1)
        )


@dataclass(frozen=True, slots=True)
class _Side:
    """One side's scores of the candidates, and the two numbers that standardise them."""

    name: str
    ids: NDArray[np.int64]
    scores: NDArray[np.float32]
    mean: float
    usual: float
    weight: float
    score_others: object = None

    def extended_to(self, ids: NDArray[np.int64]) -> _Side:
        """Return this side with a score for each of ``ids`` (a sorted superset of its own)."""
        scores = np.empty(len(ids), np.float32)
        own = np.searchsorted(ids, self.ids)
        others = np.ones(len(ids), bool)
        others[own] = False
        scores[own] = self.scores
        if others.any():
            scores[others] = self.score_others(ids[others])  # type: ignore[operator]
        return replace(self, ids=ids, scores=scores)

    def standard(self) -> NDArray[np.float32]:
        spread = self.usual - self.mean
        return (self.scores - self.mean) / spread if spread > 1e-9 else np.zeros_like(self.scores)

    def score_at(self, at: int) -> float:
        return float(self.scores[at])


def _dense_side(
    index: VectorIndex, query: NDArray[np.float32], allowed: NDArray[np.int64] | None, weight: float
) -> _Side:
    ids, scores = index.search(query, CANDIDATES, allowed)
    mean = float(index.mean @ query)
    usual = float(scores[:USUAL].mean()) if len(scores) else mean
    return _Side("dense", ids, scores, mean, usual, weight, lambda others: index.score(others, query))


def _lexical_side(
    index: LexicalIndex, words: Mapping[str, int], allowed: NDArray[np.int64] | None, weight: float
) -> _Side:
    ids, scores = index.search(words, CANDIDATES, allowed)
    usual = float(scores[:USUAL].sum()) / USUAL if len(scores) else 0.0
    size = index.size
    # A term's contribution summed over the collection is about its document frequency times its idf.
    mean = 0.0
    for word, count in words.items():
        n = index.doc_freq(word)
        mean += count * n * math.log1p((size - n + 0.5) / (n + 0.5)) / max(size, 1)
    return _Side(
        "lexical", ids, scores, min(mean, usual), usual, weight, lambda others: index.score(others, words)
    )


def _window_side(
    windows: Mapping[int, NDArray[np.float32]],
    query: NDArray[np.float32],
    ids: NDArray[np.int64],
    dense: _Side,
    weight: float,
) -> _Side:
    """The fine grain: the best one- or two-sentence window of each candidate; the passage's own score where it has none."""
    scores = dense.scores.copy()
    for at, passage_id in enumerate(ids.tolist()):
        vectors = windows.get(passage_id)
        if vectors is not None and len(vectors):
            scores[at] = best_window(vectors, query)
    usual = float(np.sort(scores)[::-1][:USUAL].mean())
    # Maxima over windows lie above passage scores everywhere, by about as much: the spread is the dense one's, shifted.
    return _Side("window", ids, scores, usual - (dense.usual - dense.mean), usual, weight)


def best_window(vectors: NDArray[np.float32], query: NDArray[np.float32]) -> float:
    """Return the highest cosine of a window, or of two neighbouring windows together, with the question."""
    single = vectors @ query
    if len(single) == 1:
        return float(single[0])
    overlap = np.einsum("ij,ij->i", vectors[:-1], vectors[1:])
    pairs = (single[:-1] + single[1:]) / np.sqrt(2 + 2 * overlap)
    return float(max(single.max(), pairs.max()))


def _without_duplicates(
    order: Sequence[int], ids: Sequence[int], passages: Mapping[int, Passage], database: Database, k: int
) -> list[int]:
    """Return ``k`` of the candidates ``order``, those that repeat a better one put behind the others."""
    if len(ids) < 2:
        return list(order[:k])
    vectors = database.vectors(ids)
    close = vectors @ vectors.T > DUPLICATE_COSINE
    bags: dict[int, set[str]] = {}
    kept: list[int] = []
    repeats: list[int] = []
    for at in range(len(ids)):
        rivals = [other for other in kept if close[at, other]]
        for j in (at, *rivals):
            if rivals and j not in bags:
                bags[j] = set(terms(passages[ids[j]].text))
        same = any(_jaccard(bags[at], bags[other]) > DUPLICATE_TERMS for other in rivals)
        (repeats if same else kept).append(at)
        if len(kept) == k:
            break
    return [order[at] for at in (kept + repeats)[:k]]


def _jaccard(one: set[str], other: set[str]) -> float:
    return len(one & other) / max(len(one | other), 1)


class _Clock:
    """Milliseconds from lap to lap."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = round((now - self._last) * 1000, 3)
        self._last = now
