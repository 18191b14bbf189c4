"""Send requests of one model to one server: what it refuses is mended, what passes is tried again. Reads no answer.

The client's own retries are off: what a server refuses for good, some say with the status of a passing trouble.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any, Literal, TypeVar

from ragqa.errors import ModelError
from ragqa.openai_api.bodies import Body
from ragqa.openai_api.client import Server
from ragqa.openai_api.errors import (
    Failure,
    Lessons,
    ServerError,
    Unreachable,
    explain,
    failure_of,
    lessons_of,
    server_words,
)

Request = dict[str, Any]
T = TypeVar("T")

LONGEST_WAIT = 60.0
"""Seconds that a server may ask to be left alone; one that asks for more is said to be busy."""
_FIRST_WAIT, _LAST_WAIT = 0.5, 8.0
_LISTED = 8
"""Models that are named where the one asked for is missing."""


class Calls:
    """The requests of ``model`` to ``server``, each tried up to ``retries`` times more. Safe in several threads."""

    def __init__(self, model: str, server: Server, timeout_s: float, retries: int = 2) -> None:
        self._model, self._server, self._timeout_s, self._retries = model, server, timeout_s, retries
        self._client = server.client.with_options(max_retries=0)
        self.lessons: Lessons = lessons_of(str(server.client.base_url), model)

    def send(
        self,
        kind: Literal["chat", "embeddings"],
        form: Callable[[Lessons], Request],
        read: Callable[[Body], T],
        learn: Callable[[ServerError, Request, Lessons], bool],
    ) -> T:
        """Return what ``read`` makes of the reply. Raises Failure.

        ``form`` is asked for the request each time. ``learn`` is told of a refusal, and returns whether the next
        request will be another one; it must not say so for ever.
        """
        tried = 0
        while True:
            request = form(self.lessons)
            try:
                return self._once(kind, request, read)
            except ServerError as error:
                if learn(error, request, self.lessons):
                    continue
                if tried == self._retries or not error.passing or (error.wait_s or 0) > LONGEST_WAIT:
                    raise
                _wait(tried, error.wait_s)
            except Unreachable:
                if tried == self._retries:
                    raise
                _wait(tried, None)
            tried += 1

    def _once(self, kind: str, request: Request, read: Callable[[Body], T]) -> T:
        import openai

        part: Any = self._client.chat.completions if kind == "chat" else self._client.embeddings
        try:
            with part.with_streaming_response.create(**request) as reply:
                return read(Body(reply.iter_bytes()))
        except openai.OpenAIError as error:
            raise failure_of(error) from None

    def explain(self, error: Failure) -> ModelError:
        """Return the one line that tells a user what to do; a missing model's names those that there are."""
        told = explain(error, self._model, self._server.host, self._timeout_s)
        there = self._models() if isinstance(error, ServerError) and error.no_such_model else []
        return ModelError(f"{told}: {', '.join(there)}") if there else told

    def _models(self) -> list[str]:
        """Return some of the models that the server says it has; none where it does not say."""
        try:
            listed = self._client.with_options(timeout=min(5.0, self._timeout_s)).models.list()
            names = [server_words(str(one.id), 60) for one in listed.data[: _LISTED + 1]]
        except Exception:  # this only adds to an error: what goes wrong here is not worth a word
            return []
        return [*names[:_LISTED], "…"] if len(names) > _LISTED else names


def _wait(tried: int, asked_s: float | None) -> None:
    """Wait before the next try: as long as the server asks, else twice as long each time, a little by chance."""
    usual = min(_LAST_WAIT, _FIRST_WAIT * 2**tried) * (1 - 0.25 * random.random())
    time.sleep(usual if asked_s is None else asked_s)
