"""How good a ranking is: of document ids against graded relevance, and of passages against gold pages. Pure functions.

Definitions are trec_eval's, so that other tools give the same figures: a grade of 1 or more is relevant, gains are
linear, what has no grade is not relevant. Each function is of one question; a question without hits is worth 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

Pages = tuple[int, int]
"""The first and the last page of a passage."""


def ranked(scores: Mapping[str, float]) -> list[str]:
    """Return ids best first; of equal scores the greater id first, as trec_eval has it."""
    return sorted(scores, key=lambda name: (scores[name], name), reverse=True)


def ndcg(ranking: Sequence[str], relevance: Mapping[str, int], k: int) -> float:
    """Return nDCG@k with linear gains (Järvelin & Kekäläinen 2002, as trec_eval has it)."""
    ideal = _discounted(sorted(relevance.values(), reverse=True)[:k])
    return _discounted([relevance.get(name, 0) for name in ranking[:k]]) / ideal if ideal else 0.0


def recall(ranking: Sequence[str], relevance: Mapping[str, int], k: int) -> float:
    """Return the share of the relevant documents that is among the first ``k``."""
    relevant = _relevant(relevance)
    return len(relevant.intersection(ranking[:k])) / len(relevant) if relevant else 0.0


def precision(ranking: Sequence[str], relevance: Mapping[str, int], k: int) -> float:
    """Return the share of the first ``k`` places that holds a relevant document; an empty place holds none."""
    return len(_relevant(relevance).intersection(ranking[:k])) / k


def hit(ranking: Sequence[str], relevance: Mapping[str, int], k: int) -> float:
    """Return 1 if one of the first ``k`` is relevant, else 0."""
    return float(not _relevant(relevance).isdisjoint(ranking[:k]))


def reciprocal_rank(ranking: Sequence[str], relevance: Mapping[str, int], k: int) -> float:
    """Return 1 over the rank of the first relevant document, 0 where none is among the first ``k``."""
    return _reciprocal([relevance.get(name, 0) >= 1 for name in ranking[:k]])


def average_precision(ranking: Sequence[str], relevance: Mapping[str, int]) -> float:
    """Return the mean over all relevant documents of the precision at each one's rank, 0 where it is not found."""
    relevant = _relevant(relevance)
    found, total = 0, 0.0
    for rank, name in enumerate(ranking, 1):
        if name in relevant:
            found += 1
            total += found / rank
    return total / len(relevant) if relevant else 0.0


def page_hit(found: Sequence[Pages], gold: Sequence[int], k: int) -> float:
    """Return 1 if one of the first ``k`` passages stands on a gold page, else 0."""
    return float(any(_on(pages, gold) for pages in found[:k]))


def page_recall(found: Sequence[Pages], gold: Sequence[int], k: int) -> float:
    """Return the share of the gold pages on which one of the first ``k`` passages stands."""
    held = sum(any(first <= page <= last for first, last in found[:k]) for page in set(gold))
    return held / len(set(gold)) if gold else 0.0


def page_reciprocal_rank(found: Sequence[Pages], gold: Sequence[int], k: int) -> float:
    """Return 1 over the rank of the first passage on a gold page, 0 where none of the first ``k`` is."""
    return _reciprocal([_on(pages, gold) for pages in found[:k]])


def _discounted(gains: Sequence[int]) -> float:
    return sum(max(gain, 0) / math.log2(rank + 2) for rank, gain in enumerate(gains))


def _relevant(relevance: Mapping[str, int]) -> set[str]:
    return {name for name, grade in relevance.items() if grade >= 1}


def _reciprocal(right: Sequence[bool]) -> float:
    return next((1 / rank for rank, found in enumerate(right, 1) if found), 0.0)


def _on(pages: Pages, gold: Sequence[int]) -> bool:
    return any(pages[0] <= page <= pages[1] for page in gold)
