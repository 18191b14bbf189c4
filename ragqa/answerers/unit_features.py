"""What speaks for each candidate: how near the question's tokens come to its own, which terms it and its headings hold,
the evidence of its sentences and rows, and whether its kind is the kind asked for. Knows nothing of weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from ragqa.answerers.asked import Asked, asked_for
from ragqa.answerers.candidates import CONSIDERED, Candidate, first_cell, head_terms
from ragqa.answerers.evidence import Evidence, Question, bag_of, standard
from ragqa.answerers.polarity import opposed, unasked
from ragqa.late_interaction import Interaction
from ragqa.types import ExtractKind, Hit

Floats = NDArray[np.float32]

KINDS: tuple[ExtractKind, ...] = get_args(ExtractKind)
ASKED: tuple[Asked, ...] = get_args(Asked)

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
    asked = asked_for(question.text)
    scores = evidence.scores()
    top = float(scores.max(initial=0.0))
    mass = np.exp(scores - top)
    mass /= max(float(mass.sum()), 1e-9)
    readable = evidence.legibility**2
    bags = [set().union(*(evidence.bags[n] for n in one.windows)) if one.windows else set() for one in found]
    heads = {one.unit.section: head_terms(one) for one in {one.unit.section: one for one in found}.values()}
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
        "distinct": standard(around @ _distinct(around, weights)) * readable,
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
    said = bag_of(first_cell(hits, one) if one.kind == "row" else "\n".join(one.unit.section[-1:]))
    return len(said & question.idf.keys()) / len(said) if said else 0.0


def _nearest(evidence: Evidence, found: Sequence[Candidate]) -> Floats:
    """Return (candidates, tokens of the question): the highest cosine of each token with any of a candidate's."""
    nothing = np.zeros(evidence.near.shape[1], np.float32)
    best = [evidence.near[list(one.windows)].max(axis=0) if one.windows else nothing for one in found]
    return np.array(best, np.float32).reshape(len(found), -1)


def _cosines(evidence: Evidence, found: Sequence[Candidate]) -> Floats:
    """Return (candidates,): the mean cosine of the windows in each."""
    usual = float(evidence.cosines.mean()) if len(evidence.cosines) else 0.0
    means = [float(evidence.cosines[list(one.windows)].mean()) if one.windows else usual for one in found]
    return np.array(means, np.float32)
