"""Search a library with every setting for every question, and keep what each ranking is worth. Chooses nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ragqa.evaluation.datasets.checking import check
from ragqa.evaluation.datasets.records import Dataset, Held, Question
from ragqa.evaluation.tune.grid import KS, Setting
from ragqa.evaluation.tune.workbench import Workbench, cut_anew
from ragqa.evaluation.tune.worth import hit, hit_for_its_price, worth
from ragqa.errors import RagqaError
from ragqa.printable import quantity

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ragqa.engine import Library
    from ragqa.types import Document

Floats: TypeAlias = "NDArray[np.float64]"

TOLD_EVERY = 25
"""Questions between two lines of progress."""


@dataclass(frozen=True, slots=True)
class Measured:
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
) -> Measured:
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
                    ranks[at, number] = worth(places, question)
                    hits[:, at, number] = [hit(places, question, k) for k in ks]
                    priced[:, at, number] = [hit_for_its_price(places, question, k) for k in ks]
                if (number + 1) % TOLD_EVERY == 0:
                    progress(f"passages of {size} tokens: {number + 1} of {quantity(len(questions), 'question')}")
    return Measured(ks, ranks, hits, priced)


@contextmanager
def _cut(library: Library, documents: Sequence[Document], size: int) -> Iterator[Workbench]:
    """Yield the library itself where its passages are of ``size``; else its documents cut anew."""
    if size != passage_tokens_of(library):
        with cut_anew(documents, size, library.embedder.spec) as bench:
            yield bench
        return
    bench = Workbench(Path(library.info().path), library.embedder)
    try:
        yield bench
    finally:
        bench.close()


def passage_tokens_of(library: Library) -> int:
    """Return for what length the library's passages were cut; the settings' where its documents differ."""
    lengths = {stored.cut.split(":")[1] for stored in library.documents() if stored.cut.count(":") == 2}
    return int(lengths.pop()) if len(lengths) == 1 else library.settings.passage_tokens


def checked(questions: Sequence[Question], documents: Sequence[Document], folds: int) -> None:
    """Raise RagqaError where the questions can't be put to the library: too few, or their pages are not in it."""
    check(Dataset("the library", Held(""), tuple(questions)), documents)
    if not 2 <= folds <= len(questions):
        raise RagqaError(
            f"--folds should be from 2 to the number of questions, got {folds} for {len(questions)} questions"
        )
