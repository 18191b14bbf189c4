"""How likely it is that the passages found answer the question at all. Learned on questions with known answers."""

from __future__ import annotations

import math

from ragqa.answerers.evidence import Evidence

WEIGHTS = {"cosine": 6.9, "coverage": 0.5, "unknown": -3.4, "illegible": 2.4}
BIAS = -1.7
"""Learned by ``bench/refusing.py --learn``."""


def confidence_of(evidence: Evidence) -> float:
    """Return the probability, 0 to 1, that one of the windows weighed answers the question."""
    features = features_of(evidence)
    total = BIAS + sum(weight * features[name] for name, weight in WEIGHTS.items())
    return 1 / (1 + math.exp(-max(min(total, 30.0), -30.0)))


def features_of(evidence: Evidence) -> dict[str, float]:
    """Return what speaks for an answer: meaning, the question's terms in one place, and terms that are nowhere."""
    readable = evidence.legibility**2
    return {
        "cosine": float(evidence.cosines.max(initial=0.0)) * readable,
        "coverage": evidence.coverage,
        "unknown": evidence.unknown,
        "illegible": 1.0 - readable,
    }
