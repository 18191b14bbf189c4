"""Whether two runs on the same dataset differ: paired bootstrap of the headline measure. Pure functions of runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from ragqa.evaluation.measures import headline
from ragqa.evaluation.runs import Run, labels
from ragqa.metrics import Difference, paired_difference


@dataclass(frozen=True, slots=True)
class Compared:
    """Two runs on one dataset."""

    dataset: str
    measure: str
    first: str
    second: str
    difference: Difference

    def told(self) -> str:
        """Return one plain sentence."""
        return f"{self.dataset}, {self.measure}: {self.difference.told(self.first, self.second)}"


def by_dataset(runs: Sequence[Run]) -> list[list[Run]]:
    """Return the runs of each dataset together, in the order in which datasets come."""
    groups: dict[str, list[Run]] = {}
    for run in runs:
        groups.setdefault(run.dataset.name, []).append(run)
    return list(groups.values())


def compared(runs: Sequence[Run], seed: int = 0) -> Iterator[Compared]:
    """Yield each pair of runs on the same dataset."""
    for group in by_dataset(runs):
        measure = headline(group[0].dataset)
        for (one, first), (other, second) in combinations(zip(group, labels(group), strict=True), 2):
            mine, theirs = one.values[measure], other.values[measure]
            apart = paired_difference(list(mine.values()), [theirs[name] for name in mine], seed)
            yield Compared(one.dataset.name, measure, first, second, apart)
