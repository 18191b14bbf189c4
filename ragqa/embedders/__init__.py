"""Turn text into vectors. A variant is a file of this folder; it is imported when it is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np

    from ragqa.types import Span


@dataclass(frozen=True, slots=True)
class Embedded:
    """A text's vector, and those of its windows: both float32 of unit length, (dim,) and (windows, dim).

    An embedder that sees no token states (an API) gives no windows: (0, dim).
    """

    vector: np.ndarray
    windows: np.ndarray


class Embedder(Protocol):
    """What ingest and search ask of a model. Safe to call from several threads."""

    spec: str
    """How a user names it: 'local:all-MiniLM-L6-v2', 'openai:text-embedding-ada-002'."""
    revision: str
    """Changes whenever the same text would get another vector: a hash of the weights, or the API's model name."""
    dim: int
    max_tokens: int
    """The longest text it reads, in its own tokens, special ones not counted."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens each text takes, special ones not counted; never fewer than it really takes."""

    def embed_passages(self, texts: Sequence[str], windows: Sequence[Sequence[Span]]) -> list[Embedded]:
        """Return a vector for each text and for each of its windows (character spans into that text).

        Window vectors come by late pooling: the token states of the one pass over the whole text, averaged over the
        tokens that touch the span (Günther et al. 2024, arXiv 2409.04701). A text past ``max_tokens`` is cut there; a window wholly past it gets the text's own vector.
        """

    def embed_queries(self, texts: Sequence[str]) -> np.ndarray:
        """Return float32 (len(texts), dim), rows of unit length."""
