"""Find the passages that answer a question: dense and lexical search, fused by standardised scores.

Candidates are scored three ways: by the cosine of the passage, by that of its best window of one or two sentences, and
by BM25. Each score is standardised as ``(x - mean) / (top_mean - mean)``, ``mean`` over the whole collection and
``top_mean`` over the best 50, so that a usual good hit weighs the same on every side. Dense scores count as far as the
embedder's vocabulary covers the question. Pseudo-relevance feedback (Rocchio 1971) then moves the question's vector
towards the best passages, a passage gains a share of its better neighbour's score, and late interaction (ColBERT,
Khattab & Zaharia 2020) orders the best 20. What each step is worth: bench/LOG.md. Knows nothing of answers.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ragqa.analysis import query_terms, terms
from ragqa.cjk import HAN
from ragqa.cosines import least_cosine
from ragqa.editions import Editions, front_of
from ragqa.embedders import MULTILINGUAL_SPEC
from ragqa.errors import LibraryError
from ragqa.languages import language_of
from ragqa.late_interaction import Interaction, interact
from ragqa.naming import Names
from ragqa.own_language import LanguagesHeld, OwnLanguage
from ragqa.prices import Price, embedding_cost
from ragqa.spelling import corrected, find_slips
from ragqa.types import Correction, Hit, Mode, Usage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ragqa.embedders import EmbeddedQuestion, Embedder
    from ragqa.settings import Settings
    from ragqa.store import DenseSearch, Indexes, LexicalSearch, Stamp, Store, WindowMatrix

Ids: TypeAlias = "NDArray[np.int64]"
Floats: TypeAlias = "NDArray[np.float32]"

CANDIDATES = 100
"""Passages taken from the dense and from the lexical search."""

FINALISTS = 100
"""Of the candidates of both searches, how many go on to the windows and to feedback."""

TOP = 50
"""How many of the best scores of a search make its ``top_mean``."""

DUPLICATE_COSINE, DUPLICATE_TERMS = 0.95, 0.8
"""Two passages closer than both (cosine of vectors, Jaccard of terms) say the same."""


FIRST_ROUND = 0.75
"""Weight of the dense scores before feedback, relative to afterwards."""

FEEDBACK = 5
"""How many passages move the question's vector."""

LEAST_SPREAD = 0.03
"""Least standard deviation of late-interaction scores that is divided by: usually they spread by 0.03 to 0.07."""

INTERACTING = 20
"""How many of the best are reordered by late interaction."""


@dataclass(frozen=True, slots=True)
class Fusion:
    """Weights of the scores; that of BM25 is 1. Settings has the defaults."""

    dense_weight: float
    """Cosine of the passage."""
    window_weight: float
    """Cosine of the passage's best one or two sentences."""
    pull: float
    """How far the best passages pull the question's vector towards their mean."""
    neighbour: float
    """Share of its better neighbour's score that a passage gains."""
    name_weight: float
    """What a passage gains for each unit of rarity of the words by which the question names its document."""
    interaction: float
    """Late interaction: standard deviations that a passage gains for each that it lies above the others."""

    @classmethod
    def of(cls, settings: Settings) -> Fusion:
        """Return the weights that the settings have under the same names."""
        return cls(**{weight.name: getattr(settings, weight.name) for weight in fields(cls)})

    def told_by(self, grains: Grains, share: float) -> Fusion:
        """Return the same with each grain counting as far as it tells beside BM25: less, the more of what is asked a
        passage holds in the question's own words; ``share`` is 0 to 1. Where none holds any, every grain is needed."""
        return replace(
            self,
            dense_weight=self.dense_weight * (1 - share * (1 - grains.passage)),
            window_weight=self.window_weight * (1 - share * (1 - grains.window)),
            interaction=self.interaction * (1 - share * (1 - grains.tokens)),
        )


@dataclass(frozen=True, slots=True)
class Grains:
    """How much an embedder's vectors of passages and windows and its token states tell beside BM25; MiniLM's are 1."""

    passage: float = 1.0
    window: float = 1.0
    tokens: float = 1.0
    across: float = 1.0
    """What BM25 counts where a question is in a language that the library is not in: terms of the trade are the same,
    and what the manual quotes in the question's language holds its every word."""


GRAINS = {MULTILINGUAL_SPEC: Grains(0.6, 0.25, 0.65, across=0.3)}
"""Those of vectors count as far as BM25 finds the question's words: in other words, and across languages, every grain
is needed. Chosen on the Chinese manuals, xquad-zh and cmrc2018-trial (bench/LOG.md). An embedder of one language has
nothing better than BM25 across languages."""


@dataclass(frozen=True, slots=True)
class Found:
    """The hits for a question, best first, and where the time went."""

    question: str
    hits: tuple[Hit, ...]
    timings_ms: dict[str, float]
    query: Floats | None = None
    """The question's vector; None after a lexical search."""
    vocabulary_coverage: float = 1.0
    """How much of the question the embedder can read, 0 to 1."""
    interaction: Interaction | None = None
    """How near the question's tokens come to those of each hit; None where the embedder keeps no token states."""
    corrections: tuple[Correction, ...] = ()
    """Words of the question that were looked for in another spelling."""

    @property
    def looked_for(self) -> str:
        """The question as it was looked for: its misspelt words corrected."""
        return corrected(self.question, self.corrections)


class Retriever:
    """Searches one library's indexes. What it keeps between questions is the same for all: safe for concurrent ones."""

    def __init__(self, store: Store, indexes: Indexes, embedder: Callable[[], Embedder], fusion: Fusion) -> None:
        """Search ``indexes`` of ``store``; ``embedder`` is called when a question's vector is needed first."""
        self._store = store
        self._vectors = indexes.dense
        self._open_embedder = embedder
        self._opened: Embedder | None = None
        self._fusion = fusion
        self._names: Names | None = None
        self._editions: Editions | None = None
        self._languages = LanguagesHeld(store)
        self.lexical: LexicalSearch = indexes.lexical
        self.stamp: Stamp = indexes.stamp
        """The state of the store that is searched."""
        held = store.embedder()
        self.held_spec = held.spec if held else ""
        """The embedder that the library was made with; '' before the first document. Opens none."""

    def _embedder(self) -> Embedder:
        if self._opened is None:
            self._opened = self._open_embedder()
        return self._opened

    @property
    def embedder_spec(self) -> str:
        """The embedder of the vectors that are searched."""
        return self._embedder().spec

    @property
    def mean_cosine(self) -> float:
        """That of two passages of the library."""
        return float(self._vectors.mean @ self._vectors.mean)

    def vector_of(self, question: str) -> tuple[Floats | None, float]:
        """Return a question's vector and how much of it the embedder knows; none of a model that is asked online."""
        embedder = self._embedder()
        if embedder.hosted:
            return None, 1.0
        return embedder.embed_queries([question])[0], embedder.vocabulary_coverage(question)

    def embedding_usage(self, question: str, prices: Mapping[str, Price]) -> Usage:
        """Return what the vector of a question took."""
        embedder = self._embedder()
        tokens = embedder.count_tokens([question])[0]
        return Usage(embedding_tokens=tokens, cost_usd=embedding_cost(prices, embedder.spec, embedder.hosted, tokens))

    def search(
        self,
        question: str,
        k: int,
        mode: Mode = "hybrid",
        document: str | None = None,
        only: int | None = None,
    ) -> Found:
        """Return the ``k`` best passages of the documents whose name matches the glob ``document``.

        A misspelt word is looked for as the library spells it; of a manual of which the question names one edition,
        the others are left out. ``only`` is the id of a document that alone is searched.
        """
        corrections = find_slips(question, self.lexical, self._document_names(), _is_english, self.lexical.languages)
        allowed = self._allowed(question, document, only)
        found = self._search(corrected(question, corrections), k, mode, allowed)
        return replace(found, question=question, corrections=corrections) if corrections else found

    def _allowed(self, question: str, document: str | None, only: int | None) -> Ids | None:
        """Return the passages that are searched, None for all."""
        without: AbstractSet[int] = self.editions.others(question) if only is None else frozenset()
        if document is None and only is None and not without:
            return None
        return self._store.passage_ids(document, without, only)

    @property
    def editions(self) -> Editions:
        """The manuals that the library holds in several editions."""
        if self._editions is None:
            documents = [(held.document_id, held.name, held.title) for held in self._store.documents()]
            self._editions = Editions(documents, self._front)
        return self._editions

    def _front(self, name: str) -> str:
        try:
            return front_of(self._store.document(name))
        except LibraryError:  # damaged: said where its text is read for an answer
            return ""

    def _search(self, question: str, k: int, mode: Mode, allowed: Ids | None) -> Found:
        clock = _Clock()
        words = self._query_terms(question)
        across = is_across(self.lexical, question, words)
        grains = GRAINS.get(self.held_spec, Grains())
        asked, query, vocabulary_coverage = None, None, 1.0
        dense = lexical = None
        if mode != "lexical":
            asked = self._embedder().embed_question(question)
            query = asked.vector
            vocabulary_coverage = self._embedder().vocabulary_coverage(question)
            clock.lap("embed")
            dense = _dense_side(self._vectors, query, allowed)
            clock.lap("dense")
        if mode != "dense":
            lexical = _lexical_side(self.lexical, words, allowed)
            clock.lap("lexical")
        weigh = self._fusion.told_by(grains, 0.0 if across else _share_held(self.lexical, words, lexical))
        ids = np.unique(np.concatenate([side.ids for side in (dense, lexical) if side]))
        if not len(ids):
            return Found(question, (), clock.laps, query, vocabulary_coverage)
        dense = dense and dense.extended_to(ids)
        lexical = lexical and lexical.extended_to(ids)
        if lexical:
            trust = _words_known(self.lexical, words) ** 2
            lexical = replace(lexical, trust=trust * (grains.across if across else 1.0))
        # An embedder of one language has nothing but what is left in it.
        own = self._own_language(question, ids) if across and grains.across < 1 else None
        trust = vocabulary_coverage**2 if lexical else 1.0
        if dense and lexical and len(ids) > max(FINALISTS, k):
            first = lexical.standard() + trust * weigh.dense_weight * dense.standard()
            kept = np.sort(np.argpartition(-first, max(FINALISTS, k))[: max(FINALISTS, k)])
            ids, dense, lexical, own = ids[kept], dense.of(kept), lexical.of(kept), own and own.of(kept)
        total, named = self._fuse(weigh, ids, words, query, dense, lexical, trust, own, grains.across)
        weight = weigh.interaction * trust
        best, total, interaction = self._interact(weight, ids, total, named, question, asked, across, own)
        clock.lap("fuse")
        hits = self._pick(ids, total, dense, lexical, k)
        clock.lap("read")
        if interaction:
            interaction = interaction.of([best.get(hit.passage.passage_id) for hit in hits])
        return Found(question, hits, clock.laps, query, vocabulary_coverage, interaction)

    def _fuse(
        self,
        weigh: Fusion,
        ids: Ids,
        words: Mapping[str, int],
        query: Floats | None,
        dense: ScoredCandidates | None,
        lexical: ScoredCandidates | None,
        trust: float,
        own: OwnLanguage | None,
        across: float,
    ) -> tuple[Floats, Floats]:
        """Return a score for each of ``ids``, and what its document's name adds; ``trust`` weighs the dense scores.

        BM25 counts ``across`` of what it did for those in the question's own language, where the library is in another.
        """
        if own and lexical:
            lexical = lexical.damped(own.held, across)
        bm25 = lexical.standard() if lexical else np.zeros(len(ids), np.float32)
        total = bm25
        if dense and query is not None:
            if own:
                fair = own.without_bias(dense.scores, query)
                dense = replace(dense, scores=fair, top_mean=_top_mean(fair, dense.size))
            held = self._store.window_matrix(ids.tolist())
            places, windows = held.places, _window_side(held, query, dense, own).standard()
            windows *= trust * weigh.window_weight
            total = bm25 + FIRST_ROUND * (trust * weigh.dense_weight * dense.standard() + windows)
            pulled = self._pulled(query, ids[np.argsort(-total, kind="stable")[:FEEDBACK]])
            again = _score_again(self._vectors, ids, pulled, dense, own)
            total = bm25 + trust * weigh.dense_weight * again.standard() + windows
        else:
            places = self._store.places(ids.tolist())
        total = total + weigh.neighbour * _neighbours(places, total)
        return total, weigh.name_weight * self._naming(words, places[:, 0])

    def _interact(
        self,
        weight: float,
        ids: Ids,
        total: Floats,
        named: Floats,
        question: str,
        asked: EmbeddedQuestion | None,
        across: bool,
        own: OwnLanguage | None,
    ) -> tuple[dict[int, int], Floats, Interaction | None]:
        """Return where each of the best passages stands in the interaction, the final scores, and the interaction."""
        whole = total + named
        if asked is None or not self._embedder().token_dim:
            return {}, whole, None
        best = np.argsort(-whole, kind="stable")[:INTERACTING]
        states = self._store.token_states(ids[best].tolist(), self._embedder().token_dim)
        interaction = interact(asked, question, self.lexical.idf, states, self.lexical.languages, across=across)
        if interaction is None or any(one is None for one in interaction.nearest):
            return {}, whole, None
        scores = interaction.scores()
        if own:
            scores = own.of(best).without_lead(scores)
        # Passages that say nearly the same differ by chance: what tells them apart, such as a name, goes on to count.
        spread = max(float(scores.std()), LEAST_SPREAD)
        gains = (scores - scores.mean()) / spread * float(total[best].std())
        # Only their order among themselves is at stake: the least of them stays above what was not weighed.
        whole[best] += weight * (gains - gains.min())
        return {int(passage_id): at for at, passage_id in enumerate(ids[best].tolist())}, whole, interaction

    def _own_language(self, question: str, ids: Ids) -> OwnLanguage | None:
        asked = language_of(question)
        return self._languages.own(asked, ids.tolist()) if asked else None

    def _naming(self, words: Mapping[str, int], documents: Ids) -> Floats:
        """Return how much the question names the document of each candidate."""
        named = self._document_names().named_by(words)
        return np.array([named.get(document_id, 0.0) for document_id in documents.tolist()], np.float32)

    def _document_names(self) -> Names:
        if self._names is None:
            documents = [(held.document_id, held.name, held.title) for held in self._store.documents()]
            self._names = Names(documents, self.lexical.languages)
        return self._names

    def _query_terms(self, question: str) -> Mapping[str, int]:
        return query_terms(question, self.lexical.languages, self.lexical.doc_freq)

    def _pulled(self, query: Floats, best: Ids) -> Floats:
        pulled = query + self._fusion.pull * self._store.vectors(best.tolist()).mean(axis=0)
        return np.asarray(pulled / max(float(np.linalg.norm(pulled)), 1e-9), np.float32)

    def _pick(
        self, ids: Ids, total: Floats, dense: ScoredCandidates | None, lexical: ScoredCandidates | None, k: int
    ) -> tuple[Hit, ...]:
        order = np.argsort(-total, kind="stable")[: 2 * k + 8]
        close = _close(self._store.vectors(ids[order].tolist()), self._vectors.mean)
        if not close[:k, :k].any():  # no need to read what comes behind
            order, close = order[:k], close[:k, :k]
        passages = self._store.passages(ids[order].tolist())
        there = [at for at in range(len(order)) if int(ids[order[at]]) in passages]
        texts = [passages[int(ids[order[at]])].text for at in there]
        chosen = [order[there[at]] for at in _without_duplicates(texts, close[np.ix_(there, there)], k)]
        return tuple(
            Hit(
                rank,
                passages[int(ids[at])],
                float(total[at]),
                dense=float(dense.scores[at]) if dense else None,
                lexical=float(lexical.scores[at]) if lexical else None,
            )
            for rank, at in enumerate(chosen, 1)
        )


@dataclass(frozen=True, slots=True)
class ScoredCandidates:
    """The candidates' scores by one search, and the two numbers that standardise them."""

    ids: Ids
    scores: Floats
    mean: float
    top_mean: float
    score_others: Callable[[Ids], Floats]
    size: int
    """How many passages could have been found."""
    trust: float = 1.0
    """What a usual good hit weighs."""

    def extended_to(self, ids: Ids) -> ScoredCandidates:
        """Return these scores with a score for each of ``ids`` (a sorted superset of its own)."""
        scores = np.empty(len(ids), np.float32)
        own = np.searchsorted(ids, self.ids)
        others = np.ones(len(ids), bool)
        others[own] = False
        scores[own] = self.scores
        if others.any():
            scores[others] = self.score_others(ids[others])
        return replace(self, ids=ids, scores=scores)

    def of(self, kept: Ids) -> ScoredCandidates:
        """Return these scores with the candidates at these places only."""
        return replace(self, ids=self.ids[kept], scores=self.scores[kept])

    def damped(self, some: NDArray[np.bool_], share: float) -> ScoredCandidates:
        """Return these scores, ``some`` of them at ``share`` of their distance from the mean."""
        return replace(self, scores=np.where(some, self.mean + share * (self.scores - self.mean), self.scores))

    def standard(self) -> Floats:
        spread = self.top_mean - self.mean
        return self.trust * (self.scores - self.mean) / spread if spread > 1e-9 else np.zeros_like(self.scores)


def _is_english(word: str) -> bool:
    from ragqa.embedders.folders import is_bundled_word

    return is_bundled_word(word)


def _dense_side(index: DenseSearch, query: Floats, allowed: Ids | None) -> ScoredCandidates:
    ids, scores = index.search(query, CANDIDATES, allowed)
    size = index.size if allowed is None else len(allowed)
    mean = _dense_mean(index, query, scores, size)
    return ScoredCandidates(ids, scores, mean, _top_mean(scores, size), lambda others: index.score(others, query), size)


def _score_again(
    index: DenseSearch, ids: Ids, query: Floats, before: ScoredCandidates, own: OwnLanguage | None
) -> ScoredCandidates:
    scores = index.score(ids, query)
    if own:
        scores = own.without_bias(scores, query)
    mean = _dense_mean(index, query, scores, before.size)
    return replace(before, ids=ids, scores=scores, mean=mean, top_mean=_top_mean(scores, before.size))


def _dense_mean(index: DenseSearch, query: Floats, scores: Floats, size: int) -> float:
    """Return the mean score over the library; the documents asked for alone may all lie under it."""
    mean = float(index.mean @ query)
    return mean if size == index.size else min(mean, float(scores.min(initial=mean)))


def _top_mean(scores: Floats, size: int) -> float:
    """Return what a good hit usually scores: the mean of the best 50, of the best quarter in a small collection."""
    count = min(TOP, max(size // 4, 1))
    return float(np.sort(scores)[::-1][:count].sum()) / count


def _lexical_side(index: LexicalSearch, words: Mapping[str, int], allowed: Ids | None) -> ScoredCandidates:
    ids, scores = index.search(words, CANDIDATES, allowed)
    if len(scores) < CANDIDATES:  # all that match
        total = float(scores.sum())
    else:  # a term's contributions summed over the collection are about its document frequency times its rarity
        total = sum(count * index.doc_freq(word) * index.idf(word) for word, count in words.items())
    size = index.size if allowed is None else len(allowed)
    top_mean = _top_mean(scores, size)
    mean = min(total / max(index.size, 1), top_mean)
    return ScoredCandidates(ids, scores, mean, top_mean, lambda others: index.score(others, words), size)


_HAN = re.compile(f"[{HAN}]")


USUAL_TERMS = {"zh": "的", "ja": "ます", "ko": "니다"}
"""A term that most passages in a language hold whose words are not stemmed."""


def is_across(index: LexicalSearch, question: str, words: Mapping[str, int]) -> bool:
    """Say whether a question, of these ``words``, is in another language than the library, as far as both tell."""
    asked = language_of(question)
    if asked is None:
        return False
    if asked in USUAL_TERMS:
        return _words_known(index, words) < 0.5
    held = any(index.doc_freq(term) >= max(index.size, 1) / 2 for term in USUAL_TERMS.values())
    return held or asked not in index.languages


def _words_known(index: LexicalSearch, words: Mapping[str, int]) -> float:
    """Return the share of a question's words, of its single Chinese characters, and of its pairs of kana and of hangul,
    that the library uses at all.

    A question in another language than the manual shares a name or a number with it by chance: BM25 then tells little.
    """
    units = [word for word in words if len(word) == 1 or not _HAN.search(word)]
    return sum(index.doc_freq(word) > 0 for word in units) / len(units) if units else 1.0


ENOUGH = 0.5
"""Share of the most that a question's words can score from which BM25 tells all that it can: a question about one
passage reaches it in that passage's own words."""


def _share_held(index: LexicalSearch, words: Mapping[str, int], lexical: ScoredCandidates | None) -> float:
    """Return how far the best passage of BM25 holds what is asked, 0 to 1; 1 where it was not searched.

    People who do not know the manual's words, and name a filter "the thing that keeps the dust out", find it by
    vectors alone.
    """
    most = sum(count * index.idf(word) for word, count in words.items())
    if lexical is None or not most:
        return 1.0
    return min(float(lexical.scores.max(initial=0)) / most / ENOUGH, 1.0)


def _window_side(
    held: WindowMatrix, query: Floats, dense: ScoredCandidates, own: OwnLanguage | None
) -> ScoredCandidates:
    """The fine grain: each candidate's best one- or two-sentence window; its own score where it has none."""
    scores = dense.scores.copy()
    some = np.flatnonzero(np.diff(held.starts))
    if len(some):
        best = best_windows(held.vectors, held.starts[some], query)
        scores[some] = own.of(some).without_bias(best, query) if own else best
    top_mean = _top_mean(scores, dense.size)
    # The best of several windows lies above the passage everywhere, by about as much: same spread, other mean.
    return replace(dense, scores=scores, mean=top_mean - (dense.top_mean - dense.mean), top_mean=top_mean)


def best_windows(vectors: Floats, starts: Ids, query: Floats) -> Floats:
    """Return for each passage, whose window vectors begin at ``starts``, the highest cosine with the question of a
    window, or of two neighbouring windows together."""
    # Not with @, whose threads wait for one another: 8 ms instead of 0.04 where another process uses a core.
    best = np.vecdot(vectors, query)
    overlap = np.vecdot(vectors[:-1], vectors[1:])
    pairs = (best[:-1] + best[1:]) / np.sqrt(np.maximum(2 + 2 * overlap, 1e-9))
    pairs[starts[1:] - 1] = -np.inf  # a passage's last window and the next one's first
    best[:-1] = np.maximum(best[:-1], pairs)
    return np.asarray(np.maximum.reduceat(best, starts), np.float32)


def _neighbours(places: Ids, total: Floats) -> Floats:
    """Return for each candidate the better positive score of the passages beside it in its document, else 0.

    ``places`` int64 (candidates, 2): document, and place in it.
    """
    keys = (places[:, 0] << 32) + places[:, 1]
    order = np.argsort(keys)
    gains = np.zeros_like(total)
    for step in (-1, 1):
        at = order[np.minimum(np.searchsorted(keys, keys + step, sorter=order), len(keys) - 1)]
        beside = keys[at] == keys + step
        gains[beside] = np.maximum(gains[beside], total[at[beside]])
    return gains


def _close(vectors: Floats, mean: Floats) -> NDArray[np.bool_]:
    """Return which of the vectors lie so close to one another that their texts may say the same.

    ``mean`` is that of the library's vectors.
    """
    least = least_cosine(float(mean @ mean))
    close: NDArray[np.bool_] = vectors @ vectors.T > least + (1 - least) * DUPLICATE_COSINE
    np.fill_diagonal(close, False)
    return close


def _without_duplicates(texts: Sequence[str], close: NDArray[np.bool_], k: int) -> list[int]:
    """Return the places of ``k`` of the texts, those that repeat a better one behind the others."""
    bags: dict[int, set[str]] = {}
    kept: list[int] = []
    repeats: list[int] = []
    for at in range(len(texts)):
        rivals = [other for other in kept if close[at, other]]
        for one in (at, *rivals):
            if rivals and one not in bags:
                bags[one] = set(terms(texts[one]))
        same = any(_jaccard(bags[at], bags[other]) > DUPLICATE_TERMS for other in rivals)
        (repeats if same else kept).append(at)
        if len(kept) == k:
            break
    return (kept + repeats)[:k]


def _jaccard(one: set[str], other: set[str]) -> float:
    return len(one & other) / max(len(one | other), 1)


class _Clock:
    """Milliseconds from lap to lap."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = round((now - self._last) * 1000, 3)
        self._last = now
