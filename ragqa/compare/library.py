"""Which library a comparison reads: the one that was named, or the texts that the questions came with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ragqa.evaluation.datasets.beir import is_beir, read_beir
from ragqa.evaluation.making import documents_of, library_of
from ragqa.engine import Library
from ragqa.settings import load_settings


@contextmanager
def library_for(
    questions: Path, index: str | None, notice: Callable[[str], None] = lambda line: None, **options: Any
) -> Iterator[Library]:
    """Yield the library ``index``; for a folder in BEIR form, unless one is named, a library of its own texts.

    That one is gone afterwards, with what was trained beside it. ``options`` are those of ``Settings``. Raises
    RagqaError, LibraryError.
    """
    if index is None and questions.is_dir() and is_beir(questions):
        settings = load_settings(options, notice=notice)
        notice(f"a library is made of the texts of {questions.name}, for this comparison only")
        with library_of(documents_of(read_beir(questions), settings), settings, notice) as (library, _):
            yield library
    else:
        with Library.open(index, notice=notice, **options) as library:
            yield library
