"""The manuals of one folder taken together: a further run for each setting, over all their questions. Asks nothing.

Each question was asked of its own manual; here it counts as much as every other, and confidence is one scale for all,
which is what a line between answering and refusing has to live with.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ragqa.evaluation.comparing import by_dataset
from ragqa.evaluation.datasets import Dataset, Files, Question
from ragqa.evaluation.measures import intervals_of
from ragqa.evaluation.runs import Cost, Outcome, Run


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
    dataset = Dataset(name, files, tuple(questions))
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
