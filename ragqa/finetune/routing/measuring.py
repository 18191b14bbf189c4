"""Measure classifiers on the same questions: accuracy and macro averages with intervals, and who is better.

Runs what it is given and knows nothing of how a label is found.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from ragqa.metrics import Difference, Routing, macro_f1_difference, routing_intervals


class Predicts(Protocol):
    """Gives a label for each question, or None where it has none to give."""

    def predict(self, questions: Sequence[str]) -> Sequence[str | None]: ...


@dataclass(frozen=True, slots=True)
class Routed:
    """What a system said of the questions, and what that is worth."""

    name: str
    gold: tuple[str, ...]
    said: tuple[str | None, ...]
    figures: Routing
    seconds: float
    """For all questions."""
    cost_usd: float | None = 0.0
    train_seconds: float | None = None
    """None where nothing was trained."""

    @property
    def latency_ms(self) -> float:
        """A question's share of the time."""
        return 1000 * self.seconds / len(self.gold)


@dataclass(frozen=True, slots=True)
class Apart:
    """The macro-F1 of two systems on the same questions."""

    first: str
    second: str
    difference: Difference

    def told(self) -> str:
        """Return one plain sentence."""
        return f"macro-F1: {self.difference.told(self.first, self.second)}"


def measure(
    name: str, system: Predicts, questions: Sequence[str], gold: Sequence[str], train_seconds: float | None = None
) -> Routed:
    """Ask ``system``, which has loaded what it needs, for the label of each question."""
    started = time.perf_counter()
    said = tuple(system.predict(questions))
    seconds = time.perf_counter() - started
    cost = getattr(getattr(system, "usage", None), "cost_usd", 0.0)
    return Routed(name, tuple(gold), said, routing_intervals(gold, said), seconds, cost, train_seconds)


def compared(systems: Sequence[Routed]) -> Iterator[Apart]:
    """Yield the first system against each other one."""
    for other in systems[1:]:
        first = systems[0]
        yield Apart(first.name, other.name, macro_f1_difference(first.gold, first.said, other.said))
