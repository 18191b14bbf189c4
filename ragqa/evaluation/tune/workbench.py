"""One library searched with many settings: what does not depend on the weights is computed once for each question.

The retriever is the product's own; only what it reads from is remembered. Knows no measures.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ragqa.engine import Library
from ragqa.retrieval import Fusion, Retriever
from ragqa.store.database import Database
from ragqa.store.lexical import LexicalIndex
from ragqa.store.vectors import VectorIndex
from ragqa.types import Document, Mode, Passage

if TYPE_CHECKING:
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
    """A library opened for searching it again and again. One thread at a time."""

    def __init__(self, folder: Path, embedder: Embedder) -> None:
        self._database = Database.open(folder)
        self._parts: tuple[Any, Any, Any, Any] = (
            _Texts(self._database, ("window_matrix", "vectors", "places")),
            _Remembering(VectorIndex.open(self._database), ("search", "score")),
            _Remembering(LexicalIndex.open(self._database), ("search", "score")),
            _Remembering(embedder, ("embed_question", "legibility")),
        )

    def close(self) -> None:
        """Let go of the library."""
        self._database.close()

    def forget(self) -> None:
        """Drop what was remembered: of the next question nothing is known yet."""
        for part in self._parts:
            part.forget()

    def places(self, question: str, fusion: Fusion, mode: Mode = "hybrid") -> tuple[Place, ...]:
        """Return where the best passages stand, best first."""
        found = Retriever(*self._parts, fusion).search(question, DEPTH, mode)
        return tuple(
            Place(hit.passage.document, hit.passage.page, hit.passage.page_end, hit.passage.tokens)
            for hit in found.hits
        )


class _Remembering:
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


class _Texts(_Remembering):
    """A library that reads each passage once, for all questions: every ranking asks for others of the same few."""

    def __init__(self, database: Database, methods: Sequence[str]) -> None:
        super().__init__(database, methods)
        self._database = database
        self._read: dict[int, Passage] = {}

    def passages(self, ids: Sequence[int]) -> dict[int, Passage]:
        self._read.update(self._database.passages([each for each in ids if each not in self._read]))
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
            bench = Workbench(Path(library.info().path), library.embedder)
            try:
                yield bench
            finally:
                bench.close()
