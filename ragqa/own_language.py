"""Passages in a question's own language, in a library of another: what half-translated manuals are full of.

An embedder of many languages puts texts of one language near to one another whatever they say (Roy et al. 2020, LAReQA,
arXiv 2004.05484), so an English question finds what was left in English before the German passage that answers it. How
far the means of the languages lie apart is measured on a sample of the library, and taken away, as Libovický, Rosa &
Fraser 2020 (arXiv 2004.05160) do with a language's mean.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ragqa.languages import language_of

if TYPE_CHECKING:
    from ragqa.store import Store

SAMPLE = 400
"""Passages whose languages are looked at, at most, spread over the library."""

LEAST = 5
"""Passages of the sample in either language that suffice to tell how near they lie."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class OwnLanguage:
    """Which of a question's candidates are in its own language, where the library is in another."""

    held: NDArray[np.bool_]
    """(candidates,)"""
    between: Floats | None
    """The mean vector of the library's passages in that language less that of the others; None where one is rare."""

    def of(self, kept: NDArray[np.int64]) -> OwnLanguage:
        """Return the same of the candidates at these places only."""
        return replace(self, held=self.held[kept])

    def without_bias(self, cosines: Floats, query: Floats) -> Floats:
        """Return the candidates' cosines with ``query`` as if none were in the question's language."""
        nearer = 0.0 if self.between is None else max(float(query @ self.between), 0.0)
        return np.asarray(cosines - nearer * self.held, np.float32)

    def without_lead(self, scores: Floats) -> Floats:
        """Return scores of some candidates, those in the question's language lowered to the mean of the others."""
        if not self.held.any() or self.held.all():
            return scores
        more = float(scores[self.held].mean() - scores[~self.held].mean())
        return np.asarray(scores - max(more, 0.0) * self.held, np.float32)


class LanguagesHeld:
    """The languages of a library's passages, each told once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._told: dict[int, str | None] = {}
        self._between: dict[str, Floats | None] = {}

    def own(self, asked: str, ids: Sequence[int]) -> OwnLanguage | None:
        """Return which of ``ids`` are in the language ``asked`` of the question; None where none is."""
        held = self._in(asked, ids)
        if not held.any():
            return None
        if asked not in self._between:
            self._between[asked] = self._difference(asked)
        return OwnLanguage(held, self._between[asked])

    def _in(self, asked: str, ids: Sequence[int]) -> NDArray[np.bool_]:
        return np.array([told == asked for told in self._languages(ids)], np.bool_)

    def _languages(self, ids: Sequence[int]) -> list[str | None]:
        new = [one for one in ids if one not in self._told]
        passages = self._store.passages(new) if new else {}
        self._told |= {one: language_of(passages[one].text) if one in passages else None for one in new}
        return [self._told[one] for one in ids]

    def _difference(self, asked: str) -> Floats | None:
        """Return the mean of the vectors in the language ``asked`` less that of others; None where either is rare."""
        every = self._store.passage_ids()
        ids = every[:: max(math.ceil(len(every) / SAMPLE), 1)].tolist()
        told, vectors = self._languages(ids), self._store.vectors(ids)
        own = np.array([language == asked for language in told], np.bool_)
        others = np.array([language not in (asked, None) for language in told], np.bool_)
        if min(int(own.sum()), int(others.sum())) < LEAST:
            return None
        return np.asarray(vectors[own].mean(axis=0) - vectors[others].mean(axis=0), np.float32)
