"""Turn the passages found into an answer: the records and Protocols of that, and the registry of answerers.

A variant is a file of this folder, imported when it is chosen; another package adds one by an entry point.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, cast

from ragqa import plugins
from ragqa.errors import ModelError

if TYPE_CHECKING:
    from ragqa.prices import Price
    from ragqa.prompts import Prompts
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


class Opener(Protocol):
    """Opens an answerer of one kind: what an entry point of ``ENTRY_POINTS`` names."""

    def __call__(self, model: str, options: ChatOptions, prompts: Prompts, /) -> Answerer:
        """Return the answerer for ``model``, which stands behind the colon of a spec. Raises ModelError."""


def _openai() -> Opener:
    from ragqa.answerers.openai import open_chat

    return open_chat


def _transformers() -> Opener:
    from ragqa.answerers.transformers import open_transformers

    return open_transformers


_OPENERS: Mapping[str, Callable[[], Opener]] = {"openai": _openai, "transformers": _transformers}
"""What stands before the colon of a spec → what imports its opener."""

ENTRY_POINTS = "ragqa.answerers"
"""The group of entry points through which another package adds a kind of answerer: name = its ``Opener``."""


def open_answerer(spec: str | None, options: ChatOptions, prompts: Prompts) -> Answerer:
    """Return the answerer that ``spec`` names, 'extractive' or KIND:MODEL; the extractive one, which uses no model, for
    None. Raises ModelError."""
    spec = (spec or "extractive").strip()
    if spec == "extractive":
        from ragqa.answerers.extractive import ExtractiveAnswerer

        return ExtractiveAnswerer()
    kind, _, model = (part.strip() for part in spec.partition(":"))
    opener = _opener(kind) if kind and model else None
    if opener is None:
        added = "".join(f", {name}:MODEL" for name in plugins.entry_points(ENTRY_POINTS))
        raise ModelError(
            "an answerer should be named extractive, openai:MODEL (such as openai:gpt-4.1-mini)"
            f"{added} or transformers:PATH (a model's folder); got '{spec}'"
        )
    return opener(model, options, prompts)


def _opener(kind: str) -> Opener | None:
    """Return what opens answerers of ``kind``: one of ours, else one that a package adds; None where there is none."""
    if kind in _OPENERS:
        return _OPENERS[kind]()
    point = plugins.entry_points(ENTRY_POINTS).get(kind)
    if point is None:
        return None
    added = plugins.load(ENTRY_POINTS, kind)
    if not callable(added):
        raise ModelError(f"{plugins.package_of(point)} adds '{kind}', which should be a function; got {added!r:.40}")
    return cast(Opener, added)
