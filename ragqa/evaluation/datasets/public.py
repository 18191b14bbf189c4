"""Public BEIR sets by name, through ir_datasets (``ragqa[datasets]``), which downloads and keeps them."""

from __future__ import annotations

from typing import Any

from ragqa.evaluation.datasets.beir import Qrels, check_known, plain_document
from ragqa.evaluation.datasets.lines import check_once
from ragqa.evaluation.datasets.records import Dataset, Documents, Question
from ragqa.errors import MissingExtra, RagqaError

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
