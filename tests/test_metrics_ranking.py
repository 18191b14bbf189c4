"""Measures of rankings against ir_measures on real and on awkward runs, and against a golden run in TREC text."""

from __future__ import annotations

import random
from collections.abc import Mapping
from math import log2
from pathlib import Path

import pytest

from ragqa import metrics as m
from ragqa.evaluation.datasets import open_datasets
from ragqa.evaluation.files import read_run, read_trec_qrels

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

QRELS = """\
1 0 a 2
1 0 b 1
1 0 c 0
1 0 d -1
2 0 e 1
3 0 f 1
"""
RUN = """\
1 Q0 x 1 9.0 golden
1 Q0 c 2 8.0 golden
1 Q0 b 3 7.0 golden
1 Q0 a 4 7.0 golden
2 Q0 e 1 0.5 golden
"""
GOLDEN = {
    # Question 1: of the equal scores b comes before a: x c b a. Question 2: e is first. Question 3 found nothing.
    "ndcg@10": ((1 / log2(4) + 2 / log2(5)) / (2 / log2(2) + 1 / log2(3)) + 1 + 0) / 3,
    "mrr@10": (1 / 3 + 1 + 0) / 3,
    "mrr@2": (0 + 1 + 0) / 3,
    "map": ((1 / 3 + 2 / 4) / 2 + 1 + 0) / 3,
    "recall@3": (1 / 2 + 1 + 0) / 3,
    "p@3": (1 / 3 + 1 / 3 + 0) / 3,
    "hit@1": (0 + 1 + 0) / 3,
    "hit@3": (1 + 1 + 0) / 3,
}
MEASURES = {
    "ndcg": m.ndcg,
    "mrr": m.reciprocal_rank,
    "recall": m.recall,
    "p": m.precision,
    "hit": m.hit,
    "map": lambda ranking, relevant, k: m.average_precision(ranking, relevant),
}
THEIRS = {"ndcg": "nDCG", "recall": "R", "p": "P", "hit": "Success", "map": "AP"}

Qrels = Mapping[str, Mapping[str, int]]
Scores = Mapping[str, Mapping[str, float]]


def mean_of(measure: str, qrels: Qrels, run: Scores) -> float:
    """Our mean over the question set."""
    name, _, k = measure.partition("@")
    values = [MEASURES[name](m.ranked(run.get(query, {})), grades, int(k or 0)) for query, grades in qrels.items()]
    return sum(values) / len(values)


def agrees(qrels: Qrels, run: Scores) -> None:
    """Fail where a mean of ours is not that of ir_measures, which asks pytrec_eval."""
    oracle = pytest.importorskip("ir_measures")
    names = ["ndcg@10", "ndcg@3", "recall@10", "recall@100", "p@5", "hit@1", "hit@10", "map"]
    parsed = {oracle.parse_measure(name.replace(head := name.split("@")[0], THEIRS[head])): name for name in names}
    theirs = oracle.pytrec_eval.calc_aggregate(list(parsed), qrels, run)
    for measure, name in parsed.items():
        assert mean_of(name, qrels, run) == pytest.approx(theirs[measure], abs=1e-9), name
    for k in (3, 10, 100):  # pytrec_eval knows no cutoff of the reciprocal rank: the run is cut for it
        cut = {query: {name: scores[name] for name in m.ranked(scores)[:k]} for query, scores in run.items()}
        (rank,) = oracle.pytrec_eval.calc_aggregate([oracle.RR], qrels, cut).values()
        assert mean_of(f"mrr@{k}", qrels, run) == pytest.approx(rank, abs=1e-9), k


def test_golden_run(tmp_path: Path):
    (tmp_path / "golden.qrels").write_text(QRELS)
    (tmp_path / "golden.run").write_text(RUN)
    qrels, run = read_trec_qrels(tmp_path / "golden.qrels"), read_run(tmp_path / "golden.run")
    assert list(run["1"]) == ["x", "c", "b", "a"]
    assert {name: mean_of(name, qrels, run) for name in GOLDEN} == pytest.approx(GOLDEN, abs=1e-9)


def test_agrees_on_grades_ties_and_unanswered_questions():
    chance = random.Random(7)
    names = [f"d{number}" for number in range(40)]
    for _ in range(20):
        qrels = {
            f"q{number}": {name: chance.randint(-1, 3) for name in chance.sample(names, 9)} for number in range(12)
        }
        qrels["none relevant"] = {"d1": 0}
        run = {
            query: {name: round(chance.random(), 1) for name in chance.sample(names, 25)}
            for query in qrels
            if chance.random() < 0.8  # the others were not answered
        }
        agrees(qrels, run)


@pytest.mark.parametrize("name", ["cisi", "cacm", "phone-manual"])
def test_agrees_on_real_runs(name: str):
    bm25s = pytest.importorskip("bm25s")
    if not (DATA / name).exists():
        pytest.skip(f"{name} of the evaluation data is not here")
    (dataset,) = open_datasets(str(DATA / name))
    documents = dataset.source.documents
    index = bm25s.BM25()
    index.index(bm25s.tokenize([f"{d.title} {d.text}" for d in documents], show_progress=False), show_progress=False)
    asked = dataset.questions[1:]  # the first is left unanswered
    tokens = bm25s.tokenize([question.text for question in asked], show_progress=False)
    found, scores = index.retrieve(tokens, k=100, show_progress=False)
    run = {
        question.id: {documents[at].name: float(score) for at, score in zip(found[row], scores[row], strict=True)}
        for row, question in enumerate(asked)
    }
    agrees({question.id: dict(question.relevant) for question in dataset.questions}, run)


def test_pages_written_out():
    found = [(3, 3), (7, 8), (12, 12)]
    assert [m.page_hit(found, [8], k) for k in (1, 2)] == [0, 1]
    assert [m.page_recall(found, [8, 12, 30, 8], k) for k in (2, 3)] == pytest.approx([1 / 3, 2 / 3])
    assert [m.page_reciprocal_rank(found, [12, 8], k) for k in (1, 2, 10)] == [0, 0.5, 0.5]
    assert m.page_hit([], [8], 5) == m.page_recall([], [8], 5) == m.page_reciprocal_rank([], [8], 5) == 0
