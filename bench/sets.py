"""How well do the three modes rank documents, with one default for all sets? nDCG@10 on eight labelled collections.

A document stands where its best passage does. A question without hits scores 0 and stays in the mean. Names given
(``python -m bench.sets scifact cisi``) measure those sets only.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import get_args

from bench.data import collection, library_of
from bench.record import report
from ragqa import Library
from ragqa.evaluation.datasets import Question
from ragqa.metrics import mean_interval, ndcg
from ragqa.types import Mode

SETS = ("scifact", "phone-manual", "cacm", "cisi", "xquad-en", "xquad-zh", "cmrc2018-trial", "drcd-dev")
DEPTH = 10
PASSAGES = 50
"""Searched for, so that ten documents are among them."""


def ranked(library: Library, question: str, mode: Mode) -> list[str]:
    """Return the best documents; none for a question without words."""
    if not question.strip():
        return []
    hits = library.search(question, k=PASSAGES, mode=mode).hits
    return list(dict.fromkeys(hit.passage.document for hit in hits))[:DEPTH]


def measure(name: str, library: Library, questions: Sequence[Question]) -> Iterator[dict[str, object]]:
    """Yield a row for each mode."""
    passages = library.info().passages
    for mode in get_args(Mode):
        values = [ndcg(ranked(library, q.text, mode), q.relevant or {}, DEPTH) for q in questions]
        sure = mean_interval(values)
        yield {
            "set": name,
            "mode": mode,
            "questions": len(questions),
            "passages": passages,
            f"ndcg@{DEPTH}": sure.mean,
            "low": sure.low,
            "high": sure.high,
        }


if __name__ == "__main__":
    rows: list[dict[str, object]] = []
    for name in [word for word in sys.argv[1:] if not word.startswith("-")] or SETS:
        documents, questions = collection(name)
        with library_of(documents=documents) as library:
            rows += measure(name, library, questions)
    report("sets", rows)
