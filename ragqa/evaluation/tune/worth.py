"""What a ranking is worth to a reader: how early a passage from the right page comes, and what reading more costs."""

from __future__ import annotations

from collections.abc import Sequence

from ragqa.evaluation.datasets.records import Question
from ragqa.evaluation.tune.workbench import Place

RANKS = 10
"""Of page_mrr@10."""

PRICE, UNIT = 0.01, 160
"""So many tokens more to read must bring the right page to one question in a hundred more."""


def answers(place: Place, question: Question) -> bool:
    """Say whether a passage stands on a page that answers ``question``."""
    if place.first is None or (question.document and place.document != question.document):
        return False
    return any(place.first <= page <= (place.last or place.first) for page in question.pages)


def worth(places: Sequence[Place], question: Question) -> float:
    """Return 1 / the rank, from 1, of the first passage that answers; 0 past ``RANKS``.

    Ranks count passages, not tokens: by tokens read before the right page, cuts of 16 tokens would seem best, of which
    any that stands on the page counts, whether it says the answer or not.
    """
    ranks = (rank for rank, place in enumerate(places[:RANKS], 1) if answers(place, question))
    return 1 / next(ranks, float("inf"))


def hit(places: Sequence[Place], question: Question, k: int) -> float:
    """Return 1 if one of the first ``k`` passages answers, else 0."""
    return float(any(answers(place, question) for place in places[:k]))


def hit_for_its_price(places: Sequence[Place], question: Question, k: int) -> float:
    """Return ``hit`` less what reading ``k`` passages costs."""
    return hit(places, question, k) - PRICE * sum(place.tokens for place in places[:k]) / UNIT
