"""Choose the unit of the manuals that answers: every unit that the passages found touch is weighed as an answer.

What speaks for one: the evidence of its sentences and rows, how near the question's tokens come to its tokens, the
question's terms in it and in its headings, and whether its kind is the kind asked for. Knows nothing of wording.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ragqa.analysis import terms
from ragqa.answerers.asked import Asked, asked_for
from ragqa.answerers.evidence import Evidence, Question
from ragqa.late_interaction import Interaction
from ragqa.types import ExtractKind, Hit, Unit

Floats = NDArray[np.float32]

KINDS: tuple[ExtractKind, ...] = (
    "procedure",
    "list",
    "table",
    "code",
    "definition",
    "paragraph",
    "section",
    "row",
)
ASKED: tuple[Asked, ...] = ("procedure", "code", "list", "rule", "fact", "other")

FAR = -12.0
"""Stands for the evidence of a unit that no window found stands in."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit, or a row of a table, that the passages found touch."""

    document: str
    unit_id: int
    unit: Unit
    kind: ExtractKind
    start: int
    end: int
    windows: tuple[int, ...]
    """Which of the windows weighed stand in it."""
    hits: tuple[int, ...]
    """Which of the passages found it touches."""

    @property
    def length(self) -> int:
        """Characters."""
        return self.end - self.start

    def holds(self, other: Candidate) -> bool:
        """Whether another candidate is a part of this one."""
        inside = self.start <= other.start and other.end <= self.end
        return inside and self.document == other.document and (self.start, self.end) != (other.start, other.end)


def candidates(
    hits: Sequence[Hit], evidence: Evidence, units: Mapping[str, Sequence[tuple[int, Unit]]]
) -> tuple[Candidate, ...]:
    """Return every unit of ``units``, document by document, and every row of its tables, that touches a hit."""
    windows: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for number, (at, (start, end)) in enumerate(evidence.places):
        passage = hits[at].passage
        windows[passage.document].append((passage.start + start, passage.start + end, number))
    found = []
    for document, held in units.items():
        spans = [(i, hit.passage.start, hit.passage.end) for i, hit in enumerate(hits) if hit.passage.document == document]
        inside = sorted(windows[document])
        for unit_id, unit in held:
            for kind, start, end in _spans(unit):
                touched = tuple(i for i, first, last in spans if start < last and end > first)
                if touched:
                    own = tuple(n for first, last, n in inside if start <= first < end or first <= start < end <= last)
                    found.append(Candidate(document, unit_id, unit, kind, start, end, own, touched))
    return tuple(found)


def _spans(unit: Unit) -> Iterator[tuple[ExtractKind, int, int]]:
    yield unit.kind, unit.start, unit.end
    if unit.kind == "table":
        for start, end in unit.parts:
            yield "row", start, end


def features(
    question: Question,
    hits: Sequence[Hit],
    evidence: Evidence,
    interaction: Interaction | None,
    found: Sequence[Candidate],
) -> Floats:
    """Return (candidates, len(NAMES)): what speaks for each."""
    asked = asked_for(question.text)
    scores = evidence.scores()
    top = float(scores.max(initial=0.0))
    mass = np.exp(scores - top)
    mass /= max(float(mass.sum()), 1e-9)
    readable = evidence.legibility**2
    bags = [set().union(*(evidence.bags[n] for n in one.windows)) if one.windows else set() for one in found]
    heads = [_head(one) for one in found]
    telling = _telling(question, bags)
    near = _nearest(hits, evidence, interaction, found)
    weights = interaction.weights if interaction else np.zeros(near.shape[1], np.float32)
    alike = np.full(near.shape[1], 1 / max(near.shape[1], 1), np.float32)
    lacking = (near.max(axis=0, initial=-1) - near) if near.size else near
    columns: dict[str, Floats] = {
        "near": _standard(near @ weights) * readable,
        "near_alike": _standard(near @ alike) * readable,
        "worst": _standard(-(lacking * (weights > 0)).max(axis=1, initial=0.0)) * readable,
        "cosine": _standard(_cosines(evidence, found)) * readable,
    }
    best = max((hit.score for hit in hits), default=1.0) or 1.0
    rows: list[dict[str, float]] = []
    for one, bag, head in zip(found, bags, heads, strict=True):
        own = sorted((float(scores[n]) - top for n in one.windows), reverse=True)
        length = math.log(max(one.end - one.start, 10))
        rows.append(
            {
                "first": max(own[0], FAR) if own else FAR,
                "second": max(own[1], FAR) if len(own) > 1 else FAR,
                "mass": math.log(sum(float(mass[n]) for n in one.windows) + 1e-5),
                "passage": max(hits[at].score for at in one.hits) / best,
                "best_passage": float(0 in one.hits),
                "rank": 1 / (1 + min(one.hits)),
                "coverage": question.coverage(bag),
                "telling": question.coverage(bag | head, telling),
                "heading": question.coverage(head),
                "telling_heading": question.coverage(head, telling),
                "length": length,
                "usual_length": -((length - 5.5) ** 2),
                "numbered": float(one.kind == "procedure" and one.unit.steps > 1 and bool(one.unit.parts)),
                f"is {one.kind}": 1.0,
                f"asked {asked}, is {one.kind}": 1.0,
                f"asked {asked}, length": length,
            }
        )
    table = np.zeros((len(found), len(NAMES)), np.float32)
    for name, column in columns.items():
        table[:, NAMES.index(name)] = column
    for at, row in enumerate(rows):
        for name, value in row.items():
            table[at, _PLACE[name]] = value
    return table


NAMES = (
    "near",
    "near_alike",
    "worst",
    "cosine",
    "first",
    "second",
    "mass",
    "passage",
    "best_passage",
    "rank",
    "coverage",
    "telling",
    "heading",
    "telling_heading",
    "length",
    "usual_length",
    "numbered",
    *(f"is {kind}" for kind in KINDS),
    *(f"asked {asked}, is {kind}" for asked in ASKED for kind in KINDS),
    *(f"asked {asked}, length" for asked in ASKED),
)
_PLACE = {name: at for at, name in enumerate(NAMES)}


def _head(one: Candidate) -> set[str]:
    return set(terms("\n".join(one.unit.section[-2:])))


def _telling(question: Question, bags: Sequence[set[str]]) -> dict[str, float]:
    """Return the terms' rarity among the candidates times their rarity at large (see Question.telling)."""
    size, counts = len(bags), Counter(term for bag in bags for term in question.idf if term in bag)
    return {
        term: rarity * math.log1p((size - counts[term] + 0.5) / (counts[term] + 0.5))
        for term, rarity in question.idf.items()
        if counts[term]
    }


def _nearest(
    hits: Sequence[Hit], evidence: Evidence, interaction: Interaction | None, found: Sequence[Candidate]
) -> Floats:
    """Return (candidates, tokens of the question): the highest cosine of each token with any of a candidate's."""
    if interaction is None:
        return np.zeros((len(found), 0), np.float32)
    first: dict[int, int] = {}
    for number, (at, _) in enumerate(evidence.places):
        first.setdefault(at, number)
    columns: list[Floats] = []
    nothing = np.zeros(len(interaction.weights), np.float32)
    for number, (at, _) in enumerate(evidence.places):
        nearest = interaction.nearest[at]
        inside = number - first[at]
        known = nearest is not None and inside < nearest.shape[1] - 1
        columns.append(nearest[:, inside] if known and nearest is not None else nothing)
    table = np.array(columns, np.float32).reshape(len(columns), -1)
    best = [table[list(one.windows)].max(axis=0) if one.windows else nothing for one in found]
    return np.maximum(np.array(best, np.float32).reshape(len(found), -1), 0)


def _cosines(evidence: Evidence, found: Sequence[Candidate]) -> Floats:
    """Return (candidates,): the mean cosine of the windows in each."""
    usual = float(evidence.cosines.mean()) if len(evidence.cosines) else 0.0
    means = [float(evidence.cosines[list(one.windows)].mean()) if one.windows else usual for one in found]
    return np.array(means, np.float32)


def _standard(values: Floats) -> Floats:
    """Scale values so that their mean is 0 and the best is 1."""
    if not len(values):
        return values
    mean, top = float(values.mean()), float(values.max())
    return np.asarray((values - mean) / (top - mean) if top - mean > 1e-6 else np.zeros_like(values), np.float32)
