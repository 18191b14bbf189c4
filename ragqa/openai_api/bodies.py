"""The body of a reply → its JSON values: one, or those of an event stream, whichever came and whatever was asked for.

Servers answer a request for a stream in one piece, and the other way round; proxies answer with a page of their own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from ragqa.openai_api.errors import OtherInterface, ServerError, Unreachable, server_words

MOST_BYTES = 1 << 29
"""Of one reply: 2,048 vectors of 3,072 numbers are a quarter of it."""

_MOST_LINES = 64
"""Lines that one event's data is spread over."""


class Body:
    """Iterate over it for the values, once. Raises ServerError for one that is an error, OtherInterface, Unreachable.

    ``ended`` says afterwards whether the server marked the end: with ``[DONE]``, or by closing its JSON.
    """

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = _limited(pieces)
        self.ended = False

    def __iter__(self) -> Iterator[dict[str, Any]]:
        begun = b""
        for piece in self._pieces:
            begun = (begun + piece).lstrip(b"\xef\xbb\xbf \t\r\n")
            if begun:
                break
        values = self._one(begun) if begun[:1] in (b"{", b"[") else self._stream(begun)
        came = False
        for value in values:
            yield _checked(value)
            came = True
        if not came:
            raise OtherInterface(server_words(begun.decode("utf-8", "replace"), 80) or "nothing")

    def _one(self, begun: bytes) -> Iterator[Any]:
        whole = b"".join((begun, *self._pieces))
        self.ended = True
        try:
            yield json.loads(whole)
        except (ValueError, RecursionError):
            lines = whole.split(b"\n")
            if not all(line.strip()[:1] in (b"{", b"") for line in lines[:-1]) or len(lines) < 2:
                raise OtherInterface("JSON that can't be read") from None
            yield from map(_loaded, filter(bytes.strip, lines))  # a value a line

    def _stream(self, begun: bytes) -> Iterator[Any]:
        waiting: list[bytes] = []
        for line in self._lines(begun):
            name, colon, data = line.partition(b":")
            if line and (name != b"data" or not colon):
                continue  # a comment that keeps the connection, or another field
            data = data.strip()
            if data.startswith(b"[DONE]"):
                self.ended = True
                return
            if data:
                waiting.append(data)
            value = _maybe(b"\n".join(waiting)) if waiting else None
            if value is not None:
                waiting.clear()
                yield value
            elif waiting and (not line or len(waiting) > _MOST_LINES):
                raise OtherInterface("an event that is no JSON")
        if waiting:
            raise Unreachable("the connection ended in the middle of an event", timed_out=False)

    def _lines(self, begun: bytes) -> Iterator[bytes]:
        """Yield lines as the event stream's standard ends them; text of other line separators is left as it is."""
        kept: list[bytes] = []
        for piece in _first(begun, self._pieces):
            *whole, last = re.split(rb"\r\n|\r|\n", piece)
            if whole:
                yield b"".join((*kept, whole[0]))
                yield from whole[1:]
                kept.clear()
            kept.append(last)
        if any(kept):
            yield b"".join(kept)


def _first(begun: bytes, pieces: Iterable[bytes]) -> Iterator[bytes]:
    yield begun
    yield from pieces


def _limited(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the pieces. Raises Unreachable where the connection breaks among them, OtherInterface where they are many.

    What the client sends with is its own affair (httpx, or what takes its place), so its exceptions are known by name.
    """
    total, pieces = 0, iter(pieces)
    while True:
        try:
            piece = next(pieces, None)
        except Exception as error:
            if not type(error).__module__.startswith("httpx"):
                raise
            raise Unreachable(server_words(str(error), 100), timed_out="Timeout" in type(error).__name__) from None
        if piece is None:
            return
        total += len(piece)
        if total > MOST_BYTES:
            raise OtherInterface(f"more than {MOST_BYTES:,} bytes")
        yield piece


def _checked(value: Any) -> dict[str, Any]:
    """Return a value as a dict; a bare list is taken for its ``data``. Raises ServerError where it is an error."""
    if isinstance(value, list):
        errors = [one for one in value if isinstance(one, dict) and one.get("error")]
        value = errors[0] if errors else {"data": value}
    if not isinstance(value, dict):
        raise OtherInterface(f"JSON that is {type(value).__name__}")
    answers = value.get("choices") or value.get("data") or value.get("embeddings")
    if value.get("error") or (not answers and (value.get("object") == "error" or _is_complaint(value))):
        raise ServerError(200, value)
    return value


def _is_complaint(value: dict[str, Any]) -> bool:
    """Say whether a body without any answer explains itself, as validators and gateways do."""
    return bool({"message", "detail"} & value.keys()) and "choices" not in value and "data" not in value


def _loaded(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise OtherInterface("JSON that can't be read") from None


def _maybe(data: bytes) -> Any | None:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None
