"""Say how well a passage answers a question, having read both together. A variant is a file of this folder.

Slower than embedding, because nothing can be computed before the question is known: for the best few passages only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from ragqa.errors import ModelError

if TYPE_CHECKING:
    import numpy as np


class Reranker(Protocol):
    """What a search asks of a reranking model. Safe to call from several threads."""

    spec: str
    """How a user names it: 'local:cross-encoder/ms-marco-MiniLM-L6-v2'."""

    def score(self, question: str, texts: Sequence[str]) -> np.ndarray:
        """Return float32 (len(texts),): higher is better, comparable within the one question only."""

    def legibility(self, text: str) -> float:
        """Return the share of the tokens of ``text`` that the model's vocabulary knows; 1 where that can't be seen."""


_OPENERS = {"local": ("ragqa.rerankers.local", "open_local")}
"""What stands before the colon of a spec → the module and the function that opens it."""


def open_reranker(spec: str, *, progress: Callable[[str], None] | None = None) -> Reranker:
    """Return the reranker that ``spec`` names. Raises ModelError.

    It is cheap: the model is loaded, and compiled where that was not done before, when the first text comes.
    ``progress`` then gets one-line messages.
    """
    kind, colon, model = spec.strip().partition(":")
    if not colon or kind not in _OPENERS or not model.strip():
        raise ModelError(
            "a reranker should be named local:MODEL, a folder or a hub name such as "
            f"local:cross-encoder/ms-marco-MiniLM-L6-v2; got '{spec}'"
        )
    module, function = _OPENERS[kind]
    reranker: Reranker = getattr(import_module(module), function)(model.strip(), progress)
    return reranker
