"""What every kind of answerer takes and does: a conversation's turns, options of a language model, the Protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ragqa.prices import Price
    from ragqa.types import Answer, Extract, Hit


@dataclass(frozen=True, slots=True)
class Turn:
    """A question of a conversation and what was answered."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class ChatOptions:
    """What a user may ask of a language model."""

    max_tokens: int = 800
    temperature: float = 0.0
    n: int = 1
    """Answers asked for; the one that cites most passages is kept."""
    stop: tuple[str, ...] = ()
    seed: int | None = None
    context_tokens: int | None = None
    """The model's context; None: as it is known of the model."""
    instructions: str = ""
    timeout_s: float = 60.0
    prices: Mapping[str, Price] = field(default_factory=dict, hash=False)
    """What hosted models cost, as the user wrote it; by name of the model."""
    notice: Callable[[str], None] = field(default=lambda line: None, compare=False)
    """Hears of what takes long before a local model can answer, such as unpacking it."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What of the manuals answers: a unit, and others near it."""

    best: Extract
    also: tuple[Extract, ...] = ()
    whole: bool = True
    """Whether the answer is the unit itself; else sentences say it."""


class Answerer(Protocol):
    """What an engine asks of the part that answers. Safe to call from several threads."""

    @property
    def spec(self) -> str:
        """How a user names it: 'extractive', 'openai:gpt-4.1-mini', 'transformers:models/mine'."""

    def standalone(self, question: str, history: Sequence[Turn]) -> str:
        """Return the question as it would be asked without the turns before."""

    def answer(
        self,
        question: str,
        hits: Sequence[Hit],
        history: Sequence[Turn] = (),
        on_text: Callable[[str], None] | None = None,
        confidence: float = 0.5,
        chosen: Chosen | None = None,
    ) -> Answer:
        """Answer ``question``, which stands alone, from ``hits``, best first. Raises ModelError.

        ``on_text`` receives the text as it is written; the pieces together are the answer's text. ``confidence`` is
        what retrieval thinks of the hits, 0 to 1; ``chosen`` is the unit of the manuals that should answer.
        """
