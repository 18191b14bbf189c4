"""Server-sent events: an answer as a thread writes it. Whoever goes away stops the thread at its next word."""

from __future__ import annotations

import asyncio
import json
import weakref
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from fastapi.responses import StreamingResponse

from ragqa.server.limits import Work, Workers, too_late
from ragqa.server.problems import problem_of

Result = TypeVar("Result")

HEARTBEAT = 15.0
"""Seconds of silence after which a line says that the connection is alive: proxies close silent ones."""

ALIVE = ": alive\n\n"


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of the text."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished(Generic[Result]):
    """What the thread returned."""

    result: Result


@dataclass(frozen=True, slots=True)
class Failed:
    """What it raised."""

    error: Exception


Item: TypeAlias = "Piece | Finished[Result] | Failed"


def stream_answer(
    workers: Workers, seconds: float, ask: Callable[[Callable[[str], None]], Result]
) -> AsyncIterator[Item[Result] | None]:
    """Begin an answer and return its pieces, then what ``ask`` returned or raised; None when nothing came for a while.

    ``ask`` runs in a thread and is given what receives its pieces. Raises Problem while too many questions wait.
    """
    loop, work = asyncio.get_running_loop(), Work()
    items: asyncio.Queue[Item[Result]] = asyncio.Queue()

    def hand_over(item: Item[Result]) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(items.put_nowait, item)

    def on_text(text: str) -> None:
        work.check()
        hand_over(Piece(text))

    def do() -> None:
        try:
            hand_over(Finished(ask(on_text)))
        except Exception as error:
            hand_over(Failed(error))

    future = workers.start(work, do)

    async def yield_items() -> AsyncIterator[Item[Result] | None]:
        ends = loop.time() + seconds
        try:
            while True:
                wait = min(HEARTBEAT, ends - loop.time())
                if wait <= 0:
                    yield Failed(too_late(seconds))
                    return
                try:
                    item = await asyncio.wait_for(items.get(), wait)
                except asyncio.TimeoutError:
                    yield None
                    continue
                yield item
                if not isinstance(item, Piece):
                    return
        finally:
            work.cut()
            future.cancel()

    yielded = yield_items()
    weakref.finalize(yielded, work.cut).atexit = False  # who goes away before the first piece runs no ``finally``
    return yielded


def event(kind: str, data: object) -> str:
    """Return one server-sent event with JSON in it."""
    return f"event: {kind}\n{unnamed_event(data)}"


def unnamed_event(data: object) -> str:
    """Return one server-sent event of no kind with JSON in it, as OpenAI's streams have them."""
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"


def failed_event(error: Exception) -> str:
    """Return the event of an answer that failed."""
    return event("error", problem_of(error).body())


def event_stream(events: AsyncIterator[str]) -> StreamingResponse:
    """Return a response of server-sent events that no proxy holds back."""
    headers: dict[str, Any] = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)
