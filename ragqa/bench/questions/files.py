"""A question set as a file: one JSON object a line, in the form of ``corpora/manuals/*.questions.jsonl``."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragqa.bench.questions.drafting import Draft
from ragqa.errors import RagqaError


@dataclass(frozen=True, slots=True)
class Gold:
    """A question and where its answer stands."""

    text: str
    pages: tuple[int, ...]
    document: str | None = None
    """The manual of the pages, where the file says it."""


def read_gold(file: Path) -> tuple[list[Gold], int]:
    """Return the questions of ``file`` that the manuals answer, and how many they do not answer.

    Raises RagqaError, one line that names the first bad line of the file.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise RagqaError(f"{file} can't be read as questions in UTF-8: {error}") from None
    rows = [_row(file, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    names = [row["_id"] for row in rows]
    twice = next((name for at, name in enumerate(names) if name in names[:at]), None)
    if twice is not None:
        raise RagqaError(f"{file} names the question {twice!r} twice: give each an _id of its own")
    gold = [Gold(row["text"], tuple(row["pages"]), row.get("document")) for row in rows if row.get("answerable", True)]
    if not gold:
        raise RagqaError(f'{file} holds no answerable question: expected lines of {{"_id", "text", "pages"}}')
    return gold, len(rows) - len(gold)


def as_gold(drafts: Iterable[Draft]) -> list[Gold]:
    """Return drafts as questions to measure with; those about a format without pages can't be."""
    return [Gold(draft.text, draft.pages, draft.source.document) for draft in drafts if draft.pages]


def _row(file: Path, number: int, line: str) -> dict[str, Any]:
    expected = f'{file}, line {number}: expected {{"_id": "1", "text": "…", "pages": [12]}}'
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict) or not isinstance(row.get("_id"), str) or not isinstance(row.get("text"), str):
        raise RagqaError(f"{expected}, got {line.strip()[:60]!r}")
    pages = row.setdefault("pages", [])
    if not isinstance(pages, list) or not all(type(page) is int and page > 0 for page in pages):
        raise RagqaError(f"{expected}, got the pages {str(pages)[:40]}")
    if not pages and row.get("answerable", True):
        raise RagqaError(f"{expected}, got no page: name the page of the answer, or set answerable to false")
    return row


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
