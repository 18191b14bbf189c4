"""A question set with pages, ``NAME.questions.jsonl``, as the benches read it → entries."""

from __future__ import annotations

from pathlib import Path

from ragqa.evaluation.datasets import read_questions
from ragqa.evaluation.datasets.questions import SUFFIX
from ragqa.finetune.reading.entries import Entry, Reading


def read_paged(file: Path) -> Reading:
    """Return an entry a question; its document is the manual beside, unless the set names another."""
    manual = file.name.removesuffix(SUFFIX)
    return Reading(
        [
            Entry(
                one.text.strip(),
                one.answers,
                f"{file.name}, question {one.id}",
                id=one.id,
                answerable=one.answerable,
                document=one.document or manual,
                pages=one.pages,
                evidence=one.evidence,
            )
            for one in read_questions(file)
        ]
    )
