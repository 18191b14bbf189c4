"""Whether a question set fits what it is asked of, told before anything is embedded. Reads no file."""

from __future__ import annotations

from collections.abc import Sequence

from ragqa.evaluation.datasets.records import Dataset, Question
from ragqa.errors import RagqaError
from ragqa.types import Document


def check(dataset: Dataset, documents: Sequence[Document]) -> None:
    """Raise RagqaError where ``dataset`` has nothing to measure, or names pages that ``documents`` do not have."""
    if not dataset.graded():
        raise RagqaError(
            f"{dataset.name} holds no question that can be measured: expected some with pages or relevant documents, "
            f"got {len(dataset.questions)} without"
        )
    if not dataset.by_page:
        return
    pages = {document.name: {page.number for page in document.pages} for document in documents}
    asked = dataset.graded()
    if len(pages) > 1 and (vague := [question for question in asked if question.document is None]):
        raise RagqaError(
            f"{dataset.name} holds {len(pages)} manuals, and {len(vague)} questions, the first {vague[0].id!r}, do not "
            'say whose pages they mean: add "document" to each'
        )
    outside = [question for question in asked if not _stands_in(question, pages)]
    if outside:
        first = outside[0]
        manual = first.document or ", ".join(pages)
        has = f"has pages 1 to {max(pages[manual])}" if pages.get(manual) else "has no pages or is not there"
        raise RagqaError(
            f"{len(outside)} of {len(asked)} questions of {dataset.name} name pages that are not there, the first "
            f"{first.id!r}, pages {list(first.pages)}: {manual} {has}"
        )


def _stands_in(question: Question, pages: dict[str, set[int]]) -> bool:
    manuals = [question.document] if question.document else list(pages)
    return all(set(question.pages) <= pages.get(manual, set()) for manual in manuals)
