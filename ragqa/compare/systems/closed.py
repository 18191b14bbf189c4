"""A model without passages: it is asked the question alone, in the form in which it was trained."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ragqa.answerers import ChatOptions, Turn
from ragqa.answerers.prompting import Message, closed_book_prompt
from ragqa.answerers.visible import visible
from ragqa.compare.questions import closed_book
from ragqa.compare.records import Kind, Said, Training
from ragqa.compare.systems import TRAIN, Bench, base_of, making_of
from ragqa.compare.training import train
from ragqa.errors import RagqaError
from ragqa.metrics import answer_tokens
from ragqa.prompts import Prompts, load_prompts
from ragqa.settings import Settings

if TYPE_CHECKING:
    from ragqa.answerers.asking import LanguageModel


@dataclass(frozen=True, slots=True)
class ClosedBook:
    """A model that answers from memory; it has no citations."""

    name: str
    spec: str
    model: LanguageModel
    prompts: Prompts
    kind: Kind = "closed-book"
    scratch: bool = False
    training: Training | None = None
    base: str | None = None
    """Of a model trained here: what it was trained from."""

    def ask(self, question: str, history: Sequence[Turn] = ()) -> Said:
        """Answer from memory; what ``ask`` would say where the manual does not say counts as a refusal."""
        before = [
            message
            for turn in history
            for message in (Message("user", turn.question), Message("assistant", turn.answer))
        ]
        prompt = closed_book_prompt(question, self.model.room(), before)
        started = time.perf_counter()
        reply = self.model.complete(prompt, 1, None)
        taken = (time.perf_counter() - started) * 1000
        text = visible(reply.texts[0]).strip()
        refused = answer_tokens(text) == answer_tokens(self.prompts.refusal_to(question))
        return Said(text, refused or not text, (), taken, reply.usage.cost_usd)


def open_closed(name: str, spec: str, bench: Bench) -> ClosedBook:
    """Return the system: a model as it is, or trained now on what the bench may train on."""
    if spec != "scratch" and not spec.startswith(TRAIN):
        return _held(name, spec, bench.settings)
    base = base_of(name, spec)
    prompts = load_prompts(bench.settings.prompts)
    parts = {
        part: [closed_book(example, prompts.refusal_to(example.question)) for example in examples]
        for part, examples in bench.parts.items()
    }
    job = train(parts, "closed-book", base, bench)
    assert job.model is not None
    held = _held(name, job.model, bench.settings)
    training = Training(job.train_seconds, job.cost_usd)
    return ClosedBook(name, job.model, held.model, prompts, scratch=held.scratch, training=training, base=base)


def _held(name: str, spec: str, settings: Settings) -> ClosedBook:
    options = ChatOptions(
        settings.max_tokens,
        settings.temperature,
        stop=settings.stop,
        seed=settings.seed,
        context_tokens=settings.context_tokens,
        timeout_s=settings.timeout,
    )
    kind, _, place = spec.partition(":")
    scratch, training = making_of(spec)
    model, prompts = _model(name, kind, place, options), load_prompts(settings.prompts)
    return ClosedBook(name, spec, model, prompts, scratch=scratch, training=training)


def _model(name: str, kind: str, place: str, options: ChatOptions) -> LanguageModel:
    if kind == "transformers" and place:
        from ragqa.answerers.transformers import LocalModel, check_folder

        folder = Path(place).expanduser()
        check_folder(folder)
        return LocalModel(folder, options, f"transformers:{place}")
    if kind == "openai" and place:
        from ragqa.answerers.chat import ChatModel
        from ragqa.openai_api.client import open_server

        return ChatModel(place, options, open_server(f"openai:{place}", options.timeout_s))
    raise RagqaError(
        f"closed-book takes openai:MODEL, transformers:PATH, scratch or {TRAIN}BASE behind its colon; got '{name}'"
    )
