"""Put the best passages of a search into the order in which a reranker sees them. Knows nothing of how it computes.

The reranker decides as far as it can read the question; the search decides the rest. A model of English words alone
would shuffle Chinese at random.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ragqa.rerankers import Reranker
    from ragqa.retrieval import Found

RERANKED = 20
"""Passages that are read anew: each costs about a tenth of what a whole search does."""


def rerank(found: Found, texts: Sequence[str], reranker: Reranker, k: int) -> Found:
    """Return the ``k`` best of ``found``, whose first passages, with their context, are ``texts``, in the new order.

    A passage takes the score of the place that it comes to: scores keep the meaning that they have without reranking,
    on which the confidence of answers was learned.
    """
    started = time.perf_counter()
    first, rest = found.hits[: len(texts)], found.hits[len(texts) :]
    hits, places = list(found.hits), list(range(len(found.hits)))
    if len(first) > 1:
        trust = reranker.vocabulary_coverage(found.looked_for) ** 2
        said = np.asarray(reranker.score(found.looked_for, texts), np.float32)
        before = np.array([hit.score for hit in first], np.float32)
        order = np.argsort(-(trust * _standard(said) + (1 - trust) * _standard(before)), kind="stable")
        moved = [replace(first[at], rank=place.rank, score=place.score) for at, place in zip(order, first, strict=True)]
        hits, places = [*moved, *rest], [*order.tolist(), *places[len(first) :]]
    laps = {**found.timings_ms, "rerank": round((time.perf_counter() - started) * 1000, 3)}
    interaction = found.interaction.of(places[:k]) if found.interaction else None
    return replace(found, hits=tuple(hits[:k]), timings_ms=laps, interaction=interaction)


def _standard(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return values with mean 0 and deviation 1, so that two sides' votes weigh alike; zeros where all are equal."""
    spread = float(values.std())
    return (values - values.mean()) / spread if spread > 1e-9 else np.zeros_like(values)
