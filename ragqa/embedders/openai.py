"""Embed through OpenAI's interface: OpenAI itself, or any server of the user's own that speaks it (OPENAI_BASE_URL).

Contacts nobody before the first text comes. The key goes to the client and nowhere else: no repr, log or error has it.
What servers send is read by ``openai_replies``.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial

import numpy as np

from ragqa.embedders import Embedded, EmbeddedQuestion
from ragqa.embedders.openai_replies import BASE64, NotVectors, batch_limit, read_vectors, refuses_base64
from ragqa.embedders.openai_tokens import Counter
from ragqa.errors import ModelError
from ragqa.models.files import Progress
from ragqa.openai_api.calls import Calls, Request
from ragqa.openai_api.client import OFFICIAL_HOST, open_server, server_host
from ragqa.openai_api.errors import Failure, ServerError, shortened
from ragqa.openai_api.lessons import Lessons
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
        self._opened: Calls | None = None
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
        self._calls()

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

    def _send(self, inputs: Sequence[str]) -> np.ndarray:
        """Return float32 (inputs, dim) as the server sends them, in as many requests as it wants."""
        calls = self._calls()
        form = partial(self._request, inputs)
        try:
            fits = calls.lessons.fits(len(inputs))
            if fits == len(inputs):
                vectors, used = calls.send("embeddings", form, partial(read_vectors, expected=len(inputs)), _learn)
                return self._checked(vectors, used)
        except ServerError as error:
            fits = batch_limit(error, len(inputs))
            if not fits:
                raise self._explained(error) from None
            calls.lessons.shrink(fits)
        except Failure as error:
            raise self._explained(error) from None
        except NotVectors as error:
            raise self._bad(str(error)) from None
        runs = [inputs[at : at + fits] for at in range(0, len(inputs), fits)]
        return np.concatenate([self._send(run) for run in runs])

    def _request(self, inputs: Sequence[str], lessons: Lessons) -> Request:
        form = "float" if BASE64 in lessons.refused else BASE64
        return {"model": self.model, "input": list(inputs), "encoding_format": form}

    def _checked(self, vectors: np.ndarray, used: int) -> np.ndarray:
        with self._lock:
            self._dim = self._dim or vectors.shape[1]
            if vectors.shape[1] != self._dim:
                raise self._bad(f"{vectors.shape[1]}-d vectors where {self._dim}-d ones were expected")
            self.tokens_used += used
        return vectors

    def _calls(self) -> Calls:
        with self._lock:
            if self._opened is None:
                server = open_server(self.spec, self._timeout)
                self._opened = Calls(self.model, server, self._timeout, self._max_retries)
            return self._opened

    def _bad(self, came: str) -> ModelError:
        return ModelError(f"{self.spec} should give embeddings; {self._host} sent {came}: is it an embedding model?")

    def _explained(self, error: Failure) -> ModelError:
        """Return the one line that tells a user what to do."""
        if isinstance(error, ServerError) and (error.too_long or error.status == 413 or _TOO_LARGE.search(error.words)):
            words = shortened(error.words) or "too large"
            return ModelError(f"{self._host} refused a text for {self.spec} ({words}): shorten the passages")
        return self._calls().explain(error)


_TOO_LARGE = re.compile(r"too (?:large|long|big)|maximum (?:input|sequence)|physical batch", re.I)


def _learn(error: ServerError, request: Request, lessons: Lessons) -> bool:
    if error.passing and batch_limit(error, len(request["input"])):
        raise error  # some say 500 to a batch that is too large: it will not pass
    if request["encoding_format"] != BASE64 or not refuses_base64(error):
        return False
    lessons.refused.add(BASE64)
    return True


def open_openai(model: str, progress: Progress | None) -> OpenAIEmbedder:
    """Return the embedder of ``model`` on OpenAI or on the server of OPENAI_BASE_URL."""
    return OpenAIEmbedder(model, progress)
