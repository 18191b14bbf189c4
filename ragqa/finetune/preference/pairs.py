"""Judgements → pairs of a better and a worse answer to the same question. Knows no model."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random

from ragqa.finetune.feedback import Judged, KeptAnswer

NEEDED = 20
"""Pairs under which a model would learn single answers by heart rather than what people prefer."""

_MARKER = re.compile(r"\s*\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two answers to one question, with the passages that were found for it."""

    asked: KeptAnswer
    chosen: str
    rejected: str
    """[n] in both names the n-th passage of ``asked``."""


def pairs_of(judged: Iterable[Judged]) -> list[Pair]:
    """Return what should have been said over what was bad, and good answers over bad ones to the same question."""
    held: dict[tuple[str, str], list[Judged]] = defaultdict(list)
    for one in judged:
        held[(one.answer.index, " ".join(one.answer.question.casefold().split()))].append(one)
    found: dict[tuple[str, str, str], Pair] = {}
    for question, group in held.items():
        for pair in _of_question(group):
            if pair.chosen.strip() != pair.rejected.strip():
                found.setdefault((*question[1:], pair.chosen, pair.rejected), pair)
    return list(found.values())


def _of_question(group: Sequence[Judged]) -> list[Pair]:
    bad = [one for one in group if one.verdict == "bad"]
    good = [one for one in group if one.verdict == "good"]
    corrected = [
        Pair(one.answer, renumbered(one.answer, one.better), renumbered(one.answer)) for one in group if one.better
    ]
    # [n] of answers that were given other passages would name the wrong ones.
    told = [
        Pair(better.answer, renumbered(better.answer), renumbered(worse.answer))
        for better in good
        for worse in bad
        if better.answer.passages == worse.answer.passages
    ]
    apart = [
        Pair(better.answer, renumbered(better.answer), without_markers(worse.answer.text))
        for better in good
        for worse in bad
        if better.answer.passages != worse.answer.passages
    ]
    return [*corrected, *told, *apart]


def renumbered(answer: KeptAnswer, text: str | None = None) -> str:
    """Return the answer's text with each [n] naming the n-th passage found; one that names none is dropped.

    With ``text``, what it should have said: a person writes [n] for the n-th source that stood under the answer.
    """

    def number(found: re.Match[str]) -> str:
        rank = answer.markers.get(found[1])
        return found[0].replace(found[1], str(rank)) if rank else ""

    return _MARKER.sub(number, answer.text if text is None else text)


def without_markers(text: str) -> str:
    """Return ``text`` without [n]."""
    return _MARKER.sub("", text)


def parted(pairs: Sequence[Pair], seed: int) -> tuple[list[Pair], list[Pair]]:
    """Return the pairs to learn from and about a fifth to measure by; no question is on both sides."""
    questions = sorted({pair.asked.question for pair in pairs})
    Random(seed).shuffle(questions)
    held = set(questions[: len(questions) // 5])
    learned = [pair for pair in pairs if pair.asked.question not in held]
    return learned, [pair for pair in pairs if pair.asked.question in held]
