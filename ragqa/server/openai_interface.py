"""OpenAI's interface: a library is a model ``ragqa/NAME`` that answers from its manuals, and embeds by its embedder.

Citations come three times: as links at the end of the text, for clients that show text alone; as ``annotations`` of
kind ``url_citation``; and in ``citations``, with page and quote. What an answer is made with is the server's own
choice, so options such as ``temperature`` change nothing. https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from ragqa.answerers.base import Turn
from ragqa.server import questions
from ragqa.server.openai_citations import Cited, without_links
from ragqa.server.problems import Problem, problem_of
from ragqa.server.schemas import LONGEST_TEXT, MOST_TURNS
from ragqa.server.served import Served, ServedNow
from ragqa.server.streams import ALIVE, Failed, Finished, Piece, event_stream, stream_answer, unnamed_event

router = APIRouter(prefix="/v1", tags=["OpenAI"])

PREFIX = "ragqa/"
MOST_TEXTS = 2048
"""Of a request for embeddings, as OpenAI has it: clients send as many at once, the largest body permitting."""

MOST_MESSAGES = 200


class ContentPart(BaseModel):
    """A part of a message; only text is read."""

    type: str
    text: str | None = Field(default=None, max_length=LONGEST_TEXT)


class Message(BaseModel):
    """A message of the conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Annotated[str, Field(max_length=LONGEST_TEXT)] | list[ContentPart] | None = None

    def said(self) -> str:
        """Return its text."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.type == "text" and part.text)
        return self.content or ""


class StreamOptions(BaseModel):
    """How a stream ends."""

    include_usage: bool | None = None


class ResponseFormat(BaseModel):
    """In which form an answer is wanted."""

    type: str = Field(max_length=50)


class ChatRequest(BaseModel):
    """What is read of a request for a chat completion; other options change nothing."""

    model: str = Field(max_length=200)
    messages: list[Message] = Field(min_length=1, max_length=MOST_MESSAGES)
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    n: int | None = None
    response_format: ResponseFormat | None = None
    tool_choice: Any = None


class EmbeddingsRequest(BaseModel):
    """What is read of a request for embeddings."""

    model: str = Field(max_length=200)
    input: str | list[Any]
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: int | None = None


class ErrorDetail(BaseModel):
    """What OpenAI's clients show of an error."""

    message: str
    type: str
    param: str | None
    code: str


class ErrorBody(BaseModel):
    """An error, as OpenAI has it."""

    error: ErrorDetail


_ERRORS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": ErrorBody, "description": "The request's fault."},
    "5XX": {"model": ErrorBody, "description": "The server's fault."},
}


@router.get("/models", responses=_ERRORS)
async def list_models(served: ServedNow) -> Response:
    """List the libraries as models."""
    names = await served.workers.page(served.libraries.names)
    return JSONResponse({"object": "list", "data": [_model(name) for name in names]})


@router.get("/models/{model:path}", responses=_ERRORS)
async def show_model(served: ServedNow, model: str) -> Response:
    """Show a library as a model."""
    return JSONResponse(_model(await _library_of(served, model)))


def _model(name: str) -> dict[str, Any]:
    return {"id": PREFIX + name, "object": "model", "created": 0, "owned_by": "ragqa"}


async def _library_of(served: Served, model: str) -> str:
    """Return the library that a model's name means. Raises Problem where none of that name is served."""
    name = model.removeprefix(PREFIX)
    if name not in await served.workers.page(served.libraries.names):
        raise Problem(404, "model_not_found", f"there is no model '{model}' here: see /v1/models")
    return name


@router.post("/chat/completions", responses=_ERRORS)
async def chat(served: ServedNow, request: Request, asked: ChatRequest) -> Response:
    """Answer the last message of a conversation from a library's manuals."""
    library = await _library_of(served, asked.model)
    _check_form(asked)
    question, turns = _conversation(asked.messages)
    head = _Head("chatcmpl-" + secrets.token_hex(12), int(time.time()), asked.model)
    page = str(request.base_url)

    def answer(on_text: Callable[[str], None] | None = None) -> dict[str, Any]:
        held, keep = served.libraries.get(library), not served.options.read_only
        return questions.ask(held, question, keep=keep, history=turns, on_text=on_text)

    if not asked.stream:
        told = await served.workers.answer(answer)
        said = Cited(library, page, told)
        return JSONResponse(head.completion(told["answer"] + said.links(), said, told["usage"]))
    items = stream_answer(served.workers, served.options.question_seconds, answer)
    with_usage = bool(asked.stream_options and asked.stream_options.include_usage)

    async def chunks() -> AsyncIterator[str]:
        written = ""
        yield head.chunk({"role": "assistant", "content": ""})
        async for item in items:
            match item:
                case Piece(text):
                    written += text
                    yield head.chunk({"content": text})
                case Finished(told):
                    said = Cited(library, page, told)
                    written = written or told["answer"]
                    last = {"content": said.links(), "annotations": said.annotations(written)}
                    yield head.chunk(last, "stop", citations=said.citations)
                    if with_usage:
                        yield unnamed_event(
                            head.fields("chat.completion.chunk") | {"choices": [], "usage": _usage(told["usage"])}
                        )
                case Failed(error):
                    yield unnamed_event(problem_of(error).openai_body())
                case None:
                    yield ALIVE
        yield "data: [DONE]\n\n"

    return event_stream(chunks())


def _check_form(asked: ChatRequest) -> None:
    """Raise Problem for a form that no answer has: who parses one would fail on the text with no word of why."""
    if asked.n not in (None, 1):
        raise Problem(400, "invalid_request", f"n should be 1: there is one answer to a question; got {asked.n}")
    if asked.response_format and asked.response_format.type != "text":
        raise Problem(
            400,
            "invalid_request",
            f"response_format should be text: answers quote the manual; got {asked.response_format.type}",
        )
    if asked.tool_choice not in (None, "auto", "none"):
        raise Problem(400, "invalid_request", "tool_choice should be auto or none: answers call no tools")


def _conversation(messages: list[Message]) -> tuple[str, list[Turn]]:
    """Return the last question, and the turns before it. What a system message says is left aside."""
    spoken = [message for message in messages if message.role in ("user", "assistant")]
    if not spoken or spoken[-1].role != "user" or not spoken[-1].said().strip():
        raise Problem(400, "invalid_request", "the last message should be the user's question, as text")
    turns, question = [], ""
    for message in spoken[:-1]:
        if message.role == "user":
            question = message.said()
        elif question:
            turns.append(Turn(question, without_links(message.said())))
            question = ""
    return spoken[-1].said(), turns[-MOST_TURNS:]


class _Head:
    """What all chunks of a completion have in common."""

    def __init__(self, identity: str, created: int, model: str) -> None:
        self._same = {"id": identity, "created": created, "model": model}

    def fields(self, kind: str) -> dict[str, Any]:
        return {**self._same, "object": kind}

    def completion(self, text: str, said: Cited, usage: dict[str, Any]) -> dict[str, Any]:
        message = {"role": "assistant", "content": text, "refusal": None, "annotations": said.annotations(text)}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        return self.fields("chat.completion") | {
            "choices": [choice],
            "usage": _usage(usage),
            "citations": said.citations,
        }

    def chunk(self, delta: dict[str, Any], finish: str | None = None, **more: Any) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return unnamed_event(self.fields("chat.completion.chunk") | {"choices": [choice], **more})


def _usage(usage: dict[str, Any]) -> dict[str, int]:
    prompt = usage["prompt_tokens"] + usage["embedding_tokens"]
    completion = usage["completion_tokens"]
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


@router.post("/completions", include_in_schema=False)
@router.post("/responses", include_in_schema=False)
async def other_interface() -> Response:
    """Name the setting of a client that asks for OpenAI's older or newer interface."""
    raise Problem(
        404,
        "not_found",
        "answers are chat completions here, /v1/chat/completions: in LangChain use_responses_api=False, in LlamaIndex "
        "is_chat_model=True",
    )


@router.post("/embeddings", responses=_ERRORS)
async def embeddings(served: ServedNow, asked: EmbeddingsRequest) -> Response:
    """Embed texts as a library's embedder embeds questions."""
    library = await _library_of(served, asked.model)
    texts = [asked.input] if isinstance(asked.input, str) else asked.input
    _check_texts(texts)

    def embed() -> dict[str, Any]:
        embedder = served.libraries.get(library).embedder
        if asked.dimensions not in (None, embedder.dim):
            raise Problem(400, "invalid_request", f"dimensions should be {embedder.dim}, those of {embedder.spec}")
        vectors = embedder.embed_queries(texts).astype("<f4")
        tokens = sum(embedder.count_tokens(texts))
        rows = [
            {
                "object": "embedding",
                "index": at,
                "embedding": base64.b64encode(row.tobytes()).decode()
                if asked.encoding_format == "base64"
                else row.tolist(),
            }
            for at, row in enumerate(vectors)
        ]
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return {"object": "list", "data": rows, "model": asked.model, "usage": usage}

    return JSONResponse(await served.workers.answer(embed))


def _check_texts(texts: list[Any]) -> None:
    """Raise Problem for what can't be embedded."""
    if not 1 <= len(texts) <= MOST_TEXTS:
        raise Problem(400, "invalid_request", f"input should be 1 to {MOST_TEXTS} texts; got {len(texts)}")
    if any(isinstance(text, int | list) for text in texts):
        raise Problem(
            400,
            "invalid_request",
            "input should be text: tokens of another model mean nothing here; in LangChain "
            "check_embedding_ctx_length=False",
        )
    if not all(isinstance(text, str) and text.strip() and len(text) <= LONGEST_TEXT for text in texts):
        raise Problem(400, "invalid_request", f"each text should have 1 to {LONGEST_TEXT:,} characters")
