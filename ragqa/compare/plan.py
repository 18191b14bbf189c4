"""What a comparison will do, step by step, and what that needs, before anything is run. Trains and asks nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ragqa.analysis import cjk_share
from ragqa.compare.names import model_on_this_machine, trains
from ragqa.compare.questions import Questions
from ragqa.compare.records import SPLITS
from ragqa.models.causal import SMOLLM2, bytes_of, find_causal, free_memory, parameters_of
from ragqa.printable import quantity

CHINESE = 0.2
"""Share of CJK characters among the letters of a question from which it is one in Chinese."""


def find_models(names: Sequence[str], notice: Callable[[str], None]) -> dict[str, int]:
    """Return the weights of each model on this machine that the systems ``names`` ask or are trained from.

    One in a GGUF file is unpacked, once. Raises ModelError, MissingExtra where one is not there.
    """
    weights: dict[str, int] = {}
    for name in names:
        place = model_on_this_machine(name)
        if place and place not in weights:
            folder = find_causal(place, name, notice)
            weights[place] = parameters_of(folder)
            size = bytes_of(folder) / 1e6
            notice(f"{place}: {weights[place] / 1e6:,.0f} million weights, {size:,.0f} MB of the disk")
    return weights


def steps(
    names: Sequence[str],
    questions: Questions,
    weights: dict[str, int],
    *,
    facts: int,
    minutes: float | None,
    retrain: bool,
) -> Iterator[str]:
    """Yield a line for each step, with what it needs."""
    learned = [name for name in names if trains(name)]
    budget = f"{minutes:g} minutes at most" if minutes else "no budget: --minutes sets one"
    known = len(questions.parts["train"])
    untrained = [name for name in names if not trains(name)]
    told = [f"opened as they are: {', '.join(untrained)}"] if untrained else []
    told += [f"{name}: trained on {quantity(known, 'question')}, {budget}" for name in learned]
    counts = [f"{len(questions.asked[split])} {split}" for split in SPLITS if questions.asked[split]]
    told.append(f"asked of {quantity(len(names), 'system')}: {', '.join(counts)} questions")
    if facts:
        again = ", and what was trained without passages is trained anew" if retrain else ""
        told.append(f"{quantity(facts, 'fact')} at most changed in a copy, asked before and after{again}")
    for number, line in enumerate(told, 1):
        yield f"step {number} of {len(told)}: {line}"
    if weights:
        most, free = max(weights.values()) * 4 / 1e9, free_memory()
        beside = f", {free / 1e9:.1f} GB are free" if free else ""
        yield f"memory: weights of {most:.1f} GB in single precision, and several times that in training{beside}"


def english_only(names: Sequence[str], questions: Questions) -> str:
    """Say which questions a model of the systems can't read for its language; nothing where it can read all."""
    if SMOLLM2 not in map(model_on_this_machine, names):
        return ""
    asked = [one.text for some in questions.asked.values() for one in some]
    chinese = sum(cjk_share(text) >= CHINESE for text in asked)
    if not chinese:
        return ""
    count = f"{chinese} of {quantity(len(asked), 'question')}"
    return f"what a model that knows Chinese would say: {SMOLLM2} has read English only, and {count} are in Chinese"
