"""Weigh each sentence and row of the passages found as an answer. Knows nothing of wording or thresholds.

A window's features come from both sides of retrieval (how near it lies, which of the question's terms it holds, weighed
by how rare they are), from where it stands, and from whether it holds the kind of thing that was asked for.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ragqa.analysis import cjk_share, query_terms, terms
from ragqa.late_interaction import Interaction
from ragqa.types import Hit, Span

WEIGHTS = {
    "cosine": 1.9,
    "near": 3.0,
    "coverage": 1.2,
    "telling": 3.5,
    "around": 2.3,
    "passage": 3.5,
    "first": 0.3,
    "kind": 2.8,
    "length": 0.5,
    "heading": 3.5,
    "code": 4.0,
}
"""The features of a window and what each counts. Learned by ``bench/answers.py --learn``; ``near`` was chosen after."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The windows of the passages found, and what speaks for each."""

    places: tuple[tuple[int, Span], ...]
    """For each window: the index of its hit, and its span in that passage's text."""
    features: NDArray[np.float32]
    """(windows, len(WEIGHTS)), each about 0 to 1, higher is better."""
    cosines: NDArray[np.float32]
    """(windows,) as they are."""
    near: NDArray[np.float32]
    """(windows, tokens of the question): the highest cosine of each token with any of a window's, 0 at least."""
    bags: tuple[AbstractSet[str], ...]
    """The terms of each window."""
    passages: tuple[AbstractSet[str], ...]
    """The terms of each passage, headings included."""
    legibility: float
    """How much of the question the embedder can read, 0 to 1."""

    def scores(self) -> NDArray[np.float32]:
        """Return (windows,): how well each answers, the features weighed."""
        return self.features @ np.fromiter(WEIGHTS.values(), np.float32)

    def on(self, hits: Sequence[Hit]) -> tuple[Hit, ...]:
        """Return ``hits`` with the scores of their windows."""
        scores = self.scores().tolist()
        return tuple(
            replace(hit, evidence=tuple(score for score, (at, _) in zip(scores, self.places, strict=True) if at == i))
            for i, hit in enumerate(hits)
        )


@dataclass(frozen=True, slots=True)
class Question:
    """A question made ready: its terms with their rarity, and what kind of thing it asks for."""

    text: str
    idf: Mapping[str, float]
    missing: frozenset[str]
    """Terms of words (not of Chinese characters) that the library never uses."""
    kind: str | None

    @classmethod
    def of(cls, text: str, idf: Callable[[str], float], known: Callable[[str], bool]) -> Question:
        """Weigh the terms of ``text`` with ``idf``; ``known`` says whether the library uses a term at all."""
        rarity = {term: idf(term) for term in query_terms(text) if known(term) or term not in _ASKING}
        missing = frozenset(term for term in rarity if not cjk_share(term) and not known(term))
        return cls(text, rarity, missing, asked_kind(text))

    @property
    def unknown(self) -> float:
        """Share of the rarity that lies in words (not Chinese characters) that the library never uses."""
        words = {term: weight for term, weight in self.idf.items() if not cjk_share(term)}
        total = sum(words.values())
        return sum(weight for term, weight in words.items() if term in self.missing) / total if total else 0.0

    def without(self, met: AbstractSet[str]) -> Question:
        """Return the question less the terms that what was found meets in other words."""
        return replace(self, idf={term: weight for term, weight in self.idf.items() if term not in met})

    @property
    def codes(self) -> set[str]:
        """The part numbers and error codes asked about: terms of letters and digits."""
        return {term for term in self.idf if _CODE.search(term)}

    def coverage(self, found: AbstractSet[str], weights: Mapping[str, float] | None = None) -> float:
        """Return the share of the question's weight, its rarity unless others are given, in ``found``."""
        weights = self.idf if weights is None else weights
        total = sum(weights.values())
        return sum(weight for term, weight in weights.items() if term in found) / total if total else 0.0

    def telling(self, bags: Sequence[AbstractSet[str]]) -> dict[str, float]:
        """Return the terms' rarity among ``bags`` times their rarity at large: what the whole passage repeats, its
        subject, says nothing about which of its sentences answers."""
        size = len(bags)
        weights = {}
        for term, rarity in self.idf.items():
            n = sum(term in bag for bag in bags)
            weights[term] = rarity * math.log1p((size - n + 0.5) / (n + 0.5)) if n else 0.0
        return weights


_ASKING = frozenset(
    terms(
        "takes needs uses requires gets gives makes puts allowed possible number kind type sort amount correct right"
        " exact proper normal recommended works instructions tells explains manual according 需要 使用 可以 允许"
    )
)
"""Terms that ask rather than name a subject: where the library never uses one, nothing is missing."""

_ASKED = {
    "time": re.compile(
        r"\bwhen\b|\b(?:what|which|whose) (?:year|date|day|month|century|decade)\b"
        r"|何时|何時|何年|哪年|哪一?[年天月日]|哪个世纪|哪個世紀|什么时候|什麼時候|甚麼時候|年份|几年|幾年|几月|幾月",
        re.I,
    ),
    "number": re.compile(
        r"\bhow (?:many|much|long|often|far|old|big|large|high|tall|deep|fast|heavy|wide|hot|cold|loud|soon)\b"
        r"|\b(?:what|which) (?:percentage|percent|number|size|voltage|temperature|weight|time|value|distance|speed"
        r"|length)\b|多少|多久|多长|多長|多大|多高|多远|多遠|多重|几|幾",
        re.I,
    ),
    "name": re.compile(
        r"\b(?:who|whom|whose|where)\b|\b(?:which|what) (?:city|country|person|team|company|state|place)\b"
        r"|谁|誰|哪位|哪里|哪裡|哪裏|何处|何處|哪一?[个個]?(?:国|國|城|人|地|省|市)|何人",
        re.I,
    ),
}
_TIME = re.compile(
    r"\b1\d{3}\b|\b20\d\d\b|\b(?:January|February|March|April|May|June|July|August|September|October|November|December|"
    r"Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|century|centuries)\b|[\d一二三四五六七八九十]\s?[年月日]|世纪|世紀"
)
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
_NUMERAL = re.compile(
    r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|once|twice|dozens?|hundreds?|thousands?|"
    r"millions?|billions?|half|third|quarter|daily|weekly|monthly|yearly|annually)\b|[二三四五六七八九十百千万萬亿億两兩]",
    re.I,
)
_UNIT = re.compile(r"(?:多少|几|幾)(?!乎)个?個?([\u4e00-\u9fff])|\bhow many (\w{3,})", re.I)
_CODE = re.compile(r"[a-z].*\d|\d.*[a-z]")
_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][\w-]+|·|《")


def asked_kind(question: str) -> str | None:
    """Return what a question asks for: 'time', 'number', 'name', or None where that can't be seen."""
    return next((kind for kind, pattern in _ASKED.items() if pattern.search(question)), None)


def holds_kind(kind: str | None, window: str, question: str) -> float:
    """Say how well a window holds a thing of ``kind`` that the question does not itself hold: 0 to 1."""
    if kind == "time":
        return 1.0 if any(found not in question for found in _TIME.findall(window)) else 0.0
    if kind == "number":
        return _holds_number(window, question)
    if kind == "name":
        return 1.0 if any(name not in question for name in _NAME.findall(window)) else 0.0
    return 0.0


def _holds_number(window: str, question: str) -> float:
    asked = set(_DIGITS.findall(question))
    fresh = [m for m in _DIGITS.finditer(window) if m.group() not in asked]
    fresh += list(_NUMERAL.finditer(window))
    unit = _UNIT.search(question)
    if fresh and unit:
        word = (unit.group(1) or unit.group(2)).lower().rstrip("s")
        if any(word in window[m.end() : m.end() + (3 if unit.group(1) else 30)].lower() for m in fresh):
            return 1.0
    return 0.5 if fresh else 0.0


@lru_cache(16384)
def bag_of(text: str) -> frozenset[str]:
    """Return the index terms of a sentence, a row or a heading, kept for the questions that find it again."""
    return frozenset(terms(text))


def weigh(
    question: Question,
    hits: Sequence[Hit],
    windows: Mapping[int, NDArray[np.float32]],
    query: NDArray[np.float32] | None,
    legibility: float = 1.0,
    interaction: Interaction | None = None,
) -> Evidence:
    """Return every window of ``hits`` with its features.

    ``windows`` maps passage ids to their window vectors; ``query`` is the question's vector; ``interaction`` is of the
    same ``hits``; all three may be absent. ``legibility`` says how much of the question the embedder can read: what it
    can't read counts nothing.
    """
    places = tuple((at, span) for at, hit in enumerate(hits) for span in _spans(hit))
    texts = [hits[at].passage.text[start:end] for at, (start, end) in places]
    bags = [bag_of(text) for text in texts]
    telling = question.telling(bags)
    cosines = _cosines(hits, windows, query)
    codes = question.codes
    headings = [question.coverage(bag_of(_heading(hit))) for hit in hits]
    best = max((hit.score for hit in hits), default=1.0)
    rows = []
    for j, (at, _) in enumerate(places):
        around = bags[j].union(*(bags[i] for i in (j - 1, j + 1) if 0 <= i < len(places) and places[i][0] == at))
        rows.append(
            (
                0.0,
                0.0,
                question.coverage(bags[j]),
                question.coverage(bags[j], telling),
                question.coverage(around),
                hits[at].score / best if best > 0 else 0.0,
                1.0 if at == 0 else 0.0,
                holds_kind(question.kind, texts[j], question.text),
                min(math.log1p(len(bags[j])) / 5, 1.0),
                headings[at],
                1.0 if codes & bags[j] else 0.0,
            )
        )
    features = np.array(rows, np.float32).reshape(-1, len(WEIGHTS))
    features[:, 0] = standard(cosines) * legibility**2
    near = _nearness(places, interaction)
    if interaction is not None:
        features[:, 1] = standard(near @ interaction.weights) * legibility**2
    return Evidence(places, features, cosines, near, tuple(bags), _terms_of_each(hits, places, bags), legibility)


def _terms_of_each(
    hits: Sequence[Hit], places: Sequence[tuple[int, Span]], bags: Sequence[AbstractSet[str]]
) -> tuple[AbstractSet[str], ...]:
    held: list[AbstractSet[str]] = [bag_of(_outside(hit)) for hit in hits]
    for (at, _), bag in zip(places, bags, strict=True):
        held[at] = held[at] | bag
    return tuple(held)


def _heading(hit: Hit) -> str:
    return "\n".join((*hit.passage.section[-2:], hit.passage.header))


def _outside(hit: Hit) -> str:
    """Return the headings of a passage, and what of its text stands in no window."""
    passage, end = hit.passage, 0
    apart = []
    for first, last in _spans(hit):
        apart.append(passage.text[end:first])
        end = last
    return "\n".join((*passage.section, passage.header, *apart, passage.text[end:]))


def column_names(hit: Hit) -> str:
    """Return the header rows of the tables in a passage, a line each."""
    return "\n".join(line for line in _outside(hit).split("\n") if " | " in line)


def _spans(hit: Hit) -> tuple[Span, ...]:
    return hit.passage.windows or ((0, len(hit.passage.text)),)


def _cosines(
    hits: Sequence[Hit], windows: Mapping[int, NDArray[np.float32]], query: NDArray[np.float32] | None
) -> NDArray[np.float32]:
    parts = []
    for hit in hits:
        vectors = windows.get(hit.passage.passage_id)
        if query is not None and vectors is not None and len(vectors) == len(_spans(hit)):
            parts.append(vectors @ query)
        else:
            parts.append(np.full(len(_spans(hit)), hit.dense or 0.0, np.float32))
    return np.concatenate(parts) if parts else np.empty(0, np.float32)


def _nearness(places: Sequence[tuple[int, Span]], interaction: Interaction | None) -> NDArray[np.float32]:
    if interaction is None:
        return np.zeros((len(places), 0), np.float32)
    nothing = np.zeros(len(interaction.weights), np.float32)
    rows: list[NDArray[np.float32]] = []
    first: dict[int, int] = {}
    for number, (at, _) in enumerate(places):
        nearest = interaction.nearest[at]
        inside = number - first.setdefault(at, number)
        known = nearest is not None and inside < nearest.shape[1] - 1
        rows.append(nearest[:, inside] if known and nearest is not None else nothing)
    return np.maximum(np.array(rows, np.float32).reshape(len(places), -1), 0)


def standard(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale values so that their mean is 0 and the best is 1."""
    if not len(values):
        return values
    mean, top = float(values.mean()), float(values.max())
    return (values - mean) / (top - mean) if top - mean > 1e-6 else np.zeros_like(values)
