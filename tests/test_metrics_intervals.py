"""Intervals: against SciPy's bootstrap, on differences that are there and that are not, and the sentences they make."""

from __future__ import annotations

import numpy as np
import pytest

from ragqa import metrics as m


def test_mean_agrees_with_scipys_bootstrap():
    from scipy.stats import bootstrap

    values = np.random.default_rng(1).beta(1, 2, 200)
    ours = m.mean_interval(values, seed=4)
    theirs = bootstrap((values,), np.mean, method="percentile", rng=2).confidence_interval
    assert ours.mean == pytest.approx(values.mean())
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.002)
    assert ours == m.mean_interval(values, seed=4) != m.mean_interval(values, seed=5)


def test_the_interval_holds_the_truth_as_often_as_it_says():
    chance = np.random.default_rng(9)
    held = [(i := m.mean_interval(chance.random(80), seed)).low <= 0.5 <= i.high for seed in range(100)]
    assert 0.89 <= np.mean(held) <= 0.99


def test_a_paired_difference_sees_what_two_intervals_can_not():
    chance = np.random.default_rng(2)
    hard = chance.random(100)  # questions differ much, runs little
    better = hard + 0.02 + chance.normal(0, 0.03, 100)
    apart = m.paired_difference(better, hard)
    assert apart.real and apart.low < 0.02 < apart.high
    assert m.mean_interval(hard).high > m.mean_interval(better).low
    assert apart.told("hybrid", "dense").startswith(
        f"hybrid is better than dense by {apart.mean:.3f} [".replace("0.", ".")
    )
    assert m.paired_difference(hard, better).told("dense", "hybrid") == apart.told("hybrid", "dense")


def test_equal_runs_do_not_differ():
    same = m.paired_difference([0.2, 0.4, 1], [0.2, 0.4, 1])
    assert not same.real
    assert same.told("a", "b") == "no difference between a and b can be told: .000 [.000, .000]"


def test_auroc_and_risk_intervals_hold_the_plain_figures():
    chance = np.random.default_rng(3)
    yes, no = (chance.normal(1, 1, 60).round(1).tolist(), chance.normal(0, 1, 30).round(1).tolist())
    area = m.auroc_interval(yes, no)
    assert area.mean == pytest.approx(m.auroc(yes, no)) and area.low < area.mean < area.high
    right = [True] * 60 + [False] * 30
    risk = m.risk_coverage_area_interval(yes + no, right)
    assert risk.mean == pytest.approx(m.risk_coverage_area(yes + no, right)) and risk.low < risk.mean < risk.high


def test_what_can_not_be_averaged_is_refused():
    for wrong in ([], [float("nan")]):
        with pytest.raises(ValueError, match="at least one finite number"):
            m.mean_interval(wrong)
    with pytest.raises(ValueError, match="the same questions"):
        m.paired_difference([1.0], [1.0, 0.0])
