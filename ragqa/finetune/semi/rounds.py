"""Self-training: labelled examples first, then rounds that add the generated ones of which the model is surest.

Knows no form, no library and no model: a Learner teaches.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ragqa.errors import RagqaError
from ragqa.finetune.records import Example

SHARE = 0.5
"""Of the examples not yet taken, those that a round takes."""

FEWEST = 8
"""Fewer than so many are taken at once."""


@dataclass(frozen=True, slots=True)
class Taught:
    """A model that was taught, and the loss on the held-back examples."""

    model: str
    """Its spec, as a job gives it."""
    loss: float


class Learner(Protocol):
    """Teaches a model. Errors are RagqaError."""

    def teach(self, examples: Sequence[Example], name: str) -> Taught:
        """Return a model taught ``examples`` from the base; ``name`` tells this teaching from others."""

    def doubts(self, taught: Taught, examples: Sequence[Example]) -> Sequence[float]:
        """Return for each example how unlikely the model finds what it says; lower is surer."""


@dataclass(frozen=True, slots=True)
class Round:
    """What a round was taught, and what came of it."""

    number: int
    """0 has the labelled examples only."""
    labelled: int
    generated: int
    loss: float
    """On the held-back examples."""
    kept: bool
    """Whether the loss fell."""
    model: str


@dataclass(frozen=True, slots=True)
class SelfTrained:
    """All rounds; the model is that of the last one that was kept."""

    rounds: tuple[Round, ...]

    @property
    def best(self) -> Round:
        return [one for one in self.rounds if one.kept][-1]


def self_train(
    learner: Learner,
    labelled: Sequence[Example],
    pool: Sequence[Example],
    *,
    rounds: int,
    check: Callable[[Taught, Sequence[Example]], Sequence[Example]] = lambda taught, pool: pool,
    notice: Callable[[str], None] = lambda line: None,
) -> SelfTrained:
    """Teach ``labelled``, then with more and more of ``pool``, ``rounds`` times at most. Raises RagqaError.

    ``check`` returns what of the pool may be learned, in the judgement of the model that knows the labelled ones.
    """
    best = _taught(learner, labelled, 0)
    done = [Round(0, len(labelled), 0, best.loss, True, best.model)]
    notice(told(done[-1]))
    taken: list[Example] = []
    left = list(check(best, pool))
    while left and len(done) <= rounds:
        surest = _surest(left, learner.doubts(best, left))
        chosen = {one.id for one in surest}
        taken, left = taken + surest, [one for one in left if one.id not in chosen]
        now = _taught(learner, [*labelled, *taken], len(done))
        fell = now.loss < best.loss
        done.append(Round(len(done), len(labelled), len(taken), now.loss, fell, now.model))
        notice(told(done[-1]))
        if not fell:
            break
        best = now
    return SelfTrained(tuple(done))


def told(one: Round) -> str:
    """Return a line on a round."""
    what = f"{one.labelled} labelled questions" + (f" and {one.generated} generated ones" if one.generated else "")
    end = "" if one.kept else ": no better, so the round before stays"
    return f"round {one.number}: {what}, held-back loss {one.loss:.4f}{end}"


def _taught(learner: Learner, examples: Sequence[Example], number: int) -> Taught:
    taught = learner.teach(examples, f"round{number}")
    if not math.isfinite(taught.loss):
        raise RagqaError(f"round {number}: the held-back loss became {taught.loss}; choose a lower --learning-rate")
    return taught


def _surest(left: Sequence[Example], doubts: Sequence[float]) -> list[Example]:
    """Return the share of ``left`` that is doubted least, in the order it came."""
    size = max(math.ceil(SHARE * len(left)), FEWEST)
    places = sorted(range(len(left)), key=lambda at: (doubts[at], at))[:size]
    return [left[at] for at in sorted(places)]
