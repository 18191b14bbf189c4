"""How well a confidence tells right from wrong: pure functions of scores, higher being surer."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import groupby

Point = tuple[float, float]
"""Coverage, the share of questions answered, and risk, the share of wrong answers among these."""


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Return the chance that a positive scores above a negative, ties counting half (Mann & Whitney 1947)."""
    if not positive or not negative:
        raise ValueError("AUROC needs at least one positive and one negative score")
    below = sorted(negative)
    above = sum(bisect_left(below, score) + bisect_right(below, score) for score in positive)
    return above / (2 * len(positive) * len(negative))


def risk_coverage(confidence: Sequence[float], right: Sequence[bool]) -> list[Point]:
    """Return the risk at each coverage, as the line between answering and refusing is lowered.

    Questions of one confidence are answered together (El-Yaniv & Wiener 2010).
    """
    surest_first = sorted(zip(confidence, right, strict=True), key=lambda pair: -pair[0])
    points, answered, wrong = [], 0, 0
    for _, together in groupby(surest_first, key=lambda pair: pair[0]):
        for _, is_right in together:
            answered += 1
            wrong += not is_right
        points.append((answered / len(confidence), wrong / answered))
    return points


def risk_coverage_area(confidence: Sequence[float], right: Sequence[bool]) -> float:
    """Return the mean risk over all coverages (Geifman, Uziel & El-Yaniv 2019): 0 is best."""
    area = before = 0.0
    for coverage, risk in risk_coverage(confidence, right):
        area += (coverage - before) * risk
        before = coverage
    return area
