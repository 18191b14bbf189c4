"""What every source form gives: a question with its answer, and where it came from. Reads nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ragqa.answerers.prompting import Message


@dataclass(frozen=True, slots=True)
class Entry:
    """A question with what is known of its answer; each form of training data makes an example of it."""

    question: str
    answers: tuple[str, ...]
    """Any of them answers it, the first is learned; empty where it can't be answered."""
    source: str
    """Where it stands, for people: 'faq.csv, line 12'."""
    id: str = ""
    before: tuple[Message, ...] = ()
    """Of a conversation: what was said before the question, a system's message first."""
    answerable: bool = True
    label: str | None = None
    document: str | None = None
    pages: tuple[int, ...] = ()
    """Physical pages, from 1, that answer it."""
    passage: str = ""
    """Names the passage or the conversation that it belongs to, where the source has them."""
    evidence: tuple[str, ...] = ()
    """What the manual says, as far as the source quotes it."""
    reworded: tuple[str, ...] = ()
    """The same question in other words: never trained on, ``ragqa compare`` asks it."""
    generated: bool = False
    """No person wrote it."""

    @property
    def is_conversation(self) -> bool:
        """Whether there was an answer before this one."""
        return any(message.role == "assistant" for message in self.before)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a source gave, and what a person should know of how it was read."""

    entries: Sequence[Entry]
    notes: tuple[str, ...] = ()
