"""Tell a gain from chance: the paired bootstrap over questions (Efron & Tibshirani 1993, chapter 13)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Values: TypeAlias = "Sequence[float] | NDArray[np.float64]"

DRAWS = 10_000


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
    old, new = np.asarray(before, np.float64), np.asarray(after, np.float64)
    chance = np.random.default_rng(seed)
    counts = chance.multinomial(len(old), np.full(len(old), 1 / len(old)), size=DRAWS)
    low, high = np.quantile(counts @ (new - old) / len(old), (0.025, 0.975))
    return Gain(float(old.mean()), float(new.mean()), float(low), float(high))
