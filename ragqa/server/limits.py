"""How much is taken at once: requests, bytes of a body, time without a byte; and the threads in which work is done.

A bounded number of threads answers; who comes while too many wait is told to come again. Nothing waits for ever.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ragqa.models.compiled import usable_cpus
from ragqa.server.options import ServeOptions
from ragqa.server.problems import Problem, path_of, response_of

Result = TypeVar("Result")

HEALTH = "/v1/health"
"""Answered whatever is under way while a connection is free: who restarts a server that does not say that it is well
would end all of it."""


class Limits:
    """Refuses what is too much: requests at once, bodies too large, and clients that neither send nor take a byte.

    An upload is measured by its route, which knows the larger limit.
    """

    def __init__(self, app: ASGIApp, options: ServeOptions) -> None:
        self._app = app
        self._options = options
        self._active = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            if self._active >= self._options.most_requests and path_of(scope) != HEALTH:
                raise too_many("requests")
            most = self._most(scope)
            check_length(Headers(scope=scope), most)
        except Problem as problem:
            await response_of(problem, path_of(scope))(scope, receive, send)
            return
        self._active += 1
        try:
            stall = self._options.stall_seconds
            await self._app(scope, _measured(receive, most, stall), _unstalled(send, stall))
        finally:
            self._active -= 1

    def _most(self, scope: Scope) -> int:
        upload = scope["method"] == "POST" and path_of(scope).endswith("/documents")
        return self._options.most_upload_bytes if upload else self._options.most_body_bytes


def check_length(headers: Headers, most: int) -> None:
    """Raise Problem for a body that says itself that it is larger than ``most`` bytes."""
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length[:20]) > most:
        raise _too_large(most)


def _measured(receive: Receive, most: int, stall: float) -> Receive:
    """Return ``receive`` that raises Problem once a body is larger than ``most``, or stalls before it has ended."""
    taken, ended = 0, False

    async def measured() -> Message:
        nonlocal taken, ended
        if ended:  # what comes now is only that the client went away
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), stall)
        except asyncio.TimeoutError:
            raise Problem(408, "timeout", f"nothing more of the request came for {stall:g} seconds") from None
        if message["type"] == "http.request":
            taken += len(message.get("body", b""))
            ended = not message.get("more_body", False)
            if taken > most:
                raise _too_large(most)
        return message

    return measured


def _unstalled(send: Send, stall: float) -> Send:
    """Return ``send`` that raises ClientDisconnect where a client takes nothing for ``stall`` seconds."""

    async def unstalled(message: Message) -> None:
        try:
            await asyncio.wait_for(send(message), stall)
        except asyncio.TimeoutError:
            raise ClientDisconnect from None

    return unstalled


def _too_large(most: int) -> Problem:
    return Problem(413, "too_large", f"the request's body may have {most:,} bytes; this one has more")


def too_many(what: str, status: int = 429) -> Problem:
    """Return what is said to who comes while too many are there."""
    return Problem(status, "too_many", f"too many {what} at once: try again in a moment", headers={"Retry-After": "2"})


class Cut(BaseException):
    """Nobody waits for the answer any more. No mistake, so nothing that catches mistakes keeps it."""


class Work:
    """What a thread does for a request. ``cut`` has it stop at the next chance."""

    def __init__(self) -> None:
        self._cut = threading.Event()

    def cut(self) -> None:
        """Have the thread stop when it looks next."""
        self._cut.set()

    def check(self) -> None:
        """Raise Cut in the thread where nobody waits any more."""
        if self._cut.is_set():
            raise Cut


class Workers:
    """Threads that answer, and a few that draw and read pages, so that neither has to wait for the other."""

    def __init__(self, options: ServeOptions) -> None:
        self._options = options
        self._answers = ThreadPoolExecutor(threads_for_answers(), "answer")
        self._pages = ThreadPoolExecutor(max(2, usable_cpus() // 2), "page")
        self.waiting = 0
        """Questions under way, those that wait for a thread among them."""

    def start(self, work: Work, do: Callable[[], Result]) -> Future[Result]:
        """Have a thread answer. Raises Problem while too many questions wait. Call it from the event loop."""
        if self.waiting >= self._options.most_waiting:
            raise too_many("questions")
        self.waiting += 1
        loop = asyncio.get_running_loop()

        def checked() -> Result:
            work.check()
            return do()

        future = self._answers.submit(checked)
        future.add_done_callback(lambda _: _in_loop(loop, self._done))
        return future

    def _done(self) -> None:
        self.waiting -= 1

    async def answer(self, do: Callable[[], Result]) -> Result:
        """Return what ``do`` does in a thread that answers. Raises Problem when it takes too long."""
        work = Work()
        future = self.start(work, do)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), self._options.question_seconds)
        except asyncio.TimeoutError:
            raise too_late(self._options.question_seconds) from None
        finally:
            work.cut()
            future.cancel()

    async def page(self, do: Callable[[], Result]) -> Result:
        """Return what ``do`` does in a thread that reads documents and draws pages."""
        future = asyncio.get_running_loop().run_in_executor(self._pages, do)
        try:
            return await asyncio.wait_for(future, self._options.question_seconds)
        except asyncio.TimeoutError:
            raise too_late(self._options.question_seconds) from None

    def stop(self) -> None:
        """Finish what runs; drop what waits."""
        for pool in (self._answers, self._pages):
            pool.shutdown(wait=True, cancel_futures=True)


def threads_for_answers() -> int:
    """Return how many questions are answered at once: some wait for a model elsewhere, the others for a processor."""
    return max(4, min(32, 4 * usable_cpus()))


def too_late(seconds: float) -> Problem:
    """Return what is said when a question took too long."""
    return Problem(504, "timeout", f"no answer within {seconds:g} seconds: ask again when less is going on")


def _in_loop(loop: asyncio.AbstractEventLoop, do: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(do)
