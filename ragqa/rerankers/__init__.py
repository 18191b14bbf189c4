"""Say how well a passage answers a question, having read both together. A variant is a file of this folder.

Slower than embedding, because nothing can be computed before the question is known: for the best few passages only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from ragqa.errors import ModelError

if TYPE_CHECKING:
    import numpy as np

    from ragqa.models.files import Progress


class Reranker(Protocol):
    """What a search asks of a reranking model. Safe to call from several threads."""

    spec: str
    """How a user names it: 'local:cross-encoder/ms-marco-MiniLM-L6-v2'."""

    def score(self, question: str, texts: Sequence[str]) -> np.ndarray:
        """Return float32 (len(texts),): higher is better, comparable within the one question only."""

    def vocabulary_coverage(self, text: str) -> float:
        """Return the share of the tokens of ``text`` that the model's vocabulary knows; 1 where that can't be seen."""


Opener = Callable[[str, "Progress | None"], Reranker]
"""Takes what stands behind the colon of a spec, and where one-line messages go."""


def _local() -> Opener:
    from ragqa.rerankers.local import open_local

    return open_local


_KINDS: dict[str, Callable[[], Opener]] = {"local": _local}
"""What stands before the colon of a spec → what opens it, imported when it is chosen."""


def open_reranker(spec: str, *, progress: Progress | None = None) -> Reranker:
    """Return the reranker that ``spec`` names. Raises ModelError.

    It is cheap: the model is loaded, and compiled where that was not done before, when the first text comes.
    ``progress`` then gets one-line messages.
    """
    kind, colon, model = spec.strip().partition(":")
    if not colon or kind not in _KINDS or not model.strip():
        raise ModelError(
            "a reranker should be named local:MODEL, a folder or a hub name such as "
            f"local:cross-encoder/ms-marco-MiniLM-L6-v2; got '{spec}'"
        )
    return _KINDS[kind]()(model.strip(), progress)
