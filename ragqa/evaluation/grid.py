"""Ask every dataset with every setting: modes, embedders and lengths of passages, each in a library of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, cast
from unicodedata import normalize

from ragqa.answering import check_question
from ragqa.engine import Library
from ragqa.errors import RagqaError
from ragqa.evaluation.datasets import Dataset, Documents, Files, Held, Question
from ragqa.evaluation.datasets.records import check
from ragqa.evaluation.runs import (
    DEPTH,
    Cost,
    Outcome,
    Place,
    Quoted,
    Run,
    answered,
    has_unanswerable,
    intervals_of,
    pooled,
    values_of,
)
from ragqa.ingest import ingest_documents, target_of
from ragqa.printable import quantity
from ragqa.readers.files import read_file
from ragqa.readers.guard import Guard
from ragqa.settings import Settings
from ragqa.types import Document, Hit, Mode, Span

if TYPE_CHECKING:
    from ragqa.embedders import Embedded, Embedder


TOLD_EVERY_S = 10.0
"""Seconds between two lines of progress."""

Tell = Callable[[str], None]


def documents_of(dataset: Dataset, settings: Settings) -> tuple[Document, ...]:
    """Return what the questions are asked of, read and checked against them. Raises RagqaError."""
    source = dataset.source
    if isinstance(source, Documents):
        documents = source.documents
    elif isinstance(source, Files):
        documents = read_manuals(source.paths)
    else:
        with Library.open(settings=replace(settings, index=source.index, home=source.home or settings.home)) as library:
            documents = tuple(library.show(stored.name) for stored in library.documents())
    check(dataset, documents)
    return documents


def read_manuals(paths: Sequence[Path]) -> tuple[Document, ...]:
    """Return the files as they were read, each named as its file is. Raises UnreadableFile."""
    with Guard(path.suffix.lower() for path in paths) as guard:
        return tuple(guard.read(read_file(path), normalize("NFC", path.name)) for path in paths)


@contextmanager
def library_of(documents: Sequence[Document], settings: Settings, tell: Tell) -> Iterator[tuple[Library, Cost]]:
    """Yield a library of ``documents`` cut and embedded as ``settings`` say, gone afterwards, and what it took."""
    from ragqa.embedders import open_embedder
    from ragqa.passages import Cut

    with TemporaryDirectory(prefix="ragqa-bench-") as home:
        settings = replace(settings, home=Path(home), index="bench")
        embedder = open_embedder(settings.embedder, progress=tell)
        embedder.warm(passages=True)  # to compile a model is no part of what a library takes
        timed = _Timed(embedder, tell)
        with Library.open(settings=settings, create=True, notice=tell) as library:
            started = time.perf_counter()
            with library.store.writing():
                ingest_documents(library.store, cast("Embedder", timed), documents, Cut(settings.passage_tokens))
            library.store.indexes(tell)
            seconds = time.perf_counter() - started
            info = library.info()
            yield library, Cost(timed.seconds, seconds - timed.seconds, info.bytes, info.passages)


class _Timed:
    """Stands for an embedder, and counts the seconds that it spends on passages."""

    def __init__(self, embedder: Embedder, tell: Tell) -> None:
        self._embedder, self._tell = embedder, tell
        self.seconds = 0.0
        self._done, self._told = 0, time.monotonic()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._embedder, name)

    def embed_passages(self, texts: Sequence[str], windows: Sequence[Sequence[Span]]) -> list[Embedded]:
        started = time.perf_counter()
        vectors = self._embedder.embed_passages(texts, windows)
        self.seconds += time.perf_counter() - started
        self._done += len(texts)
        if time.monotonic() - self._told > TOLD_EVERY_S:
            self._told = time.monotonic()
            self._tell(f"{quantity(self._done, 'passage')} embedded")
        return vectors


SHOWN, SHOWN_CHARACTERS = 3, 240
"""Of how many passages, and how much of each, is kept for a report."""

TOLD_EVERY = 200
"""Questions between two lines of progress."""


def ask_all(
    library: Library, dataset: Dataset, mode: Mode, progress: Callable[[str], None] = lambda line: None
) -> dict[str, Outcome]:
    """Return what comes of each question of ``dataset``. Raises RagqaError where not one finds anything."""
    with_answers = {question.id for question in answered(dataset)}
    if has_unanswerable(dataset):
        with_answers = {question.id for question in dataset.questions}
    asked = [question for question in dataset.questions if question.id in with_answers]
    asked += [question for question in dataset.graded() if question.id not in with_answers]
    outcomes = {}
    warm = False
    for number, question in enumerate(asked, 1):
        if not warm:  # what is loaded at the first search is no search time
            warm = bool(_asked(library, question, mode, quoted=False).places)
        outcomes[question.id] = _asked(library, question, mode, quoted=question.id in with_answers)
        if number % TOLD_EVERY == 0:
            progress(f"{number} of {quantity(len(asked), 'question')}")
    if not any(outcome.places for outcome in outcomes.values()):
        raise RagqaError(
            f"{dataset.name}, {mode}: none of {len(outcomes)} questions found anything; expected questions in the "
            "language and the words of the documents: check that they belong together"
        )
    return outcomes


def _asked(library: Library, question: Question, mode: Mode, *, quoted: bool) -> Outcome:
    try:
        check_question(question.text)
    except RagqaError:  # no word to look for: it finds nothing, and that counts
        return Outcome()
    started = time.perf_counter()
    library.search(question.text, mode=mode)
    taken = (time.perf_counter() - started) * 1000
    hits = library.search(question.text, k=DEPTH, mode=mode).hits
    return Outcome(tuple(_place(hit) for hit in hits), taken, _quoted(library, question.text, mode) if quoted else None)


def _quoted(library: Library, text: str, mode: Mode) -> Quoted:
    answer = library.ask(text, mode=mode)
    said = "" if answer.abstained else "\n".join(citation.quote for citation in answer.citations)
    return Quoted(said, answer.confidence)


def _place(hit: Hit) -> Place:
    passage = hit.passage
    excerpt = excerpt_of(passage.text) if hit.rank <= SHOWN else ""
    return Place(passage.document, hit.score, passage.page, passage.page_end, passage.section, excerpt)


def excerpt_of(text: str) -> str:
    """Return how a text begins, on one line."""
    words = " ".join(text.split())
    return words if len(words) <= SHOWN_CHARACTERS else f"{words[: SHOWN_CHARACTERS - 1].rstrip()}…"


MODES: tuple[Mode, ...] = ("dense", "lexical", "hybrid")


@dataclass(frozen=True, slots=True)
class Grid:
    """What varies. No embedder or no length: that of the settings, and a library that is held stays as it is."""

    modes: tuple[Mode, ...] = MODES
    embedders: tuple[str, ...] = ()
    passage_tokens: tuple[int, ...] = ()
    ks: tuple[int, ...] = (1, 5, 10)
    """Cutoffs of the measures."""


def run_grid(
    datasets: Sequence[Dataset], grid: Grid, settings: Settings, *, seed: int = 0, tell: Tell = lambda line: None
) -> list[Run]:
    """Return a run for each dataset, embedder, length and mode, and for the manuals of a folder together.

    What is wrong with a dataset is told before all else. Raises RagqaError. Answers are the offline answerer's,
    whatever the settings name: a bench sends nothing away.
    """
    settings = replace(settings, answerer="extractive")
    read = [documents_of(dataset, settings) for dataset in datasets]
    runs: list[Run] = []
    for dataset, documents in zip(datasets, read, strict=True):
        for number, embedder in enumerate(grid.embedders or (_embedder_of(dataset, settings),)):
            for tokens in grid.passage_tokens or (settings.passage_tokens,):
                setting = replace(settings, embedder=embedder, passage_tokens=tokens)
                # Which words stand where does not depend on the embedder.
                modes = [mode for mode in grid.modes if mode != "lexical" or not number]
                if modes:
                    runs += _runs(dataset, documents, setting, grid, modes, seed, tell)
    return [*runs, *pooled(runs, seed)]


def _embedder_of(dataset: Dataset, settings: Settings) -> str | None:
    """Return the embedder where none was asked for: the settings', else the one that a held library was made with."""
    if settings.embedder or not isinstance(dataset.source, Held):
        return settings.embedder
    with _held(dataset.source, settings) as library:
        return library.info().embedder


def _held(source: Held, settings: Settings, tell: Tell = lambda line: None) -> Library:
    return Library.open(settings=replace(settings, index=source.index, home=source.home or settings.home), notice=tell)


def _runs(
    dataset: Dataset,
    documents: Sequence[Document],
    settings: Settings,
    grid: Grid,
    modes: Sequence[Mode],
    seed: int,
    tell: Tell,
) -> Iterator[Run]:
    with _opened(dataset, documents, settings, grid, tell) as (library, cost):
        for mode in modes:
            name = f"{dataset.name}, {library.settings.passage_tokens} tokens, {mode}"
            tell(f"{name}: {quantity(len(dataset.questions), 'question')} to {quantity(cost.passages, 'passage')}")
            outcomes = ask_all(library, dataset, mode, lambda line, name=name: tell(f"{name}: {line}"))  # type: ignore[misc]
            values = values_of(dataset, outcomes, grid.ks)
            k = library.settings.k
            yield Run(
                dataset,
                mode,
                library.info().embedder or "",
                library.settings.passage_tokens,
                k,
                outcomes,
                cost,
                values,
                intervals_of(dataset, outcomes, values, k, seed),
            )


@contextmanager
def _opened(
    dataset: Dataset, documents: Sequence[Document], settings: Settings, grid: Grid, tell: Tell
) -> Iterator[tuple[Library, Cost]]:
    """Yield the library itself where it is held and nothing else was asked for; else one made for the purpose."""
    source = dataset.source
    if isinstance(source, Held) and not grid.embedders and not grid.passage_tokens:
        with _held(source, settings, tell) as library:
            targets = {target_of(stored.cut) for stored in library.documents()}
            target = targets.pop() if len(targets) == 1 else None
            if target:
                library.settings = replace(library.settings, passage_tokens=target)
            info = library.info()
            yield library, Cost(None, None, info.bytes, info.passages)
        return
    tell(f"{dataset.name}: {len(documents)} documents are cut to {settings.passage_tokens} tokens and embedded")
    with library_of(documents, settings, lambda line: tell(f"{dataset.name}: {line}")) as made:
        yield made
