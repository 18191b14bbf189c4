"""What comes in and goes out, for OpenAPI and the checks of requests. Answers are made by ``ragqa.json_forms``.

Responses are described here and not made from here: the records' own dictionaries go out as they are.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ragqa.answering import LONGEST_QUESTION
from ragqa.server.changing import Kind
from ragqa.server.job import Status
from ragqa.types import ExtractKind, Mode, UnitKind

LONGEST_TEXT = 50_000
"""Characters of an answer of before, or of what one should have said."""

MOST_TURNS = 20
"""Turns of a conversation that are taken; older ones say nothing to a follow-up."""

MOST_PASSAGES = 50

Question = Annotated[str, Field(min_length=1, max_length=LONGEST_QUESTION, description="In words.")]
K = Annotated[int, Field(ge=1, le=MOST_PASSAGES, description="How many passages.")]
Glob = Annotated[str, Field(min_length=1, max_length=500, description="A document's name, or a glob such as '*.pdf'.")]


class _Asked(BaseModel):
    """A request: what it does not know is an error, so that a misspelt field is seen."""

    model_config = ConfigDict(extra="forbid")


class Turn(_Asked):
    """A question of the conversation before, and what was answered."""

    question: str = Field(max_length=LONGEST_QUESTION)
    answer: str = Field(max_length=LONGEST_TEXT)


class AskRequest(_Asked):
    """A question to a library."""

    question: Question
    history: list[Turn] = Field(default=[], max_length=MOST_TURNS)
    k: K | None = None
    mode: Mode | None = None
    document: Glob | None = None


class FeedbackRequest(_Asked):
    """What a person thought of an answer."""

    answer_id: str = Field(min_length=1, max_length=50)
    verdict: Literal["good", "bad"]
    better: str | None = Field(default=None, max_length=LONGEST_TEXT)


class FieldError(BaseModel):
    """What is wrong with a part of a request."""

    at: str
    message: str


class ProblemBody(BaseModel):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldError] | None = None


class Health(BaseModel):
    """That the server answers."""

    status: Literal["ok"]
    version: str


class LibraryInfo(BaseModel):
    """What a library holds, or why it can't be opened."""

    name: str
    documents: int | None
    passages: int | None
    embedder: str | None
    bytes: int | None
    changed: str | None
    error: str | None


class LibraryList(BaseModel):
    """The libraries served, and what the server does."""

    default: str
    read_only: bool
    answerer: str
    max_upload_bytes: int
    libraries: list[LibraryInfo]


class DocumentInfo(BaseModel):
    """A document of a list."""

    id: str
    name: str
    title: str
    media_type: str
    sha256: str
    pages: int
    passages: int
    added_at: str


class DocumentList(BaseModel):
    """The documents of a library, by name."""

    documents: list[DocumentInfo]


class Heading(BaseModel):
    """A heading of a document."""

    level: int
    title: str
    page: int | None
    start: int


class DocumentDetail(BaseModel):
    """A document with its outline."""

    id: str
    name: str
    title: str
    media_type: str
    sha256: str
    pages: int
    has_original: bool
    outline: list[Heading]
    warnings: list[str]


class UnitInfo(BaseModel):
    """A unit of a document: what answers are made of."""

    kind: UnitKind
    start: int
    end: int
    page: int | None
    page_end: int | None
    section: str
    steps: int | None
    warning: str
    text: str


class UnitList(BaseModel):
    """The units of a document, in reading order."""

    document: str
    document_id: str
    units: list[UnitInfo]


class PageDetail(BaseModel):
    """A page: its text, and its size in points where there is an image of it."""

    document: str
    document_id: str
    page: int
    pages: int
    label: str | None
    text: str
    start: int
    end: int
    width: float | None
    height: float | None


class BoxInfo(BaseModel):
    """A rectangle on a page, in points, origin top left."""

    left: float
    top: float
    right: float
    bottom: float


class BoxList(BaseModel):
    """Where some characters stand on a page of so many points."""

    page: int
    width: float
    height: float
    boxes: list[BoxInfo]


class FigureInfo(BaseModel):
    """A figure, by the rectangle in which it stands on its page, in points, origin top left."""

    page: int
    left: float
    top: float
    right: float
    bottom: float


class FigureList(BaseModel):
    """The figures that belong to some characters."""

    figures: list[FigureInfo]


class IngestResult(BaseModel):
    """What became of a file."""

    path: str
    status: Literal["added", "replaced", "unchanged", "failed"]
    pages: int
    passages: int
    error: str | None
    warnings: list[str]
    duplicate_of: str | None
    renamed_from: str | None


class JobInfo(BaseModel):
    """A change of a library, and how it stands."""

    id: str
    library: str
    kind: Kind
    document: str
    status: Status
    stage: Literal["reading", "embedding"] | None
    share: float
    notes: list[str]
    error: str | None
    result: IngestResult | None
    created: str
    finished: str | None


class JobList(BaseModel):
    """The jobs of a library, newest first."""

    jobs: list[JobInfo]


class Correction(BaseModel):
    """A misspelt word, and what it was taken for."""

    word: str
    taken_for: str


class Scores(BaseModel):
    """Each side's own score."""

    dense: float | None
    lexical: float | None


class PassageInfo(BaseModel):
    """A passage that was found."""

    rank: int
    passage_id: int
    document: str
    document_id: str | None
    page: int | None
    page_end: int | None
    section: str
    start: int
    end: int
    text: str
    score: float
    scores: Scores


class SearchResult(BaseModel):
    """The best passages for a question."""

    question: str
    corrections: list[Correction]
    passages: list[PassageInfo]
    timings_ms: dict[str, float]


class CitationInfo(BaseModel):
    """Where a statement of an answer stands."""

    marker: int
    document: str
    document_id: str | None
    page: int | None
    page_end: int | None
    printed: str | None
    section: str
    quote: str
    passage_id: int
    start: int
    end: int


class ExtractInfo(BaseModel):
    """A unit that an answer quotes."""

    kind: ExtractKind
    document: str
    document_id: str | None
    page: int | None
    page_end: int | None
    section: str
    text: str
    steps_total: int | None
    start: int
    end: int


class UsageInfo(BaseModel):
    """Tokens used, and their price where it is known."""

    prompt_tokens: int
    completion_tokens: int
    embedding_tokens: int
    cost_usd: float | None


class AnswerResult(BaseModel):
    """An answer with its proof."""

    answer_id: str | None
    question: str
    answer: str
    abstained: bool
    confidence: float
    citations: list[CitationInfo]
    units: list[ExtractInfo]
    unsupported: list[str]
    corrections: list[Correction]
    answerer: str
    usage: UsageInfo
    warnings: list[str]
    passages: list[PassageInfo]
    timings_ms: dict[str, float]


class Judgement(BaseModel):
    """A judgement that was kept."""

    verdict: Literal["good", "bad"]
    question: str
    answer: str
    better: str | None


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the descriptions of a route's errors, for OpenAPI."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
    return {status: {"description": "A problem (RFC 9457).", "content": content} for status in statuses}
