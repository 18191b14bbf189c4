"""The settings that tuning tries: cut sizes, and what counts how much in the hybrid. Measures nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields, replace
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
    """One way to cut and to search; the names of the weights are those of ``Settings`` too."""

    passage_tokens: int
    fusion: Fusion

    @classmethod
    def of(cls, settings: Settings, passage_tokens: int) -> Setting:
        """Return the setting in force, for a library whose passages are so long."""
        return cls(passage_tokens, Fusion(**{weight.name: getattr(settings, weight.name) for weight in fields(Fusion)}))

    def changes(self, to: Setting) -> dict[str, float | int]:
        """Return the options in which ``to`` differs."""
        before, after = self.options(), to.options()
        return {name: value for name, value in after.items() if value != before[name]}

    def options(self) -> dict[str, float | int]:
        """Return it as options of ``Settings``."""
        return {"passage_tokens": self.passage_tokens, **asdict(self.fusion)}


def settings_to_try(present: Setting, sizes: Iterable[int] = SIZES) -> Iterator[Setting]:
    """Yield the present setting first, then the grid; weights that it does not name stay as they are."""
    yield present
    tried = {present}
    for size, dense, window, pull, neighbour in product(
        (present.passage_tokens, *sizes), DENSE, WINDOW, PULL, NEIGHBOUR
    ):
        fusion = replace(present.fusion, dense_weight=dense, window_weight=window, pull=pull, neighbour=neighbour)
        setting = Setting(size, fusion)
        if setting not in tried:
            tried.add(setting)
            yield setting
