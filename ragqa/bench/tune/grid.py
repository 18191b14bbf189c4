"""The settings that tuning tries: cut sizes, and what counts how much in the hybrid. Measures nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import product

from ragqa.retrieval import Fusion
from ragqa.settings import Settings

SIZES = (80, 160, 320)
"""Tokens of a passage."""

DENSE = (0.4, 0.8, 1.2)
WINDOW = (0.0, 0.4, 0.8, 1.2)
"""0: one grain only, passages."""
PULL = (0.0, 0.4, 0.8)
NEIGHBOUR = (0.0, 0.1, 0.2)

KS = (5, 8, 12, 20)
"""Passages handed to the answerer. Only more than now are tried: few questions can't show that fewer lose no page."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One way to cut and to search; the names are those of ``Settings``."""

    passage_tokens: int
    dense_weight: float
    window_weight: float
    pull: float
    neighbour: float

    @classmethod
    def of(cls, settings: Settings, passage_tokens: int) -> Setting:
        """Return the setting in force, for a library whose passages are so long."""
        return cls(passage_tokens, settings.dense_weight, settings.window_weight, settings.pull, settings.neighbour)

    @property
    def fusion(self) -> Fusion:
        """What the retriever takes."""
        return Fusion(self.dense_weight, self.window_weight, self.pull, self.neighbour)

    def changes(self, to: Setting) -> dict[str, float | int]:
        """Return the options in which ``to`` differs."""
        before, after = asdict(self), asdict(to)
        return {name: value for name, value in after.items() if value != before[name]}


def settings_to_try(present: Setting, sizes: Iterable[int] = SIZES) -> Iterator[Setting]:
    """Yield the present setting first, then the grid."""
    yield present
    for size, *weights in product(dict.fromkeys((present.passage_tokens, *sizes)), DENSE, WINDOW, PULL, NEIGHBOUR):
        setting = Setting(int(size), *map(float, weights))
        if setting != present:
            yield setting
