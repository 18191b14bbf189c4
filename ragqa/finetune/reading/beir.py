"""A folder in BEIR form whose queries have ``answers`` → entries."""

from __future__ import annotations

from pathlib import Path

from ragqa.evaluation.datasets.beir import QUERIES, read_beir
from ragqa.evaluation.datasets.records import Documents
from ragqa.errors import RagqaError
from ragqa.finetune.reading.entries import Entry, Reading


def read_judged(folder: Path) -> Reading:
    """Return an entry a judged query that has an answer. Raises RagqaError where none has."""
    dataset = read_beir(folder)
    titles = {one.name: one.title for one in dataset.source.documents} if isinstance(dataset.source, Documents) else {}
    entries = []
    for question in dataset.questions:
        if question.answers:
            document = max(question.relevant or {"": 0}, key=lambda name: (question.relevant or {}).get(name, 0))
            source = f"{dataset.name}, query {question.id}"
            entries.append(
                Entry(
                    question.text.strip(),
                    question.answers,
                    source,
                    id=question.id,
                    label=titles.get(document) or None,
                    document=document or None,
                    passage=document,
                )
            )
    if not entries:
        raise RagqaError(
            f'{folder / QUERIES} has no query with "answers", so there is nothing to learn: add them, as in '
            '{"_id", "text", "answers": ["…"]}'
        )
    without = len(dataset.questions) - len(entries)
    return Reading(entries, (f"{dataset.name}: {without:,} queries have no answers and were left out",) * bool(without))
