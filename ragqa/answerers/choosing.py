"""Choose the unit of the manuals that answers: every unit that the passages found touch is weighed as an answer.

What speaks for one: the evidence of its sentences and rows, how near the question's tokens come to its tokens, the
question's terms in it and in its headings, and whether its kind is the kind asked for. Knows nothing of wording.
"""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from ragqa.analysis import terms
from ragqa.answerers.asked import Asked, asked_for
from ragqa.answerers.evidence import Evidence, Question, standard
from ragqa.answerers.polarity import opposed, unasked
from ragqa.late_interaction import Interaction
from ragqa.types import Extract, ExtractKind, Hit, Unit

Floats = NDArray[np.float32]

_CODE = re.compile(r"[A-Za-z]*\d(?:[\w-]|\.(?=\d))*")
"""A number or a code, as people ask for a row by: 188, E04, HK-7205."""

KINDS: tuple[ExtractKind, ...] = get_args(ExtractKind)
ASKED: tuple[Asked, ...] = get_args(Asked)

CONSIDERED = 20
"""Passages whose units are weighed, at least."""

WEIGHTS_FILE = Path(__file__).with_name("choosing.json")
"""What each feature counts. Learned by ``bench/units.py --learn``."""

WIDEST: dict[Asked, int] = {"procedure": 4000, "rule": 900}
"""Who asks how, or whether, gets the section that the best unit stands in, up to so many characters."""

SINGLE: frozenset[Asked] = frozenset({"fact", "other"})
"""Who asks so gets one row of a table, not all of it."""

SHORT = 300
"""A unit of so few characters is quoted as it is, with its conditions, where one sentence of a longer one is."""

NEAR = 1.5
"""What is also shown weighs at most so much less than the best."""

ALSO = 2
"""Units named beside the answer, at most."""

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

    def apart(self, other: Candidate) -> bool:
        """Whether this candidate and another share no text."""
        return self.document != other.document or self.end <= other.start or other.end <= self.start

    def holds(self, other: Candidate) -> bool:
        """Whether another candidate is a part of this one."""
        inside = self.start <= other.start and other.end <= self.end
        return inside and self.document == other.document and (self.start, self.end) != (other.start, other.end)


@dataclass(frozen=True, slots=True)
class Choice:
    """What answers, and what is near it."""

    asked: Asked
    best: Candidate
    also: tuple[Candidate, ...] = ()
    share: float = 1.0
    """How likely the best is among all that were weighed, 0 to 1."""

    @property
    def whole(self) -> bool:
        """Whether the answer is the unit itself; else sentences say it, as where one fact is asked for."""
        if self.best.length <= SHORT:
            return True
        if self.asked == "fact":
            return self.best.kind in ("row", "table")
        told = ("paragraph", "definition", "section")
        return self.best.kind not in told or self.asked != "other"


@dataclass(frozen=True, slots=True)
class Considered:
    """All that an answer is made from."""

    question: Question
    hits: tuple[Hit, ...]
    """The passages found."""
    evidence: Evidence
    interaction: Interaction | None
    units: Mapping[str, Sequence[tuple[int, Unit]]]
    """By document: id and unit of each that the passages found touch."""

    def best_hits(self, k: int) -> tuple[Hit, ...]:
        """Return the best ``k`` passages, with how well each window answers and the headings above it."""
        return tuple(self._placed(hit) for hit in self.evidence.on(self.hits)[:k])

    def printed(self, document: str) -> dict[int | None, str | None]:
        """Return the number printed on each page on which a unit of a document begins, None where it is its own."""
        return {unit.page: unit.printed for _, unit in self.units.get(document, ())}

    def _placed(self, hit: Hit) -> Hit:
        passage = hit.passage
        held = [unit for _, unit in self.units.get(passage.document, ())]
        printed = self.printed(passage.document)
        windows = passage.windows or ((0, len(passage.text)),)
        above = [
            next((u.section for u in held if u.start <= passage.start + first < u.end), passage.section)
            for first, _ in windows
        ]
        pages = [printed.get(passage.page_at(first)) for first, _ in windows]
        return replace(hit, sections=tuple(above), printed=tuple(pages))


def extract_of(one: Candidate, seen: Considered, text: str, warning: str) -> Extract:
    """Return what a candidate says; ``text`` and ``warning`` are its unit's."""
    unit, passage = one.unit, seen.hits[one.hits[0]].passage
    shared = (one.document, one.start, one.end)
    if one.kind == "row":
        row = text[one.start - unit.start : one.end - unit.start]
        inside = passage.start <= one.start < passage.end
        page = passage.page_at(one.start - passage.start) if inside else unit.page
        header = _header(unit, text, one.start)
        printed = seen.printed(one.document).get(page)
        return Extract(
            "row",
            *shared,
            row,
            unit.section,
            header=header,
            page=page,
            page_end=page,
            printed=printed,
            passage_id=passage.passage_id,
        )
    lead = max(unit.lead[1] - unit.start, 0) if unit.lead[1] > unit.lead[0] else 0
    parts = tuple((first - unit.start, last - unit.start) for first, last in unit.parts)
    return Extract(
        one.kind,
        *shared,
        text,
        unit.section,
        warning,
        lead=lead,
        parts=parts,
        steps=unit.steps,
        page=unit.page,
        page_end=unit.page_end,
        printed=unit.printed,
        passage_id=passage.passage_id,
    )


def _header(unit: Unit, text: str, start: int) -> str:
    """Return the header row above the row at ``start``: of the lines between rows, the nearest with cells."""
    before, header = unit.start, ""
    for first, last in unit.parts:
        between = text[before - unit.start : first - unit.start].strip().split("\n")
        header = next((line for line in reversed(between) if " | " in line), header)
        if first == start:
            break
        before = last
    return header


def choose(seen: Considered) -> Choice | None:
    """Return which of the units considered answers the question; None where there is none."""
    found = candidates(seen.hits, seen.evidence, seen.units)
    if not found:
        return None
    scores = features(seen.question, seen.hits, seen.evidence, seen.interaction, found) @ weights()
    asked = asked_for(seen.question.text)
    order = np.argsort(-scores, kind="stable").tolist()
    at = _one_row(_widened(order[0], found, asked), found, scores, asked)
    at = _keyed(at, found, scores, seen)
    taken = [found[at]]
    for other in order:
        one = found[other]
        if len(taken) > ALSO or scores[other] < scores[order[0]] - NEAR:
            break
        if all(one.apart(held) and one.unit.section != held.unit.section for held in taken):
            taken.append(one)
    odds = np.exp(scores - scores.max())
    return Choice(asked, found[at], tuple(taken[1:]), 1 / float(odds.sum()))


def _widened(at: int, found: Sequence[Candidate], asked: Asked) -> int:
    """Return the unit that ``at`` is a part of, where all of it is asked for. Numbered steps are whole as they are."""
    for other, one in enumerate(found):
        held = found[at]
        numbered = held.kind == "procedure" and bool(held.unit.parts) and held.unit.steps > 1
        fits = one.length <= WIDEST.get(asked, 0) and one.kind in ("procedure", "section")
        if fits and not numbered and one.holds(held):
            at = other
    return at


def _one_row(at: int, found: Sequence[Candidate], scores: Floats, asked: Asked) -> int:
    """Return the best row of a table, where one thing is asked for."""
    inside = [other for other, one in enumerate(found) if one.kind == "row" and found[at].holds(one)]
    single = found[at].kind == "table" or asked in SINGLE
    return max(inside, key=lambda other: float(scores[other])) if inside and single else at


def _keyed(at: int, found: Sequence[Candidate], scores: Floats, seen: Considered) -> int:
    """Return the row of the table chosen that begins with a number or a code of the question, where one does."""
    chosen, asked = found[at], _codes(seen.question.text)
    if chosen.kind not in ("row", "table") or not asked:
        return at
    rows = [
        other
        for other, one in enumerate(found)
        if one.kind == "row" and (one.document, one.unit.section) == (chosen.document, chosen.unit.section)
    ]
    keyed = [other for other in rows if asked & _codes(_first_cell(seen.hits, found[other]))]
    return max(keyed, key=lambda other: float(scores[other]), default=at)


def _codes(text: str) -> set[str]:
    return {match.lower() for match in _CODE.findall(text)}


def _first_cell(hits: Sequence[Hit], row: Candidate) -> str:
    passage = hits[row.hits[0]].passage
    text = passage.text[max(row.start - passage.start, 0) : max(row.end - passage.start, 0)]
    return text.partition(" | ")[0]


@cache
def weights() -> Floats:
    """Return (len(NAMES),): what each feature counts; one that the file does not name counts nothing."""
    held = json.loads(WEIGHTS_FILE.read_text(encoding="utf-8"))
    return np.array([held.get(name, 0.0) for name in NAMES], np.float32)


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
        passages = [(i, hit.passage) for i, hit in enumerate(hits) if hit.passage.document == document]
        inside = sorted(windows[document])
        for unit_id, unit in held:
            for kind, start, end in _spans(unit):
                touched = tuple(i for i, passage in passages if start < passage.end and end > passage.start)
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
    heads = {one.unit.section: head_terms(one) for one in {one.unit.section: one for one in found}.values()}
    against = {section: opposed(question.text, "\n".join(section[-1:])) for section in heads}
    reversed_ = {section: unasked(question.text, "\n".join(section[-1:])) for section in heads}
    telling = question.telling(bags)
    near = _nearest(hits, evidence, interaction, found)
    around = np.maximum(near, _outside(interaction, found, near.shape[1]))
    weights = interaction.weights if interaction else np.zeros(near.shape[1], np.float32)
    alike = np.full(near.shape[1], 1 / max(near.shape[1], 1), np.float32)
    lacking = (near.max(axis=0, initial=-1) - near) if near.size else near
    columns: dict[str, Floats] = {
        "near": standard(near @ weights) * readable,
        "near_alike": standard(near @ alike) * readable,
        "worst": standard(-(lacking * (weights > 0)).max(axis=1, initial=0.0)) * readable,
        "cosine": standard(_cosines(evidence, found)) * readable,
        "with_headings": standard(around @ weights) * readable,
        "distinct": standard(around @ _distinct(around, weights)) * readable,
        "nearness": around @ weights * readable,
    }
    places = [(one.document, one.unit.section) for one in found]
    columns |= _of_sections(places, columns["near"], columns["cosine"])
    columns["heading_near"] = standard(_outside(interaction, found, near.shape[1]) @ weights) * readable
    best = max((hit.score for hit in hits), default=1.0) or 1.0
    lexical = [hit.lexical or 0.0 for hit in hits]
    most = max(lexical, default=0.0) or 1.0
    rows: list[dict[str, float]] = []
    for one, bag in zip(found, bags, strict=True):
        head = heads[one.unit.section]
        own = sorted((float(scores[n]) - top for n in one.windows), reverse=True)
        length = math.log(max(one.length, 10))
        rows.append(
            {
                "first": max(own[0], FAR) if own else FAR,
                "second": max(own[1], FAR) if len(own) > 1 else FAR,
                "mass": math.log(sum(float(mass[n]) for n in one.windows) + 1e-5),
                "passage": max(hits[at].score for at in one.hits) / best,
                "best_passage": float(0 in one.hits),
                "rank": 1 / (1 + min(one.hits)),
                "place": min(one.hits) / CONSIDERED,
                "lexical": max(lexical[at] for at in one.hits) / most,
                "coverage": question.coverage(bag),
                "telling": question.coverage(bag | head, telling),
                "heading": question.coverage(head),
                "telling_heading": question.coverage(head, telling),
                "length": length,
                "usual_length": -((length - 5.5) ** 2),
                "opposed": float(against[one.unit.section]),
                "unasked": float(reversed_[one.unit.section]),
                "named": _named(question, hits, one),
                "numbered": float(one.kind == "procedure" and one.unit.steps > 1 and bool(one.unit.parts)),
                f"is {one.kind}": 1.0,
                f"asked {asked}, is {one.kind}": 1.0,
                f"asked {asked}, length": length,
            }
        )
    table = np.zeros((len(found), len(NAMES)), np.float32)
    for name, column in columns.items():
        table[:, _PLACE[name]] = column
    for at, row in enumerate(rows):
        for name, value in row.items():
            table[at, _PLACE[name]] = value
    for name in BY_WORDS:
        table[:, _PLACE[f"unread {name}"]] = table[:, _PLACE[name]] * (1 - readable)
    return table


BY_WORDS = ("first", "mass", "passage", "best_passage", "lexical", "coverage", "telling", "heading", "telling_heading")
"""Features that count by themselves where the embedder can't read the question, as for Chinese."""

NAMES = (
    "near",
    "near_alike",
    "worst",
    "cosine",
    "with_headings",
    "distinct",
    "nearness",
    "section_near",
    "section_cosine",
    "heading_near",
    "opposed",
    "unasked",
    "named",
    "first",
    "second",
    "mass",
    "passage",
    "best_passage",
    "rank",
    "place",
    "lexical",
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
    *(f"unread {name}" for name in BY_WORDS),
)
_PLACE = {name: at for at, name in enumerate(NAMES)}


def _of_sections(places: Sequence[tuple[str, tuple[str, ...]]], near: Floats, cosines: Floats) -> dict[str, Floats]:
    """Return for each candidate the best of its section: first the section, then what stands in it."""
    best: dict[tuple[str, tuple[str, ...]], list[float]] = {}
    for place, one, other in zip(places, near.tolist(), cosines.tolist(), strict=True):
        held = best.setdefault(place, [one, other])
        held[:] = max(held[0], one), max(held[1], other)
    table = np.array([best[place] for place in places], np.float32).reshape(-1, 2)
    return {"section_near": table[:, 0], "section_cosine": table[:, 1]}


def _outside(interaction: Interaction | None, found: Sequence[Candidate], tokens: int) -> Floats:
    """Return (candidates, tokens of the question): how near the headings before the passages come that a candidate
    touches."""
    if interaction is None:
        return np.zeros((len(found), tokens), np.float32)
    nothing = np.zeros(tokens, np.float32)
    near = [nothing if one is None else np.maximum(one[:, -1], 0) for one in interaction.nearest]
    return np.array([np.max([near[at] for at in one.hits], axis=0) for one in found], np.float32).reshape(-1, tokens)


def _distinct(near: Floats, weights: Floats) -> Floats:
    """Return (tokens of the question,), which sum up to 1: a token by whose nearness the candidates differ most counts
    most."""
    spread = near.std(axis=0) * weights if len(near) else weights
    total = float(spread.sum())
    return np.asarray(spread / total, np.float32) if total > 0 else weights


def _named(question: Question, hits: Sequence[Hit], one: Candidate) -> float:
    """Return the share of a candidate's name, its heading or the first cell of a row, that the question says."""
    name = _first_cell(hits, one) if one.kind == "row" else "\n".join(one.unit.section[-1:])
    said = set(terms(name))
    return len(said & question.idf.keys()) / len(said) if said else 0.0


def head_terms(one: Candidate) -> set[str]:
    """Return the terms of the two headings nearest above a candidate."""
    return set(terms("\n".join(one.unit.section[-2:])))


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
