"""Choose among settings by cross-validation: on some questions choose, on the others measure. Knows no retrieval."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ragqa.metrics.intervals import paired_difference

if TYPE_CHECKING:
    from numpy.typing import NDArray


Worths: TypeAlias = "NDArray[np.float64]"
"""(settings, questions): what each setting is worth to each question; the present setting stands first."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which setting is best on all questions, and what choosing so was worth on questions it had not seen."""

    best: int
    used: NDArray[np.int64]
    """(questions,): the setting that was chosen for each question without looking at it."""
    held_out: Worths
    """(questions,): what that setting was worth to it."""
    present: Worths
    """(questions,): what the present setting was worth."""


def choose(worths: Worths, folds: int, seed: int) -> Choice:
    """Return the choice; a setting that is no better than the present one never replaces it."""
    used = np.zeros(worths.shape[1], np.int64)
    for inside, outside in _folds(worths.shape[1], folds, seed):
        used[outside] = _best(worths[:, inside])
    return Choice(_best(worths), used, worths[used, np.arange(len(used))], worths[0])


def _best(worths: Worths) -> int:
    means = worths.mean(axis=1)
    return int(np.argmax(means)) if means.max() > means[0] + 1e-12 else 0


def _folds(questions: int, folds: int, seed: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    order = np.random.default_rng(seed).permutation(questions)
    for fold in range(folds):
        outside = order[fold::folds]
        yield np.setdiff1d(order, outside), outside


Values: TypeAlias = "Sequence[float] | NDArray[np.float64]"


@dataclass(frozen=True, slots=True)
class Gain:
    """A mean before and after, and the 95 % interval of their difference."""

    before: float
    after: float
    low: float
    high: float

    @property
    def real(self) -> bool:
        """Whether it is a gain beyond chance."""
        return self.low > 0


def gain_of(before: Values, after: Values, seed: int) -> Gain:
    """Return the gain of the same questions from ``before`` to ``after``."""
    apart = paired_difference(after, before, seed)
    return Gain(fmean(before), fmean(after), apart.low, apart.high)
