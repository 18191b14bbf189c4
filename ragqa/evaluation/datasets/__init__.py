"""Question sets to measure on: each form that they come in is a file of this folder and gives a Dataset."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ragqa.errors import RagqaError
from ragqa.evaluation.datasets.beir import CORPUS, PREFIX, QRELS, QUERIES, is_beir, read_beir, read_public
from ragqa.evaluation.datasets.questions import SUFFIX, is_manuals, read_library, read_manuals, read_questions
from ragqa.evaluation.datasets.records import Dataset, Documents, Files, Held, Provenance, Question, Role, Source

__all__ = [
    "Dataset",
    "Documents",
    "Files",
    "Held",
    "Provenance",
    "Question",
    "Role",
    "Source",
    "open_datasets",
    "read_library",
    "read_questions",
    "with_provenance",
]


def open_datasets(spec: str) -> list[Dataset]:
    """Return the sets that ``spec`` names: a folder in BEIR form, a folder of manuals, or a public set ``beir/…``.

    Raises RagqaError, one line, for a folder in neither form and for whatever is wrong within.
    """
    return [with_provenance(dataset, spec) for dataset in _open(spec)]


_SHIPPED = Provenance("development", "made for ragqa by corpora/build.py of its repository", "MIT")
_SCIFACT = Provenance(
    "development",
    "SciFact (Wadden et al. 2020), https://github.com/allenai/scifact",
    "CC BY 4.0, abstracts ODC-By 1.0",
)


def with_provenance(dataset: Dataset, spec: str = "") -> Dataset:
    """Return ``dataset`` with role, source and licence where ragqa ships or names it; any other is its user's own."""
    if all(question.id.startswith(_SAMPLES) for question in dataset.questions):
        return replace(dataset, provenance=_SHIPPED)
    if not spec.startswith(PREFIX) or Path(spec).is_dir():
        return dataset
    if spec.startswith(f"{PREFIX}scifact"):
        return replace(dataset, provenance=_SCIFACT)
    of = Provenance("test", f"{spec} of https://ir-datasets.com/beir.html", "the set's own, named there")
    return replace(dataset, provenance=of)


_SAMPLES = "halden-kx-40"
"""How the names of the sample manuals of ``corpora/`` begin, and those of their questions."""


def _open(spec: str) -> list[Dataset]:
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
