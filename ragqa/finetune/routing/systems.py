"""What is set side by side on a prepared folder: a trained classifier, the nearest passage, a model that is asked.

Opens each, has ``measuring.py`` measure it, and closes it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ragqa.errors import RagqaError
from ragqa.finetune.records import Example, read_prepared
from ragqa.finetune.routing import load_route
from ragqa.finetune.routing.examples import read_routes
from ragqa.finetune.routing.measuring import Predicts, Routed, measure
from ragqa.models.record import read_record
from ragqa.printable import quantity
from ragqa.settings import Settings

if TYPE_CHECKING:
    from ragqa.answerers.asking import LanguageModel


def measure_all(
    prepared: Path,
    settings: Settings,
    *,
    model: Path | None = None,
    chat: str | None = None,
    notice: Callable[[str], None] = lambda line: None,
) -> list[Routed]:
    """Measure on the test split: the classifier in ``model``, the nearest rule, and the answerer ``chat``, if given.

    The nearest rule searches the library that the folder was prepared from, or ``settings.index`` where that names
    another; without one it takes the most similar training question. Raises RagqaError.
    """
    splits = read_routes(prepared)
    train, test = splits["train"], splits["test"]
    if not test or not train:
        raise RagqaError(f"{prepared} has no question to {'measure with' if train else 'learn from'}: prepare more")
    questions, gold = [one.question for one in test], [str(one.label) for one in test]
    found: list[Routed] = []

    def add(name: str, system: Predicts, train_seconds: float | None = None) -> None:
        notice(f"measuring {name} on {quantity(len(questions), 'question')}")
        found.append(measure(name, system, questions, gold, train_seconds))

    if model:
        router = load_route(model)
        router.predict(questions[:1])
        add(f"classifier from {router.base}", router, _train_seconds(model))
    library = read_prepared(prepared).library
    with _nearest(library, settings, train, notice) as (name, nearest):
        nearest.predict(questions[:1])
        add(name, nearest)
    if chat:
        add(f"{chat}, prompt only", _prompted(chat, settings, train, notice))
    return found


@contextmanager
def _nearest(
    index: str | None, settings: Settings, train: Sequence[Example], notice: Callable[[str], None]
) -> Iterator[tuple[str, Predicts]]:
    from ragqa.engine import Library
    from ragqa.finetune.routing.nearest import NearestPassage, NearestQuestion

    if index:
        with Library.open(settings=replace(settings, index=index), notice=notice) as library:
            yield "nearest passage", NearestPassage(library, train)
    else:
        from ragqa.embedders import open_embedder

        yield "nearest question", NearestQuestion(open_embedder(settings.embedder, progress=notice), train)


def _prompted(spec: str, settings: Settings, train: Sequence[Example], notice: Callable[[str], None]) -> Predicts:
    from ragqa.finetune.routing.prompted import Prompted
    from ragqa.prompts import load_prompts

    labels = sorted({str(example.label) for example in train})
    return Prompted(_open_model(spec, settings), load_prompts(settings.prompts), labels, notice)


def _open_model(spec: str, settings: Settings) -> LanguageModel:
    from ragqa.answerers import ChatOptions, open_answerer
    from ragqa.answerers.asking import ModelAnswerer
    from ragqa.prompts import load_prompts

    options = ChatOptions(
        max_tokens=settings.max_tokens,
        temperature=settings.temperature,
        seed=settings.seed,
        context_tokens=settings.context_tokens,
        timeout_s=settings.timeout,
    )
    answerer = open_answerer(spec, options, load_prompts(settings.prompts))
    if not isinstance(answerer, ModelAnswerer):
        raise RagqaError(f"--chat should name a language model, openai:MODEL or transformers:PATH; got '{spec}'")
    return answerer.model


def _train_seconds(model: Path) -> float | None:
    seconds = read_record(model).get("train_seconds")
    return float(seconds) if isinstance(seconds, (int, float)) else None
