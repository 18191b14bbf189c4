"""Our metrics against written-out goldens, ir_measures and scikit-learn."""

from __future__ import annotations

import random

import pytest

from ragqa.metrics import auroc, ndcg, page_hit


def test_ndcg_written_out():
    # 3 / log2(2) + 1 / log2(4) over 3 / log2(2) + 2 / log2(3) + 1 / log2(4)
    assert ndcg(["a", "x", "c"], {"a": 3, "b": 2, "c": 1}, 10) == pytest.approx(3.5 / (3 + 2 / 1.5849625007 + 0.5))
    assert ndcg([], {"a": 1}, 10) == 0 and ndcg(["a"], {}, 10) == 0


def test_ndcg_agrees_with_ir_measures():
    measures = pytest.importorskip("ir_measures")
    rng = random.Random(7)
    for _ in range(50):
        names = [f"d{n}" for n in range(30)]
        grades = {name: rng.randint(0, 3) for name in rng.sample(names, 8)}
        grades["d0"] = 1
        ranking = rng.sample(names, 20)
        qrels = [measures.Qrel("q", name, grade) for name, grade in grades.items()]
        run = [measures.ScoredDoc("q", name, 100.0 - rank) for rank, name in enumerate(ranking)]
        (oracle,) = measures.iter_calc([measures.nDCG @ 10], qrels, run)
        assert ndcg(ranking, grades, 10) == pytest.approx(oracle.value, abs=1e-9)


def test_page_hits():
    assert page_hit([(3, 3), (7, 8)], [8], 2) == 1 and page_hit([(3, 3), (7, 8)], [8], 1) == 0


def test_auroc_agrees_with_scikit_learn():
    from sklearn.metrics import roc_auc_score

    rng = random.Random(3)
    positive = [round(rng.random() + 0.3, 1) for _ in range(40)]
    negative = [round(rng.random(), 1) for _ in range(30)]
    assert auroc(positive, negative) == pytest.approx(roc_auc_score([1] * 40 + [0] * 30, positive + negative))
    with pytest.raises(ValueError, match="at least one"):
        auroc([], negative)
