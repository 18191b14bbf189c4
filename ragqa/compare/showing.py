"""What tables of a comparison show, on the terminal and on the page: columns, and how a figure reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ragqa.evaluation.showing import short, short_interval
from ragqa.compare.measuring import MAIN, METRICS
from ragqa.compare.records import SPLITS, Measured
from ragqa.compare.updating import Updated

NAMES = {
    "answer_recall": "answer in it",
    "em": "EM",
    "f1": "F1",
    "rouge_l": "ROUGE-L",
    "citations": "citations",
    "refused": "refused",
    "wrongly_refused": "wrongly ref.",
    "label_accuracy": "label",
}
FAIR = (
    "An extractive answer is a whole sentence, so that its EM and F1 are low even where it is right: "
    f"'{NAMES[MAIN]}' is the fair column."
)
NONE = "–"


@dataclass(frozen=True, slots=True)
class Row:
    """A system in a table."""

    name: str
    cells: tuple[str, ...]
    best: tuple[bool, ...]


def by_split(measured: Sequence[Measured]) -> list[list[Measured]]:
    """Return what was measured on each split together, in their order."""
    groups = [[one for one in measured if one.split == split] for split in SPLITS]
    return [group for group in groups if group]


def metrics_of(group: Sequence[Measured]) -> list[str]:
    """Return the measures that apply to any of a table's systems."""
    return [name for name in METRICS if any(name in one.metrics for one in group)]


def columns(group: Sequence[Measured]) -> list[str]:
    """Return a table's columns, but for the first."""
    return [*(NAMES[name] for name in metrics_of(group)), "ms p50 / p95", "train min", "$ / 1,000"]


def rows(group: Sequence[Measured]) -> list[Row]:
    """Return a table's rows; the interval stands beside the figure that systems are compared by."""
    found = []
    for one in group:
        names = metrics_of(group)
        cells = [*(_cell(one, name) for name in names), *others(one)]
        best = [*(is_best(one, name, group) for name in names), False, False, False]
        found.append(Row(one.label, tuple(cells), tuple(best)))
    return found


def is_best(one: Measured, name: str, group: Sequence[Measured]) -> bool:
    """Say whether no other system is better by a measure, and some are worse."""
    sign = -1 if name == "wrongly_refused" else 1
    values = [sign * other.metrics[name].mean for other in group if name in other.metrics]
    return name in one.metrics and min(values) < max(values) == sign * one.metrics[name].mean


def others(one: Measured) -> tuple[str, str, str]:
    """Return latency, minutes of training and the price of 1,000 questions."""
    training = one.system.training
    trained = NONE if training is None or training.seconds is None else f"{training.seconds / 60:.1f}"
    return f"{one.latency_ms(0.5):.1f} / {one.latency_ms(0.95):.1f}", trained, money(one.cost_per_1000)


def money(cost: float | None) -> str:
    """Return a price in dollars; '?' where it is not known."""
    return "?" if cost is None else f"{cost:.2f}"


def told_update(one: Updated) -> str:
    """Return one plain sentence."""
    took = "" if one.how == "as it is" else f", after {one.seconds:.1f} s at ${money(one.cost_usd)}"
    count = len(one.facts)
    return f"{one.label}, {one.how}: {one.new} of {count} new facts, {one.old} of {count} old ones still told{took}"


def told_failed(measured: Sequence[Measured]) -> list[str]:
    """Return a sentence for each system that met errors."""
    return [
        f"{one.label}: {one.failed} {one.split} questions met an error, and score 0" for one in measured if one.failed
    ]


def _cell(one: Measured, name: str) -> str:
    of = one.metrics.get(name)
    if of is None:
        return NONE
    return short_interval(of) if name == MAIN else short(of.mean)
