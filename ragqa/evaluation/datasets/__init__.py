"""Question sets to measure on: each form that they come in is a file of this folder and gives a Dataset."""

from __future__ import annotations

from pathlib import Path

from ragqa.errors import RagqaError
from ragqa.evaluation.datasets.beir import CORPUS, PREFIX, QRELS, QUERIES, is_beir, read_beir, read_public
from ragqa.evaluation.datasets.questions import SUFFIX, is_manuals, read_library, read_manuals, read_questions
from ragqa.evaluation.datasets.records import Dataset, Documents, Files, Held, Question, Source

__all__ = [
    "Dataset",
    "Documents",
    "Files",
    "Held",
    "Question",
    "Source",
    "open_datasets",
    "read_library",
    "read_questions",
]


def open_datasets(spec: str) -> list[Dataset]:
    """Return the sets that ``spec`` names: a folder in BEIR form, a folder of manuals, or a public set ``beir/…``.

    Raises RagqaError, one line, for a folder in neither form and for whatever is wrong within.
    """
    folder = Path(spec).expanduser()
    if folder.is_dir():
        if is_beir(folder):
            return [read_beir(folder)]
        if is_manuals(folder):
            return read_manuals(folder)
        raise RagqaError(
            f"{folder} should hold {CORPUS}, {QUERIES} and {QRELS} (BEIR), or manuals with their questions (NAME.pdf "
            f"and NAME{SUFFIX}); it has neither {CORPUS} nor a file *{SUFFIX}"
        )
    if spec.startswith(PREFIX):
        return [read_public(spec)]
    raise RagqaError(
        f"there is no folder {spec}: expected a folder in BEIR form, a folder of manuals, or a public set such as "
        f"{PREFIX}scifact/test"
    )
