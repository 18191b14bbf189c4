"""What tables of a comparison show, on the terminal and on the page: columns, and how a figure reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ragqa.compare.facts import Updated
from ragqa.compare.measures import MAIN, METRICS, difference
from ragqa.compare.records import SPLITS, Kind, Measured, Split
from ragqa.evaluation.runs import short, short_interval

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


LEAST = 20
"""Questions below which no advice is given."""


def advice(measured: Sequence[Measured], updates: Sequence[Updated], seed: int = 0) -> tuple[str, str]:
    """Return the two sentences."""
    return _first(measured, seed), _second(measured, updates, seed)


def _first(measured: Sequence[Measured], seed: int) -> str:
    """Say which of retrieval and memory answers better, on questions never seen, else on those there are."""
    for split, asked in (
        ("unseen", "not trained on"),
        ("reworded", "trained on, in other words"),
        ("seen", "trained on"),
    ):
        reads, knows = _best(measured, split, "retrieval"), _best(measured, split, "closed-book")
        if reads and knows:
            return _told(reads, knows, asked, seed)
    some = next((one for one in measured if MAIN in one.metrics), None)
    if some is None:
        return "No system that answers was measured, so that nothing can be advised."
    other = "a closed-book system" if some.system.kind == "retrieval" else "extractive"
    return f"Only one way of answering was measured: add {other} to --systems to learn which of the two to use."


def _told(reads: Measured, knows: Measured, asked: str, seed: int) -> str:
    apart = difference(reads, knows, seed)
    count = len(reads.values[MAIN])
    between = f"{reads.label} holds the right answer for {_share(reads)} and {knows.label} for {_share(knows)}"
    if count < LEAST:
        return f"Too few to advise on: of {count} questions {asked}, {between}."
    margin = f"difference {short(abs(apart.mean))} [{short(min(abs(apart.low), abs(apart.high)))}, "
    margin += f"{short(max(abs(apart.low), abs(apart.high)))}]"
    if not apart.real:
        return f"Neither is shown to be better: of {count} questions {asked}, {between}, and the interval holds 0."
    verb = "Retrieve" if apart.mean > 0 else "Fine-tune"
    return f"{verb}: of {count} questions {asked}, {between} ({margin})."


def _second(measured: Sequence[Measured], updates: Sequence[Updated], seed: int) -> str:
    """Say whether both together pay, else what memory is good for; and what became of the facts that changed."""
    said = _both(measured, seed) or _memory(measured)
    fresh = "; ".join(f"{one.label}, {one.how}, {one.new}" for one in updates)
    after = f"of {len(updates[0].facts)} facts that changed, new ones told: {fresh}" if updates else ""
    if said:
        return f"{said}{f'; {after}' if after else ''}."
    return f"{after[:1].upper()}{after[1:]}." if after else UNMEASURED


UNMEASURED = "Whether both together pay was not measured: add retrieve:SPEC with a context-trained model to --systems."


def _both(measured: Sequence[Measured], seed: int) -> str:
    """Return what a model that reads the passages gains on quoting them, on the split that says most."""
    for split in ("unseen", "reworded", "seen"):
        plain = [one for one in _of(measured, split, "retrieval") if one.system.name == "extractive"]
        others = [one for one in _of(measured, split, "retrieval") if one.system.name != "extractive"]
        best = max(others, key=lambda one: one.metrics[MAIN].mean, default=None)
        if plain and best and len(best.values[MAIN]) >= LEAST:
            apart = difference(best, plain[0], seed)
            if apart.real and apart.mean > 0:
                trained = best.system.training is not None or ":ft:" in best.system.name
                advised = "Do both: train a model to read the passages" if trained else "Let a model read the passages"
                return f"{advised}: {best.label} is ahead of quoting them by {short(apart.mean)} on {split} questions"
            behind = "is behind quoting them" if apart.real else "is not shown to gain on quoting them"
            return f"A model that reads the passages, {best.label}, {behind} on {split} questions"
    return ""


def _memory(measured: Sequence[Measured]) -> str:
    """Return how far memory goes once a question is put in other words."""
    seen, again = (_best(measured, split, "closed-book") for split in ("seen", "reworded"))
    if not seen or not again or len(seen.values[MAIN]) < LEAST:
        return ""
    return (
        f"Count on a trained model for no more than it was taught: {seen.label} answers {_share(seen)} of those "
        f"questions word for word and {_share(again)} in other words"
    )


def _of(measured: Sequence[Measured], split: str, kind: Kind) -> list[Measured]:
    return [one for one in measured if one.split == split and one.system.kind == kind and MAIN in one.metrics]


def _best(measured: Sequence[Measured], split: Split | str, kind: Kind) -> Measured | None:
    return max(_of(measured, split, kind), key=lambda one: one.metrics[MAIN].mean, default=None)


def _share(one: Measured) -> str:
    return short(one.metrics[MAIN].mean)
