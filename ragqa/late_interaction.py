"""Weigh passages word by word: each token of the question by its nearest token in the passage (late interaction).

Khattab & Zaharia 2020 (ColBERT, arXiv 2004.12832) score a passage by the sum, over the question's tokens, of the
highest cosine with any of its tokens. A vector of a whole passage blurs its parts; this does not, so it finds what is
said in other words. Here a token counts by half as every other, by half as its word is rare in the library.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ragqa.analysis import ENGLISH_ONLY, query_words, stop_words_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ragqa.embedders.base import EmbeddedQuestion, TokenStates

Floats: TypeAlias = "NDArray[np.float32]"


@dataclass(frozen=True, slots=True)
class Interaction:
    """How near a question's tokens come to a passage's, window by window."""

    weights: Floats
    """(tokens of the question,), which sum up to 1."""
    nearest: tuple[Floats | None, ...]
    """For each passage (tokens of the question, windows + 1): the highest cosine in each window up to the last that has
    tokens, then outside of all."""
    words: tuple[tuple[str, int, int], ...] = ()
    """The words of the question, each with its first token and the one behind its last."""

    def scores(self) -> Floats:
        """Return (passages,): the weighed mean of each token's highest cosine, -1 for one without token states."""
        found = [-1.0 if one is None else float(self.weights @ one.max(axis=1)) for one in self.nearest]
        return np.array(found, np.float32)

    def of(self, kept: Sequence[int | None]) -> Interaction:
        """Return the same of the passages at these places; None for one that was not weighed."""
        return replace(self, nearest=tuple(None if at is None else self.nearest[at] for at in kept))


def interact(
    question: EmbeddedQuestion,
    text: str,
    idf: Callable[[str], float],
    passages: Sequence[TokenStates | None],
    languages: Sequence[str] = ENGLISH_ONLY,
    *,
    across: bool = False,
) -> Interaction | None:
    """Weigh passages for a question; None where its tokens are not known.

    ``languages`` are those of the library; ``across`` says that the question is in none of them.
    """
    if question.tokens is None or not len(question.tokens):
        return None
    nearest = tuple(
        None if states is None or not len(states.levels) else _nearest(question.tokens, states) for states in passages
    )
    words = _words(question.spans, text)
    weights = _weights(words, len(question.spans), _rarity(text, idf, languages, across))
    return Interaction(weights, nearest, words)


def _nearest(question: Floats, states: TokenStates) -> Floats:
    levels = states.levels.astype(np.float32)
    levels /= np.maximum(np.linalg.norm(levels, axis=1, keepdims=True), 1.0)
    cosines = levels @ question.T
    windows = int(states.windows.max(initial=-1)) + 1
    best = np.full((windows + 1, len(question)), -1, np.float32)
    order = np.argsort(states.windows, kind="stable")
    held = states.windows[order]
    starts = np.flatnonzero(np.diff(held, prepend=held[0] - 1))
    best[held[starts]] = np.maximum.reduceat(cosines[order], starts, axis=0)  # -1 is the last row
    return best.T


def _rarity(text: str, idf: Callable[[str], float], languages: Sequence[str], across: bool) -> Callable[[str], float]:
    """Return what tells how rare a word of the question is in the library.

    In a library of other languages every word would be rare: there those count that are no stop words.
    """
    if across:
        is_stop_word = stop_words_of(text, languages)
        return lambda word: 0.0 if is_stop_word(word) else 1.0
    return lambda word: max((min(map(idf, forms)) for forms in query_words(word, languages)), default=0.0)


def _weights(words: Sequence[tuple[str, int, int]], tokens: int, rarity_of: Callable[[str], float]) -> Floats:
    rarity = np.zeros(tokens, np.float32)
    for word, first, last in words:
        rarity[first:last] = rarity_of(word) / (last - first)
    alike = np.full(len(rarity), 1 / len(rarity), np.float32)
    total = float(rarity.sum())
    return np.asarray((alike + rarity / total) / 2, np.float32) if total > 0 else alike


def _words(spans: Sequence[tuple[int, int]], text: str) -> tuple[tuple[str, int, int], ...]:
    """Return each word with the range of its tokens: those that touch one another, all letters or digits."""
    words: list[list[int]] = []
    for at, (start, _) in enumerate(spans):
        joined = bool(words) and spans[at - 1][1] == start and text[start - 1 : start + 1].isalnum()
        if joined:
            words[-1][1] = at + 1
        else:
            words.append([at, at + 1])
    return tuple((text[spans[first][0] : spans[last - 1][1]], first, last) for first, last in words)
