"""A paragraph: retrieve, fine-tune, or both, and what is not known. Each sentence rests on figures."""

from __future__ import annotations

from collections.abc import Sequence

from ragqa.compare.facts import Updated
from ragqa.compare.measures import MAIN, difference
from ragqa.compare.names import TRAIN
from ragqa.compare.records import LEAST, SPLITS, Kind, Split, SplitResult, pooled
from ragqa.evaluation.runs import short
from ragqa.metrics import Difference
from ragqa.printable import quantity


def advice(
    measured: Sequence[SplitResult], updates: Sequence[Updated], english_only: str = "", seed: int = 0
) -> tuple[str, ...]:
    """Return the sentences: which to use, whether both together pay, refusals, what it takes, and what is not known.

    ``english_only`` says which questions a model could not read for its language, where there are any.
    """
    said = (
        _first(measured, seed),
        _second(measured, updates, seed),
        _gain(measured, seed),
        _refusing(measured),
        _taking(measured),
        _unknown(measured, updates, english_only),
    )
    return tuple(sentence for sentence in said if sentence)


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
    if not apart.real:
        return f"Neither is shown to be better: of {count} questions {asked}, {between}, and the interval holds 0."
    learned = knows.system.training is not None or ":ft:" in knows.system.name
    verb = "Retrieve" if apart.mean > 0 else "Fine-tune" if learned else "Ask the model alone"
    return f"{verb}: of {count} questions {asked}, {between} ({_margin(apart)})."


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


def _gain(measured: Sequence[SplitResult], seed: int) -> str:
    """Say what training did to a model that reads passages, where the same untrained one was asked too."""
    unseen = {one.system.name: one for one in _of(measured, "unseen", "retrieval")}
    for name, trained in unseen.items():
        before = unseen.get(name.replace(TRAIN, "", 1))
        if TRAIN not in name or before is None or len(trained.values[MAIN]) < LEAST:
            continue
        apart = difference(trained, before, seed)
        changed = f"from {_share(before)} to {_share(trained)} on unseen questions"
        if apart.real:
            return f"Training to read moves {before.label} {changed} ({_margin(apart)})."
        return f"Training to read is not shown to help {before.label}: {changed}, and the interval holds 0."
    return ""


def _refusing(measured: Sequence[SplitResult]) -> str:
    """Say who refuses what the manuals do not say, and how many of the others with it."""
    asked = [one for one in measured if one.split == "unanswerable" and "refused" in one.metrics]
    wrongly = {one.label: one.metrics.get("wrongly_refused") for one in measured if one.split == "unseen"}
    told = []
    for one in asked:
        other = wrongly.get(one.label)
        beside = f" (and {short(other.mean)} of the unseen ones that have an answer)" if other else ""
        told.append(f"{one.label} {short(one.metrics['refused'].mean)}{beside}")
    return f"Of {len(asked[0].asked)} questions without an answer refused: {'; '.join(told)}." if told else ""


def _taking(measured: Sequence[SplitResult]) -> str:
    """Say what the best of each kind take: seconds of a question, minutes of training."""
    best = {one.label for kind in KINDS for one in [_leading(measured, kind)] if one}
    told = []
    for one in pooled(measured):
        if one.label in best:
            training = one.system.training
            minutes = f" after {training.seconds / 60:.1f} min of training" if training and training.seconds else ""
            told.append(f"{one.label} {one.latency_ms(0.5) / 1000:.2g} s a question{minutes}")
    return f"What the best of each kind take: {', '.join(told)}." if told else ""


KINDS: tuple[Kind, ...] = ("retrieval", "closed-book")


def _leading(measured: Sequence[SplitResult], kind: Kind) -> SplitResult | None:
    return next((best for split in ("unseen", "reworded", "seen") if (best := _best(measured, split, kind))), None)


def _unknown(measured: Sequence[SplitResult], updates: Sequence[Updated], english_only: str) -> str:
    """Name what this comparison does not tell."""
    asked = {split: max((len(one.asked) for one in measured if one.split == split), default=0) for split in SPLITS}
    missing = [split for split, count in asked.items() if not count]
    few = [f"{split} {count}" for split, count in asked.items() if 0 < count < LEAST]
    systems = [one.system for one in pooled(measured)]
    unpriced = [one.label for one in pooled(measured) if one.cost_per_1000 is None]
    untold = [
        one.name
        for one in systems
        if one.name != "extractive" and one.training is None and one.kind != "route" and not one.scratch
    ]
    readers = [one for one in systems if one.kind == "retrieval" and one.name != "extractive"]
    gaps = [
        f"how systems do on {' and '.join(missing)} questions, of which there were none" if missing else "",
        f"much of splits with fewer than {LEAST} questions ({', '.join(few)})" if few else "",
        "how a model does that is trained to read the passages" if not any(one.training for one in readers) else "",
        "what becomes of facts that change" if not updates else "",
        f"more of changed facts than {quantity(len(updates[0].facts), 'fact')} can tell"
        if updates and len(updates[0].facts) < LEAST
        else "",
        "whether training anew follows a change"
        if updates and not any(one.how == "trained anew" for one in updates)
        else "",
        f"what it took to make the models of {' and '.join(untold)}, and what they had read before" if untold else "",
        f"the price of {' and '.join(unpriced)}" if unpriced else "",
        english_only,
        "whether another seed, another size of model or other manuals would say the same",
    ]
    return f"Not known: {'; '.join(gap for gap in gaps if gap)}."


def _margin(apart: Difference) -> str:
    low, high = sorted((abs(apart.low), abs(apart.high)))
    return f"difference {short(abs(apart.mean))} [{short(low)}, {short(high)}]"


def _of(measured: Sequence[SplitResult], split: str, kind: Kind) -> list[SplitResult]:
    return [one for one in measured if one.split == split and one.system.kind == kind and MAIN in one.metrics]


def _best(measured: Sequence[SplitResult], split: Split | str, kind: Kind) -> SplitResult | None:
    return max(_of(measured, split, kind), key=lambda one: one.metrics[MAIN].mean, default=None)


def _share(one: SplitResult) -> str:
    return short(one.metrics[MAIN].mean)
