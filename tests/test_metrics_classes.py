"""Accuracy, precision, recall, F1 and the confusion matrix, against scikit-learn and by hand."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from ragqa.metrics import (
    accuracy,
    class_figures,
    confusion_matrix,
    macro_f1,
    macro_f1_difference,
    routing_intervals,
)


def drawn(seed: int, size: int = 120, classes: int = 9) -> tuple[list[str], list[str]]:
    chance = Random(seed)
    labels = [f"class {number}" for number in range(classes)]
    gold = [chance.choice(labels[:-1]) for _ in range(size)]
    said = [one if chance.random() < 0.6 else chance.choice([*labels, "none of them"]) for one in gold]
    return gold, said


@pytest.mark.parametrize("seed", range(5))
def test_as_scikit_learn_has_it(seed: int) -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is the oracle")
    gold, said = drawn(seed, size=20 + 30 * seed)
    labels = sorted(set(gold))
    expected = metrics.precision_recall_fscore_support(gold, said, labels=labels, zero_division=0)
    found = class_figures(gold, said)
    assert [one.label for one in found] == labels
    ours = np.array([[one.precision, one.recall, one.f1, one.questions] for one in found])
    np.testing.assert_allclose(ours, np.array(expected).T)
    macro = metrics.precision_recall_fscore_support(gold, said, labels=labels, average="macro", zero_division=0)
    told = routing_intervals(gold, said)
    np.testing.assert_allclose([told.macro_precision.mean, told.macro_recall.mean, told.macro_f1.mean], macro[:3])
    assert macro_f1(gold, said) == pytest.approx(macro[2])
    assert accuracy(gold, said) == told.accuracy.mean == pytest.approx(metrics.accuracy_score(gold, said))
    every = sorted({*gold, *said} - {"none of them"})
    counts = confusion_matrix(gold, said, every)
    expected = metrics.confusion_matrix(gold, said, labels=[*every, "none of them"])
    np.testing.assert_array_equal(counts, expected[:-1])


def test_by_hand() -> None:
    gold, said = ["a", "a", "b", "b"], ["a", "b", "b", None]
    a, b = class_figures(gold, said)
    assert (a.precision, a.recall, a.questions) == (1, 0.5, 2)
    assert (b.precision, b.recall, b.questions) == (0.5, 0.5, 2)
    assert macro_f1(gold, said) == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert confusion_matrix(gold, said, ["a", "b"]).tolist() == [[1, 1, 0], [0, 1, 1]]


def test_what_is_said_beside_the_classes_of_the_questions_changes_no_average_but_is_wrong() -> None:
    assert macro_f1(["a", "b"], ["a", "c"]) == macro_f1(["a", "b"], ["a", None]) == 0.5


def test_intervals_hold_the_figure_and_a_better_system_is_seen() -> None:
    gold, said = drawn(3, size=300)
    told = routing_intervals(gold, said)
    for one in (told.accuracy, told.macro_precision, told.macro_recall, told.macro_f1):
        assert one.low < one.mean < one.high
    assert macro_f1_difference(gold, gold, said).real
    same = macro_f1_difference(gold, said, said)
    assert (same.mean, same.low, same.high, same.real) == (0, 0, 0, False)


def test_nothing_measured_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one"):
        routing_intervals([], [])
    with pytest.raises(ValueError, match="'b' is not"):
        confusion_matrix(["b"], ["a"], ["a"])
