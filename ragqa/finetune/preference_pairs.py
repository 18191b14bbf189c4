"""Feedback → pairs of a better and a worse answer to one question, and the texts that a model reads of them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from ragqa.answer_log import Judged, KeptAnswer
from ragqa.answerers.prompting import Message, Room, build_prompt, rendered
from ragqa.prompts import Prompts
from ragqa.types import Hit, Passage

NEEDED = 20
"""Pairs under which a model would learn single answers by heart rather than what people prefer."""

_MARKER = re.compile(r"\s*\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class PreferencePair:
    """Two answers to one question, with the passages that were found for it."""

    answer: KeptAnswer
    """What was asked and found."""
    chosen: str
    rejected: str
    """[n] in both names the n-th passage of ``answer``."""


def pairs_of(judged: Iterable[Judged]) -> list[PreferencePair]:
    """Return what should have been said over what was bad, and good answers over bad ones to the same question."""
    held: dict[tuple[str, str], list[Judged]] = defaultdict(list)
    for one in judged:
        held[(one.answer.index, " ".join(one.answer.question.casefold().split()))].append(one)
    found: dict[tuple[str, str, str], PreferencePair] = {}
    for question, group in held.items():
        for pair in _of_question(group):
            if pair.chosen.strip() != pair.rejected.strip():
                found.setdefault((*question[1:], pair.chosen, pair.rejected), pair)
    return list(found.values())


def _of_question(group: Sequence[Judged]) -> list[PreferencePair]:
    bad = [one for one in group if one.verdict == "bad"]
    good = [one for one in group if one.verdict == "good"]
    corrected = [
        PreferencePair(one.answer, renumbered(one.answer, one.better), renumbered(one.answer))
        for one in group
        if one.better
    ]
    # [n] of answers that were given other passages would name the wrong ones.
    same_passages = [
        PreferencePair(better.answer, renumbered(better.answer), renumbered(worse.answer))
        for better in good
        for worse in bad
        if better.answer.passages == worse.answer.passages
    ]
    other_passages = [
        PreferencePair(better.answer, renumbered(better.answer), without_markers(worse.answer.text))
        for better in good
        for worse in bad
        if better.answer.passages != worse.answer.passages
    ]
    return [*corrected, *same_passages, *other_passages]


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


def split_pairs(pairs: Sequence[PreferencePair], seed: int) -> tuple[list[PreferencePair], list[PreferencePair]]:
    """Return the pairs to learn from and about a fifth to measure by; no question is on both sides."""
    questions = sorted({pair.answer.question for pair in pairs})
    Random(seed).shuffle(questions)
    held = set(questions[: len(questions) // 5])
    learned = [pair for pair in pairs if pair.answer.question not in held]
    return learned, [pair for pair in pairs if pair.answer.question in held]


@dataclass(frozen=True, slots=True)
class Asking:
    """How the model is asked."""

    tokenizer: Any
    room: Room
    prompts: Prompts
    instructions: str
    closed_book: bool
    """Whether it was trained to answer without passages."""


@dataclass(frozen=True, slots=True)
class Texts:
    """A pair as the model reads it; an answer is followed by the tokenizer's end."""

    prompt: str
    chosen: str
    rejected: str


def texts_of(pair: PreferencePair, asking: Asking) -> Texts:
    """Return the texts of a pair."""
    if asking.closed_book:
        messages: tuple[Message, ...] = (Message("user", pair.answer.question),)
    else:
        messages = messages_of(pair.answer, asking.prompts, asking.room, asking.instructions)
    prompt, space = rendered(asking.tokenizer, messages), "" if asking.tokenizer.chat_template else " "
    bos = asking.tokenizer.bos_token
    if bos and prompt.startswith(bos) and asking.tokenizer("")["input_ids"][:1] == [asking.tokenizer.bos_token_id]:
        prompt = prompt.removeprefix(bos)  # the tokenizer adds it once more
    chosen, rejected = (without_markers(t) if asking.closed_book else t for t in (pair.chosen, pair.rejected))
    return Texts(prompt, space + chosen.strip(), space + rejected.strip())


def messages_of(asked: KeptAnswer, prompts: Prompts, room: Room, instructions: str) -> tuple[Message, ...]:
    """Return what a model is told when it is asked the question with the passages that were found."""
    hits = [Hit(rank, _passage(row), 0.0) for rank, row in enumerate(asked.passages, 1)]
    return build_prompt(prompts, asked.question, hits, room, instructions=instructions).messages


def _passage(row: Any) -> Passage:
    text = str(row.get("text", ""))
    section = tuple(str(one) for one in row.get("section") or ())
    page, last = (row.get(name) if isinstance(row.get(name), int) else None for name in ("page", "page_end"))
    return Passage(
        str(row.get("document", "")), 0, len(text), text, section, str(row.get("header", "")), page=page, page_end=last
    )
