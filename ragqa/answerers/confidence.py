"""How likely it is that the manual answers the question at all. Learned on questions with known answers.

A question that shares few words with the manual is judged by how near the unit chosen comes to all of it, and most of
all to the word that it lacks most. Nothing that speaks for an answer may count against one: learned freely, a plain
question in the manual's own words would be refused (bench/LOG.md).
"""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path

import numpy as np

from ragqa.answerers.asked import Asked
from ragqa.answerers.choosing import Choice, Considered, head_terms
from ragqa.answerers.evidence import asked_kind, holds_kind
from ragqa.types import ExtractKind

WEIGHTS_FILE = Path(__file__).with_name("confidence.json")
"""What each feature counts, and 'bias'. Learned by ``bench/refusing.py --learn``."""

ALL, SURE = 0.95, 0.5
"""A question whose words all stand in one passage is plainly about it, and likely at least so far to be answered."""

BY_VECTORS = {"cosine": 6.9, "coverage": 0.5, "unknown": -3.4, "illegible": 2.4, "bias": -3.6}
"""The weights for an embedder that keeps no token states, and for a lexical search. Learned on the sample manuals; the
bias was moved so that one line parts both."""

_FITTING: dict[Asked, tuple[ExtractKind, ...]] = {
    "procedure": ("procedure",),
    "code": ("code",),
    "list": ("list", "table"),
}
"""The kinds of unit that answer a question that asks for one kind."""

SHARPNESS = 8.0
"""How far the least covered word outweighs the others."""


def confidence_of(seen: Considered, choice: Choice | None) -> float:
    """Return the probability, 0 to 1, that the units considered answer the question."""
    if choice is None:
        return 0.0
    weights, found = _weights(), features_of(seen, choice)
    if seen.interaction is None:
        weights = BY_VECTORS
    total = weights["bias"] + sum(weights.get(name, 0.0) * value for name, value in found.items())
    likely = 1 / (1 + math.exp(-max(min(total, 30.0), -30.0)))
    return max(likely, SURE) if seen.evidence.coverage >= ALL and not seen.evidence.unknown else likely


def features_of(seen: Considered, choice: Choice) -> dict[str, float]:
    """Return what speaks for an answer, each about 0 to 1."""
    question, evidence, best = seen.question, seen.evidence, choice.best
    readable = evidence.legibility**2
    near, least = (value * readable for value in _nearness(seen, best.hits[0]))
    coverage = evidence.coverage
    bag = set().union(*(evidence.bags[n] for n in best.windows))
    valued = asked_kind(question.text) in ("number", "time")
    unit_coverage = question.coverage(bag)
    text = "\n".join(_window(seen, n) for n in best.windows) if valued else ""
    return {
        "cosine": float(evidence.cosines.max(initial=0.0)) * readable,
        "coverage": coverage,
        "coverage_cubed": coverage**3,
        "unknown": evidence.unknown,
        "illegible": 1.0 - readable,
        "near": near,
        "least": least,
        "least_uncovered": least * (1 - coverage),
        "unit_coverage": unit_coverage,
        "heading": question.coverage(head_terms(best)),
        "share": choice.share,
        "terms": len(question.idf) / 10,
        "has_kind": float(best.kind in _FITTING.get(choice.asked, ())),
        "has_value": holds_kind(asked_kind(question.text), text, question.text) if valued else 0.0,
    }


def _nearness(seen: Considered, hit: int) -> tuple[float, float]:
    """Return how near the nearest passage comes, and how near the best unit's comes to the words that it lacks most."""
    interaction = seen.interaction
    if interaction is None:
        return 0.0, 0.0
    nearest, best = interaction.nearest[hit], float(interaction.scores().max())
    rarity = np.maximum(interaction.weights - 0.5 / len(interaction.weights), 0)
    if nearest is None or not rarity.any():
        return best, 0.0
    lost = np.exp(-SHARPNESS * nearest.max(axis=1)) @ (rarity / rarity.sum())
    return best, -math.log(float(lost) + 1e-9) / SHARPNESS


def _window(seen: Considered, number: int) -> str:
    at, (start, end) = seen.evidence.places[number]
    return seen.hits[at].passage.text[start:end]


@cache
def _weights() -> dict[str, float]:
    return {name: float(value) for name, value in json.loads(WEIGHTS_FILE.read_text(encoding="utf-8")).items()}
