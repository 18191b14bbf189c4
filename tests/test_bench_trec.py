"""TREC files: rankings come out as they went in, for readers that sort by score; what is no run is told in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ragqa.errors import RagqaError
from ragqa.evaluation.files import file_name, qrels_lines, read_run, read_trec_qrels, run_lines

RANKED = {
    "q 1": {"b": 2.0, "a": 2.0, "z": 2.0, "c": 1.9999999999, "a b%": -1.0},
    "q2": {"only": 0.0},
}


def test_a_ranking_with_ties_comes_back_in_its_order(tmp_path: Path):
    (tmp_path / "run").write_text("".join(f"{line}\n" for line in run_lines(RANKED, "my tag")))
    back = read_run(tmp_path / "run")
    assert {name: list(found) for name, found in back.items()} == {
        "q%201": ["b", "a", "z", "c", "a%20b%25"],
        "q2": ["only"],
    }
    scores = np.array(list(back["q%201"].values()), np.float32)  # trec_eval reads 32 bits
    assert (np.diff(scores) < 0).all() and scores == pytest.approx([2, 2, 2, 2, -1], abs=1e-5)


def test_pytrec_eval_ranks_as_we_do(tmp_path: Path):
    oracle = pytest.importorskip("ir_measures")
    (tmp_path / "run").write_text("".join(f"{line}\n" for line in run_lines(RANKED, "tag")))
    run = list(oracle.read_trec_run(str(tmp_path / "run")))
    for rank, name in enumerate(["b", "a", "z", "c", "a%20b%25"], 1):
        (worth,) = oracle.iter_calc([oracle.RR], [oracle.Qrel("q%201", name, 1)], run)
        assert worth.value == pytest.approx(1 / rank)


def test_qrels_come_back(tmp_path: Path):
    qrels = {"1": {"a": 2, "b": 0}, "2": {"c": -1}}
    (tmp_path / "qrels").write_text("".join(f"{line}\n" for line in qrels_lines(qrels)))
    assert read_trec_qrels(tmp_path / "qrels") == qrels


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "holds no hit"),
        ("1 Q0 a 1 high tag", "line 1: expected"),
        ("1 Q0 a 1 0.5", "line 1: expected"),
        ("1 Q0 a 1 0.5 t\n1 Q0 a 2 0.4 t", "line 2: document 'a' was found twice for question '1'"),
    ],
)
def test_what_is_no_run_is_told(tmp_path: Path, text: str, told: str):
    (tmp_path / "run").write_text(text)
    with pytest.raises(RagqaError, match=told) as error:
        read_run(tmp_path / "run")
    assert "\n" not in str(error.value)


def test_names_of_files_lead_nowhere_else():
    assert file_name("manuals/../x", "hybrid local:a/b", "run") == "manuals-x.hybrid-local-a-b.run"
