"""What is measured on: questions with known answers, and what they are asked of. Reads and measures nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from ragqa.errors import RagqaError
from ragqa.types import Document


@dataclass(frozen=True, slots=True)
class Question:
    """A question with what is known of its answer; a set knows relevant documents, or pages."""

    id: str
    text: str
    relevant: Mapping[str, int] | None = None
    """Graded documents by id, where the set has them; above 0 is relevant."""
    pages: tuple[int, ...] = ()
    """Physical pages, from 1, that each answer it."""
    answers: tuple[str, ...] = ()
    """Strings any of which answers it."""
    evidence: tuple[str, ...] = ()
    """What the manual says, letter for letter but for white space."""
    answerable: bool = True
    document: str | None = None
    """The manual of the pages, where the set names it."""
    reworded: tuple[str, ...] = ()
    """The same question in other words, as people put it."""


@dataclass(frozen=True, slots=True)
class Documents:
    """Texts that were read already, such as those of a test collection."""

    documents: tuple[Document, ...]


@dataclass(frozen=True, slots=True)
class Files:
    """Manuals to read, all into one library."""

    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """A library that was ingested before."""

    index: str
    home: Path | None = None


Source: TypeAlias = Documents | Files | Held


Role: TypeAlias = Literal["development", "test", "own"]
"""Settings of ragqa were chosen on it; nothing was chosen on it; it is the user's."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a question set comes from, and what a figure on it is worth."""

    role: Role = "own"
    source: str = ""
    """Who made it and where to get it; empty where only its user knows."""
    licence: str = ""


@dataclass(frozen=True, slots=True)
class Dataset:
    """Questions, and what they are asked of: one library. ``name`` tells it from the others of a run."""

    name: str
    source: Source
    questions: tuple[Question, ...]
    provenance: Provenance = Provenance()

    def origin(self) -> str:
        """Return a sentence that names role, source and licence."""
        of = self.provenance
        known = "; ".join(filter(None, (of.source, of.licence and f"licence {of.licence}")))
        return f"{_ROLES[of.role]}{f': {known}' if known else ''}."

    @property
    def by_page(self) -> bool:
        """Whether pages are known, rather than relevant documents."""
        return all(question.relevant is None for question in self.questions)

    def graded(self) -> tuple[Question, ...]:
        """Return the questions whose ranking can be judged: those that have an answer somewhere."""
        if not self.by_page:
            return self.questions
        return tuple(question for question in self.questions if question.answerable and question.pages)


_ROLES: dict[Role, str] = {
    "development": "Development set, on which settings of ragqa were chosen",
    "test": "Test set, on which nothing of ragqa was chosen",
    "own": "Your own questions",
}


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
