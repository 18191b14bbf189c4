"""Connections: how many there are, how long a request's head may take, and what becomes of bytes that nobody takes.

Below the application, which sees a request only once its head is whole. Errors have the application's shape here too.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from ragqa.server.limits import too_many
from ragqa.server.problems import Problem, response_of

REFUSED_SECONDS = 1.0
"""A connection beyond the most may be open so long, to send its request and be told."""


def connection_type(most: int, stall: float) -> type[asyncio.Protocol]:
    """Return the protocol of connections: ``most`` at once, ``stall`` seconds for a head and for bytes not taken."""

    class Bounded(Connection):
        most_connections = most
        stall_seconds = stall

    return Bounded


class Connection(H11Protocol):
    """A connection that ends by itself when its client neither sends a whole request nor takes what it asked for."""

    most_connections: int
    stall_seconds: float

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._deadline: asyncio.TimerHandle | None = None
        self._refused = False
        self.app = self._flushed(self.app)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._refused = len(self.connections) > self.most_connections
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            self._close_with(too_many("connections", status=503))
            return
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self._is_answering():
            self._end_deadline()
        elif self._deadline is None and self.timeout_keep_alive_task is None:  # of the next request, a first part
            self._await_head()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP: the one error that comes before there is a request."""
        if self.cycle and self.cycle.response_started and not self.cycle.response_complete:
            self.transport.abort()  # in the middle of another answer
            return
        too_long = f"its head is longer than {self.config.h11_max_incomplete_event_size:,} bytes, or "
        self._close_with(Problem(400, "invalid_request", f"this is no request of HTTP/1.1: {too_long}not well formed"))

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    # The head of a request

    def _await_head(self) -> None:
        seconds = REFUSED_SECONDS if self._refused else self.stall_seconds
        self._deadline = self.loop.call_later(seconds, self._give_up)

    def _end_deadline(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        self._deadline = None
        if self._is_answering():
            return
        if self.conn.trailing_data[0]:
            seconds = f"{self.stall_seconds:g} seconds"
            self._close_with(Problem(408, "timeout", f"the head of the request did not come within {seconds}"))
        else:
            self.transport.abort()

    # Bytes that nobody takes

    def _close_with(self, problem: Problem) -> None:
        """Send a problem, whatever state the connection is in, and close it."""
        response = response_of(problem, "")
        head = f"HTTP/1.1 {problem.status_code} {HTTPStatus(problem.status_code).phrase}\r\nconnection: close\r\n"
        fields = b"".join(b"%s: %s\r\n" % field for field in response.raw_headers)
        self.transport.write(head.encode() + fields + b"\r\n" + bytes(response.body))
        self._end_deadline()
        self.transport.close()
        self._watch_flush()

    def _flushed(self, app: Any) -> Any:
        """Return the application, after which a connection is closed that does not take what was sent."""

        async def run(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await app(scope, receive, send)
            finally:
                self._watch_flush()

        return run

    def _watch_flush(self) -> None:
        """Cut the connection where nothing of what is to be sent goes out for a while: closing waits for all of it."""
        left = self.transport.get_write_buffer_size()

        def look() -> None:
            now = self.transport.get_write_buffer_size()
            if now and now >= left and not self._is_answering():
                self.transport.abort()
            elif now:
                self._watch_flush()

        if left:
            self.loop.call_later(self.stall_seconds, look)
