"""What an embedder gives and is asked for: the records and the Protocol that every kind of embedder meets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np

    from ragqa.types import Span


@dataclass(frozen=True, slots=True)
class TokenStates:
    """Token vectors of a passage, quantised: int8, ``token_dim`` numbers each."""

    levels: np.ndarray
    """int8 (tokens, token_dim): a unit vector times 127."""
    windows: np.ndarray
    """int16 (tokens,): the window that each token stands in, -1 for one that stands in none."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """A text's vector, and those of its windows: both float32 of unit length, (dim,) and (windows, dim).

    An embedder that sees no token states (an API) gives no windows, (0, dim), and no ``tokens``.
    """

    vector: np.ndarray
    windows: np.ndarray
    tokens: TokenStates | None = None


@dataclass(frozen=True, slots=True)
class EmbeddedQuestion:
    """A question's vector, float32 (dim,), and where the embedder sees them the states of its tokens."""

    vector: np.ndarray
    tokens: np.ndarray | None = None
    """float32 (tokens, token_dim), rows of unit length."""
    spans: tuple[Span, ...] = field(default=())
    """The characters of the question behind each token."""


class Embedder(Protocol):
    """What ingest and search ask of a model. Safe to call from several threads."""

    @property
    def spec(self) -> str:
        """How a user names it: 'local:all-MiniLM-L6-v2', 'openai:text-embedding-ada-002'."""

    @property
    def revision(self) -> str:
        """Changes whenever the same text would get another vector: a hash of the weights, or the API's model name."""

    @property
    def dim(self) -> int:
        """The length of a vector."""

    @property
    def hosted(self) -> bool:
        """Whether it is asked over a network: then texts leave this machine, and may cost something."""

    @property
    def token_dim(self) -> int:
        """Numbers kept of a token's state; 0 where it gives none."""

    @property
    def max_tokens(self) -> int:
        """The longest text it reads, in its own tokens, special ones not counted."""

    def warm(self, *, passages: bool = False) -> None:
        """Load now what a question needs, or what passages do; safe in a thread, and free when it was done."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens each text takes, special ones not counted; never fewer than it really takes."""

    def embed_passages(self, texts: Sequence[str], windows: Sequence[Sequence[Span]]) -> list[Embedded]:
        """Return a vector for each text and for each of its windows (character spans into that text).

        Window vectors come by late pooling: the token states of the one pass over the whole text, averaged over the
        tokens that touch the span (Günther et al. 2024, arXiv 2409.04701). A text past ``max_tokens`` is cut there; a
        window wholly past it gets the text's own vector.
        """

    def embed_question(self, text: str) -> EmbeddedQuestion:
        """Return the vector of one question, that of ``embed_queries``, with the states of its tokens."""

    def embed_queries(self, texts: Sequence[str]) -> np.ndarray:
        """Return float32 (len(texts), dim), rows of unit length."""

    def vocabulary_coverage(self, text: str) -> float:
        """Return the share of the tokens of ``text`` that the model's vocabulary knows; 1 where that can't be seen."""
