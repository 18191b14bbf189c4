"""The statements of manuals that can be asked for, and the checks that make a question about one fair.

Knows no kinds of question: ``kinds.py`` and ``model.py`` write them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ragqa.analysis import cjk_share, is_stop, terms
from ragqa.sentences import sentences
from ragqa.types import Block, Document
from ragqa.wording import document_words

SHORTEST, LONGEST = 24, 320
"""Characters of a sentence that says enough to be asked for, and little enough to be one thing. CJK counts twice."""

_ELSEWHERE = re.compile(
    rf"(?i)\W*(?:see\b|refer to|参见|请参|另请参|详见|见第|{document_words('elsewhere')})|.*(?:\.\s?){{4}}"
    rf"|.*(?:{document_words('elsewhere_behind')})\W*$"
)
"""A sentence that only says where to read on."""

_STEP = re.compile(r"\s*(?:\d{1,2}[.)、]|（\d{1,2}）|\(\d{1,2}\)|第[一二三四五六七八九十]+步)\s*")


@dataclass(frozen=True, slots=True)
class Statement:
    """A stretch of a document that holds an answer."""

    document: str
    kind: Literal["sentence", "row", "step"]
    text: str
    """As it stands in the document; a row's cells are joined by ' | '."""
    page: int | None
    section: tuple[str, ...]
    header: tuple[str, ...] = ()
    """Of a row: the names of its columns."""
    place: int = 0
    """Where in the document it begins, in characters."""

    @property
    def cells(self) -> tuple[str, ...]:
        """The cells of a row."""
        return tuple(cell.strip() for cell in self.text.split(" | "))


class Statements:
    """The statements of some documents, with the terms that each holds."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self.all: tuple[Statement, ...] = tuple(one for document in documents for one in _statements(document))
        self._holders: dict[str, set[int]] = defaultdict(set)
        self._openings: dict[tuple[str, tuple[str, ...]], Statement] = {}
        self._small = {"a", "an", "the", "all", "each", "every", "your"}
        for number, one in enumerate(self.all):
            for term in terms(" ".join((one.text, *one.section, *one.header))):
                self._holders[term].add(number)
            if one.section:
                self._openings.setdefault((one.document, one.section), one)
            self._small.update(word for word in re.findall(r"[^\W\d_]+", one.text) if word.islower())

    def opens(self, statement: Statement) -> bool:
        """Say whether ``statement`` is the first under its heading."""
        return self._openings.get((statement.document, statement.section)) is statement

    def mid_sentence(self, text: str) -> str:
        """Return ``text`` as it reads within a sentence: its first letter is small unless its first word is a name."""
        first = re.match(r"[^\W\d_]+", text)
        if first and first[0].istitle() and first[0].lower() in self._small:
            return text[:1].lower() + text[1:]
        return text

    def holding(self, words: Iterable[str]) -> list[Statement]:
        """Return the statements that hold every term of ``words``, headings and column names counted."""
        held = [self._holders.get(term, set()) for word in words for term in terms(word) if not is_stop(term)]
        return [self.all[number] for number in sorted(set.intersection(*held))] if held else []


def _statements(document: Document) -> Iterator[Statement]:
    """Yield what ``document`` states, in order."""
    path: list[tuple[int, str]] = []
    header: tuple[str, ...] = ()
    for block in document.blocks:
        text = document.text[block.start : block.end]
        if block.kind == "heading":
            path = [(level, name) for level, name in path if level < block.level]
            path.append((block.level, text))
        if block.kind == "table_header":
            header = tuple(cell.strip() for cell in text.split(" | "))
        elif block.kind != "table_row":
            header = ()
        yield from _of_block(document, block, text, tuple(name for _, name in path), header)


def _of_block(
    document: Document, block: Block, text: str, section: tuple[str, ...], header: tuple[str, ...]
) -> Iterator[Statement]:
    if block.kind == "table_row":
        page = document.page_at(block.start)
        if header and len(header) == len(text.split(" | ")):
            yield Statement(document.name, "row", text, page, section, header, block.start)
        return
    if block.kind not in ("paragraph", "list_item"):
        return
    step = _STEP.match(text) if block.kind == "list_item" else None
    first = step.end() if step else 0
    for start, end in sentences(text[first:]):
        start, end = start + first, end + first
        said = " ".join(text[start:end].split())
        if SHORTEST <= _weight(said) <= LONGEST and not _ELSEWHERE.match(said):
            page = document.page_at(block.start + start)
            yield Statement(document.name, "step" if step else "sentence", said, page, section, (), block.start + start)


def _weight(text: str) -> int:
    return len(text) + sum(c >= "\u2e80" for c in text)


def pages_of(sources: Sequence[Statement]) -> tuple[int, ...]:
    """Return the pages on which they stand, in order."""
    return tuple(sorted({source.page for source in sources if source.page is not None}))


COPIED = 0.7
"""Share of the evidence's terms with a subject that a question may repeat."""

Origin = Literal["heading", "definition", "table", "step", "sentence", "model", "cloze"]
"""The kind of question: what in a manual it was made of, that a language model wrote it, or a gap in a sentence."""


@dataclass(frozen=True, slots=True)
class GeneratedQuestion:
    """A question with its answer, and the statement that proves it."""

    text: str
    answer: str
    evidence: str
    pages: tuple[int, ...]
    origin: Origin
    source: Statement


def chinese(text: str) -> bool:
    """Say whether a question about ``text`` is asked in Chinese."""
    return cjk_share(text) > 0.3


def draft_question(
    question: str, answer: str, origin: Origin, statement: Statement, statements: Statements, names: Iterable[str] = ()
) -> GeneratedQuestion | None:
    """Return ``question`` as one about ``statement``; None where it would be no fair one.

    Unfair is a question that holds its answer, that copies the statement, that has no word to go by, or that asks by
    ``names`` that stand in several statements which answer otherwise.
    """
    answer = answer.strip(" .。;；,，:：")
    if not _subjects(question) or not answer or holds_its_answer(question, answer) or is_copy(question, statement.text):
        return None
    alike = statements.holding(names)
    also = [other for other in alike if _folded(answer) in _folded(other.text)]
    if len(alike) - len(also) > AMBIGUOUS:
        return None
    return GeneratedQuestion(question, answer, statement.text, pages_of([statement, *also]), origin, statement)


AMBIGUOUS = 2
"""Statements that hold the names asked by and answer otherwise, at most."""


def holds_its_answer(question: str, answer: str) -> bool:
    """Say whether every word of the answer that says something stands in the question."""
    answered = _subjects(answer)
    return bool(answered) and answered <= _subjects(question)


def is_copy(question: str, evidence: str) -> bool:
    """Say whether a question repeats most of its evidence, so that it would measure word search only."""
    told = _subjects(evidence)
    return len(told & _subjects(question)) > COPIED * len(told)


def _subjects(text: str) -> set[str]:
    return {term for term in terms(text) if not is_stop(term)}


def _folded(text: str) -> str:
    return "".join(text.split()).lower()
