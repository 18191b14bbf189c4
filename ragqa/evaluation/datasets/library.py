"""A library that is already ingested, with a file of questions about its manuals."""

from __future__ import annotations

from pathlib import Path

from ragqa.evaluation.datasets.questions import read_questions
from ragqa.evaluation.datasets.records import Dataset, Held


def read_library(index: str, questions: Path, home: Path | None = None) -> Dataset:
    """Return the library ``index`` as a Dataset of its name. Raises RagqaError for a bad question file."""
    return Dataset(index, Held(index, home), read_questions(questions))
