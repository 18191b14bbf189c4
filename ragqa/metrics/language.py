"""How well a language model foresees a text, from the log-probability that it gave each token. Pure functions.

Natural logarithms. Knows no model: ``ragqa/compare/language.py`` gets the log-probabilities.
"""

from __future__ import annotations

import math

import numpy as np

from ragqa.metrics.intervals import Values


def cross_entropy(log_probabilities: Values) -> float:
    """Return the mean of −ln p(token | tokens before), in nats a token. Raises ValueError where there is no token."""
    if not len(log_probabilities):
        raise ValueError("a cross-entropy needs the log-probability of at least one token, got none")
    return float(-np.asarray(log_probabilities, np.float64).mean())


def perplexity(log_probabilities: Values) -> float:
    """Return e to the cross-entropy: among how many equally likely tokens the model hesitates (Jelinek et al. 1977)."""
    return math.exp(cross_entropy(log_probabilities))
