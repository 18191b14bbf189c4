"""Embed through OpenAI's interface: OpenAI itself, or any server of the user's own that speaks it (OPENAI_BASE_URL).

Contacts nobody before the first text comes. The key goes to the client and nowhere else: no repr, log or error has it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

import numpy as np

from ragqa.embedders import Embedded, EmbeddedQuestion
from ragqa.embedders.openai_tokens import Counter
from ragqa.errors import ModelError
from ragqa.models.files import Progress
from ragqa.openai_client import OFFICIAL_HOST, Server, open_server, server_host
from ragqa.openai_errors import server_words
from ragqa.types import Span

_DIMS = {"text-embedding-ada-002": 1536, "text-embedding-3-small": 1536, "text-embedding-3-large": 3072}
_DOLLARS_PER_MILLION = {"text-embedding-ada-002": 0.10, "text-embedding-3-small": 0.02, "text-embedding-3-large": 0.13}
"""List prices without batch discount, as published in January 2025."""

MAX_INPUTS = 2048
MAX_REQUEST_TOKENS = 300_000
MAX_INPUT_TOKENS = 8191
"""OpenAI's limits of one request."""
_OWN_SERVER_TOKENS = 512
"""What is asked of a model that nothing is known of: most encoders read no more."""
_IN_FLIGHT = 4


class OpenAIEmbedder:
    """An Embedder over HTTP; it sees no token states, so windows are (0, dim). Safe to call from several threads."""

    def __init__(
        self, model: str, progress: Progress | None = None, *, timeout: float = 60.0, max_retries: int = 4
    ) -> None:
        """Take key and server from OPENAI_API_KEY and OPENAI_BASE_URL. Raises ModelError without either."""
        self._host = server_host(f"openai:{model}")
        self.model = model
        self.spec = f"openai:{model}"
        self.revision = model
        self.max_tokens = MAX_INPUT_TOKENS if model in _DIMS else _OWN_SERVER_TOKENS
        self.token_dim = 0
        self.tokens_used = 0
        """What the server says it has read so far."""
        self._dim = _DIMS.get(model)
        self._progress = progress
        self._timeout = timeout
        self._max_retries = max_retries
        self._counter = Counter(known=model in _DIMS)
        self._opened: Server | None = None
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"OpenAIEmbedder({self.model!r})"

    @property
    def dim(self) -> int:
        """The length of a vector; of a model that is not OpenAI's it is learnt from the server's first reply."""
        if self._dim is None:
            self.embed_queries(["dimension"])
        assert self._dim is not None
        return self._dim

    def warm(self, *, passages: bool = False) -> None:
        """Load the client."""
        self._client()

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return each text's tokens: exact with tiktoken's tables at hand, else estimated to the safe side."""
        return self._counter.count(texts)

    def legibility(self, text: str) -> float:
        """Return 1: what the server's vocabulary knows can't be seen from here."""
        return 1.0

    def cost_usd(self, tokens: int) -> float | None:
        """Return the list price of embedding ``tokens``; None where no price is known."""
        price = None if self._host != OFFICIAL_HOST else _DOLLARS_PER_MILLION.get(self.model)
        return None if price is None else tokens * price / 1e6

    def embed_passages(self, texts: Sequence[str], windows: Sequence[Sequence[Span]]) -> list[Embedded]:
        """Return a vector for each text; windows are not looked at."""
        vectors = self._embed(texts)
        none = np.zeros((0, vectors.shape[1]), np.float32)
        return [Embedded(vector, none) for vector in vectors]

    def embed_question(self, text: str) -> EmbeddedQuestion:
        """Return a question's vector; the server gives no token states. Raises ModelError."""
        return EmbeddedQuestion(self.embed_queries([text])[0])

    def embed_queries(self, texts: Sequence[str]) -> np.ndarray:
        """Return float32 (len(texts), dim), rows of unit length."""
        return self._embed(texts)

    def _embed(self, texts: Sequence[str]) -> np.ndarray:
        if not texts:
            return np.zeros((0, self._dim or 0), np.float32)
        # The interface refuses an empty string; a blank reads as nothing too.
        inputs = [self._counter.cut(text, self.max_tokens) if text.strip() else " " for text in texts]
        requests = list(self._requests(inputs))
        parts: dict[int, np.ndarray] = {}
        done = 0
        with ThreadPoolExecutor(_IN_FLIGHT) as pool:
            futures = {pool.submit(self._send, inputs[span]): number for number, span in enumerate(requests)}
            try:
                for future in as_completed(futures):
                    parts[futures[future]] = future.result()
                    done += len(parts[futures[future]])
                    if self._progress and len(requests) > 1:
                        self._progress(f"{self.spec}: {done:,} of {len(texts):,} texts embedded")
            finally:
                pool.shutdown(cancel_futures=True)
        vectors = np.concatenate([parts[number] for number in range(len(requests))])
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.where(norms > 0, norms, 1), np.float32)

    def _requests(self, inputs: Sequence[str]) -> Iterator[slice]:
        """Yield runs of inputs that keep within the limits whatever the true token counts are."""
        first = total = 0
        for number, most in enumerate(self._counter.at_most(inputs)):
            if number > first and (number - first == MAX_INPUTS or total + most > MAX_REQUEST_TOKENS):
                yield slice(first, number)
                first, total = number, 0
            total += most
        yield slice(first, len(inputs))

    def _send(self, inputs: list[str]) -> np.ndarray:
        """Return float32 (inputs, dim) as the server sends them."""
        import openai

        client = self._client()
        try:
            reply = client.embeddings.create(model=self.model, input=inputs)
        except openai.APIStatusError as error:
            if error.status_code in (400, 413, 422) and len(inputs) > 1:
                # Servers have limits of their own; halves find the one input at fault, or fit.
                half = len(inputs) // 2
                return np.concatenate([self._send(inputs[:half]), self._send(inputs[half:])])
            raise self._explained(error) from None
        except openai.OpenAIError as error:
            raise self._explained(error) from None
        except ValueError:  # a body that is no JSON, or one without embeddings
            raise self._bad("a reply that is not a list of embeddings") from None
        return self._read(reply, len(inputs))

    def _read(self, reply: Any, expected: int) -> np.ndarray:
        try:
            rows = sorted(reply.data, key=lambda item: item.index)
            vectors = np.array([item.embedding for item in rows], np.float32)
        except (AttributeError, TypeError, ValueError):
            raise self._bad("a reply that is not a list of embeddings") from None
        if vectors.ndim != 2 or len(vectors) != expected or not np.isfinite(vectors).all():
            raise self._bad(f"{len(vectors)} vectors for {expected} texts, or vectors that are no numbers")
        with self._lock:
            self._dim = self._dim or vectors.shape[1]
            if vectors.shape[1] != self._dim:
                raise self._bad(f"{vectors.shape[1]}-d vectors where {self._dim}-d ones were expected")
            self.tokens_used += int(getattr(getattr(reply, "usage", None), "total_tokens", 0) or 0)
        return vectors

    def _client(self) -> Any:
        with self._lock:
            if self._opened is None:
                self._opened = open_server(self.spec, self._timeout, retries=self._max_retries)
            return self._opened.client

    def _server(self) -> str:
        return "OpenAI" if self._host == OFFICIAL_HOST else self._host

    def _bad(self, came: str) -> ModelError:
        return ModelError(
            f"{self.spec} should give embeddings; {self._server()} sent {came}: is it an embedding model?"
        )

    def _explained(self, error: Any) -> ModelError:
        """Return the one line that tells a user what to do. Words of the server are quoted only where they help."""
        import openai

        if isinstance(error, openai.APITimeoutError):
            return ModelError(
                f"{self._server()} did not answer {self.spec} within {self._timeout:g} s: try again later"
            )
        if isinstance(error, openai.APIConnectionError):
            return ModelError(
                f"{self._server()} can't be reached for {self.spec}: check the network and OPENAI_BASE_URL, "
                "or use the bundled embedder, which needs no server"
            )
        if isinstance(error, (openai.AuthenticationError, openai.PermissionDeniedError)):
            return ModelError(f"{self._server()} refused the key for {self.spec}: check OPENAI_API_KEY")
        if isinstance(error, openai.NotFoundError):
            return ModelError(f"{self._server()} has no model '{self.model}': check the name")
        if isinstance(error, openai.RateLimitError):
            if getattr(error, "code", None) == "insufficient_quota":
                return ModelError(f"the account has no quota left for {self.spec}: check its plan and billing")
            return ModelError(f"{self._server()} allows no more requests of {self.spec} for now: try again in a minute")
        words = server_words(error)
        if isinstance(error, openai.APIStatusError):
            if 300 <= error.status_code < 400:
                return ModelError(
                    f"{self._server()} sends requests on to another address: name that one in OPENAI_BASE_URL"
                )
            if error.status_code in (400, 413, 422):
                return ModelError(f"{self._server()} refused a text for {self.spec} ({words}): shorten the passages")
            return ModelError(f"{self._server()} failed with {error.status_code} for {self.spec}: try again later")
        return ModelError(f"{self.spec} failed: {words}")


def open_openai(model: str, progress: Progress | None) -> OpenAIEmbedder:
    """Return the embedder of ``model`` on OpenAI or on the server of OPENAI_BASE_URL."""
    return OpenAIEmbedder(model, progress)
