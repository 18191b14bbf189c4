"""The files that a bench writes: TREC run files and qrels, which other tools read, and whole writes of any text."""

from __future__ import annotations

import errno
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from ragqa.errors import RagqaError
from ragqa.evaluation.datasets import Dataset
from ragqa.evaluation.runs import Run, by_dataset, labels, page_id
from ragqa.metrics import ranked

Scores = dict[str, dict[str, float]]
"""By question, then by document; best first."""


def run_lines(run: Mapping[str, Mapping[str, float]], tag: str) -> Iterator[str]:
    """Yield ``question Q0 document rank score tag``. Documents are given best first, and come out so.

    Readers sort by the score, as a 32-bit number, and equal scores by the id; so a score that does not fall is written
    as the next smaller number.
    """
    for question, scores in run.items():
        last = np.float32(np.inf)
        for rank, (document, score) in enumerate(scores.items(), 1):
            last = min(np.float32(score), np.nextafter(last, np.float32(-np.inf)))
            yield f"{_one_word(question)} Q0 {_one_word(document)} {rank} {last} {_one_word(tag)}"


def qrels_lines(qrels: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    """Yield ``question 0 document grade``."""
    for question, grades in qrels.items():
        for document, grade in grades.items():
            yield f"{_one_word(question)} 0 {_one_word(document)} {grade}"


def read_run(file: Path) -> Scores:
    """Return a run, documents in trec_eval's order: by score, equal scores by id, the greater first.

    Raises RagqaError that names a line in another form, a document found twice for a question, or an empty run.
    """
    found: Scores = {}
    for number, line in enumerate(_lines(file), 1):
        fields = line.split()
        if not fields:
            continue
        try:
            question, _, document, _, score, _ = fields
            value = float(score)
        except ValueError:
            raise RagqaError(
                f"{file}, line {number}: expected 'question Q0 document rank score tag', got {line.strip()[:60]!r}"
            ) from None
        if document in found.setdefault(question, {}):
            raise RagqaError(f"{file}, line {number}: document {document!r} was found twice for question {question!r}")
        found[question][document] = value
    if not found:
        raise RagqaError(f"{file} holds no hit: expected lines of 'question Q0 document rank score tag'")
    return {question: {name: scores[name] for name in ranked(scores)} for question, scores in found.items()}


def read_trec_qrels(file: Path) -> dict[str, dict[str, int]]:
    """Return the grades of a TREC qrels file. Raises RagqaError that names a line in another form."""
    qrels: dict[str, dict[str, int]] = {}
    for number, line in enumerate(_lines(file), 1):
        fields = line.split()
        if not fields:
            continue
        try:
            question, _, document, grade = fields
            qrels.setdefault(question, {})[document] = int(grade)
        except ValueError:
            raise RagqaError(
                f"{file}, line {number}: expected 'question 0 document grade', got {line.strip()[:60]!r}"
            ) from None
    return qrels


def file_name(*parts: str) -> str:
    """Return a name for a file that holds what ``parts`` say, safe on every system."""
    return ".".join(re.sub(r"[^\w@+-]+", "-", part).strip("-") or "run" for part in parts)


def _one_word(name: str) -> str:
    """Return an id without white space, which parts the fields of a line."""
    return "".join(f"%{ord(c):02X}" if c.isspace() or c == "%" or not c.isprintable() else c for c in name)


def _lines(file: Path) -> Iterable[str]:
    try:
        return file.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise RagqaError(f"{file} can't be read as text in UTF-8: {error}") from None


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


def write_lines(file: Path, lines: Iterable[str]) -> None:
    """Write ``file`` whole or not at all. Raises RagqaError where it can't be written."""
    try:
        write_whole(file, "".join(f"{line}\n" for line in lines))
    except OSError as error:
        raise RagqaError(f"{file} can't be written: {error.strerror or error}; choose another --out") from None


def write_whole(file: Path, text: str) -> None:
    """Put ``text`` in place of what ``file`` held, in one step; what is killed before leaves it as it was."""
    if file.exists() and not file.is_file():  # a device would be replaced by the file
        raise OSError(errno.EINVAL, "it is no regular file")
    descriptor, beside = tempfile.mkstemp(dir=file.resolve().parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        Path(beside).chmod(file.stat().st_mode & 0o777 if file.exists() else 0o644)
        Path(beside).replace(file.resolve())
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def _joined(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
