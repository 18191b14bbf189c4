"""Every dataset with every setting: modes, embedders and lengths of passages. One library for each that needs one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from ragqa.engine import Library
from ragqa.evaluation.datasets import Dataset, Held
from ragqa.evaluation.libraries import ask_all, documents_of, library_of
from ragqa.evaluation.measures import intervals_of, pooled, values_of
from ragqa.evaluation.runs import Cost, Run
from ragqa.printable import quantity
from ragqa.settings import Settings
from ragqa.types import Document, Mode

MODES: tuple[Mode, ...] = ("dense", "lexical", "hybrid")

Tell = Callable[[str], None]


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
            cut = {stored.cut.split(":")[1] for stored in library.documents() if stored.cut.count(":") == 2}
            if len(cut) == 1:
                library.settings = replace(library.settings, passage_tokens=int(cut.pop()))
            info = library.info()
            yield library, Cost(None, None, info.bytes, info.passages)
        return
    tell(f"{dataset.name}: {len(documents)} documents are cut to {settings.passage_tokens} tokens and embedded")
    with library_of(documents, settings, lambda line: tell(f"{dataset.name}: {line}")) as made:
        yield made
