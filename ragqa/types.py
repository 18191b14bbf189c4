"""The frozen records that every part speaks in. Knows nothing of files, models or stores.

Offsets are character offsets into ``Document.text``; pages count from 1; higher scores are better.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import Literal

BlockKind = Literal["heading", "paragraph", "list_item", "code", "table_header", "table_row", "caption", "toc"]
"""What a stretch of text is. ``toc`` (tables of contents, indexes of terms) stays out of passages."""

UnitKind = Literal["procedure", "list", "table", "code", "definition", "paragraph", "section"]
"""What a reader wants whole. ``section`` is a short section that holds several of the others."""

Mode = Literal["hybrid", "dense", "lexical"]
"""Which sides of retrieval speak."""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch ``text[start:end]`` of a document with one role; blocks are in reading order and never overlap."""

    kind: BlockKind
    start: int
    end: int
    level: int = 0
    """Of a heading: 1 is the top. Of a list item: its depth from 1. Else 0."""


@dataclass(frozen=True, slots=True)
class Page:
    """The stretch of a document's text that stands on one physical page; it may be empty."""

    number: int
    start: int
    end: int
    label: str | None = None
    """The printed page number, where the file names one: 'iv', '12'."""
    furniture: tuple[str, ...] = ()
    """Running headers, footers and page numbers: kept here, and kept out of ``Document.text``."""


PDF = "application/pdf"
"""The media type of documents whose files are kept: only of those are pages shown."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page, in points (1/72 inch) from the top left of the page as it is shown."""

    page: int
    left: float
    top: float
    right: float
    bottom: float

    @property
    def edges(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        return self.left, self.top, self.right, self.bottom


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a document, where its section begins."""

    text: str
    level: int
    """1 is the top."""
    start: int
    page: int | None


@dataclass(frozen=True, slots=True)
class Document:
    """A manual as read: its text in reading order, and the structure found in it.

    Every character that is not white space between blocks lies in exactly one block. ``pages`` is empty where the
    format has none. A table row's cells are joined by ' | '.
    """

    name: str
    title: str
    media_type: str
    sha256: str
    text: str
    blocks: tuple[Block, ...]
    pages: tuple[Page, ...] = ()
    warnings: tuple[str, ...] = ()
    layout: bytes = field(default=b"", compare=False, repr=False)
    """Where its words stand on its pages, as ``ragqa.layout`` packs it: only of a document as it is read, and only
    where its format has pages."""

    def page_at(self, offset: int) -> int | None:
        """Return the number of the page that holds the character at ``offset``, or None in a format without pages."""
        page = self.page_of(offset)
        return page.number if page else None

    def page_of(self, offset: int) -> Page | None:
        """Return the page that holds the character at ``offset``, or None in a format without pages."""
        if not self.pages:
            return None
        at = bisect_right(self.pages, offset, key=lambda page: page.start) - 1
        return self.pages[max(at, 0)]

    def page(self, number: int) -> Page | None:
        """Return the page of a number, from 1; None where there is no such page."""
        return next((page for page in self.pages if page.number == number), None)

    def outline(self) -> tuple[Heading, ...]:
        """Return the headings in the order of the text, each with its level and its page."""
        return tuple(
            Heading(self.text[block.start : block.end], block.level, block.start, self.page_at(block.start))
            for block in self.blocks
            if block.kind == "heading"
        )

    def pages_within(self, start: int, end: int) -> tuple[Page, ...]:
        """Return the pages that begin between the characters ``start`` and ``end``, at neither of them."""
        first = bisect_right(self.pages, start, key=lambda page: page.start)
        return self.pages[first : bisect_left(self.pages, end, lo=first, key=lambda page: page.start)]


@dataclass(frozen=True, slots=True)
class Unit:
    """A stretch ``text[start:end]`` of a document that a reader wants whole."""

    kind: UnitKind
    start: int
    end: int
    section: tuple[str, ...] = ()
    """The headings above it, outermost first."""
    lead: Span = (0, 0)
    """The lead-in, caption or announcing sentence within it; empty where it has none."""
    parts: tuple[Span, ...] = ()
    """Its steps, items or rows, where it has any."""
    steps: int = 0
    """Of a procedure: how many steps it has; 0 where they can't be counted."""
    warning: Span = (0, 0)
    """The warning that stands before the steps, outside of it; empty where there is none."""
    page: int | None = None
    page_end: int | None = None
    printed: str | None = None
    """The number printed on its first page, where that is another than ``page``."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A cut of a document, sized for an embedder: ``document.text[start:end] == text``."""

    document: str
    start: int
    end: int
    text: str
    section: tuple[str, ...] = ()
    """The headings above it, outermost first."""
    header: str = ""
    """The header row of the table in which this passage begins past the header; else empty."""
    page: int | None = None
    page_end: int | None = None
    page_breaks: tuple[tuple[int, int], ...] = ()
    """Where a new page begins within ``text``: (offset, page number)."""
    tokens: int = 0
    windows: tuple[Span, ...] = ()
    """Spans into ``text`` of its sentences, rows and code blocks: the fine grain of retrieval and of answers.

    What only says what stands below it, a caption or a header row, is none.
    """
    passage_id: int = 0
    """Given by the library; 0 before it is stored."""

    def page_at(self, offset: int) -> int | None:
        """Return the number of the page on which the character ``offset`` of ``text`` stands."""
        return next((page for start, page in reversed(self.page_breaks) if start <= offset), self.page)

    def page_after(self, start: int, end: int) -> int | None:
        """Return the page on which ``text[start:end]`` ends, or None where that is the one on which it begins."""
        last = self.page_at(end - 1)
        return last if last != self.page_at(start) else None


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a question. ``dense`` and ``lexical`` are each side's own score, None where it has none."""

    rank: int
    passage: Passage
    score: float
    dense: float | None = None
    lexical: float | None = None
    evidence: tuple[float, ...] = ()
    """How well each of the passage's windows answers, once weighed; empty before."""
    sections: tuple[tuple[str, ...], ...] = ()
    """The headings above each of the windows, where they are known; joined sections have several."""
    printed: tuple[str | None, ...] = ()
    """The number printed on the page of each of the windows, where it is known to be another than the page's own."""


ExtractKind = Literal["procedure", "list", "table", "code", "definition", "paragraph", "section", "row"]
"""A unit's, or ``row`` for a row of a table."""


@dataclass(frozen=True, slots=True)
class Extract:
    """What a manual says to a question: a unit, or a row of its table, as it stands there."""

    kind: ExtractKind
    document: str
    start: int
    end: int
    text: str
    """``document.text[start:end]``."""
    section: tuple[str, ...] = ()
    warning: str = ""
    """The warning that stands before it, outside of it."""
    header: str = ""
    """Of a row: the header row above it."""
    lead: int = 0
    """Characters of ``text`` that announce the rest; 0 where nothing does."""
    parts: tuple[Span, ...] = ()
    """Spans into ``text`` of its steps, items or rows."""
    steps: int = 0
    """Of a procedure: how many steps it has; 0 where they can't be counted."""
    page: int | None = None
    page_end: int | None = None
    printed: str | None = None
    """The number printed on its first page, where that is another than ``page``."""
    passage_id: int = 0
    """The passage by which it was found."""
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class Citation:
    """Where a statement of an answer stands: ``quote`` is found letter for letter in the document."""

    marker: int
    document: str
    page: int | None
    section: tuple[str, ...]
    quote: str
    passage_id: int
    page_end: int | None = None
    """The last page of the quote, where it runs over several."""
    printed: str | None = None
    """The number printed on its first page, where that is another than ``page``."""
    start: int = 0
    """Where the quote begins in the document's text."""
    end: int = 0
    """Where it ends; 0 where its place is not known."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens used and their price in US dollars; ``cost_usd`` is None where no price is known."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    embedding_tokens: int = 0
    cost_usd: float | None = 0.0

    def __add__(self, other: Usage) -> Usage:
        known = self.cost_usd is not None and other.cost_usd is not None
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.embedding_tokens + other.embedding_tokens,
            self.cost_usd + other.cost_usd if known else None,  # type: ignore[operator]
        )


@dataclass(frozen=True, slots=True)
class Correction:
    """A misspelt word of a question, and the word of the library that it was taken for."""

    word: str
    taken_for: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said to a question, with its proof. ``text`` is Markdown with [1] markers."""

    question: str
    text: str
    citations: tuple[Citation, ...]
    hits: tuple[Hit, ...]
    abstained: bool
    confidence: float
    """Probability, 0 to 1, that the manual answers the question."""
    answerer: str
    usage: Usage = field(default_factory=Usage)
    warnings: tuple[str, ...] = ()
    """What the reader should know of this answer: markers dropped, passages left out."""
    timings_ms: dict[str, float] = field(default_factory=dict)
    units: tuple[Extract, ...] = ()
    """The units of the manuals that the answer quotes, best first."""
    unsupported: tuple[str, ...] = ()
    """Numbers, names and codes that a language model wrote and no passage that it was given says."""
    corrections: tuple[Correction, ...] = ()
    """Words of the question that were looked for in another spelling."""
