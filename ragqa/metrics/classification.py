"""Classification metrics: accuracy, macro averages of precision, recall and F1; how well a confidence separates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ragqa.metrics.intervals import Difference, Floats, Interval, mean_interval, statistic_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray


Said: TypeAlias = Sequence[str | None]


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """One class."""

    label: str
    precision: float
    recall: float
    f1: float
    questions: int
    """How many really are of it."""


@dataclass(frozen=True, slots=True)
class Routing:
    """The figures of a system, each with its interval."""

    accuracy: Interval
    macro_precision: Interval
    macro_recall: Interval
    macro_f1: Interval


def accuracy(gold: Sequence[str], said: Said) -> float:
    """Return the share of questions whose class was said."""
    return float(np.mean(_right(gold, said)))


def class_figures(gold: Sequence[str], said: Said) -> list[ClassFigures]:
    """Return precision, recall and F1 of each class that questions have, by name (scikit-learn's)."""
    from sklearn.metrics import precision_recall_fscore_support

    labels = sorted(set(gold))
    columns = precision_recall_fscore_support(gold, _known(said, labels), labels=labels, zero_division=0)
    return [
        ClassFigures(label, float(precision), float(recall), float(f1), int(questions))
        for label, precision, recall, f1, questions in zip(labels, *columns, strict=True)
    ]


def macro_f1(gold: Sequence[str], said: Said) -> float:
    """Return the mean F1 over the classes that questions have."""
    return float(np.mean([one.f1 for one in class_figures(gold, said)]))


def confusion_matrix(gold: Sequence[str], said: Said, labels: Sequence[str]) -> NDArray[np.int64]:
    """Return how often a question of class row was given the class of the column: (labels, labels + 1).

    The last column holds what was said that is none of ``labels``. Raises ValueError on a gold class that is none.
    """
    from sklearn.metrics import confusion_matrix as count

    if unknown := sorted(set(gold) - set(labels)):
        raise ValueError(f"a confusion matrix needs every gold class among its labels; {unknown[0]!r} is not")
    counts: NDArray[np.int64] = count(gold, _known(said, labels), labels=[*labels, OTHER])[:-1]
    return counts


OTHER = "\0"
"""Stands for no class, and for one that is not among those counted."""


def _known(said: Said, labels: Sequence[str]) -> list[str]:
    known = set(labels)
    return [one if one is not None and one in known else OTHER for one in said]


def routing_intervals(gold: Sequence[str], said: Said, seed: int = 0) -> Routing:
    """Return accuracy and the macro averages with intervals: questions are drawn, and with them their classes.

    Where classes have one or two questions each, the intervals of the macro averages lie a little high: a draw that
    misses a class does not count it.
    """
    pair = _one_hots(gold, said)

    def interval(which: int) -> Interval:
        return statistic_interval(len(gold), lambda counts: _macro(counts, *pair)[which], seed)

    return Routing(mean_interval(_right(gold, said), seed), interval(0), interval(1), interval(2))


def macro_f1_difference(gold: Sequence[str], first: Said, second: Said, seed: int = 0) -> Difference:
    """Return by how much the macro-F1 of ``first`` is above that of ``second``, on the same draws of questions."""
    one, other = _one_hots(gold, first), _one_hots(gold, second)
    apart = statistic_interval(
        len(gold), lambda counts: np.asarray(_macro(counts, *one)[2] - _macro(counts, *other)[2]), seed
    )
    return Difference(apart.mean, apart.low, apart.high)


def _right(gold: Sequence[str], said: Said) -> Floats:
    return np.array([true == one for true, one in zip(gold, said, strict=True)], np.float64)


def _one_hots(gold: Sequence[str], said: Said) -> tuple[Floats, Floats]:
    """Return for each question its class, and the class said, as rows of (questions, classes)."""
    place = {label: at for at, label in enumerate(sorted(set(gold)))}
    true, told = np.zeros((2, len(gold), len(place)))
    for row, (right, one) in enumerate(zip(gold, said, strict=True)):
        true[row, place[right]] = 1
        if one in place:
            told[row, place[one]] = 1
    return true, told


def _sums(counts: Floats, true: Floats, told: Floats) -> tuple[Floats, Floats, Floats]:
    """Return for each draw and class how many were right, how many are of it, and how many were assigned to it."""
    return counts @ (true * told), counts @ true, counts @ told


def _figures(hits: Floats, held: Floats, told: Floats) -> tuple[Floats, Floats, Floats]:
    return hits / np.maximum(told, 1), hits / np.maximum(held, 1), 2 * hits / np.maximum(held + told, 1)


def _macro(counts: Floats, true: Floats, told: Floats) -> tuple[Floats, Floats, Floats]:
    """Return macro precision, recall and F1 of each draw, over the classes that its questions have."""
    hits, held, said = _sums(counts, true, told)
    drawn = held > 0
    precision, recall, f1 = (
        np.asarray((values * drawn).sum(axis=1) / drawn.sum(axis=1)) for values in _figures(hits, held, said)
    )
    return precision, recall, f1


Point = tuple[float, float]
"""Coverage, the share of questions answered, and risk, the share of wrong answers among these."""


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Return the chance that a positive scores above a negative, ties counting half (Mann & Whitney 1947)."""
    from sklearn.metrics import roc_auc_score

    if not positive or not negative:
        raise ValueError("AUROC needs at least one positive and one negative score")
    return float(roc_auc_score([1] * len(positive) + [0] * len(negative), [*positive, *negative]))


def risk_coverage(confidence: Sequence[float], right: Sequence[bool]) -> list[Point]:
    """Return the risk at each coverage, as the line between answering and refusing is lowered.

    Questions of one confidence are answered together (El-Yaniv & Wiener 2010).
    """
    surest_first = sorted(zip(confidence, right, strict=True), key=lambda pair: -pair[0])
    points, answered, wrong = [], 0, 0
    for _, together in groupby(surest_first, key=lambda pair: pair[0]):
        for _, is_right in together:
            answered += 1
            wrong += not is_right
        points.append((answered / len(confidence), wrong / answered))
    return points


def risk_coverage_area(confidence: Sequence[float], right: Sequence[bool]) -> float:
    """Return the mean risk over all coverages (Geifman, Uziel & El-Yaniv 2019): 0 is best."""
    area = before = 0.0
    for coverage, risk in risk_coverage(confidence, right):
        area += (coverage - before) * risk
        before = coverage
    return area
