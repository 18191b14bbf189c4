"""Cosines of embedders that put all texts into a narrow cone, where any two are near.

Ethayarajh 2019 (arXiv 1909.00512) has measured how narrow.
"""

from __future__ import annotations

USUAL_COSINE = 0.5
"""Mean cosine of two passages up to which an embedder's cosines are taken as they are."""


def least_cosine(mean: float) -> float:
    """Return the cosine that counts as zero where two passages have ``mean``: 0.0 unless it exceeds USUAL_COSINE."""
    return max(0.0, (mean - USUAL_COSINE) / (1 - USUAL_COSINE))


def stretched(cosine: float, mean: float) -> float:
    """Return a cosine as of an embedder whose vectors spread; ``mean`` is that of two passages of the library."""
    least = least_cosine(mean)
    return max(0.0, (cosine - least) / (1 - least)) if least < 1 else 0.0
