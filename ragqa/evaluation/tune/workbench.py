"""Search a library with every setting for every question, and keep what each ranking is worth. Chooses nothing."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import product
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ragqa.engine import Library
from ragqa.errors import RagqaError
from ragqa.evaluation.datasets.records import Dataset, Held, Question, check
from ragqa.ingest import target_of
from ragqa.printable import quantity
from ragqa.retrieval import Fusion, Retriever
from ragqa.settings import Settings
from ragqa.store import Indexes, Store
from ragqa.types import Document, Mode, Passage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ragqa.embedders import Embedder


DEPTH = 20
"""Passages looked at for each question."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a passage that was found stands, and how long it is."""

    document: str
    first: int | None
    last: int | None
    tokens: int


class Workbench:
    """A library searched again and again. One thread at a time."""

    def __init__(self, store: Store, embedder: Embedder) -> None:
        held = store.indexes(lambda line: None)
        self._stamp = held.stamp
        self._parts: tuple[Any, Any, Any, Any] = (
            _CachedPassages(store, ("window_matrix", "vectors", "places")),
            _Cached(held.dense, ("search", "score")),
            _Cached(held.lexical, ("search", "score")),
            _Cached(embedder, ("embed_question", "vocabulary_coverage")),
        )

    def forget(self) -> None:
        """Drop what was remembered: of the next question nothing is known yet."""
        for part in self._parts:
            part.forget()

    def places(self, question: str, fusion: Fusion, mode: Mode = "hybrid") -> tuple[Place, ...]:
        """Return where the best passages stand, best first."""
        store, dense, lexical, embedder = self._parts
        indexes = Indexes(self._stamp, dense, lexical)
        found = Retriever(store, indexes, lambda: embedder, fusion).search(question, DEPTH, mode)
        return tuple(
            Place(hit.passage.document, hit.passage.page, hit.passage.page_end, hit.passage.tokens)
            for hit in found.hits
        )


class _Cached:
    """Stands for an object and remembers what the methods named gave."""

    def __init__(self, part: object, methods: Sequence[str]) -> None:
        self._part, self._methods = part, frozenset(methods)
        self._given: dict[Hashable, Any] = {}

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._part, name)
        return self._remembered(name, value) if name in self._methods else value

    def forget(self) -> None:
        self._given.clear()

    def _remembered(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any) -> Any:
            key = (name, *(_key(value) for value in given))
            if key not in self._given:
                self._given[key] = method(*given)
            return self._given[key]

        return call


class _CachedPassages(_Cached):
    """A library that reads each passage once, for all questions: every ranking asks for others of the same few."""

    def __init__(self, store: Store, methods: Sequence[str]) -> None:
        super().__init__(store, methods)
        self._store = store
        self._read: dict[int, Passage] = {}

    def passages(self, ids: Sequence[int]) -> dict[int, Passage]:
        self._read.update(self._store.passages([each for each in ids if each not in self._read]))
        return {each: self._read[each] for each in ids if each in self._read}


def _key(value: Any) -> Hashable:
    if hasattr(value, "tobytes"):
        return bytes(value.tobytes())
    if isinstance(value, dict):
        return tuple(value.items())
    known: Hashable = tuple(value) if isinstance(value, list) else value
    return known


@contextmanager
def cut_anew(documents: Sequence[Document], tokens: int, embedder: str | None) -> Iterator[Workbench]:
    """Yield a library of ``documents`` cut into passages of about ``tokens``, which is gone afterwards."""
    with TemporaryDirectory(prefix="ragqa-") as home:
        options: dict[str, Any] = {"home": home, "embedder": embedder, "passage_tokens": tokens}
        with Library.open("cut", create=True, **options) as library:
            library.add_documents(documents)
            yield Workbench(library.store, library.embedder)


RANKS = 10
"""Rank cutoff of page_mrr@10."""

PRICE, UNIT = 0.01, 160
"""So many tokens more to read must bring the right page to one question in a hundred more."""


def answers(place: Place, question: Question) -> bool:
    """Say whether a passage stands on a page that answers ``question``."""
    if place.first is None or (question.document and place.document != question.document):
        return False
    return any(place.first <= page <= (place.last or place.first) for page in question.pages)


def reciprocal_rank(places: Sequence[Place], question: Question) -> float:
    """Return 1 / the rank, from 1, of the first passage that answers; 0 past ``RANKS``.

    Ranks count passages, not tokens: by tokens read before the right page, cuts of 16 tokens would seem best, of which
    any that stands on the page counts, whether it says the answer or not.
    """
    ranks = (rank for rank, place in enumerate(places[:RANKS], 1) if answers(place, question))
    return 1 / next(ranks, float("inf"))


def hit(places: Sequence[Place], question: Question, k: int) -> float:
    """Return 1 if one of the first ``k`` passages answers, else 0."""
    return float(any(answers(place, question) for place in places[:k]))


def hit_minus_reading_cost(places: Sequence[Place], question: Question, k: int) -> float:
    """Return ``hit`` less what reading ``k`` passages costs."""
    return hit(places, question, k) - PRICE * sum(place.tokens for place in places[:k]) / UNIT


SIZES = (80, 160, 320)
"""Tokens of a passage."""

DENSE = (0.4, 0.8, 1.2)
WINDOW = (0.0, 0.4, 0.8, 1.2)
"""0: one grain only, passages."""
PULL = (0.0, 0.4, 0.8)
NEIGHBOUR = (0.0, 0.1, 0.2)

KS = (5, 8, 12, 20)
"""Passages handed to the answerer. Only more than now are tried: few questions can't show that fewer lose no page."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One way to cut and to search; the names of the weights are those of ``Settings`` too."""

    passage_tokens: int
    fusion: Fusion

    @classmethod
    def of(cls, settings: Settings, passage_tokens: int) -> Setting:
        """Return the setting in force, for a library whose passages are so long."""
        return cls(passage_tokens, Fusion.of(settings))

    def changes(self, to: Setting) -> dict[str, float | int]:
        """Return the options in which ``to`` differs."""
        before, after = self.options(), to.options()
        return {name: value for name, value in after.items() if value != before[name]}

    def options(self) -> dict[str, float | int]:
        """Return it as options of ``Settings``."""
        return {"passage_tokens": self.passage_tokens, **asdict(self.fusion)}


def settings_to_try(present: Setting, sizes: Iterable[int] = SIZES) -> Iterator[Setting]:
    """Yield the present setting first, then the grid; weights that it does not name stay as they are."""
    yield present
    tried = {present}
    for size, dense, window, pull, neighbour in product(
        (present.passage_tokens, *sizes), DENSE, WINDOW, PULL, NEIGHBOUR
    ):
        fusion = replace(present.fusion, dense_weight=dense, window_weight=window, pull=pull, neighbour=neighbour)
        setting = Setting(size, fusion)
        if setting not in tried:
            tried.add(setting)
            yield setting


Floats: TypeAlias = "NDArray[np.float64]"

TOLD_EVERY = 25
"""Questions between two lines of progress."""


@dataclass(frozen=True, slots=True)
class SettingScores:
    """What the rankings are worth; the first setting and the first k are those in force."""

    ks: tuple[int, ...]
    ranks: Floats
    """(settings, questions): reciprocal ranks of the right page."""
    hits: Floats
    """(ks, settings, questions): 1 where the page is among the first k passages."""
    priced: Floats
    """(ks, settings, questions): the same, less what reading k passages costs."""


def measure(
    library: Library,
    documents: Sequence[Document],
    questions: Sequence[Question],
    settings: Sequence[Setting],
    progress: Callable[[str], None] = lambda line: None,
) -> SettingScores:
    """Return what each of ``settings`` is worth to each of ``questions``. Each cut size is embedded once."""
    now = library.settings.k
    ks = (now, *(k for k in KS if k > now))
    ranks = np.zeros((len(settings), len(questions)))
    hits, priced = (np.zeros((len(ks), len(settings), len(questions))) for _ in range(2))
    for size in dict.fromkeys(setting.passage_tokens for setting in settings):
        progress(f"passages of {size} tokens{'' if size == settings[0].passage_tokens else ': cutting and embedding'}")
        rows = [at for at, setting in enumerate(settings) if setting.passage_tokens == size]
        with _cut(library, documents, size) as bench:
            for number, question in enumerate(questions):
                bench.forget()
                for at in rows:
                    places = bench.places(question.text, settings[at].fusion)
                    ranks[at, number] = reciprocal_rank(places, question)
                    hits[:, at, number] = [hit(places, question, k) for k in ks]
                    priced[:, at, number] = [hit_minus_reading_cost(places, question, k) for k in ks]
                if (number + 1) % TOLD_EVERY == 0:
                    progress(f"passages of {size} tokens: {number + 1} of {quantity(len(questions), 'question')}")
    return SettingScores(ks, ranks, hits, priced)


@contextmanager
def _cut(library: Library, documents: Sequence[Document], size: int) -> Iterator[Workbench]:
    """Yield the library itself where its passages are of ``size``; else its documents cut anew."""
    if size == passage_tokens_of(library):
        yield Workbench(library.store, library.embedder)
        return
    with cut_anew(documents, size, library.embedder.spec) as bench:
        yield bench


def passage_tokens_of(library: Library) -> int:
    """Return for what length the library's passages were cut; the settings' where its documents differ."""
    lengths = {target_of(stored.cut) for stored in library.documents()} - {None}
    return lengths.pop() or 0 if len(lengths) == 1 else library.settings.passage_tokens


def check_questions(questions: Sequence[Question], documents: Sequence[Document], folds: int) -> None:
    """Raise RagqaError where the questions can't be put to the library: too few, or their pages are not in it."""
    check(Dataset("the library", Held(""), tuple(questions)), documents)
    if not 2 <= folds <= len(questions):
        raise RagqaError(
            f"--folds should be from 2 to the number of questions, got {folds} for {len(questions)} questions"
        )
