"""Put the rankings of runs into TREC files, which any evaluation tool reads. Measures nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ragqa.evaluation.comparing import by_dataset
from ragqa.evaluation.datasets import Dataset
from ragqa.evaluation.questions.files import write_whole
from ragqa.evaluation.runs import Run, labels, page_id
from ragqa.evaluation.trec import file_name, qrels_lines, run_lines
from ragqa.errors import RagqaError


def trec_files(runs: Sequence[Run]) -> dict[str, str]:
    """Return names and contents: ``DATASET.qrels``, and ``DATASET.LABEL.run`` of each run.

    Where a dataset knows pages, these are what is ranked: ``manual.pdf#12`` stands where the first passage on it does.
    """
    files: dict[str, str] = {}
    for group in by_dataset(runs):
        dataset = group[0].dataset
        files[file_name(dataset.name, "qrels")] = _joined(qrels_lines(qrels_of(dataset, group[0])))
        for run, label in zip(group, labels(group), strict=True):
            files[file_name(dataset.name, label, "run")] = _joined(run_lines(ranking_of(run), f"ragqa-{label}"))
    return files


def qrels_of(dataset: Dataset, run: Run) -> dict[str, Mapping[str, int]]:
    """Return the relevant documents, or pages, of each question; of a manual that no question names, the one found."""
    if not dataset.by_page:
        return {question.id: question.relevant or {} for question in dataset.graded()}
    only = next((place.document for outcome in run.outcomes.values() for place in outcome.places), "")
    return {
        question.id: {page_id(question.document or only, page): 1 for page in question.pages}
        for question in dataset.graded()
    }


def ranking_of(run: Run) -> dict[str, dict[str, float]]:
    """Return what was found for each graded question that found anything, best first."""
    found = {question.id: run.outcomes.get(question.id) for question in run.dataset.graded()}
    return {
        name: outcome.page_ids() if run.dataset.by_page else outcome.documents()
        for name, outcome in found.items()
        if outcome
    }


def check_writable(folder: Path) -> None:
    """Raise RagqaError where ``write_files`` could not write, so that no long run is lost for it."""
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise RagqaError(f"{folder} can't be written to: {there} is no folder that takes files; choose another folder")


def check_writable_file(file: Path) -> None:
    """Raise RagqaError where ``write_files`` could not write ``file`` into its folder."""
    if file.is_dir():
        raise RagqaError(f"{file} is a folder: expected the name of a file to write, as in {file / 'report.html'}")
    check_writable(file.parent)


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write ``files`` into ``folder``, made where it is not there, each whole. Raises RagqaError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            write_whole(folder / name, text)
    except OSError as error:
        raise RagqaError(f"{folder} can't be written to: {error.strerror or error}; choose another folder") from None


def _joined(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
