"""A question set as a file: one JSON object a line, in the form of ``corpora/manuals/*.questions.jsonl``."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ragqa.errors import RagqaError
from ragqa.evaluation.datasets.records import Question
from ragqa.evaluation.questions.drafting import Draft


def as_gold(drafts: Iterable[Draft]) -> list[Question]:
    """Return drafts as questions to measure with; those about a format without pages can't be."""
    return [
        Question(str(number), draft.text, pages=draft.pages, answers=(draft.answer,), document=draft.source.document)
        for number, draft in enumerate(drafts, 1)
        if draft.pages
    ]


def lines_of(drafts: Sequence[Draft]) -> Iterator[str]:
    """Yield a line a question. ``document`` names the manual of its pages; ``origin`` says where it came from."""
    width = len(str(len(drafts)))
    for number, draft in enumerate(drafts, 1):
        row = {
            "_id": f"generated-{number:0{width}}",
            "text": draft.text,
            "answer": draft.answer,
            "evidence": [draft.evidence],
            "pages": list(draft.pages),
            "document": draft.source.document,
            "answerable": True,
            "origin": draft.origin,
        }
        yield json.dumps(row, ensure_ascii=False)


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


SETTINGS, MANUALS = 12, 5

TOGETHER, HALVES, ALONE = (0.53, 0.58), (0.76, 0.76), (0.44, 0.38)
"""Kendall's tau by page_hit@5 and page_mrr@10, as kept in ``bench/results/questions.json``: generated against people's
questions, all manuals together; one half of people's questions against the other; generated ones, one manual alone."""


def trust() -> str:
    """Return one line that says what such a set is good for."""
    return (
        f"How far to trust them: on {MANUALS} manuals with questions by people, generated questions put {SETTINGS} "
        f"settings into an order that agrees with people's by Kendall's tau {TOGETHER[0]:.2f} (page_hit@5) and "
        f"{TOGETHER[1]:.2f} (page_mrr@10), where two halves of people's questions agree by {HALVES[0]:.2f} and "
        f"{HALVES[1]:.2f}; on one manual alone by {ALONE[0]:.2f} and {ALONE[1]:.2f}. They tell modes apart, not "
        "settings that are near each other."
    )
