"""REST: search, ask, as JSON or as a stream, and feedback."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from ragqa.answerers.base import Turn
from ragqa.answering import LONGEST_QUESTION
from ragqa.server import questions
from ragqa.server.schemas import (
    MOST_PASSAGES,
    AnswerResult,
    AskRequest,
    FeedbackRequest,
    Judgement,
    SearchResult,
    problems,
)
from ragqa.server.served import ServedNow
from ragqa.server.streams import ALIVE, Failed, Finished, Piece, event, event_stream, failed_event, stream_answer
from ragqa.types import Mode

router = APIRouter(prefix="/v1/libraries/{library}", tags=["questions"])

_ERRORS = problems(400, 401, 403, 404, 409, 413, 422, 429, 502, 504)


@router.get("/search", response_model=SearchResult, responses=_ERRORS)
async def search(
    served: ServedNow,
    library: str,
    question: Annotated[str, Query(min_length=1, max_length=LONGEST_QUESTION)],
    k: Annotated[int | None, Query(ge=1, le=MOST_PASSAGES)] = None,
    mode: Mode | None = None,
    document: Annotated[str | None, Query(min_length=1, max_length=500, description="A name or a glob.")] = None,
) -> Response:
    """Find the passages that answer a question best."""
    await served.check_library(library)
    held = served.libraries
    return JSONResponse(
        await served.workers.answer(lambda: questions.search(held.get(library), question, k, mode, document))
    )


_STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {}}, "description": "The answer; as a stream, events with JSON."}
}


@router.post("/ask", response_model=AnswerResult, responses=_STREAM | _ERRORS)
async def ask(served: ServedNow, request: Request, library: str, asked: AskRequest) -> Response:
    """Answer a question with the page that proves each statement; as a stream where the client accepts one."""
    await served.check_library(library)
    turns = [Turn(turn.question, turn.answer) for turn in asked.history]

    def answer(on_text: Callable[[str], None] | None = None) -> dict[str, Any]:
        return questions.ask(
            served.libraries.get(library),
            asked.question,
            keep=not served.options.read_only,
            history=turns,
            k=asked.k,
            mode=asked.mode,
            document=asked.document,
            on_text=on_text,
        )

    if "text/event-stream" not in request.headers.get("accept", ""):
        return JSONResponse(await served.workers.answer(answer))
    items = stream_answer(served.workers, served.options.question_seconds, answer)

    async def events() -> AsyncIterator[str]:
        async for item in items:
            match item:
                case Piece(text):
                    yield event("text", {"text": text})
                case Finished(result):
                    yield event("answer", result)
                case Failed(error):
                    yield failed_event(error)
                case None:
                    yield ALIVE

    return event_stream(events())


@router.post("/feedback", response_model=Judgement, responses=_ERRORS)
async def feedback(served: ServedNow, library: str, given: FeedbackRequest) -> Response:
    """Say that an answer was good or bad, and best also what it should have said."""
    served.check_writable()
    return JSONResponse(await served.read(library, lambda held: questions.feedback(held, given)))
