"""A pair → what the model reads and the two answers, in the very form in which ``ask`` would ask this model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ragqa.answerers.prompting import Message, Room, build_prompt
from ragqa.answerers.rendering import rendered
from ragqa.finetune.feedback import KeptAnswer
from ragqa.finetune.preference.pairs import Pair, without_markers
from ragqa.prompts import Prompts
from ragqa.types import Hit, Passage


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


def texts_of(pair: Pair, asking: Asking) -> Texts:
    """Return the texts of a pair."""
    messages = _messages(pair.asked, asking)
    prompt, space = rendered(asking.tokenizer, messages), "" if asking.tokenizer.chat_template else " "
    bos = asking.tokenizer.bos_token
    if bos and prompt.startswith(bos) and asking.tokenizer("")["input_ids"][:1] == [asking.tokenizer.bos_token_id]:
        prompt = prompt.removeprefix(bos)  # the tokenizer adds it once more
    chosen, rejected = (without_markers(t) if asking.closed_book else t for t in (pair.chosen, pair.rejected))
    return Texts(prompt, space + chosen.strip(), space + rejected.strip())


def _messages(asked: KeptAnswer, asking: Asking) -> tuple[Message, ...]:
    if asking.closed_book:
        return (Message("user", asked.question),)
    hits = [Hit(rank, _passage(row), 0.0) for rank, row in enumerate(asked.passages, 1)]
    return build_prompt(asking.prompts, asked.question, hits, asking.room, instructions=asking.instructions).messages


def _passage(row: Any) -> Passage:
    text = str(row.get("text", ""))
    section = tuple(str(one) for one in row.get("section") or ())
    page, last = (row.get(name) if isinstance(row.get(name), int) else None for name in ("page", "page_end"))
    return Passage(
        str(row.get("document", "")), 0, len(text), text, section, str(row.get("header", "")), page=page, page_end=last
    )
