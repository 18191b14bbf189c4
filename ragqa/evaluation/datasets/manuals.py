"""A folder of manuals, each ``NAME.pdf`` with its ``NAME.questions.jsonl``: one Dataset a manual."""

from __future__ import annotations

from pathlib import Path
from unicodedata import normalize

from ragqa.evaluation.datasets.questions import SUFFIX, read_questions
from ragqa.evaluation.datasets.records import Dataset, Files
from ragqa.errors import RagqaError


def is_manuals(folder: Path) -> bool:
    """Say whether a folder holds question sets of manuals."""
    return any(folder.glob(f"*{SUFFIX}"))


def read_manuals(folder: Path) -> list[Dataset]:
    """Return a Dataset for each question file of ``folder``, named ``folder/stem``. Raises RagqaError."""
    datasets = []
    for file in sorted(folder.glob(f"*{SUFFIX}")):
        stem = file.name.removesuffix(SUFFIX)
        source = Files((_manual_of(folder, stem),))
        datasets.append(Dataset(f"{folder.resolve().name}/{stem}", source, read_questions(file)))
    return datasets


def _manual_of(folder: Path, stem: str) -> Path:
    """Return the one file beside the questions that is named like them, of whatever format."""
    beside = sorted(path for path in folder.iterdir() if path.is_file() and _same(path.stem, stem))
    if len(beside) != 1:
        got = "no such file" if not beside else f"{len(beside)}: {', '.join(path.name for path in beside)}"
        raise RagqaError(
            f"{folder / (stem + SUFFIX)} should have one manual beside it, {stem}.pdf or of another format; got {got}"
        )
    return beside[0]


def _same(name: str, other: str) -> bool:
    """Say whether two names are one, composed or decomposed as macOS writes them."""
    return normalize("NFC", name) == normalize("NFC", other)
