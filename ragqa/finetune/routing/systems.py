"""Measure classifiers on the same questions: a trained one, the nearest passage, a language model that is asked."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ragqa.answerers.language_model import LanguageModel
from ragqa.answerers.prompting import MARGIN, Message, Prompt, Room
from ragqa.answerers.untrusted import harmless, visible
from ragqa.errors import RagqaError
from ragqa.finetune.records import Example, read_prepared
from ragqa.finetune.routing import load_route
from ragqa.finetune.routing.training import read_routes
from ragqa.metrics import Difference, Routing, macro_f1_difference, routing_intervals
from ragqa.models.safety import read_record
from ragqa.printable import quantity
from ragqa.prompts import Prompts, fill
from ragqa.settings import Settings
from ragqa.types import Passage, Usage

if TYPE_CHECKING:
    from ragqa.embedders import Embedder
    from ragqa.engine import Library


class Predicts(Protocol):
    """Gives a label for each question, or None where it has none to give."""

    def predict(self, questions: Sequence[str]) -> Sequence[str | None]: ...


@dataclass(frozen=True, slots=True)
class Routed:
    """What a system said of the questions, and what that is worth."""

    name: str
    gold: tuple[str, ...]
    said: tuple[str | None, ...]
    figures: Routing
    seconds: float
    """For all questions."""
    cost_usd: float | None = 0.0
    train_seconds: float | None = None
    """None where nothing was trained."""

    @property
    def latency_ms(self) -> float:
        """A question's share of the time."""
        return 1000 * self.seconds / len(self.gold)


@dataclass(frozen=True, slots=True)
class Apart:
    """The macro-F1 of two systems on the same questions."""

    first: str
    second: str
    difference: Difference

    def told(self) -> str:
        """Return one plain sentence."""
        return f"macro-F1: {self.difference.told(self.first, self.second)}"


def measure(
    name: str, system: Predicts, questions: Sequence[str], gold: Sequence[str], train_seconds: float | None = None
) -> Routed:
    """Ask ``system``, which has loaded what it needs, for the label of each question."""
    started = time.perf_counter()
    said = tuple(system.predict(questions))
    seconds = time.perf_counter() - started
    cost = getattr(getattr(system, "usage", None), "cost_usd", 0.0)
    return Routed(name, tuple(gold), said, routing_intervals(gold, said), seconds, cost, train_seconds)


def compared(systems: Sequence[Routed]) -> Iterator[Apart]:
    """Yield the first system against each other one."""
    for other in systems[1:]:
        first = systems[0]
        yield Apart(first.name, other.name, macro_f1_difference(first.gold, first.said, other.said))


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

    if index:
        with Library.open(settings=replace(settings, index=index), notice=notice) as library:
            yield "nearest passage", NearestPassage(library, train)
    else:
        from ragqa.embedders import open_embedder

        yield "nearest question", NearestQuestion(open_embedder(settings.embedder, progress=notice), train)


def _prompted(spec: str, settings: Settings, train: Sequence[Example], notice: Callable[[str], None]) -> Predicts:
    from ragqa.prompts import load_prompts

    labels = sorted({str(example.label) for example in train})
    return Prompted(_open_model(spec, settings), load_prompts(settings.prompts), labels, notice)


def _open_model(spec: str, settings: Settings) -> LanguageModel:
    from ragqa.answerers import ChatOptions, open_answerer
    from ragqa.answerers.language_model import ModelAnswerer
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


DEEPEST = 10
"""Passages looked at for one that has a label."""

Place = tuple[str, int | None]
"""A document, and a page where it has them."""


class NearestPassage:
    """The label of the best passage that has one, by the library's own search."""

    def __init__(self, library: Library, train: Sequence[Example]) -> None:
        self._library = library
        self._labels = {str(example.label) for example in train}
        self._titles = {stored.name: stored.title for stored in library.documents()}
        self._by_place = _labels_by_place(train)

    def predict(self, questions: Sequence[str]) -> list[str | None]:
        """Return a label for each question; None where no passage found has one."""
        return [self._label(question) for question in questions]

    def _label(self, question: str) -> str | None:
        hits = self._library.search(question, k=DEEPEST).hits
        return next((label for hit in hits if (label := self._label_of(hit.passage))), None)

    def _label_of(self, passage: Passage) -> str | None:
        title = self._titles.get(passage.document, "")
        named = label_named(passage.section, passage.document, title, self._labels)
        pages: list[int | None] = [None]
        if passage.page is not None:
            pages = [*range(passage.page, (passage.page_end or passage.page) + 1)]
        places = ((passage.document, page) for page in pages)
        return named or next((self._by_place[place] for place in places if place in self._by_place), None)


class NearestQuestion:
    """The label of the training question whose vector is nearest; of equally near ones the first."""

    def __init__(self, embedder: Embedder, train: Sequence[Example]) -> None:
        self._embedder, self._labels = embedder, [str(example.label) for example in train]
        self._vectors = embedder.embed_queries([example.question for example in train])

    def predict(self, questions: Sequence[str]) -> list[str | None]:
        """Return a label for each question."""
        nearest = (self._embedder.embed_queries(list(questions)) @ self._vectors.T).argmax(axis=1)
        return [self._labels[int(at)] for at in np.asarray(nearest)]


def label_named(section: Sequence[str], document: str, title: str, labels: Container[str]) -> str | None:
    """Return the label that names a place in a document: the narrowest one around it that a label names."""
    paths = [" > ".join(section[:depth]) for depth in range(len(section), 0, -1)]
    narrowest_first = [name for pair in zip(paths, reversed(section), strict=True) for name in pair]
    return next((name for name in (*narrowest_first, document, title) if name in labels), None)


def _labels_by_place(train: Sequence[Example]) -> Mapping[Place, str]:
    """Return for each page that training questions are about the label that most of them have."""
    counts: dict[Place, Counter[str]] = defaultdict(Counter)
    for example in train:
        for page in example.pages or (None,):
            if example.document:
                counts[example.document, page][str(example.label)] += 1
    return {place: counted.most_common(1)[0][0] for place, counted in counts.items()}


_AROUND = " \t*_`\"'“”‘’「」『』.。"


class Prompted:
    """Asks a language model for the label of each question. ``usage`` adds up what it took."""

    def __init__(
        self,
        model: LanguageModel,
        prompts: Prompts,
        labels: Sequence[str],
        notice: Callable[[str], None] = lambda line: None,
    ) -> None:
        """Raises RagqaError where the labels are more than the model can read."""
        self._model, self._prompts, self._labels, self._notice = model, prompts, tuple(labels), notice
        self._by_name = {_folded(label): label for label in labels}
        self.usage = Usage()
        self._room = model.room()
        used, free = self._room.count(self._asked("")), self._room.context - self._answer_tokens(self._room) - MARGIN
        if used > free:
            raise RagqaError(
                f"{len(labels)} labels take {used:,} tokens, and {model.spec} has room for {free:,} beside its answer: "
                "choose a model with a longer context, or join labels"
            )

    def predict(self, questions: Sequence[str]) -> list[str | None]:
        """Return a label for each question; None where the model named none. Raises ModelError."""
        said = []
        for number, question in enumerate(questions, 1):
            said.append(self._label(question))
            if number % 20 == 0:
                self._notice(f"{self._model.spec}: {number} of {quantity(len(questions), 'question')}")
        return said

    def _label(self, question: str) -> str | None:
        prompt = Prompt((Message("user", self._asked(question)),), answer_tokens=self._answer_tokens(self._room))
        reply = self._model.complete(prompt, 1, None)
        self.usage += reply.usage
        return read_label(reply.texts[0], self._by_name)

    def _asked(self, question: str) -> str:
        labels = "\n".join(harmless(" ".join(label.split()), self._room.specials) for label in self._labels)
        return fill(self._prompts.routing, labels=labels, question=harmless(question, self._room.specials))

    @staticmethod
    def _answer_tokens(room: Room) -> int:
        return min(room.answer, room.context // 4)


def read_label(reply: str, by_name: dict[str, str]) -> str | None:
    """Return the label that ``reply`` names; ``by_name`` has them folded."""
    first = next((line for line in visible(reply).splitlines() if line.strip()), "")
    return by_name.get(_folded(first))


def _folded(text: str) -> str:
    return " ".join(text.split()).strip(_AROUND).casefold()
