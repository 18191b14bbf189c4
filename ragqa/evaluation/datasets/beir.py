"""A folder in BEIR form: ``corpus.jsonl``, ``queries.jsonl``, ``qrels/test.tsv`` (Thakur et al. 2021)."""

from __future__ import annotations

from collections.abc import Container, Mapping
from pathlib import Path
from typing import Any

from ragqa.errors import MissingExtra, RagqaError
from ragqa.evaluation.datasets.questions import check_once, read_rows, read_text, strings
from ragqa.evaluation.datasets.records import Dataset, Documents, Question
from ragqa.printable import quantity
from ragqa.types import Block, Document

CORPUS, QUERIES, QRELS = "corpus.jsonl", "queries.jsonl", "qrels/test.tsv"

Qrels = dict[str, dict[str, int]]
"""Grades by question, then by document."""


def is_beir(folder: Path) -> bool:
    """Say whether a folder is meant to be in BEIR form, complete or not."""
    return (folder / CORPUS).exists() or (folder / QUERIES).exists()


def read_beir(folder: Path) -> Dataset:
    """Return the collection and its judged questions, named as the folder. Raises RagqaError, one line."""
    missing = [name for name in (CORPUS, QUERIES, QRELS) if not (folder / name).is_file()]
    if missing:
        raise RagqaError(f"{folder} should hold {CORPUS}, {QUERIES} and {QRELS}, but {', '.join(missing)} is missing")
    documents = tuple(
        plain_document(row["_id"], str(row.get("title") or ""), row["text"])
        for row in read_rows(folder / CORPUS, "text")
    )
    asked = {row["_id"]: row for row in read_rows(folder / QUERIES, "text")}
    qrels = read_qrels(folder / QRELS)
    check_known(qrels, asked, {document.name for document in documents}, str(folder / QRELS))
    questions = tuple(
        Question(name, row["text"], qrels[name], answers=strings(row, "answers", f"{folder / QUERIES}, {name!r}"))
        for name, row in asked.items()
        if name in qrels
    )
    return Dataset(folder.resolve().name, Documents(documents), questions)


def read_qrels(file: Path) -> Qrels:
    """Return the grades of a tab-separated file with a header row: question, document, grade."""
    qrels: Qrels = {}
    for number, line in enumerate(read_text(file).split("\n"), 1):
        fields = line.split("\t")
        if not line.strip() or (number == 1 and fields[-1].strip() == "score"):
            continue
        try:
            question, document, grade = fields
            qrels.setdefault(question, {})[document] = int(grade)
        except ValueError:
            raise RagqaError(
                f"{file}, line {number}: expected query-id, corpus-id and a whole number with tabs between, "
                f"got {line[:60]!r}"
            ) from None
    if not qrels:
        raise RagqaError(
            f"{file} judges no question: expected lines of query-id, corpus-id and score with tabs between"
        )
    return qrels


def check_known(
    qrels: Mapping[str, Mapping[str, int]], questions: Container[str], documents: Container[str], where: str
) -> None:
    """Raise RagqaError where grades name questions or documents that are not there: how many, and the first."""
    unasked = [name for name in qrels if name not in questions]
    if unasked:
        raise RagqaError(
            f"{where} names {quantity(len(unasked), 'question')} that {QUERIES} does not hold, the first {unasked[0]!r}"
        )
    named = dict.fromkeys(name for grades in qrels.values() for name in grades)
    unknown = [name for name in named if name not in documents]
    if unknown:
        raise RagqaError(
            f"{where} names {quantity(len(unknown), 'document')} that {CORPUS} does not hold, the first {unknown[0]!r}"
        )


def plain_document(name: str, title: str, text: str) -> Document:
    """Return a text as a Document with a paragraph a line; where there is only a title, that is the text."""
    blocks, at = [], 0
    for part in text.split("\n"):
        if part.strip():
            blocks.append(Block("paragraph", at, at + len(part)))
        at += len(part) + 1
    if not blocks and title:
        text, blocks = title, [Block("paragraph", 0, len(title))]
    return Document(name, title, "text/plain", "", text, tuple(blocks))


PREFIX = "beir/"


def read_public(name: str) -> Dataset:
    """Return the set that ir_datasets calls ``name``, as in ``beir/scifact/test``.

    Raises MissingExtra, and RagqaError where there is no such set, no judgement in it or no network.
    """
    try:
        import ir_datasets
    except ImportError:
        raise MissingExtra(f"ragqa[datasets] is needed for {name} — pip install 'ragqa[datasets]'") from None
    try:
        found = ir_datasets.load(name)
    except KeyError:
        raise RagqaError(f"ir_datasets knows no set {name!r}: expected a name such as beir/scifact/test") from None
    if not (found.has_docs() and found.has_queries() and found.has_qrels()):
        raise RagqaError(f"{name} has no judged questions: name one of its parts, as in {name.rstrip('/')}/test")
    try:
        return _read(name, found)
    except Exception as error:  # whatever its download raises: requests' errors, its own, the system's
        if isinstance(error, RagqaError):
            raise
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise RagqaError(
            f"{name} could not be downloaded ({reason}): connect to the network, or give a folder in BEIR form"
        ) from None


def _read(name: str, found: Any) -> Dataset:
    documents = tuple(
        plain_document(row.doc_id, getattr(row, "title", "") or "", row.text) for row in found.docs_iter()
    )
    asked = {row.query_id: row.text for row in found.queries_iter()}
    qrels: Qrels = {}
    for row in found.qrels_iter():
        qrels.setdefault(row.query_id, {})[row.doc_id] = int(row.relevance)
    check_once((document.name for document in documents), name)
    check_known(qrels, asked, {document.name for document in documents}, name)
    questions = tuple(Question(query, text, qrels[query]) for query, text in asked.items() if query in qrels)
    return Dataset(name, Documents(documents), questions)
