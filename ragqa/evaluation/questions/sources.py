"""Where a question can come from: the sentences, rows and steps of a manual, each with its headings and its page.

Knows nothing of how questions are worded. Tables of contents, code and captions give none.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ragqa.analysis import is_stop, terms
from ragqa.sentences import sentences
from ragqa.types import Block, Document

SHORTEST, LONGEST = 24, 320
"""Characters of a sentence that says enough to be asked for, and little enough to be one thing. CJK counts twice."""

_ELSEWHERE = re.compile(r"(?i)\W*(?:see\b|refer to|参见|请参|另请参|详见|见第)|.*(?:\.\s?){4}")
"""A sentence that only says where to read on."""

_STEP = re.compile(r"\s*(?:\d{1,2}[.)、]|（\d{1,2}）|\(\d{1,2}\)|第[一二三四五六七八九十]+步)\s*")


@dataclass(frozen=True, slots=True)
class Source:
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


class Sources:
    """The sources of some documents, with the terms that each holds."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self.all: tuple[Source, ...] = tuple(source for document in documents for source in _sources(document))
        self._holders: dict[str, set[int]] = defaultdict(set)
        for number, source in enumerate(self.all):
            for term in terms(" ".join((source.text, *source.section, *source.header))):
                self._holders[term].add(number)

    def rarity(self, word: str) -> float:
        """Return ln(N / n) for the rarest term of ``word``, which n of N sources hold; 0 for a word without subject."""
        own = [term for term in terms(word) if not is_stop(term)]
        held = min((len(self._holders.get(term, ())) for term in own), default=len(self.all))
        return math.log(max(len(self.all), 1) / max(held, 1))

    def holding(self, words: Iterable[str]) -> list[Source]:
        """Return the sources that hold every term of ``words``, headings and column names counted."""
        held = [self._holders.get(term, set()) for word in words for term in terms(word) if not is_stop(term)]
        return [self.all[number] for number in sorted(set.intersection(*held))] if held else []


def _sources(document: Document) -> Iterator[Source]:
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
) -> Iterator[Source]:
    if block.kind == "table_row":
        page = document.page_at(block.start)
        if header and len(header) == len(text.split(" | ")):
            yield Source(document.name, "row", text, page, section, header, block.start)
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
            yield Source(document.name, "step" if step else "sentence", said, page, section, (), block.start + start)


def _weight(text: str) -> int:
    return len(text) + sum(c >= "\u2e80" for c in text)


def pages_of(sources: Sequence[Source]) -> tuple[int, ...]:
    """Return the pages on which they stand, in order."""
    return tuple(sorted({source.page for source in sources if source.page is not None}))
