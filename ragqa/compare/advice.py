"""Two sentences that say what to do: retrieve, fine-tune, or both. Each rests on figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ragqa.compare.facts import Updated
from ragqa.compare.measures import MAIN, difference
from ragqa.compare.records import Kind, Split, SplitResult
from ragqa.evaluation.runs import short

if TYPE_CHECKING:
    pass

LEAST = 20
"""Questions below which no difference can be told, and no advice is given."""


def advice(measured: Sequence[SplitResult], updates: Sequence[Updated], seed: int = 0) -> tuple[str, str]:
    """Return the two sentences."""
    return _first(measured, seed), _second(measured, updates, seed)


def _first(measured: Sequence[SplitResult], seed: int) -> str:
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


def _told(reads: SplitResult, knows: SplitResult, asked: str, seed: int) -> str:
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


def _second(measured: Sequence[SplitResult], updates: Sequence[Updated], seed: int) -> str:
    """Say whether both together pay, else what memory is good for; and what became of the facts that changed."""
    said = _both(measured, seed) or _memory(measured)
    fresh = "; ".join(f"{one.label}, {one.how}, {one.new}" for one in updates)
    after = f"of {len(updates[0].facts)} facts that changed, new ones told: {fresh}" if updates else ""
    if said:
        return f"{said}{f'; {after}' if after else ''}."
    return f"{after[:1].upper()}{after[1:]}." if after else UNMEASURED


UNMEASURED = "Whether both together pay was not measured: add retrieve:SPEC with a context-trained model to --systems."


def _both(measured: Sequence[SplitResult], seed: int) -> str:
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


def _memory(measured: Sequence[SplitResult]) -> str:
    """Return how far memory goes once a question is put in other words."""
    seen, again = (_best(measured, split, "closed-book") for split in ("seen", "reworded"))
    if not seen or not again or len(seen.values[MAIN]) < LEAST:
        return ""
    return (
        f"Count on a trained model for no more than it was taught: {seen.label} answers {_share(seen)} of those "
        f"questions word for word and {_share(again)} in other words"
    )


def _of(measured: Sequence[SplitResult], split: str, kind: Kind) -> list[SplitResult]:
    return [one for one in measured if one.split == split and one.system.kind == kind and MAIN in one.metrics]


def _best(measured: Sequence[SplitResult], split: Split | str, kind: Kind) -> SplitResult | None:
    return max(_of(measured, split, kind), key=lambda one: one.metrics[MAIN].mean, default=None)


def _share(one: SplitResult) -> str:
    return short(one.metrics[MAIN].mean)
