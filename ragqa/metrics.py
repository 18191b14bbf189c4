"""Measures of retrieval, answers and refusals: pure functions of lists. Knows nothing of data sets or systems."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence


def ndcg(ranking: Sequence[str], relevance: Mapping[str, int], k: int) -> float:
    """Return nDCG@k of document ids best first, with linear gains (Järvelin & Kekäläinen 2002, as trec_eval has it)."""
    gained = sum(relevance.get(name, 0) / math.log2(rank + 2) for rank, name in enumerate(ranking[:k]))
    best = sorted(relevance.values(), reverse=True)[:k]
    ideal = sum(gain / math.log2(rank + 2) for rank, gain in enumerate(best))
    return gained / ideal if ideal else 0.0


def page_hit(found: Sequence[tuple[int, int]], gold: Sequence[int], k: int) -> float:
    """Return 1 if one of the first ``k`` page ranges (first page, last page) holds a gold page, else 0."""
    return float(any(first <= page <= last for first, last in found[:k] for page in gold))


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Return the chance that a positive scores above a negative, ties counting half (Mann & Whitney 1947)."""
    if not positive or not negative:
        raise ValueError("AUROC needs at least one positive and one negative score")
    above = sum((p > n) + 0.5 * (p == n) for p in positive for n in negative)
    return above / (len(positive) * len(negative))
