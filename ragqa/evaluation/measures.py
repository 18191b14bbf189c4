"""What a run is worth: the measures that a dataset allows, by name, over its questions. Searches nothing.

The question set is walked, never the run, so that a question without an answer scores 0 and stays in the mean. Names
are those of ir_measures in lower case; beginning with ``page_`` they are of passages and gold pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from ragqa import metrics as m
from ragqa.evaluation.datasets import Dataset, Question
from ragqa.evaluation.runs import Outcome
from ragqa.metrics import Interval

DEPTH = 100
"""Passages looked at for each question: as many as a search weighs in full."""

_OF_DOCUMENTS: dict[str, tuple[Callable[[Sequence[str], Mapping[str, int], int], float], tuple[int, ...]]] = {
    "ndcg": (m.ndcg, (10,)),
    "mrr": (m.reciprocal_rank, (10,)),
    "hit": (m.hit, (1,)),
    "p": (m.precision, ()),
    "recall": (m.recall, (DEPTH,)),
}
_OF_PAGES: dict[str, tuple[Callable[[Sequence[tuple[int, int]], Sequence[int], int], float], tuple[int, ...]]] = {
    "page_hit": (m.page_hit, (1, 5)),
    "page_recall": (m.page_recall, (5,)),
    "page_mrr": (m.page_reciprocal_rank, (10,)),
}
"""A measure and the cutoffs that are always taken."""

_OF_ANSWERS: dict[str, Callable[[str, Sequence[str]], float]] = {
    "answer_recall": m.answer_recall,
    "em": m.exact_match,
    "f1": m.token_f1,
}

Values = dict[str, dict[str, float]]
"""By measure, then by question."""


def headline(dataset: Dataset) -> str:
    """Return the measure by which runs on a dataset are compared."""
    return "page_mrr@10" if dataset.by_page else "ndcg@10"


def values_of(dataset: Dataset, outcomes: Mapping[str, Outcome], ks: Iterable[int]) -> Values:
    """Return what each measure gives each question; ``ks`` are cutoffs beside the usual ones."""
    ks = tuple(ks)
    values: Values = {}
    for question in dataset.graded():
        outcome = outcomes.get(question.id, Outcome())
        worths = _of_pages(question, outcome, ks) if dataset.by_page else _of_documents(question, outcome, ks)
        for name, value in worths.items():
            values.setdefault(name, {})[question.id] = value
    for question in answered(dataset):
        quoted = outcomes.get(question.id, Outcome()).quoted
        for name, measure in _OF_ANSWERS.items():
            values.setdefault(name, {})[question.id] = measure(quoted.text if quoted else "", question.answers)
    return values


def answered(dataset: Dataset) -> tuple[Question, ...]:
    """Return the questions whose answer is known as text."""
    return tuple(question for question in dataset.graded() if question.answers)


def has_unanswerable(dataset: Dataset) -> bool:
    """Say whether the set tells what its manual does not answer from what it does."""
    return bool(dataset.graded()) and not all(question.answerable for question in dataset.questions)


def intervals_of(
    dataset: Dataset, outcomes: Mapping[str, Outcome], values: Values, k: int, seed: int
) -> dict[str, Interval]:
    """Return each measure's mean over the questions with its interval, and those of refusing where the set has them."""
    found: dict[str, Interval] = {}
    for size in {len(of) for of in values.values()}:
        together = {name: list(of.values()) for name, of in values.items() if len(of) == size}
        found |= zip(together, m.mean_intervals(list(together.values()), seed), strict=True)
    found = {name: found[name] for name in values}
    if has_unanswerable(dataset):
        sure, right, answerable = refusals(dataset, outcomes, k)
        yes = [score for score, known in zip(sure, answerable, strict=True) if known]
        no = [score for score, known in zip(sure, answerable, strict=True) if not known]
        found["auroc"] = m.auroc_interval(yes, no, seed)
        found["aurc"] = m.risk_coverage_area_interval(sure, right, seed)
    return found


def refusals(dataset: Dataset, outcomes: Mapping[str, Outcome], k: int) -> tuple[list[float], list[bool], list[bool]]:
    """Return of each question its confidence, whether to answer was right, and whether the manual answers it.

    To answer is right where the manual does and a gold page is among the first ``k`` passages.
    """
    sure, right = [], []
    for question in dataset.questions:
        outcome = outcomes.get(question.id, Outcome())
        sure.append(outcome.quoted.confidence if outcome.quoted else 0.0)
        right.append(question.answerable and bool(m.page_hit(pages_found(question, outcome), question.pages, k)))
    return sure, right, [question.answerable for question in dataset.questions]


def pages_found(question: Question, outcome: Outcome) -> list[tuple[int, int]]:
    """Return where each passage stands in the manual that the question means; (0, 0) for one of another manual."""
    mine = question.document
    return [(0, 0) if mine and place.document != mine else place.pages for place in outcome.places]


def _of_documents(question: Question, outcome: Outcome, ks: tuple[int, ...]) -> dict[str, float]:
    ranking, relevant = list(outcome.documents()), question.relevant or {}
    worths = {
        f"{name}@{k}": measure(ranking, relevant, k)
        for name, (measure, usual) in _OF_DOCUMENTS.items()
        for k in sorted({*usual, *ks})
    }
    return {**worths, "map": m.average_precision(ranking, relevant)}


def _of_pages(question: Question, outcome: Outcome, ks: tuple[int, ...]) -> dict[str, float]:
    found = pages_found(question, outcome)
    return {
        f"{name}@{k}": measure(found, question.pages, k)
        for name, (measure, usual) in _OF_PAGES.items()
        for k in sorted({*usual, *ks})
    }
