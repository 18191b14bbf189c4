"""The evaluation data, read for measuring only, and libraries made of it."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ragqa import Library
from ragqa.types import Block, Document

DATA = Path(os.environ.get("RAGQA_DATA", Path(__file__).parents[2] / "shared" / "data"))
CORPORA = Path(__file__).parents[1] / "corpora" / "manuals"


@dataclass(frozen=True)
class Question:
    """A question with what is known of its answer."""

    text: str
    answers: tuple[str, ...] = ()
    pages: tuple[int, ...] = ()
    answerable: bool = True
    relevant: dict[str, int] = field(default_factory=dict)
    evidence: tuple[str, ...] = ()


def need(path: Path) -> Path:
    """Return ``path``; leave with a message when the evaluation data is not there."""
    if not path.exists():
        print(f"skipped: {path.name} of the evaluation data is not here (RAGQA_DATA names its folder)", file=sys.stderr)
        raise SystemExit(0)
    return path


def manual_questions(manual: Path) -> list[Question]:
    """Read the questions beside a manual."""
    rows = _lines(manual.with_name(f"{manual.stem}.questions.jsonl"))
    return [
        Question(row["text"], (row["answer"],), tuple(row["pages"]), row["answerable"], evidence=tuple(row["evidence"]))
        for row in rows
    ]


def collection(name: str) -> tuple[list[Document], list[Question]]:
    """Read a folder in BEIR form."""
    folder = need(DATA / name)
    documents = [_document(row["_id"], row.get("title", ""), row["text"]) for row in _lines(folder / "corpus.jsonl")]
    relevant: dict[str, dict[str, int]] = {}
    for line in (folder / "qrels" / "test.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        query, document, grade = line.split("\t")
        relevant.setdefault(query, {})[document] = int(grade)
    questions = [
        Question(row["text"], tuple(row.get("answers", ())), relevant=relevant[row["_id"]])
        for row in _lines(folder / "queries.jsonl")
        if row["_id"] in relevant
    ]
    return documents, questions


def _document(name: str, title: str, text: str) -> Document:
    blocks, at = [], 0
    for part in text.split("\n"):
        if part.strip():
            blocks.append(Block("paragraph", at, at + len(part)))
        at += len(part) + 1
    if not blocks and title:
        text, blocks = title, [Block("paragraph", 0, len(title))]
    return Document(name, title, "text/plain", "", text, tuple(blocks))


def _lines(file: Path) -> list[dict]:
    with file.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


@contextlib.contextmanager
def library_of(
    *, manuals: list[Path] | None = None, documents: list[Document] | None = None, **options: object
) -> Iterator[Library]:
    """Yield a library of manuals or documents, gone afterwards; ``options`` are those of ``Library.open``."""
    with tempfile.TemporaryDirectory() as home, Library.open("bench", create=True, home=home, **options) as library:
        if manuals:
            library.ingest(manuals)
        if documents:
            library.add_documents(documents)
        yield library
