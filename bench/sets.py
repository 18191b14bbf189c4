"""How well do the three modes rank documents, with one default for all sets? nDCG@10 on nine labelled collections.

``service-zh`` chose nothing: the test. The settings were chosen on the other eight: development. A document stands
where its best passage does. A question without hits scores 0 and stays in the mean. Names given
(``python -m bench.sets scifact cisi``) measure those sets only; the kept rows of the others stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import get_args

from bench.data import SETS, collection, library_of
from bench.record import Row, kept_rows, names_of, parser_of_names, report
from ragqa import Library
from ragqa.evaluation.datasets import Question
from ragqa.metrics import mean_interval, ndcg
from ragqa.types import Mode

NAMES = ("service-zh", "scifact", "phone-manual", "cacm", "cisi", "xquad-en", "xquad-zh", "cmrc2018-trial", "drcd-dev")
DEPTH = 10
PASSAGES = 50
"""Searched for, so that ten documents are among them."""


def rank(library: Library, question: str, mode: Mode) -> list[str]:
    """Return the best documents; none for a question without words."""
    if not question.strip():
        return []
    hits = library.search(question, k=PASSAGES, mode=mode).hits
    return list(dict.fromkeys(hit.passage.document for hit in hits))[:DEPTH]


def measure(name: str, library: Library, questions: Sequence[Question]) -> Iterator[Row]:
    """Yield a row for each mode."""
    passages = library.info().passages
    for mode in get_args(Mode):
        values = [ndcg(rank(library, q.text, mode), q.relevant or {}, DEPTH) for q in questions]
        found = mean_interval(values)
        yield {
            "set": name,
            "role": SETS[name].role,
            "mode": mode,
            "questions": len(questions),
            "passages": passages,
            f"ndcg@{DEPTH}": found.mean,
            "low": found.low,
            "high": found.high,
        }


def main(argv: Sequence[str] | None = None) -> None:
    given = parser_of_names(__doc__, NAMES, "Sets").parse_args(argv)
    names = names_of(given)
    rows = kept_rows("sets", "set", names)
    for name in names:
        documents, questions = collection(name)
        with library_of(documents=documents) as library:
            rows += measure(name, library, questions)
    report("sets", rows, data=dict.fromkeys(str(row["set"]) for row in rows), keep=given.keep)


if __name__ == "__main__":
    main()
