"""How likely it is that the manual answers the question at all. Learned on questions with known answers.

A question that shares few words with the manual is judged by how near the unit chosen comes to all of it, and most of
all to the word that it lacks most; one that asks for a length or a reason, by whether there is one. Nothing that speaks
for an answer may count against one: learned freely, a plain question in the manual's own words would be refused
(bench/LOG.md).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np

from ragqa.analysis import query_terms
from ragqa.answerers.candidates import Candidate, Considered, head_terms
from ragqa.answerers.choosing import Choice, is_keyed
from ragqa.answerers.evidence import column_names
from ragqa.answerers.question_types import expected_type, holds_type, type_words

WEIGHTS_FILE = Path(__file__).with_name("confidence.json")
"""What each feature counts, and 'bias'. Learned by ``bench/refusing.py --learn``."""

ALL, SURE = 0.95, 0.5
"""A question whose words all stand in one passage is plainly about it, and likely at least so far to be answered,
unless it asks for a value or a reason and there is none."""

BY_VECTORS = {"cosine": 6.9, "coverage": 0.5, "unknown": -3.4, "illegible": 2.4, "bias": -3.6}
"""The weights for an embedder that keeps no token states, and for a lexical search. Learned on the sample manuals; the
bias was moved so that one line parts both."""

SHARPNESS = 8.0
"""How far the least covered word outweighs the others."""


def confidence_of(seen: Considered, choice: Choice | None) -> float:
    """Return the probability, 0 to 1, that the units considered answer the question."""
    if choice is None:
        return 0.0
    return likely(features_of(seen, choice), BY_VECTORS if seen.interaction is None else _weights())


def likely(found: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """Return what the weights make of the features; a feature without a weight counts nothing."""
    total = weights["bias"] + sum(weights.get(name, 0.0) * value for name, value in found.items())
    probability = 1 / (1 + math.exp(-max(min(total, 30.0), -30.0)))
    return max(probability, SURE) if _plain(found) else probability


def _plain(found: Mapping[str, float]) -> bool:
    """Whether the question's words all stand in one passage, or a row is about its code, with what it asks for."""
    if found["lacks_value"] or found["lacks_reason"]:
        return False
    return found["keyed"] > 0 or (found["coverage"] >= ALL and not found["unknown"])


def features_of(seen: Considered, choice: Choice) -> dict[str, float]:
    """Return what speaks for an answer and against one, each about 0 to 1."""
    question, evidence, best = seen.question, seen.evidence, choice.best
    readable = evidence.legibility**2
    near = _nearness(seen, best.hits[0])
    lost, words = _lost(seen, best)
    told = {"value": 0.0, "reason": 0.0, "lacks_value": 0.0, "lacks_reason": 0.0}
    expected = expected_type(question.text)
    if expected is not None:
        named = column_names(seen.hits[best.hits[0]])  # they say that a column's cells are reasons, or in bar
        held = holds_type(expected, f"{named}\n{_said(seen, best)}", question.text)
        told[f"{'' if held else 'lacks_'}{'reason' if expected.name == 'reason' else 'value'}"] = 1.0
        if held:
            question = question.without(type_words(expected, question.text))
    coverage = max(map(question.coverage, evidence.passages), default=0.0)
    return {
        "cosine": float(evidence.cosines.max(initial=0.0)) * readable,
        "coverage": coverage,
        "coverage_cubed": coverage**3,
        "unknown": question.unknown,
        "illegible": 1.0 - readable,
        "least": near * readable,
        "least_uncovered": near * readable * (1 - coverage),
        "lost": 1 - readable * (1 - lost),
        "lost_words": words / 5,
        "heading": question.coverage(head_terms(best)),
        "share": choice.share,
        "terms": len(question.idf) / 10,
        "keyed": 1.0 if is_keyed(best, seen) else 0.0,
        **told,
    }


def _nearness(seen: Considered, hit: int) -> float:
    """Return how near a passage comes to the words of the question that it lacks most."""
    interaction = seen.interaction
    if interaction is None:
        return 0.0
    nearest = interaction.nearest[hit]
    rarity = np.maximum(interaction.weights - 0.5 / len(interaction.weights), 0)
    if nearest is None or not rarity.any():
        return 0.0
    lost = np.exp(-SHARPNESS * nearest.max(axis=1)) @ (rarity / rarity.sum())
    return -math.log(float(lost) + 1e-9) / SHARPNESS


def _lost(seen: Considered, best: Candidate) -> tuple[float, int]:
    """Return how near the best passage comes to the farthest of the words that do not stand in it, 1 where all do, and
    how many these are."""
    interaction, hit = seen.interaction, best.hits[0]
    nearest = interaction.nearest[hit] if interaction else None
    if interaction is None or nearest is None:
        return 1.0, 0
    near = nearest.max(axis=1)
    held = head_terms(best).union(
        *(bag for bag, (at, _) in zip(seen.evidence.bags, seen.evidence.places, strict=True) if at == hit)
    )
    named = ((set(query_terms(word)), float(near[first:last].mean())) for word, first, last in interaction.words)
    lacking = [value for terms, value in named if terms and not terms & held]
    return min(lacking, default=1.0), len(lacking)


def _said(seen: Considered, best: Candidate) -> str:
    """Return what the best unit says, as far as it stands in the passages found."""
    return "\n".join(_window(seen, n) for n in best.windows)


def _window(seen: Considered, number: int) -> str:
    at, (start, end) = seen.evidence.places[number]
    return seen.hits[at].passage.text[start:end]


@cache
def _weights() -> dict[str, float]:
    return {name: float(value) for name, value in json.loads(WEIGHTS_FILE.read_text(encoding="utf-8")).items()}
