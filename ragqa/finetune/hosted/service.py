"""The service that trains: its client, opened when it is first needed, and its errors in one line. Keeps nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ragqa.errors import ModelError, RagqaError
from ragqa.openai_api import errors as api
from ragqa.openai_api.client import Server, open_server
from ragqa.openai_api.errors import Failure, ServerError

if TYPE_CHECKING:
    from openai import OpenAI


class Unreachable(ModelError):
    """The service can't be reached, or not now; the same may work in a moment."""


class Busy(Unreachable):
    """The service refused for now: nothing was done there."""


class Unheard(ModelError):
    """A job was asked for and the answer got lost: it may be there."""


class Gone(ModelError):
    """What was asked for is not there."""


class Service:
    """A client that is opened when it is first used; ``asking`` says what goes wrong with it."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._held: Server | None = None

    @property
    def server(self) -> Server:
        """The server of ``OPENAI_BASE_URL``, or OpenAI's own. Raises ModelError where a key is missing."""
        if self._held is None:
            self._held = open_server("--provider openai", self._timeout_s)
        return self._held

    @property
    def client(self) -> OpenAI:
        return self.server.client

    @property
    def host(self) -> str:
        return self.server.host

    @contextmanager
    def asking(self, what: str, *, model: str = "") -> Iterator[None]:
        """Turn what the client raises into one line. ``what`` is what was asked for, as in 'job ftjob-1'."""
        import openai

        try:
            yield
        except RagqaError:
            raise
        except (openai.OpenAIError, ValueError) as error:
            raise self._told(api.failure_of(error), what, model) from None
        except (AttributeError, TypeError):  # JSON of another form than the client's records
            raise self._told(api.OtherInterface(), what, model) from None

    def _told(self, error: Failure, what: str, model: str) -> ModelError:
        told = api.explain(error, model, self.host, self._timeout_s)
        if isinstance(error, api.Unreachable):
            return Unreachable(str(told))
        return self._of_status(error, told, what, model) if isinstance(error, ServerError) else told

    def _of_status(self, error: ServerError, told: ModelError, what: str, model: str) -> ModelError:
        words = api.shortened(error.words)
        if error.status == 404 and ("model" not in words.casefold() or not model):
            return Gone(f"{self.host} has no {what} ({words}): look at the name, the key's account and OPENAI_BASE_URL")
        if error.status == 429 and not error.out_of_quota:
            return Busy(str(told))
        if error.status >= 500:
            return Unreachable(str(told))
        if error.status in (400, 409, 413, 422):
            if model and "model" in words.casefold():
                return ModelError(f"{self.host} does not train '{model}' ({words}): choose another --base")
            return ModelError(f"{self.host} refused {what}: {words}")
        return told
