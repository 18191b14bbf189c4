"""Select the unit of the manuals that answers a question, how much of it, and how likely it is that it answers.

Every unit that the passages found touch is scored; confidence is learned on questions with known answers.

A question that shares few words with the manual is judged by how near the unit chosen comes to all of it, and most of
all to the word that it lacks most; one that asks for a length or a reason, by whether there is one. Nothing that speaks
for an answer may count against one: learned freely, a plain question in the manual's own words would be refused
(bench/LOG.md).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from ragqa.analysis import cjk_share, compatible, in_chinese
from ragqa.answerers.evidence import (
    CONSIDERED,
    OTHER_EDITION,
    Candidate,
    Considered,
    Evidence,
    Question,
    candidates,
    column_names,
    first_cell,
    head_terms,
    row_text,
    standard,
)
from ragqa.answerers.question_types import (
    AnswerForm,
    expected_form,
    expected_type,
    holds_type,
    opposed,
    type_words,
    unasked,
)
from ragqa.cosines import stretched
from ragqa.embedders import BUNDLED_SPEC
from ragqa.languages import language_of
from ragqa.late_interaction import Interaction
from ragqa.types import ExtractKind, Hit

Floats = NDArray[np.float32]

KINDS: tuple[ExtractKind, ...] = get_args(ExtractKind)
FORMS: tuple[AnswerForm, ...] = get_args(AnswerForm)

FAR = -12.0
"""Stands for the evidence of a unit that no window found stands in."""


def features(
    question: Question,
    hits: Sequence[Hit],
    evidence: Evidence,
    interaction: Interaction | None,
    found: Sequence[Candidate],
) -> Floats:
    """Return (candidates, len(NAMES)): what speaks for each."""
    asked = expected_form(question.text)
    scores = evidence.scores()
    top = float(scores.max(initial=0.0))
    mass = np.exp(scores - top)
    mass /= max(float(mass.sum()), 1e-9)
    readable = evidence.vocabulary_coverage**2
    bags = [set().union(*(evidence.bags[n] for n in one.windows)) if one.windows else set() for one in found]
    heads = {one.unit.section: head_terms(question, one) for one in {one.unit.section: one for one in found}.values()}
    names = {section: "\n".join(section[-1:]) for section in heads}
    against = {section: opposed(question.text, name) for section, name in names.items()}
    aside = {section: unasked(question.text, name) for section, name in names.items()}
    telling = question.telling(bags)
    near = _nearest(evidence, found)
    outside = _outside(interaction, found, near.shape[1])
    around = np.maximum(near, outside)
    weights = interaction.weights if interaction else np.zeros(near.shape[1], np.float32)
    alike = np.full(near.shape[1], 1 / max(near.shape[1], 1), np.float32)
    lacking = (near.max(axis=0, initial=-1) - near) if near.size else near
    columns: dict[str, Floats] = {
        "near": standard(near @ weights) * readable,
        "near_alike": standard(near @ alike) * readable,
        "worst": standard(-(lacking * (weights > 0)).max(axis=1, initial=0.0)) * readable,
        "cosine": standard(_cosines(evidence, found)) * readable,
        "with_headings": standard(around @ weights) * readable,
        "distinct": standard(around @ _discriminating_weights(around, weights)) * readable,
        "nearness": around @ weights * readable,
    }
    places = [(one.document, one.unit.section) for one in found]
    columns |= _of_sections(places, columns["near"], columns["cosine"])
    columns["heading_near"] = standard(outside @ weights) * readable
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
                "unasked": float(aside[one.unit.section]),
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
    *(f"asked {asked}, is {kind}" for asked in FORMS for kind in KINDS),
    *(f"asked {asked}, length" for asked in FORMS),
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


def _discriminating_weights(near: Floats, weights: Floats) -> Floats:
    """Return (tokens of the question,), which sum up to 1: a token by whose nearness the candidates differ most counts
    most."""
    spread = near.std(axis=0) * weights if len(near) else weights
    total = float(spread.sum())
    return np.asarray(spread / total, np.float32) if total > 0 else weights


def _named(question: Question, hits: Sequence[Hit], one: Candidate) -> float:
    """Return the share of a candidate's name, its heading or the first cell of a row, that the question says."""
    said = question.bag_of(first_cell(hits, one) if one.kind == "row" else "\n".join(one.unit.section[-1:]))
    return len(said & question.idf.keys()) / len(said) if said else 0.0


def _nearest(evidence: Evidence, found: Sequence[Candidate]) -> Floats:
    """Return (candidates, tokens of the question): the highest cosine of each token with any of a candidate's."""
    nothing = np.zeros(evidence.near.shape[1], np.float32)
    best = [evidence.near[list(one.windows)].max(axis=0) if one.windows else nothing for one in found]
    return np.array(best, np.float32).reshape(len(found), -1)


def _cosines(evidence: Evidence, found: Sequence[Candidate]) -> Floats:
    """Return (candidates,): the mean cosine of the windows in each."""
    overall = float(evidence.cosines.mean()) if len(evidence.cosines) else 0.0
    means = [float(evidence.cosines[list(one.windows)].mean()) if one.windows else overall for one in found]
    return np.array(means, np.float32)


_CODE = re.compile(r"(?:[A-Za-z]{1,8}-?){0,3}\d(?:[\w-]|\.(?=\d))*")
"""A number or a code, as people ask for a row by: 188, E04, HK-7205."""

WEIGHTS_FILE = Path(__file__).with_name("choosing.json")
"""What each feature counts, by embedder. Learned by ``bench/units.py --learn``."""

WIDEST: dict[AnswerForm, int] = {"procedure": 4000, "rule": 900}
"""Who asks how, or whether, gets the section that the best unit stands in, up to so many characters."""

SINGLE: frozenset[AnswerForm] = frozenset({"fact", "other"})
"""Who asks so gets one row of a table, not all of it."""

SHORT = 300
"""A unit of so few characters is quoted as it is, with its conditions, where one sentence of a longer one is."""

NEAR = 1.5
"""What is also shown weighs at most so much less than the best."""

CJK_TEXT = 0.3
"""Share of CJK characters among the letters of a text from which it is not in a European language."""

OTHER_LANGUAGE = 1.0
"""What a unit loses that is not in the question's language, where the library has both."""

ALSO = 2
"""Units named beside the answer, at most."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What answers, and what is near it."""

    asked: AnswerForm
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


def choose(seen: Considered) -> Choice | None:
    """Return which of the units considered answers the question; None where there is none."""
    found = candidates(seen.hits, seen.evidence, seen.units)
    if not found:
        return None
    scores = features(seen.question, seen.hits, seen.evidence, seen.interaction, found) @ weights(seen.embedder)
    scores -= OTHER_EDITION * np.array(seen.of_another_edition([one.unit.section for one in found]), np.float32)
    scores -= OTHER_LANGUAGE * _in_other_language(found, seen)
    asked = expected_form(seen.question.text)
    order = np.argsort(-scores, kind="stable").tolist()
    widest = _widened(order[0], found, asked)
    at = _keyed(_one_row(widest, found, scores, asked), found, scores, seen)
    best = _lead_instead(widest, _grouped(found[at], found, seen), found, seen)
    taken = [found[at]]
    for other in order:
        one = found[other]
        if len(taken) > ALSO or scores[other] < scores[order[0]] - NEAR:
            break
        if all(one.apart(held) and one.unit.section != held.unit.section for held in taken):
            taken.append(one)
    odds = np.exp(scores - scores.max())
    return Choice(asked, best, tuple(taken[1:]), 1 / float(odds.sum()))


def _in_other_language(found: Sequence[Candidate], seen: Considered) -> Floats:
    """Return (candidates,): 1 for one that stands in a passage in another language than the question's, else 0.

    Where most passages found do, the manual is in another language, and what was left in the question's is no better.
    """
    other = [not shares_language(seen.question.text, hit.passage.text) for hit in seen.hits]
    if sum(other) > len(other) / 2:
        return np.zeros(len(found), np.float32)
    return np.array([other[one.hits[0]] for one in found], np.float32)


def shares_language(question: str, text: str) -> bool:
    """Say whether a text may be in the language of a question, as far as both tell theirs."""
    asked, told = _language_of(question), _language_of(text)
    if asked is None:  # a name, or a line of keywords
        return (cjk_share(text) > CJK_TEXT) == in_chinese(question)
    return told in (None, asked)


@lru_cache(4096)
def _language_of(text: str) -> str | None:
    """Return the language of a question or a passage, kept for the questions that find it again."""
    return language_of(text)


def _widened(at: int, found: Sequence[Candidate], asked: AnswerForm) -> int:
    """Return the unit that ``at`` is a part of, where all of it is asked for. Numbered steps are whole as they are."""
    for other, one in enumerate(found):
        held = found[at]
        numbered = held.kind == "procedure" and bool(held.unit.parts) and held.unit.steps > 1
        fits = one.length <= WIDEST.get(asked, 0) and one.kind in ("procedure", "section")
        if fits and not numbered and one.holds(held):
            at = other
    return at


def _one_row(at: int, found: Sequence[Candidate], scores: Floats, asked: AnswerForm) -> int:
    """Return the best row of a table, where one thing is asked for."""
    inside = [other for other, one in enumerate(found) if one.kind == "row" and found[at].holds(one)]
    single = found[at].kind == "table" or asked in SINGLE
    return max(inside, key=lambda other: float(scores[other])) if inside and single else at


def _lead_instead(at: int, row: Candidate, found: Sequence[Candidate], seen: Considered) -> Candidate:
    """Return the sentence before a table, where it answers better than the ``row`` of it that was chosen."""
    table = found[at]
    start, end = table.unit.lead
    if row.kind != "row" or table.kind != "table" or start == end:
        return row
    scores = seen.evidence.scores()
    lead = tuple(number for number in table.windows if seen.end_of(number) <= end)
    if not lead or max(scores[number] for number in lead) <= max((scores[n] for n in row.windows), default=-np.inf):
        return row
    return replace(table, kind="paragraph", start=start, end=end, windows=lead)


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
    keyed = [other for other in rows if asked & _codes(first_cell(seen.hits, found[other]))]
    return max(keyed, key=lambda other: float(scores[other]), default=at)


def is_keyed(row: Candidate, seen: Considered) -> bool:
    """Say whether a row of a table begins with a code of the question, of letters and digits."""
    asked = {code for code in _codes(seen.question.text) if not code.isdecimal()}
    return row.kind == "row" and bool(asked & _codes(first_cell(seen.hits, row)))


def _grouped(row: Candidate, found: Sequence[Candidate], seen: Considered) -> Candidate:
    """Return the rows of the group of ``row``, as far as the question does not tell them apart.

    A group are rows one after the other that begin with the same cell and hold as many of the question's words: the
    causes of one fault.
    """
    about, asked, bag_of = first_cell(seen.hits, row).strip(), set(seen.question.idf), seen.question.bag_of
    if row.kind != "row" or not about or not asked & bag_of(about):
        return row
    named = asked & bag_of(row_text(seen.hits, row))

    def belongs(other: Candidate) -> bool:
        return first_cell(seen.hits, other).strip() == about and named <= bag_of(row_text(seen.hits, other))

    rows = sorted(
        (one for one in found if one.kind == "row" and (one.document, one.unit_id) == (row.document, row.unit_id)),
        key=lambda one: one.start,
    )
    first = last = rows.index(row)
    while first and belongs(rows[first - 1]):
        first -= 1
    while last + 1 < len(rows) and belongs(rows[last + 1]):
        last += 1
    group = rows[first : last + 1]
    if len(group) < 2:
        return row
    windows = tuple(sorted({number for one in group for number in one.windows}))
    spans = tuple((one.start, one.end) for one in group)
    return replace(row, start=group[0].start, end=group[-1].end, windows=windows, rows=spans)


def _codes(text: str) -> set[str]:
    return {match.lower().replace("-", "") for match in _CODE.findall(compatible(text))}


@cache
def weights(embedder: str) -> Floats:
    """Return (len(NAMES),): what each feature counts; one that the file does not name counts nothing. An embedder
    without weights of its own has those of the bundled one."""
    learned = learned_in(WEIGHTS_FILE)
    held = learned.get(embedder, learned[BUNDLED_SPEC])
    return np.array([held.get(name, 0.0) for name in NAMES], np.float32)


@cache
def learned_in(file: Path) -> dict[str, dict[str, float]]:
    """Return what each feature counts, by whose weights they are, of WEIGHTS_FILE or CONFIDENCE_FILE."""
    held: dict[str, dict[str, float]] = json.loads(file.read_text(encoding="utf-8"))
    return held


CONFIDENCE_FILE = Path(__file__).with_name("confidence.json")
"""What each feature counts, and 'bias': by embedder, and by embedder and ``ACROSS`` where a question is in another
language than what answers it. Learned by ``bench/refusing.py --learn``."""

ACROSS = " across languages"

ALL, SURE = 0.95, 0.5
"""A question whose words all stand in one passage is plainly about it, and likely at least so far to be answered,
unless it asks for a value or a reason and there is none."""

BY_VECTORS = {"cosine": 6.9, "coverage": 0.5, "unknown": -3.4, "illegible": 2.4, "bias": -3.6}
"""The weights for an embedder that keeps no token states, and for a lexical search. Learned on the sample manuals; the
bias was moved so that one line parts both."""

SHARPNESS = 8.0
"""How far the least covered word outweighs the others."""


def confidence_of(seen: Considered, choice: Choice | None) -> float:
    """Return the probability, 0 to 1, that the units considered answer the question."""
    if choice is None:
        return 0.0
    return logistic(features_of(seen, choice), _confidence_weights(seen, choice))


def logistic(found: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """Return what the weights make of the features; a feature without a weight counts nothing."""
    total = weights["bias"] + sum(weights.get(name, 0.0) * value for name, value in found.items())
    probability = 1 / (1 + math.exp(-max(min(total, 30.0), -30.0)))
    return max(probability, SURE) if _is_certain(found) else probability


def _is_certain(found: Mapping[str, float]) -> bool:
    """Whether the question's words all stand in one passage, or a row is about its code, with what it asks for."""
    if found["lacks_value"] or found["lacks_reason"]:
        return False
    return found["keyed"] > 0 or (found["coverage"] >= ALL and not found["unknown"])


def features_of(seen: Considered, choice: Choice) -> dict[str, float]:
    """Return what speaks for an answer and against one, each about 0 to 1."""
    question, evidence, best = seen.question, seen.evidence, choice.best
    readable = evidence.vocabulary_coverage**2
    near = _nearness(seen, best.hits[0])
    lost, words = _missing_words(seen, best)
    told = {"value": 0.0, "reason": 0.0, "lacks_value": 0.0, "lacks_reason": 0.0}
    expected = expected_type(question.text)
    if expected is not None:
        named = column_names(seen.hits[best.hits[0]])  # they say that a column's cells are reasons, or in bar
        held = holds_type(expected, f"{named}\n{_said(seen, best)}", question.text)
        told[f"{'' if held else 'lacks_'}{'reason' if expected.name == 'reason' else 'value'}"] = 1.0
        if held:
            question = question.without(type_words(expected, question.text))
    coverage = max(map(question.coverage, evidence.passages), default=0.0)
    return {
        "cosine": stretched(float(evidence.cosines.max(initial=0.0)), seen.mean_cosine) * readable,
        "coverage": coverage,
        "coverage_cubed": coverage**3,
        "unknown": 0.0 if _is_across(seen, choice) else question.unknown,  # of another language's words none is known
        "illegible": 1.0 - readable,
        "least": near * readable,
        "least_uncovered": near * readable * (1 - coverage),
        "lost": 1 - readable * (1 - lost),
        "lost_words": words / 5,
        "heading": question.coverage(head_terms(question, best)),
        "share": choice.share,
        "terms": len(question.idf) / 10,
        "keyed": 1.0 if is_keyed(best, seen) else 0.0,
        **told,
    }


def _nearness(seen: Considered, hit: int) -> float:
    """Return how near a passage comes to the words of the question that it lacks most."""
    interaction = seen.interaction
    if interaction is None:
        return 0.0
    nearest = interaction.nearest[hit]
    rarity = np.maximum(interaction.weights - 0.5 / len(interaction.weights), 0)
    if nearest is None or not rarity.any():
        return 0.0
    lost = np.exp(-SHARPNESS * nearest.max(axis=1)) @ (rarity / rarity.sum())
    return -math.log(float(lost) + 1e-9) / SHARPNESS


def _missing_words(seen: Considered, best: Candidate) -> tuple[float, int]:
    """Return how near the best passage comes to the farthest of the words that do not stand in it, 1 where all do, and
    how many these are."""
    interaction, hit = seen.interaction, best.hits[0]
    nearest = interaction.nearest[hit] if interaction else None
    if interaction is None or nearest is None:
        return 1.0, 0
    near = nearest.max(axis=1)
    question = seen.question
    held = head_terms(question, best).union(
        *(bag for bag, (at, _) in zip(seen.evidence.bags, seen.evidence.places, strict=True) if at == hit)
    )
    named = ((question.terms_of(word), float(near[first:last].mean())) for word, first, last in interaction.words)
    lacking = [value for terms, value in named if terms and not terms & held]
    return min(lacking, default=1.0), len(lacking)


def _said(seen: Considered, best: Candidate) -> str:
    """Return what the best unit says, as far as it stands in the passages found."""
    places = (seen.evidence.places[number] for number in best.windows)
    return "\n".join(seen.hits[at].passage.text[start:end] for at, (start, end) in places)


def _is_across(seen: Considered, choice: Choice) -> bool:
    """Say whether the best unit stands in a passage in another language than the question's."""
    return not shares_language(seen.question.text, seen.hits[choice.best.hits[0]].passage.text)


def _confidence_weights(seen: Considered, choice: Choice) -> Mapping[str, float]:
    if seen.interaction is None:
        return BY_VECTORS
    learned = learned_in(CONFIDENCE_FILE)
    own = learned.get(seen.embedder, learned[BUNDLED_SPEC])
    return learned.get(seen.embedder + ACROSS, own) if _is_across(seen, choice) else own
