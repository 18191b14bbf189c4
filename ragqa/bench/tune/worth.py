"""What a ranking is worth to a reader: how soon a passage from the right page comes, and what reading more costs."""

from __future__ import annotations

from collections.abc import Sequence

from ragqa.bench.questions.files import Gold
from ragqa.bench.tune.workbench import Place

UNIT = 160
"""Tokens read that count as one rank, so that long and short passages compare fairly."""

RANKS = 10
"""Beyond so many units nobody reads."""

PRICE = 0.01
"""What a unit more costs: it must bring the right page to one question in a hundred more."""


def answers(place: Place, question: Gold) -> bool:
    """Say whether a passage stands on a page that answers ``question``."""
    if place.first is None or (question.document and place.document != question.document):
        return False
    return any(place.first <= page <= (place.last or place.first) for page in question.pages)


def worth(places: Sequence[Place], question: Gold) -> float:
    """Return the reciprocal rank of the first passage that answers, a rank being ``UNIT`` tokens; 0 past ``RANKS``."""
    before = 0
    for place in places:
        if before >= UNIT * RANKS:
            break
        if answers(place, question):
            return 1 / (1 + before / UNIT)
        before += place.tokens
    return 0.0


def hit(places: Sequence[Place], question: Gold, k: int) -> float:
    """Return 1 if one of the first ``k`` passages answers, else 0."""
    return float(any(answers(place, question) for place in places[:k]))


def hit_for_its_price(places: Sequence[Place], question: Gold, k: int) -> float:
    """Return ``hit`` less what reading ``k`` passages costs."""
    return hit(places, question, k) - PRICE * sum(place.tokens for place in places[:k]) / UNIT
