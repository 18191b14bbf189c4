"""A gain of the same questions from one setting to another, with its interval (``ragqa.metrics``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, TypeAlias

from ragqa.metrics.intervals import paired_difference

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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
