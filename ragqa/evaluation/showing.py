"""What a table of runs shows: which columns, how a figure reads, what is best in it. Prints nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ragqa.evaluation.datasets import Dataset
from ragqa.evaluation.measures import DEPTH, answered, has_unanswerable, headline
from ragqa.evaluation.runs import Run
from ragqa.metrics import Interval
from ragqa.printable import quantity


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
