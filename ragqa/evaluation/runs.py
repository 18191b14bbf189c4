"""What came of asking a question set with one setting: frozen records. Searches and computes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ragqa.evaluation.datasets import Dataset
from ragqa.metrics import Interval
from ragqa.types import Mode


@dataclass(frozen=True, slots=True)
class Place:
    """A passage that was found."""

    document: str
    score: float
    page: int | None = None
    page_end: int | None = None
    section: tuple[str, ...] = ()
    excerpt: str = ""
    """How it begins; only of the first few."""

    @property
    def pages(self) -> tuple[int, int]:
        """The first and the last page; (0, 0), which is no page, in a format without pages."""
        return (self.page or 0, self.page_end or self.page or 0)


@dataclass(frozen=True, slots=True)
class Quoted:
    """What the offline answerer said."""

    text: str
    """The quotations, without markers; empty where it refused."""
    confidence: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one question. A question that found nothing has no places."""

    places: tuple[Place, ...] = ()
    """Passages, best first."""
    latency_ms: float | None = None
    quoted: Quoted | None = None
    """None where the set knows no answers to compare with."""

    def documents(self) -> dict[str, float]:
        """Return each document's best score, best first: a document stands where its best passage does."""
        best: dict[str, float] = {}
        for place in self.places:
            best.setdefault(place.document, place.score)
        return best

    def page_ids(self) -> dict[str, float]:
        """Return each page, as ``document#page``, with the score of the first passage that stands on it."""
        best: dict[str, float] = {}
        for place in self.places:
            for page in range(place.pages[0] or 1, place.pages[1] + 1):
                best.setdefault(page_id(place.document, page), place.score)
        return best


def page_id(document: str, page: int) -> str:
    """Return what a page is called where documents are."""
    return f"{document}#{page}"


@dataclass(frozen=True, slots=True)
class Cost:
    """What a library took to make; seconds are None where it was there before."""

    embed_seconds: float | None
    index_seconds: float | None
    """Cutting, storing and both indexes."""
    bytes: int
    """On disk."""
    passages: int


@dataclass(frozen=True, slots=True)
class Run:
    """One dataset asked with one setting, and what it is worth."""

    dataset: Dataset
    mode: Mode
    embedder: str
    passage_tokens: int
    k: int
    """Passages that the answerer was given, and that the latency is of."""
    outcomes: Mapping[str, Outcome]
    """By question; a question that is missing scores 0."""
    cost: Cost
    values: Mapping[str, Mapping[str, float]]
    """By measure, then by question: every graded question is there."""
    metrics: Mapping[str, Interval]

    def latency_ms(self, share: float) -> float:
        """Return the time under which this share of searches stayed (nearest rank)."""
        times = sorted(outcome.latency_ms for outcome in self.outcomes.values() if outcome.latency_ms is not None)
        return times[min(int(share * len(times)), len(times) - 1)] if times else 0.0


def labels(runs: Sequence[Run]) -> list[str]:
    """Return what tells each run from the others of its dataset: its mode, and what else varies in the grid."""
    several = len({run.embedder for run in runs}) > 1, len({run.passage_tokens for run in runs}) > 1
    return [
        " ".join(
            (
                run.mode,
                *((run.embedder,) if several[0] else ()),
                *((str(run.passage_tokens),) if several[1] else ()),
            )
        )
        for run in runs
    ]
