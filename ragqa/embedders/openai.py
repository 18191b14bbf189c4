"""Embed through OpenAI's interface: OpenAI itself, or any server of the user's own that speaks it (OPENAI_BASE_URL).

Contacts nobody before the first text comes. The key goes to the client and nowhere else: no repr, log or error has it.
What servers send is read by ``read_vectors`` below.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
import tempfile
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np

from ragqa.embedders.base import Embedded, EmbeddedQuestion
from ragqa.errors import ModelError
from ragqa.models.files import Progress
from ragqa.openai_api.bodies import Body
from ragqa.openai_api.calls import Calls, Request
from ragqa.openai_api.client import open_server, server_host
from ragqa.openai_api.errors import Failure, Lessons, ServerError, shortened
from ragqa.types import Span

BASE64 = "base64"
"""The form that vectors are asked for in: a third of the size of numbers, and far quicker to read."""


class NotVectors(Exception):
    """A reply that does not hold a vector for each text; says what it holds."""


def read_vectors(body: Body, expected: int) -> tuple[np.ndarray, int]:
    """Return float32 (expected, dim) in the order of the texts, and the tokens that the server says it read.

    Raises NotVectors, and Failure where the body is none.
    """
    reply: dict[str, Any] = next(iter(body))
    rows = next((reply[name] for name in ("data", "embeddings") if isinstance(reply.get(name), list)), None)
    if rows is None:
        raise NotVectors("a reply that is not a list of embeddings")
    if len(rows) != expected:
        raise NotVectors(f"{len(rows):,} embeddings for {expected:,} texts")
    vectors = [_vector(row) for row in _ordered(rows)]
    lengths = sorted({len(vector) for vector in vectors})
    if len(lengths) > 1:
        raise NotVectors(f"vectors of {lengths[0]} and of {lengths[-1]} numbers in one reply")
    found = np.stack(vectors)
    if not found.size:
        raise NotVectors("vectors that are empty")
    if not np.isfinite(found).all():
        raise NotVectors("vectors of numbers that are none (NaN or infinite)")
    usage = reply.get("usage")
    used = usage.get("total_tokens") or usage.get("prompt_tokens") if isinstance(usage, dict) else 0
    return found, used if isinstance(used, int) else 0


def _ordered(rows: Sequence[Any]) -> list[Any]:
    """Return the rows by their index; those without one take the places left.

    Some servers leave out an index of 0, some all; where they give two rows the same, all stay as they came.
    """
    given = [row.get("index") if isinstance(row, dict) else None for row in rows]
    known = [at for at in given if isinstance(at, int) and 0 <= at < len(rows)]
    if len(set(known)) < len(known) or len(known) < sum(at is not None for at in given):
        return list(rows)
    free = iter(sorted(set(range(len(rows))) - set(known)))
    places = [next(free) if at is None else at for at in given]
    return [row for _, row in sorted(zip(places, rows, strict=True), key=lambda placed: placed[0])]


def _vector(row: Any) -> np.ndarray:
    """Return float32 (dim,). Raises NotVectors."""
    said = row.get("embedding") if isinstance(row, dict) else row
    try:
        if isinstance(said, str):
            return np.frombuffer(base64.b64decode(said, validate=True), "<f4").astype(np.float32)
        vector = np.asarray(said, np.float64)
        if vector.ndim == 2 and len(vector) == 1:  # of one text, in a list of its own
            vector = vector[0]
        with np.errstate(over="ignore"):  # what no float32 holds becomes infinite, and is said
            vector = vector.astype(np.float32)
    except (binascii.Error, TypeError, ValueError, OverflowError):
        vector = np.zeros((0, 0), np.float32)
    if vector.ndim != 1:
        raise NotVectors("embeddings that are no lists of numbers")
    return vector


_FORM = re.compile(r"base.?64|encoding.?format", re.I)
_SIZE = re.compile(
    r"\bbatch|too (?:many|large|long|big)|at most|max(?:imum)?\b|(?:larger|more|greater|less|fewer) than|exceed|limit",
    re.I,
)
_LIMIT = re.compile(
    r"(?:(?:larger|more|greater) than|at most|max(?:imum)?\b|exceed\w*|limit\w*|up to|<=?|≤)[^\d<>]{0,60}?(\d{1,6})\b",
    re.I,
)


def refuses_base64(error: ServerError) -> bool:
    """Say whether it may be the vectors' form that a server won't take; one that breaks down on it says nothing."""
    return (error.status in (400, 415, 422) and bool(_FORM.search(error.words))) or error.status >= 500


def batch_limit(error: ServerError, sent: int) -> int:
    """Return how many texts to send at a time, where fewer than were ``sent`` may be taken; else 0.

    It is the number in the server's words, or half: of 4xx that don't say why too, so that a text at fault is found.
    """
    about_size = error.status == 413 or bool(_SIZE.search(error.words))
    refused = error.status in (400, 413, 422) and not error.no_such_model
    if sent == 1 or not (refused or (about_size and error.status >= 500)):
        return 0
    said = [int(number) for number in _LIMIT.findall(error.words)] if about_size else []
    return next((number for number in said if 0 < number < sent), sent // 2)


_TABLE_URL = "https://openaipublic.blob.core.windows.net/encodings/cl100k_base.tiktoken"
_TABLE_SHA256 = "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"
_PIECES = re.compile(r"[A-Za-z]+|[0-9]+|[\u4e00-\u9fff]+|\s+|[^A-Za-z0-9\u4e00-\u9fff\s]")


class Counter:
    """Counts exactly with tiktoken and its table, else by an estimate that errs to the safe side.

    The estimate takes 1 token for every 4 letters of a word, 2 for every 3 where capitals and small letters mix or
    digits stand beside them, 1 for 3 digits, 2 for a Chinese character and the UTF-8 bytes of anything else. Measured
    against the real table: 1.3 to 1.8 times too many on manuals, abstracts and news, English and Chinese. Text of
    random letters or of rare characters can take more than estimated; so no limit of the interface depends on the
    estimate, but on ``at_most``.
    """

    def __init__(self, *, known: bool) -> None:
        """``known`` says that the model is OpenAI's, so that its table is the right one."""
        self._known = known

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return each text's tokens."""
        if self._table is None:
            return [estimate(text) for text in texts]
        return [len(ids) for ids in self._table.encode_ordinary_batch(list(texts))]

    def at_most(self, texts: Sequence[str]) -> list[int]:
        """Return what each text can't exceed: a token of a byte-pair encoding takes at least one byte."""
        if self._table is None:
            return [len(text.encode("utf-8", "replace")) for text in texts]
        return self.count(texts)

    def cut(self, text: str, most: int) -> str:
        """Return ``text``, or its beginning where it takes more than ``most`` tokens."""
        if len(text.encode("utf-8", "replace")) <= most or self.count([text])[0] <= most:
            return text
        low, high = 0, len(text)
        while low < high:  # the counts of beginnings only grow
            middle = (low + high + 1) // 2
            if self.count([text[:middle]])[0] <= most:
                low = middle
            else:
                high = middle - 1
        return text[:low]

    @cached_property
    def _table(self) -> Any:
        if not self._known or not _table_is_here():
            return None
        try:
            import tiktoken
        except ImportError:
            return None
        return tiktoken.get_encoding("cl100k_base")


def estimate(text: str) -> int:
    """Return about how many tokens ``text`` takes, rather too many than too few; see Counter."""
    total = 0
    before = ""
    for match in _PIECES.finditer(text):
        piece = match.group()
        first = piece[0]
        if not piece.isascii():
            total += 2 * len(piece) if "\u4e00" <= first <= "\u9fff" else len(piece.encode("utf-8", "replace"))
        elif first.isalpha():
            plain = (piece.islower() or piece.istitle()) and not before.isdigit()
            total += 1 + (len(piece) - 1) // 4 if plain else -(-len(piece) * 2 // 3)
        elif first.isdigit():
            # A blank goes with the word that follows it, but not with a number.
            total += -(-len(piece) // 3) + (before == " ")
        elif first.isspace():
            total += 0 if piece == " " else 1 + piece.count("\n")
        else:
            total += 1
        before = piece
    return total


def _table_is_here() -> bool:
    """Look where tiktoken looks, and at the hash, because it would fetch what is missing or torn."""
    folder = os.environ.get("TIKTOKEN_CACHE_DIR", os.environ.get("DATA_GYM_CACHE_DIR"))
    if folder == "":
        return False
    file = (
        Path(folder or Path(tempfile.gettempdir()) / "data-gym-cache") / hashlib.sha1(_TABLE_URL.encode()).hexdigest()
    )
    return file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == _TABLE_SHA256


_DIMS = {"text-embedding-ada-002": 1536, "text-embedding-3-small": 1536, "text-embedding-3-large": 3072}

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
        self.hosted = True
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

    def vocabulary_coverage(self, text: str) -> float:
        """Return 1: what the server's vocabulary knows can't be seen from here."""
        return 1.0

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
