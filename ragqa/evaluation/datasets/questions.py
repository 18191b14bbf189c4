"""A question set with pages, a line a question: ``_id``, ``text``, ``pages``, ``answer``, ``evidence``, ``answerable``.

Reads the file; whether the pages are in the manual is for ``checking.py``, which has the manual.
"""

from __future__ import annotations

from pathlib import Path
from unicodedata import normalize

from ragqa.evaluation.datasets.lines import Row, page_numbers, read_rows, strings
from ragqa.evaluation.datasets.records import Question
from ragqa.errors import RagqaError

SUFFIX = ".questions.jsonl"


def read_questions(file: Path) -> tuple[Question, ...]:
    """Return the questions of a file. Raises RagqaError, one line, where one is not in the form or there is none."""
    questions = tuple(_question(file, row) for row in read_rows(file, "text"))
    if not questions:
        raise RagqaError(f'{file} holds no question: expected lines of {{"_id", "text", "pages"}}')
    return questions


def _question(file: Path, row: Row) -> Question:
    where = f"{file}, question {row['_id']!r}"
    pages, answerable, document = page_numbers(row, where), row.get("answerable", True), row.get("document")
    if not isinstance(answerable, bool) or not isinstance(document, str | None):
        raise RagqaError(f"{where}: expected true or false under 'answerable' and a name under 'document'")
    document = document and normalize("NFC", document)
    return Question(
        row["_id"],
        row["text"],
        pages=pages,
        answers=strings(row, "answer", where) if answerable else (),
        evidence=strings(row, "evidence", where),
        answerable=answerable,
        document=document,
    )
