"""A server that speaks ``/v1/chat/completions`` and does what the test tells it to: answer, fail, stall, break off.

It keeps every request that it got. Nothing in it is clever: a reader can see what goes over the wire.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.servers.stand_in import running

Handler = BaseHTTPRequestHandler
Step = Callable[[Handler, dict[str, Any]], None]


@dataclass
class ChatServer:
    """What a test sees: the address, the requests that came, and the steps still to be done, the last one for ever."""

    url: str
    steps: list[Step]
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    """What it lists; asking for that is no request of a test."""

    @property
    def sent(self) -> dict[str, Any]:
        """The last request."""
        return self.requests[-1]

    @property
    def prompt(self) -> str:
        """The last user message of the last request."""
        return str(self.sent["messages"][-1]["content"])


@contextmanager
def serving(*steps: Step) -> Iterator[ChatServer]:
    """Yield a server on a free port that does one of ``steps`` for each request."""

    class Serve(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.requests.append({**body, "path": self.path})
            state.headers.append({name.lower(): value for name, value in self.headers.items()})
            step = state.steps.pop(0) if len(state.steps) > 1 else state.steps[0]
            step(self, body)

        def do_GET(self) -> None:
            send(self, 200, {"object": "list", "data": [{"id": name, "object": "model"} for name in state.models]})

        def log_message(self, *args: object) -> None:
            pass

    with running(Serve) as url:
        state = ChatServer(url, list(steps))
        yield state


USAGE = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}


def says(*texts: str, end: str = "stop", usage: dict[str, int] | None = USAGE, pieces: int = 3) -> Step:
    """Answer with ``texts``, one a choice; streamed in pieces of so many characters where that was asked for."""

    def step(handler: Handler, body: dict[str, Any]) -> None:
        if body.get("stream"):
            chunks = [texts[0][at : at + pieces] for at in range(0, len(texts[0]), pieces)]
            events = [_chunk({"content": chunk}) for chunk in chunks] + [_chunk({}, end)]
            if usage and body.get("stream_options", {}).get("include_usage"):
                events.append({**_chunk({}), "choices": [], "usage": usage})
            _stream(handler, events, "data: [DONE]\n\n")
            return
        choices = [
            {"index": at, "finish_reason": end, "message": {"role": "assistant", "content": text}}
            for at, text in enumerate(texts)
        ]
        send(handler, 200, {**_frame("chat.completion"), "choices": choices, "usage": usage})

    return step


def fails(status: int, error: Any, **headers: str) -> Step:
    """Refuse with ``status`` and an error body; the client is told not to wait before it tries again."""

    def step(handler: Handler, body: dict[str, Any]) -> None:
        send(handler, status, error, {"retry-after-ms": "1", **headers})

    return step


def refuses(parameter: str, then: Step, *, message: str = "", status: int = 400) -> Step:
    """Refuse every request that holds ``parameter``, as OpenAI does; do ``then`` with the others."""

    def step(handler: Handler, body: dict[str, Any]) -> None:
        if parameter not in body:
            return then(handler, body)
        said = message or f"Unsupported parameter: '{parameter}' is not supported with this model."
        error = {"message": said, "type": "invalid_request_error", "param": parameter, "code": "unsupported_parameter"}
        send(handler, status, {"error": error})

    return step


def breaks_off(text: str, *, cleanly: bool) -> Step:
    """Stream ``text`` and stop without saying why: the connection closed, or an end as if all was well."""

    def step(handler: Handler, body: dict[str, Any]) -> None:
        _stream(handler, [_chunk({"content": text})], "data: [DONE]\n\n" if cleanly else None)

    return step


def stalls(over: threading.Event) -> Step:
    """Say nothing until ``over`` is set, or for a minute."""

    def step(handler: Handler, body: dict[str, Any]) -> None:
        over.wait(60)

    return step


def errs_in_stream(text: str, message: str) -> Step:
    """Stream ``text`` and then an error."""

    def step(handler: Handler, body: dict[str, Any]) -> None:
        _stream(handler, [_chunk({"content": text}), {"error": {"message": message}}], "data: [DONE]\n\n")

    return step


def page(text: str, status: int = 200) -> Step:
    """Answer with a web page, as a server does that has something else at this address, and a proxy that fails."""

    def step(handler: Handler, body: dict[str, Any]) -> None:
        _raw(handler, status, text.encode(), "text/html", {"retry-after-ms": "1"})

    return step


def message(content: Any, end: str | None = "stop", **fields: Any) -> dict[str, Any]:
    """Return a whole reply as JSON: one choice, its message with any ``fields``."""
    said = {"role": "assistant", "content": content, **fields}
    return {**_frame("chat.completion"), "choices": [{"index": 0, "message": said, "finish_reason": end}]}


def chunk(end: str | None = None, **delta: Any) -> dict[str, Any]:
    """Return one event of a stream as JSON."""
    return _chunk(delta, end)


def sends_json(value: Any, status: int = 200) -> Step:
    """Answer with ``value`` whatever was asked for, streamed or not."""

    def step(handler: Handler, body: dict[str, Any]) -> None:
        send(handler, status, value, {"retry-after-ms": "1"})

    return step


def sends_events(*events: dict[str, Any] | str, done: bool = True, prefix: str = "data: ") -> Step:
    """Answer with an event stream whatever was asked for, closed at its end; strings are sent as they are."""

    def step(handler: Handler, body: dict[str, Any]) -> None:
        lines = [one if isinstance(one, str) else f"{prefix}{json.dumps(one)}\n\n" for one in events]
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write("".join([*lines, *(["data: [DONE]\n\n"] if done else [])]).encode())
        handler.close_connection = True

    return step


def by_kind(whole: Step, streamed: Step) -> Step:
    """Do ``streamed`` where a stream was asked for, else ``whole``."""
    return lambda handler, body: (streamed if body.get("stream") else whole)(handler, body)


def send(handler: Handler, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
    """Send a JSON body."""
    _raw(handler, status, json.dumps(body).encode(), "application/json", headers or {})


def _raw(handler: Handler, status: int, data: bytes, kind: str, headers: dict[str, str]) -> None:
    handler.send_response(status)
    for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **headers}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(data)


def _frame(kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 0, "model": "test"}


def _chunk(delta: dict[str, Any], end: str | None = None) -> dict[str, Any]:
    return {
        **_frame("chat.completion.chunk"),
        "choices": [{"index": 0, "delta": delta, "finish_reason": end}],
    }


def _stream(handler: Handler, events: list[dict[str, Any]], last: str | None) -> None:
    """Send events, chunked; without a ``last`` one the connection closes in the middle."""
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for event in [*(f"data: {json.dumps(event)}\n\n" for event in events), *([last] if last else [])]:
        data = event.encode()
        handler.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        handler.wfile.flush()
    if last:
        handler.wfile.write(b"0\r\n\r\n")
    else:
        handler.close_connection = True
        handler.connection.close()
