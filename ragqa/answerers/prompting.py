"""Build what a language model is sent: rules, numbered passages within its context, the question. Sends nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from ragqa.answerers.untrusted import boundary_for, harmless, one_line, without_lookalikes
from ragqa.cjk import CJK
from ragqa.prompts import Prompts, fill
from ragqa.sentences import sentences
from ragqa.types import Hit, Passage

if TYPE_CHECKING:
    from ragqa.answerers.base import Turn


Role = Literal["system", "user", "assistant"]

TURNS = 3
"""Turns of a conversation that a model is reminded of."""

MARGIN = 64
"""Tokens of the context left free: roles and separators that a server adds."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation with a model."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """What goes to the model, and which of the hits it shows: passage n is ``shown[n - 1]``."""

    messages: tuple[Message, ...]
    shown: tuple[Hit, ...] = ()
    answer_tokens: int = 0
    """Room for the answer that the context leaves."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Room:
    """A model's context: how long it is, how long answers may be, and how tokens are counted."""

    context: int
    answer: int
    count: Callable[[str], int] = field(default_factory=lambda: estimate_tokens)
    specials: tuple[str, ...] = ()
    """The tokenizer's own special tokens, where they are known: they are broken up in what is filled in."""


def build_prompt(
    prompts: Prompts,
    question: str,
    hits: Sequence[Hit],
    room: Room,
    *,
    instructions: str = "",
    history: Sequence[Turn] = (),
) -> Prompt:
    """Return the rules, the best passages that fit, best first, and the question.

    Whole passages are left out from the end; the first is always there, cut at a sentence end where it must be.
    """
    system = fill(prompts.system, refusal=prompts.refusal_to(question))
    if instructions.strip():
        system += "\n\n" + fill(prompts.instructions, instructions=instructions.strip())
    asked = harmless(question, room.specials)
    answer = min(room.answer, room.context // 2)
    free = (
        room.context
        - answer
        - MARGIN
        - room.count(system)
        - room.count(fill(prompts.question, passages="", question=asked))
    )
    said = _history(history, room, free // 4)
    free -= sum(room.count(message.content) for message in said)
    boundary = boundary_for([asked, *(_all_text(hit.passage) for hit in hits)])
    shown, warnings = _fitting(prompts, hits, boundary, room, free)
    content = fill(prompts.question, passages="\n\n".join(shown), question=asked)
    messages = (Message("system", system), *said, Message("user", content))
    return Prompt(messages, tuple(hits[: len(shown)]), answer, warnings)


def condense_prompt(prompts: Prompts, question: str, history: Sequence[Turn], room: Room) -> Prompt:
    """Return what asks a model to make ``question`` stand alone."""
    turns = [
        f"User: {one_line(turn.question, room.specials)}\nAssistant: {harmless(_shortened(turn.answer), room.specials)}"
        for turn in history[-TURNS:]
    ]
    content = fill(prompts.condense, history="\n".join(turns), question=one_line(question, room.specials))
    return Prompt((Message("user", content),), answer_tokens=min(room.answer, room.context // 2))


def closed_book_prompt(question: str, room: Room, before: Sequence[Message] = ()) -> Prompt:
    """Return the question, behind what was said ``before``: all that a model reads that is taught without passages."""
    return Prompt((*before, Message("user", question)), answer_tokens=min(room.answer, room.context // 2))


def folded(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Return the messages of users and assistants in turns: the system's text stands before the first user's.

    Some models' templates know no system role, and no two messages of one role in a row.
    """
    told: list[Message] = []
    for message in messages:
        role = "user" if message.role == "system" else message.role
        if told and told[-1].role == role:
            told[-1] = replace(told[-1], content=f"{told[-1].content}\n\n{message.content}")
        else:
            told.append(Message(role, message.content))
    return tuple(told)


_TOKENS = re.compile(rf"(?P<word>[A-Za-z]+)|(?P<cjk>[{CJK}])|(?P<space>\s+)|(?P<other>.)", re.DOTALL)


def estimate_tokens(text: str) -> int:
    """Return how many tokens a model takes for ``text``, rather too many than too few, without any tokenizer.

    A letter run counts a token per three letters, CJK characters one and a half each, digits and signs one each.
    """
    total = 0.0
    for match in _TOKENS.finditer(text):
        if match.lastgroup == "word":
            total += -(-len(match.group()) // 3)
        elif match.lastgroup == "cjk":
            total += 1.5
        elif match.lastgroup == "space":
            total += 0 if match.group() == " " else 1
        else:
            total += 1 if match.group().isascii() else 2
    return int(total + 0.5)


def _fitting(
    prompts: Prompts, hits: Sequence[Hit], boundary: str, room: Room, free: int
) -> tuple[list[str], tuple[str, ...]]:
    shown: list[str] = []
    for number, hit in enumerate(hits, 1):
        text = _shown(prompts, number, hit.passage, hit.passage.text, boundary, room.specials)
        used = room.count(text) + 2
        if used > free:
            break
        shown.append(text)
        free -= used
    if not hits or len(shown) == len(hits):
        return shown, ()
    if shown:
        return shown, (_left_out(len(hits) - len(shown), len(hits), room.context),)
    frame = room.count(_shown(prompts, 1, hits[0].passage, "", boundary, room.specials))
    cut = _cut(hits[0].passage.text, lambda text: room.count(harmless(text, room.specials)), free - frame)
    shown = [_shown(prompts, 1, hits[0].passage, cut, boundary, room.specials)]
    warnings = [f"the best passage was cut to fit the model's context of {room.context:,} tokens"]
    if len(hits) > 1:
        warnings.append(_left_out(len(hits) - 1, len(hits), room.context))
    return shown, tuple(warnings)


def _left_out(n: int, of: int, context: int) -> str:
    return f"{n} of {of} passages did not fit the model's context of {context:,} tokens and were left out"


def _cut(text: str, count: Callable[[str], int], free: int) -> str:
    """Return the first sentences of ``text`` that fit; where not even one does, as much of it as fits."""
    whole = [end for _, end in sentences(text) if count(text[:end]) <= free]
    if whole:
        return text[: max(whole)]
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if count(text[:middle]) <= free else (low, middle - 1)
    return text[:low]


def _shown(prompts: Prompts, number: int, passage: Passage, text: str, boundary: str, specials: Sequence[str]) -> str:
    start, end = passage.page, passage.page_end
    page = "" if start is None else f"{start}-{end}" if end and end != start else str(start)
    body = f"{passage.header}\n{text}" if passage.header else text
    return fill(
        prompts.passage,
        number=str(number),
        boundary=boundary,
        document=one_line(passage.document, specials),
        page=page,
        section=one_line(" > ".join(passage.section), specials),
        text=harmless(without_lookalikes(body), specials),
    )


def _all_text(passage: Passage) -> str:
    return "\n".join((passage.document, *passage.section, passage.header, passage.text))


_MARKER = re.compile(r"\s*\[\d+\]")


def _history(history: Sequence[Turn], room: Room, free: int) -> list[Message]:
    """Return the last turns that fit, without their markers: those named other passages."""
    said: list[Message] = []
    for turn in reversed(history[-TURNS:]):
        pair = [
            Message("user", harmless(turn.question, room.specials)),
            Message("assistant", harmless(_MARKER.sub("", turn.answer), room.specials)),
        ]
        free -= sum(room.count(message.content) for message in pair)
        if free < 0:
            break
        said = pair + said
    return said


def _shortened(answer: str, length: int = 600) -> str:
    answer = " ".join(_MARKER.sub("", answer).split())
    return answer if len(answer) <= length else answer[:length] + "…"


ANSWER = "\n\nAnswer:"
"""What a plain prompt ends with; the answer follows after a space."""


def rendered(tokenizer: Any, messages: Sequence[Message]) -> str:
    """Return what the model reads before it answers; the last message is the user's."""
    return _by_template(tokenizer, messages) if tokenizer.chat_template else plainly(messages)


def plainly(messages: Sequence[Message]) -> str:
    """Return the messages one under another, and the beginning of the answer's line."""
    return "\n\n".join(message.content for message in messages) + ANSWER


def _by_template(tokenizer: Any, messages: Sequence[Message]) -> str:
    from jinja2 import TemplateError

    def written(some: Sequence[Message]) -> str:
        chat = [{"role": message.role, "content": message.content} for message in some]
        return str(tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True))

    try:
        return written(messages)
    except TemplateError:  # no system role in this one
        return written(folded(messages))
