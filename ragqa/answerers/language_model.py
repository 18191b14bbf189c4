"""Answer with any language model: prompt in, checked answer out. How a model is reached is its own file's business."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from ragqa.answerers import ChatOptions, Chosen, Turn
from ragqa.answerers.followup import standalone
from ragqa.answerers.prompting import Prompt, Room, build_prompt, closed_book_prompt, condense_prompt
from ragqa.answerers.untrusted import Live, visible
from ragqa.answerers.written import Asked, choose, is_blank, live, refused_unasked, written_answer
from ragqa.errors import NoAnswer
from ragqa.prompts import Prompts
from ragqa.types import Answer, Extract, Hit, Passage, Usage

LONGEST = 500
"""A rewritten question of more characters is an answer, or babble."""


def condensed(written: str, question: str, history: Sequence[Turn]) -> str:
    """Return the model's question; where it wrote none, the one made without a model."""
    lines = [line.strip() for line in visible(written).splitlines() if line.strip()]
    asked = lines[-1].strip("\"'“”「」 ") if lines else ""
    if len(lines) != 1 or len(asked) > LONGEST or not any(c.isalnum() for c in asked):
        return standalone(question, history)
    return asked


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model wrote: one text or several, whether each was cut off at the limit, and what it took."""

    texts: tuple[str, ...]
    cut: tuple[bool, ...]
    usage: Usage
    warnings: tuple[str, ...] = ()


class LanguageModel(Protocol):
    """What a model has to do. Safe to call from several threads."""

    @property
    def spec(self) -> str:
        """How a user names it."""

    def room(self) -> Room:
        """Return its context; this may load it. Raises ModelError."""

    def complete(self, prompt: Prompt, n: int, hearer: Live | None) -> Reply:
        """Return up to n texts, at least one; a single one may be fed to ``hearer`` as it comes. Raises ModelError."""


def with_units(hits: Sequence[Hit], chosen: Chosen) -> list[Hit]:
    """Return the passages to show: the units chosen, whole, then those found that are no part of one."""
    units = [chosen.best, *chosen.also]
    apart = [
        hit
        for hit in hits
        if not any(
            one.document == hit.passage.document and one.start <= hit.passage.start and hit.passage.end <= one.end
            for one in units
        )
    ]
    shown = [Hit(rank, _passage(one), one.score) for rank, one in enumerate(units, 1)]
    return [*shown, *(replace(hit, rank=rank) for rank, hit in enumerate(apart, len(shown) + 1))]


def _passage(extract: Extract) -> Passage:
    """Return a unit in the form of a passage."""
    place = (extract.document, extract.start, extract.end, extract.text, extract.section, extract.header)
    return Passage(*place, page=extract.page, page_end=extract.page_end, passage_id=extract.passage_id)


class ModelAnswerer:
    """An Answerer that has a language model write. Safe to call from several threads."""

    def __init__(
        self, model: LanguageModel, options: ChatOptions, prompts: Prompts, *, closed_book: bool = False
    ) -> None:
        """``closed_book``: the model was trained to answer from memory; it is asked the question and nothing else."""
        self.spec = model.spec
        self._closed_book = closed_book
        self._model, self._options, self._prompts = model, options, prompts
        self._rewriting: dict[str, Usage] = {}
        """What it took to make a question stand alone, until its answer takes it over."""

    @property
    def model(self) -> LanguageModel:
        """The model that writes."""
        return self._model

    def standalone(self, question: str, history: Sequence[Turn]) -> str:
        """Return the question as it would be asked without the turns before, as the model writes it.

        A closed-book model was not taught to, nor may one that has nothing to say: rules make it then.
        """
        if not history or self._closed_book:
            return standalone(question, history) if history else question
        prompt = condense_prompt(self._prompts, question, history, self._model.room())
        try:
            reply = self._model.complete(prompt, 1, None)
        except NoAnswer:  # it may have one to the question
            return standalone(question, history)
        asked = condensed(reply.texts[0], question, history)
        self._rewriting[asked] = reply.usage
        return asked

    def answer(
        self,
        question: str,
        hits: Sequence[Hit],
        history: Sequence[Turn] = (),
        on_text: Callable[[str], None] | None = None,
        confidence: float = 0.5,
        chosen: Chosen | None = None,
    ) -> Answer:
        """Answer from the unit that was ``chosen`` and from ``hits``; where there is none, refuse without asking.

        A closed-book model is asked all the same, and shown none of them; its answer says so and cites nothing.

        Of several answers (``n``) the one that cites most passages is kept, and handed to ``on_text`` when it is whole.
        Raises ModelError.
        """
        usage = self._rewriting.pop(question, Usage())
        hits = with_units(hits, chosen) if chosen and not self._closed_book else hits
        asked = self._asked(question, hits, history, confidence)
        hearer = live(asked, on_text) if on_text else None
        if not asked.prompt.messages:
            answer = refused_unasked(asked, usage)
        else:
            reply = self._model.complete(asked.prompt, self._options.n, hearer)
            at, warnings = self._chosen(reply, asked)
            answer = written_answer(reply.texts[at], asked, usage + reply.usage, warnings)
        if hearer:
            hearer.finish(answer.text)
        return answer

    def _asked(self, question: str, hits: Sequence[Hit], history: Sequence[Turn], confidence: float) -> Asked:
        prompts, options, prompt = self._prompts, self._options, Prompt(())
        if self._closed_book:
            prompt = closed_book_prompt(question, self._model.room())
        elif hits:
            room = self._model.room()
            prompt = build_prompt(prompts, question, hits, room, instructions=options.instructions, history=history)
        return Asked(question, hits, prompt, prompts.refusals_to(question), confidence, self.spec, options.stop)

    def _chosen(self, reply: Reply, asked: Asked) -> tuple[int, list[str]]:
        """Return which text to show, and what to say of it. Raises NoAnswer where there is nothing to show."""
        at = choose(reply.texts, asked)
        limit = asked.prompt.answer_tokens
        if is_blank(reply.texts[at], asked):
            if reply.cut[at]:
                raise NoAnswer(f"{self.spec} spent all {limit:,} tokens before its answer: set a higher max_tokens")
            raise NoAnswer(f"{self.spec} gave an empty answer: ask again, or choose another model")
        warnings = list(reply.warnings)
        if reply.cut[at]:
            warnings.append(f"the answer was cut off at {limit:,} tokens: set a higher max_tokens for all of it")
        if len(reply.texts) > 1:
            warnings.append(f"{len(reply.texts)} answers came; shown is number {at + 1}, which cites most passages")
        return at, warnings
