"""What many answers are worth: a row for all, for each language, for each kind of answer. Asks nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ragqa.evaluation.answers.asking import Answered
from ragqa.evaluation.answers.questions import GROUPS
from ragqa.metrics import Interval, mean_intervals

SHARES = ("usable", "whole", "parts", "page", "wrong", "refused")
"""Measures of each answer that are shares, as ``Score`` names them; ``characters`` is a length."""


@dataclass(frozen=True, slots=True)
class Row:
    """Some of the questions, and the mean of each measure over them."""

    name: str
    n: int
    metrics: Mapping[str, Interval]
    """By the names of ``SHARES``, then ``characters``; empty where the row has no question."""


def rows_of(answered: Sequence[Answered], seed: int = 0) -> list[Row]:
    """Return the rows all, en and zh, then each kind of answer by name."""
    every, english, chinese = GROUPS
    some = {
        every: list(answered),
        english: [one for one in answered if not one.question.chinese],
        chinese: [one for one in answered if one.question.chinese],
    }
    for kind in sorted({one.question.kind for one in answered}):
        some[kind] = [one for one in answered if one.question.kind == kind]
    return [Row(name, len(of), _metrics(of, seed)) for name, of in some.items()]


def _metrics(answered: Sequence[Answered], seed: int) -> dict[str, Interval]:
    names = (*SHARES, "characters")
    values = [[float(getattr(one.score, name)) for one in answered] for name in names]
    return dict(zip(names, mean_intervals(values, seed), strict=True)) if answered else {}
