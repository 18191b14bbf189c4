"""The evaluation data, read for measuring only, and libraries made of it."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from ragqa import Library
from ragqa.evaluation.datasets import Documents, Question, open_datasets, read_questions
from ragqa.types import Document

DATA = Path(os.environ.get("RAGQA_DATA", Path(__file__).parents[2] / "shared" / "data"))
CORPORA = Path(__file__).parents[1] / "corpora" / "manuals"


def need(path: Path) -> Path:
    """Return ``path``; leave with a message when the evaluation data is not there."""
    if not path.exists():
        print(f"skipped: {path.name} of the evaluation data is not here (RAGQA_DATA names its folder)", file=sys.stderr)
        raise SystemExit(0)
    return path


def manual_questions(manual: Path) -> tuple[Question, ...]:
    """Return the questions beside a manual."""
    return read_questions(manual.with_name(f"{manual.stem}.questions.jsonl"))


def collection(name: str) -> tuple[tuple[Document, ...], tuple[Question, ...]]:
    """Return the documents and the questions of a folder in BEIR form."""
    (dataset,) = open_datasets(str(need(DATA / name)))
    assert isinstance(dataset.source, Documents)
    return dataset.source.documents, dataset.questions


@contextlib.contextmanager
def library_of(
    *, manuals: list[Path] | None = None, documents: tuple[Document, ...] = (), **options: object
) -> Iterator[Library]:
    """Yield a library of manuals or documents, gone afterwards; ``options`` are those of ``Library.open``."""
    with tempfile.TemporaryDirectory() as home, Library.open("bench", create=True, home=home, **options) as library:
        if manuals:
            library.ingest(manuals)
        if documents:
            library.add_documents(documents)
        yield library


@contextlib.contextmanager
def library_of_each() -> Iterator[Callable[[Path], Library]]:
    """Give what returns the library of one manual, made when it is first asked for; all are gone afterwards."""
    with contextlib.ExitStack() as held:
        yield cache(lambda manual: held.enter_context(library_of(manuals=[manual])))


def jsonl(file: Path) -> list[dict[str, Any]]:
    """Return the objects of a file of JSON lines."""
    return [json.loads(line) for line in need(file).read_text(encoding="utf-8").splitlines() if line.strip()]
