"""How sure a mean is, and whether two differ: bootstrap over questions (Efron & Tibshirani 1993). Seeded.

Intervals are percentiles, 95 %. Questions are drawn with replacement as counts: a draw is a row of a matrix product.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Floats: TypeAlias = "NDArray[np.float64]"
Values: TypeAlias = "Sequence[float] | Floats"

DRAWS = 10_000
"""The ends of an interval are then sure to about a fiftieth of its length."""

LEVEL = 0.95

SLAB = 1_000_000
"""Counts held at a time."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure, and between what it lies in 95 of 100 draws."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference:
    """How much the first of two runs is better than the second on the same questions."""

    mean: float
    low: float
    high: float

    @property
    def real(self) -> bool:
        """Whether it is more than chance: the interval leaves out 0."""
        return self.low > 0 or self.high < 0

    def told(self, first: str, second: str) -> str:
        """Return one plain sentence."""
        if not self.real:
            apart = f"{_short(self.mean, sign=True)} [{_short(self.low)}, {_short(self.high)}]"
            return f"no difference between {first} and {second} can be told: {apart}"
        better, worse, sign = (first, second, 1) if self.mean > 0 else (second, first, -1)
        low, high = sorted((sign * self.low, sign * self.high))
        return f"{better} is better than {worse} by {_short(sign * self.mean)} [{_short(low)}, {_short(high)}]"


def mean_interval(values: Values, seed: int = 0) -> Interval:
    """Return the mean of ``values``, a question each, and its interval. Raises ValueError when there is none."""
    return mean_intervals([values], seed)[0]


def mean_intervals(several: Sequence[Values], seed: int = 0) -> list[Interval]:
    """Return the interval of each of ``several`` measures of the same questions, which are drawn once for all."""
    data = np.stack([_checked(values) for values in several], axis=1)
    chance = np.random.default_rng(seed)
    means = np.concatenate([counts @ data for counts in _counts(len(data), chance)]) / len(data)
    return [_interval(float(data[:, at].mean()), means[:, at]) for at in range(data.shape[1])]


def paired_difference(first: Values, second: Values, seed: int = 0) -> Difference:
    """Return by how much the mean of ``first`` is above that of ``second``; a place is the same question in both."""
    if len(first) != len(second):
        raise ValueError(f"a paired difference needs the same questions, got {len(first)} and {len(second)}")
    apart = _checked(np.asarray(first, np.float64) - np.asarray(second, np.float64))
    found = mean_interval(apart, seed)
    return Difference(found.mean, found.low, found.high)


def statistic_interval(size: int, statistic: Callable[[Floats], Floats], seed: int = 0) -> Interval:
    """Return a statistic of ``size`` questions that is no mean, such as macro-F1, and its interval.

    ``statistic`` takes how often each question is drawn, (draws, size), and returns its value for each draw.
    """
    _checked(np.zeros(size))
    draws = [statistic(counts) for counts in _counts(size, np.random.default_rng(seed))]
    return _interval(float(statistic(np.ones((1, size)))[0]), np.concatenate(draws))


def auroc_interval(positive: Values, negative: Values, seed: int = 0) -> Interval:
    """Return AUROC and its interval; positives and negatives are drawn each among themselves."""
    yes, no = _checked(positive), _checked(negative)
    # (positives, negatives): 1 where the positive is above, a half where they are equal.
    above = (yes[:, None] > no).astype(np.float64) + 0.5 * (yes[:, None] == no)
    chance = np.random.default_rng(seed)
    drawn = [
        np.einsum("dp,dp->d", ours @ above, others) / (len(yes) * len(no))
        for ours, others in zip(_counts(len(yes), chance, len(no)), _counts(len(no), chance, len(yes)), strict=True)
    ]
    return _interval(float(above.mean()), np.concatenate(drawn))


def risk_coverage_area_interval(confidence: Values, right: Sequence[bool], seed: int = 0) -> Interval:
    """Return the area under the risk-coverage curve (``classification.py``) and its interval."""
    sure, wrong = _checked(confidence), 1.0 - np.asarray(right, np.float64)
    order = np.argsort(-sure, kind="stable")
    together = np.flatnonzero(np.diff(sure[order], prepend=np.inf))

    def areas(counts: Floats) -> Floats:
        drawn = np.add.reduceat(counts[:, order], together, axis=1)
        errors = np.add.reduceat(counts[:, order] * wrong[order], together, axis=1)
        risks = errors.cumsum(axis=1) / np.maximum(drawn.cumsum(axis=1), 1)
        return np.asarray((drawn * risks).sum(axis=1) / len(sure))

    return statistic_interval(len(sure), areas, seed)


def _counts(size: int, chance: np.random.Generator, beside: int = 1) -> Iterator[Floats]:
    """Yield how often each of ``size`` questions is drawn, (draws, size) at a time, ``DRAWS`` in all."""
    rows = max(SLAB // max(size, beside), 1)
    for start in range(0, DRAWS, rows):
        some = min(rows, DRAWS - start)
        drawn = (
            chance.integers(size, size=(some, size), dtype=np.int32) + size * np.arange(some, dtype=np.int32)[:, None]
        )
        yield np.bincount(drawn.ravel(), minlength=some * size).reshape(some, size).astype(np.float64)


def _interval(mean: float, draws: Floats) -> Interval:
    low, high = np.quantile(draws, ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return Interval(mean, float(low), float(high))


def _checked(values: Values) -> Floats:
    data = np.asarray(values, np.float64)
    if not len(data) or not np.isfinite(data).all():
        raise ValueError(f"an interval needs at least one finite number, got {len(data)}")
    return data


def _short(value: float, *, sign: bool = False) -> str:
    """Return a figure as papers print it: .013, -.004, +.013."""
    text = f"{value:+.3f}" if sign else f"{value:.3f}"
    return re.sub(r"^[+-](?=0\.000$)", "", text).replace("0.", ".", 1) if abs(value) < 1 else text
