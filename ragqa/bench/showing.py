"""What a table of runs shows: which columns, how a figure reads, which run is best in it. Prints nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ragqa.bench.datasets import Dataset
from ragqa.bench.measures import DEPTH, answered, has_unanswerable, headline
from ragqa.bench.runs import Run


@dataclass(frozen=True, slots=True)
class Column:
    """One figure of each run."""

    name: str
    value: Callable[[Run], float | None]
    shown: Callable[[Run], str]
    better: int = 1
    """1 where more is better, -1 where less is, 0 where neither."""


def columns_for(dataset: Dataset, ks: Iterable[int]) -> list[Column]:
    """Return the columns that a table of runs on ``dataset`` has."""
    cutoffs = sorted(set(ks))
    if dataset.by_page:
        names = [*(f"page_hit@{k}" for k in cutoffs), "page_mrr@10"]
    else:
        names = ["ndcg@10", "mrr@10", "map", *(f"recall@{k}" for k in sorted({*cutoffs, DEPTH}))]
    if answered(dataset):
        names += ["answer_recall", "f1"]
    columns = [_measure(name) for name in names]
    if has_unanswerable(dataset):
        columns += [_measure("auroc"), _measure("aurc", -1)]
    main = headline(dataset)
    return [
        Column(f"{main} (95 %)", lambda run: run.metrics[main].mean, lambda run: with_interval(run, main)),
        *(column for column in columns if column.name != main),
        Column("ms p50 / p95", lambda run: run.latency_ms(0.5), _latencies, -1),
    ]


def with_interval(run: Run, name: str) -> str:
    """Return a mean as a table shows it beside its interval: '.745 [.70, .79]'."""
    of = run.metrics[name]
    return f"{short(of.mean)} [{short(of.low, 2)}, {short(of.high, 2)}]"


def short(value: float, digits: int = 3) -> str:
    """Return a share as tables print it: .745, 1.000."""
    return f"{value:.{digits}f}".replace("0.", ".", 1) if 0 <= value < 1 - 0.5 * 10**-digits else f"{value:.{digits}f}"


def best_of(column: Column, runs: Sequence[Run]) -> Run | None:
    """Return the run that is best in a column; None where there is nothing to choose."""
    values = {at: column.value(run) for at, run in enumerate(runs)}
    known = {at: column.better * value for at, value in values.items() if value is not None and column.better}
    if len(known) < 2 or len(set(known.values())) == 1:
        return None
    return runs[max(known, key=lambda at: known[at])]


def _measure(name: str, better: int = 1) -> Column:
    return Column(name, lambda run: run.metrics[name].mean, lambda run: short(run.metrics[name].mean), better)


def _latencies(run: Run) -> str:
    return f"{run.latency_ms(0.5):.1f} / {run.latency_ms(0.95):.1f}"


def told_cost(run: Run) -> str:
    """Return one line on the library that a run was made with."""
    cost = run.cost
    took = (
        ""
        if cost.embed_seconds is None
        else f", {cost.embed_seconds:.1f} s to embed, {cost.index_seconds:.1f} s to index"
    )
    return f"{cost.passages:,} passages of about {run.passage_tokens} tokens, {run.embedder}: {cost.bytes / 1e6:.1f} MB{took}"
