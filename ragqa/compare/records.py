"""What is asked, what a system says to it, and what that is worth: frozen records. Asks and computes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol, TypeAlias, get_args

from ragqa.answerers import Turn
from ragqa.finetune.records import Example
from ragqa.metrics import Interval
from ragqa.types import Citation

Split: TypeAlias = Literal["seen", "reworded", "unseen", "unanswerable"]
"""Trained on, word for word; trained on, and asked in other words; never trained on, nor what stands beside it; without
an answer in the manuals."""

SPLITS: tuple[Split, ...] = get_args(Split)

LEAST = 20
"""Questions below which no difference can be told, and no advice is given."""

Kind: TypeAlias = Literal["retrieval", "closed-book", "route"]
"""Reads passages of a library; answers from what it was trained on; names the document or section only."""


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question as it is put, and the example that knows its answer."""

    text: str
    example: Example


@dataclass(frozen=True, slots=True)
class Reply:
    """What a system says to a question. ``text`` is without markers; of a classifier it is the label."""

    text: str
    abstained: bool = False
    citations: tuple[Citation, ...] = ()
    latency_ms: float = 0.0
    cost_usd: float | None = 0.0
    """None where the price is not known."""
    tokens: int = 0
    """Of the prompt and of the completion, where a language model was asked."""
    failed: bool = False
    """It gave an error instead, which counts as no answer."""
    unsupported: tuple[str, ...] = ()
    """Numbers, names and codes in it that neither the question nor what it cites says."""


@dataclass(frozen=True, slots=True)
class Training:
    """What it took to make a system's model; None where nobody knows."""

    seconds: float | None = None
    cost_usd: float | None = None
    tokens: int | None = None


class System(Protocol):
    """Who is asked. ``history`` are the turns before, where a question is one of a dialogue."""

    @property
    def name(self) -> str:
        """How a user names it in --systems."""

    @property
    def kind(self) -> Kind: ...

    @property
    def scratch(self) -> bool:
        """Whether its model was trained from nothing, which every table says."""

    @property
    def training(self) -> Training | None:
        """None where it needed none, or nobody knows what it took."""

    @property
    def disk_bytes(self) -> int | None:
        """What its library and its model take of the disk here; None of a hosted model."""

    @property
    def state(self) -> str:
        """What its answer depends on, beside the question: an answer kept under another state is none of its own."""

    def ask(self, question: str, history: Sequence[Turn] = ()) -> Reply:
        """Answer. Raises RagqaError and its children."""


@dataclass(frozen=True, slots=True)
class SplitResult:
    """One system on one split."""

    system: System
    split: Split
    asked: tuple[AskedQuestion, ...]
    replies: tuple[Reply, ...]
    """In the order of ``asked``."""
    values: Mapping[str, Mapping[str, float]]
    """By measure, then by question; a measure has the questions that it can judge."""
    metrics: Mapping[str, Interval]

    @property
    def label(self) -> str:
        """How a table calls the system."""
        return label_of(self.system)

    @property
    def failed(self) -> int:
        """How many questions met an error."""
        return sum(one.failed for one in self.replies)

    def latency_ms(self, share: float) -> float:
        """Return the time under which this share of answers stayed (nearest rank)."""
        times = sorted(said.latency_ms for said in self.replies if not said.failed)
        return times[min(int(share * len(times)), len(times) - 1)] if times else 0.0

    @property
    def tokens(self) -> float:
        """Tokens of a question's prompt and answer, on the mean."""
        asked = [said.tokens for said in self.replies if not said.failed]
        return sum(asked) / len(asked) if asked else 0.0

    @property
    def cost_per_1000(self) -> float | None:
        """US dollars for 1,000 questions; None where a price is not known."""
        costs = [said.cost_usd for said in self.replies if not said.failed]
        known = [cost for cost in costs if cost is not None]
        return 1000 * sum(known) / len(known) if known and len(known) == len(costs) else None


def pooled(measured: Sequence[SplitResult]) -> list[SplitResult]:
    """Return what each system took for all splits together, without measures of what it said."""
    held: dict[str, list[SplitResult]] = {}
    for one in measured:
        held.setdefault(one.label, []).append(one)
    return [
        replace(
            some[0],
            asked=tuple(asked for one in some for asked in one.asked),
            replies=tuple(said for one in some for said in one.replies),
            values={},
            metrics={},
        )
        for some in held.values()
    ]


def label_of(system: System) -> str:
    """Return how a table calls a system: its name, and that its model was trained from nothing where it was."""
    return f"{system.name} (scratch)" if system.scratch and "scratch" not in system.name else system.name
