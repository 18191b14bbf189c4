"""What came of asking a question set with one setting: frozen records. Searches and computes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from ragqa import metrics as m
from ragqa.evaluation.datasets import Dataset, Files, Question
from ragqa.metrics import Difference, Interval, paired_difference
from ragqa.printable import quantity
from ragqa.types import Mode


@dataclass(frozen=True, slots=True)
class Place:
    """A passage that was found."""

    document: str
    score: float
    page: int | None = None
    page_end: int | None = None
    section: tuple[str, ...] = ()
    excerpt: str = ""
    """How it begins; only of the first few."""

    @property
    def pages(self) -> tuple[int, int]:
        """The first and the last page; (0, 0), which is no page, in a format without pages."""
        return (self.page or 0, self.page_end or self.page or 0)


@dataclass(frozen=True, slots=True)
class Quoted:
    """What the offline answerer said."""

    text: str
    """The quotations, without markers; empty where it refused."""
    confidence: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one question. A question that found nothing has no places."""

    places: tuple[Place, ...] = ()
    """Passages, best first."""
    latency_ms: float | None = None
    quoted: Quoted | None = None
    """None where the set knows no answers to compare with."""

    def documents(self) -> dict[str, float]:
        """Return each document's best score, best first: a document stands where its best passage does."""
        best: dict[str, float] = {}
        for place in self.places:
            best.setdefault(place.document, place.score)
        return best

    def page_ids(self) -> dict[str, float]:
        """Return each page, as ``document#page``, with the score of the first passage that stands on it."""
        best: dict[str, float] = {}
        for place in self.places:
            for page in range(place.pages[0] or 1, place.pages[1] + 1):
                best.setdefault(page_id(place.document, page), place.score)
        return best


def page_id(document: str, page: int) -> str:
    """Return what a page is called where documents are."""
    return f"{document}#{page}"


@dataclass(frozen=True, slots=True)
class Cost:
    """What a library took to make; seconds are None where it was there before."""

    embed_seconds: float | None
    index_seconds: float | None
    """Cutting, storing and both indexes."""
    bytes: int
    """On disk."""
    passages: int


@dataclass(frozen=True, slots=True)
class Run:
    """One dataset asked with one setting, and what it is worth."""

    dataset: Dataset
    mode: Mode
    embedder: str
    passage_tokens: int
    k: int
    """Passages that the answerer was given, and that the latency is of."""
    outcomes: Mapping[str, Outcome]
    """By question; a question that is missing scores 0."""
    cost: Cost
    values: Mapping[str, Mapping[str, float]]
    """By measure, then by question: every graded question is there."""
    metrics: Mapping[str, Interval]

    def latency_ms(self, share: float) -> float:
        """Return the time under which this share of searches stayed (nearest rank)."""
        times = sorted(outcome.latency_ms for outcome in self.outcomes.values() if outcome.latency_ms is not None)
        return times[min(int(share * len(times)), len(times) - 1)] if times else 0.0


def labels(runs: Sequence[Run]) -> list[str]:
    """Return what tells each run from the others of its dataset: its mode, and what else varies in the grid."""
    several = len({run.embedder for run in runs}) > 1, len({run.passage_tokens for run in runs}) > 1
    return [
        " ".join(
            (
                run.mode,
                *((run.embedder,) if several[0] else ()),
                *((str(run.passage_tokens),) if several[1] else ()),
            )
        )
        for run in runs
    ]


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


@dataclass(frozen=True, slots=True)
class Column:
    """One figure of each run."""

    name: str
    value: Callable[[Run], float]
    shown: Callable[[Run], str]
    better: int = 1
    """1 where more is better, -1 where less is."""


def columns_for(dataset: Dataset, ks: Iterable[int]) -> list[Column]:
    """Return the columns that a table of runs on ``dataset`` has."""
    cutoffs = sorted(set(ks))
    if dataset.by_page:
        names = [*(f"page_hit@{k}" for k in cutoffs), "page_mrr@10"]
    else:
        names = ["ndcg@10", "mrr@10", "map", *(f"recall@{k}" for k in sorted({*cutoffs, DEPTH}))]
    if answered(dataset):
        names += ["answer_recall", "f1"]
    main = headline(dataset)
    columns = [Column(main, lambda run: run.metrics[main].mean, lambda run: with_interval(run, main))]
    columns += [_measure(name) for name in names if name != main]
    if has_unanswerable(dataset):
        columns += [_measure("auroc"), _measure("aurc", -1)]
    return [*columns, Column("ms p50 / p95", lambda run: run.latency_ms(0.5), _latencies, -1)]


def with_interval(run: Run, name: str) -> str:
    """Return a run's mean beside its interval, as ``short_interval`` shows it."""
    return short_interval(run.metrics[name])


def short_interval(of: Interval) -> str:
    """Return a share as a table shows it beside its interval: '.745 [.70, .79]'."""
    return f"{short(of.mean)} [{short(of.low, 2)}, {short(of.high, 2)}]"


def short(value: float, digits: int = 3) -> str:
    """Return a share as tables print it: .745, 1.000."""
    return f"{value:.{digits}f}".replace("0.", ".", 1) if 0 <= value < 1 - 0.5 * 10**-digits else f"{value:.{digits}f}"


def is_best(column: Column, run: Run, runs: Sequence[Run]) -> bool:
    """Say whether no other of ``runs`` is better in a column, and some are worse."""
    values = [column.better * column.value(other) for other in runs]
    return min(values) < max(values) == column.better * column.value(run)


def _measure(name: str, better: int = 1) -> Column:
    return Column(name, lambda run: run.metrics[name].mean, lambda run: short(run.metrics[name].mean), better)


def _latencies(run: Run) -> str:
    return f"{run.latency_ms(0.5):.1f} / {run.latency_ms(0.95):.1f}"


def told_cost(run: Run) -> str:
    """Return one line on the library that a run was made with."""
    cost = run.cost
    made = f"{quantity(cost.passages, 'passage')} of about {run.passage_tokens} tokens, {run.embedder}: "
    made += f"{cost.bytes / 1e6:.1f} MB"
    if cost.embed_seconds is None:
        return made
    return f"{made}, {cost.embed_seconds:.1f} s to embed, {cost.index_seconds:.1f} s to cut and index"


@dataclass(frozen=True, slots=True)
class Compared:
    """Two runs on one dataset."""

    dataset: str
    measure: str
    first: str
    second: str
    difference: Difference

    def told(self) -> str:
        """Return one plain sentence."""
        return f"{self.dataset}, {self.measure}: {self.difference.told(self.first, self.second)}"


def by_dataset(runs: Sequence[Run]) -> list[list[Run]]:
    """Return the runs of each dataset together, in the order in which datasets come."""
    groups: dict[str, list[Run]] = {}
    for run in runs:
        groups.setdefault(run.dataset.name, []).append(run)
    return list(groups.values())


def compared(runs: Sequence[Run], seed: int = 0) -> Iterator[Compared]:
    """Yield each pair of runs on the same dataset."""
    for group in by_dataset(runs):
        measure = headline(group[0].dataset)
        for (one, first), (other, second) in combinations(zip(group, labels(group), strict=True), 2):
            mine, theirs = one.values[measure], other.values[measure]
            apart = paired_difference(list(mine.values()), [theirs[name] for name in mine], seed)
            yield Compared(one.dataset.name, measure, first, second, apart)


def pooled(runs: Sequence[Run], seed: int = 0) -> list[Run]:
    """Return a run for each setting with which two or more manuals of a folder were asked."""
    folders: dict[str, dict[tuple[object, ...], list[Run]]] = {}
    for group in by_dataset(runs):
        if isinstance(group[0].dataset.source, Files):
            of_folder = folders.setdefault(group[0].dataset.name.rpartition("/")[0], {})
            for run in group:
                of_folder.setdefault((run.mode, run.embedder, run.passage_tokens), []).append(run)
    return [
        _pool(f"{folder}, all {len(some)}", some, seed)
        for folder, settings in folders.items()
        for some in settings.values()
        if len(some) > 1
    ]


def _pool(name: str, runs: Sequence[Run], seed: int) -> Run:
    questions = [replace(q, id=_id(run, q.id), document=q.document or _manual(run)) for run, q in _questions(runs)]
    files = Files(
        tuple(path for run in runs if isinstance(run.dataset.source, Files) for path in run.dataset.source.paths)
    )
    dataset = Dataset(name, files, tuple(questions), runs[0].dataset.provenance)
    outcomes = {_id(run, question): outcome for run in runs for question, outcome in run.outcomes.items()}
    # Two manuals may differ in what their sets know: a measure is of the questions that have it.
    measures = dict.fromkeys(measure for run in runs for measure in run.values)
    values = {
        measure: {_id(run, question): value for run in runs for question, value in run.values.get(measure, {}).items()}
        for measure in measures
    }
    first = runs[0]
    metrics = intervals_of(dataset, outcomes, values, first.k, seed)
    return replace(first, dataset=dataset, outcomes=outcomes, cost=_cost(runs), values=values, metrics=metrics)


def _questions(runs: Iterable[Run]) -> Iterator[tuple[Run, Question]]:
    for run in runs:
        for question in run.dataset.questions:
            yield run, question


def _id(run: Run, question: str) -> str:
    """Return what tells a question from those of the other manuals."""
    return f"{run.dataset.name.rpartition('/')[2]}/{question}"


def _manual(run: Run) -> str | None:
    """Return what the library calls the one manual of a run; None where no question found anything."""
    empty = Outcome()
    found = (run.outcomes.get(question.id, empty).places for question in run.dataset.questions)
    return next((places[0].document for places in found if places), None)


def _cost(runs: Sequence[Run]) -> Cost:
    costs = [run.cost for run in runs]
    embed = [cost.embed_seconds for cost in costs if cost.embed_seconds is not None]
    index = [cost.index_seconds for cost in costs if cost.index_seconds is not None]
    return Cost(
        sum(embed) if len(embed) == len(costs) else None,
        sum(index) if len(index) == len(costs) else None,
        sum(cost.bytes for cost in costs),
        sum(cost.passages for cost in costs),
    )
