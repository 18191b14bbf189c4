"""Score each sentence, row and unit that the passages found touch as evidence for an answer.

A window's features come from both sides of retrieval (its cosine, which of the question's terms it holds, weighted by
inverse document frequency), from where it stands, and from whether it holds the kind of value that was asked for.
Candidates are the units, and the rows of tables, that may answer. Knows nothing of wording or thresholds.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ragqa.analysis import ENGLISH_ONLY, bag_of_terms, cjk_share, query_terms, query_words, terms
from ragqa.answerers.question_types import asked_kind, holds_kind
from ragqa.compounds import COMPOUNDING, is_part
from ragqa.editions import editions_in, of_another
from ragqa.late_interaction import Interaction
from ragqa.types import Extract, ExtractKind, Hit, Span, Unit

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
    vocabulary_coverage: float
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
    languages: Sequence[str] = ENGLISH_ONLY
    """Of the library, in which words are stemmed."""
    forms: Mapping[str, str] = field(default_factory=dict)
    """Of words that have several stems: the term that stands for each other one here and in ``bag_of``."""

    @classmethod
    def of(
        cls,
        text: str,
        idf: Callable[[str], float],
        known: Callable[[str], bool],
        languages: Sequence[str] = ENGLISH_ONLY,
    ) -> Question:
        """Weigh the terms of ``text`` with ``idf``; ``known`` says whether the library uses a term at all."""
        words = [forms for forms in query_words(text, languages, known) if known(forms[0]) or forms[0] not in _ASKING]
        rarity = {forms[0]: min(map(idf, forms)) for forms in words}
        missing = frozenset(term for term in rarity if not cjk_share(term) and not known(term))
        others = {form: forms[0] for forms in words for form in forms[1:] if form not in rarity}
        return cls(text, rarity, missing, asked_kind(text), languages, others)

    def bag_of(self, text: str) -> frozenset[str]:
        """Return the terms of a text: of a word with several stems the one by which the question has it, of a compound
        also the part that the question names."""
        bag = _bag_of(text, tuple(self.languages))
        if self.forms:
            bag = frozenset(self.forms.get(term, term) for term in bag)
        if not COMPOUNDING.isdisjoint(self.languages):
            bag = bag.union(term for term in self.idf if term not in bag and is_part(term, bag))
        return bag

    def terms_of(self, word: str) -> AbstractSet[str]:
        """Return the terms of a word of the question, as ``bag_of`` has them."""
        return {self.forms.get(term, term) for term in query_terms(word, self.languages)}

    @property
    def unknown(self) -> float:
        """Share of the rarity that lies in words (not Chinese characters) that the library never uses."""
        words = {term: weight for term, weight in self.idf.items() if not cjk_share(term)}
        total = sum(words.values())
        return sum(weight for term, weight in words.items() if term in self.missing) / total if total else 0.0

    def without(self, met: AbstractSet[str]) -> Question:
        """Return the question less the terms that what was found meets in other words."""
        met = {self.forms.get(term, term) for term in met}
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
        " exact proper normal recommended works instructions tells explains manual according"
    )
).union("需要使用可以允许", ("需要", "使用", "可以", "允许"))
"""Terms that ask rather than name a subject: where the library never uses one, nothing is missing."""

_CODE = re.compile(r"[a-z].*\d|\d.*[a-z]")


@lru_cache(16384)
def _bag_of(text: str, languages: Sequence[str]) -> frozenset[str]:
    """Return the index terms of a sentence, a row or a heading, kept for the questions that find it again."""
    return bag_of_terms(text, languages)


def weigh(
    question: Question,
    hits: Sequence[Hit],
    windows: Mapping[int, NDArray[np.float32]],
    query: NDArray[np.float32] | None,
    vocabulary_coverage: float = 1.0,
    interaction: Interaction | None = None,
) -> Evidence:
    """Return every window of ``hits`` with its features.

    ``windows`` maps passage ids to their window vectors; ``query`` is the question's vector; ``interaction`` is of the
    same ``hits``; all three may be absent. ``vocabulary_coverage`` is the share of the question's tokens that the
    embedder knows, 0 to 1: dense features count as far as that.
    """
    places = tuple((at, span) for at, hit in enumerate(hits) for span in _windows_of(hit))
    texts = [hits[at].passage.text[start:end] for at, (start, end) in places]
    bags = [question.bag_of(text) for text in texts]
    telling = question.telling(bags)
    cosines = _cosines(hits, windows, query)
    codes = question.codes
    headings = [question.coverage(question.bag_of(_heading(hit))) for hit in hits]
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
    features[:, 0] = standard(cosines) * vocabulary_coverage**2
    near = _nearness(places, interaction)
    if interaction is not None:
        features[:, 1] = standard(near @ interaction.weights) * vocabulary_coverage**2
    return Evidence(
        places, features, cosines, near, tuple(bags), _terms_of_each(question, hits, places, bags), vocabulary_coverage
    )


def _terms_of_each(
    question: Question, hits: Sequence[Hit], places: Sequence[tuple[int, Span]], bags: Sequence[AbstractSet[str]]
) -> tuple[AbstractSet[str], ...]:
    held: list[AbstractSet[str]] = [question.bag_of(_outside(hit)) for hit in hits]
    for (at, _), bag in zip(places, bags, strict=True):
        held[at] = held[at] | bag
    return tuple(held)


def _heading(hit: Hit) -> str:
    return "\n".join((*hit.passage.section[-2:], hit.passage.header))


def _outside(hit: Hit) -> str:
    """Return the headings of a passage, and what of its text stands in no window."""
    passage, end = hit.passage, 0
    apart = []
    for first, last in _windows_of(hit):
        apart.append(passage.text[end:first])
        end = last
    return "\n".join((*passage.section, passage.header, *apart, passage.text[end:]))


def column_names(hit: Hit) -> str:
    """Return the header rows of the tables in a passage, a line each."""
    return "\n".join(line for line in _outside(hit).split("\n") if " | " in line)


def _windows_of(hit: Hit) -> tuple[Span, ...]:
    return hit.passage.windows or ((0, len(hit.passage.text)),)


def _cosines(
    hits: Sequence[Hit], windows: Mapping[int, NDArray[np.float32]], query: NDArray[np.float32] | None
) -> NDArray[np.float32]:
    parts = []
    for hit in hits:
        vectors = windows.get(hit.passage.passage_id)
        if query is not None and vectors is not None and len(vectors) == len(_windows_of(hit)):
            parts.append(vectors @ query)
        else:
            parts.append(np.full(len(_windows_of(hit)), hit.dense or 0.0, np.float32))
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


OTHER_EDITION = 20.0
"""What a candidate loses that is for another version or model than the one asked about: more than all else counts."""

CONSIDERED = 20
"""Passages whose units are weighed, at least."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit, or a row of a table, that the passages found touch."""

    document: str
    unit_id: int
    unit: Unit
    kind: ExtractKind
    start: int
    end: int
    windows: tuple[int, ...]
    """Which of the windows weighed stand in it."""
    hits: tuple[int, ...]
    """Which of the passages found it touches."""
    rows: tuple[Span, ...] = ()
    """Of several rows of a table that belong together: where each stands in the document."""

    @property
    def length(self) -> int:
        """Characters."""
        return self.end - self.start

    def apart(self, other: Candidate) -> bool:
        """Whether this candidate and another share no text."""
        return self.document != other.document or self.end <= other.start or other.end <= self.start

    def holds(self, other: Candidate) -> bool:
        """Whether another candidate is a part of this one."""
        inside = self.start <= other.start and other.end <= self.end
        return inside and self.document == other.document and (self.start, self.end) != (other.start, other.end)


@dataclass(frozen=True, slots=True)
class Considered:
    """All that an answer is made from."""

    question: Question
    hits: tuple[Hit, ...]
    """The passages found."""
    evidence: Evidence
    interaction: Interaction | None
    units: Mapping[str, Sequence[tuple[int, Unit]]]
    """By document: id and unit of each that the passages found touch."""
    embedder: str
    """Whose vectors and token states the library holds, as 'local:multilingual'."""
    mean_cosine: float
    """Of two passages of the library."""

    def best_hits(self, k: int) -> tuple[Hit, ...]:
        """Return the best ``k`` passages, with how well each window answers and the headings above it."""
        return self._with_editions_apart([self._placed(hit) for hit in self.evidence.on(self.hits)[:k]])

    def end_of(self, window: int) -> int:
        """Return where in its document a window ends."""
        at, (_, end) = self.evidence.places[window]
        return self.hits[at].passage.start + end

    def of_another_edition(self, sections: Sequence[Sequence[str]]) -> list[bool]:
        """Say of each section whether it is for another version or model than the question names and the manual has."""
        asked = editions_in(self.question.text)
        if not asked:
            return [False] * len(sections)
        verdicts = {section: of_another(section, asked) for section in {tuple(section) for section in sections}}
        held = any(verdict is False for verdict in verdicts.values())
        return [held and bool(verdicts[tuple(section)]) for section in sections]

    def printed(self, document: str) -> dict[int | None, str | None]:
        """Return the number printed on each page on which a unit of a document begins, None where it is its own."""
        return {unit.page: unit.printed for _, unit in self.units.get(document, ())}

    def _placed(self, hit: Hit) -> Hit:
        passage = hit.passage
        held = [unit for _, unit in self.units.get(passage.document, ())]
        printed = self.printed(passage.document)
        windows = passage.windows or ((0, len(passage.text)),)
        above = [
            next((u.section for u in held if u.start <= passage.start + first < u.end), passage.section)
            for first, _ in windows
        ]
        pages = [printed.get(passage.page_at(first)) for first, _ in windows]
        return replace(hit, sections=tuple(above), printed=tuple(pages))

    def _with_editions_apart(self, hits: Sequence[Hit]) -> tuple[Hit, ...]:
        """Return the hits, the windows in sections of another edition far below the rest."""
        others = self.of_another_edition([section for hit in hits for section in hit.sections])
        if not any(others):
            return tuple(hits)
        loss = iter(OTHER_EDITION * other for other in others)
        return tuple(replace(hit, evidence=tuple(score - next(loss) for score in hit.evidence)) for hit in hits)


def candidates(
    hits: Sequence[Hit], evidence: Evidence, units: Mapping[str, Sequence[tuple[int, Unit]]]
) -> tuple[Candidate, ...]:
    """Return every unit of ``units``, document by document, and every row of its tables, that touches a hit."""
    windows: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for number, (at, (start, end)) in enumerate(evidence.places):
        passage = hits[at].passage
        windows[passage.document].append((passage.start + start, passage.start + end, number))
    found = []
    for document, held in units.items():
        passages = [(i, hit.passage) for i, hit in enumerate(hits) if hit.passage.document == document]
        inside = sorted(windows[document])
        for unit_id, unit in held:
            for kind, start, end in _candidate_spans(unit):
                touched = tuple(i for i, passage in passages if start < passage.end and end > passage.start)
                if touched:
                    own = tuple(n for first, last, n in inside if start <= first < end or first <= start < end <= last)
                    found.append(Candidate(document, unit_id, unit, kind, start, end, own, touched))
    return tuple(found)


def _candidate_spans(unit: Unit) -> Iterator[tuple[ExtractKind, int, int]]:
    yield unit.kind, unit.start, unit.end
    if unit.kind == "table":
        for start, end in unit.parts:
            yield "row", start, end


def row_text(hits: Sequence[Hit], row: Candidate) -> str:
    """Return what of a row stands in the first passage that it touches."""
    passage = hits[row.hits[0]].passage
    return passage.text[max(row.start - passage.start, 0) : max(row.end - passage.start, 0)]


def first_cell(hits: Sequence[Hit], row: Candidate) -> str:
    """Return what a row is about."""
    return row_text(hits, row).partition(" | ")[0]


def head_terms(question: Question, one: Candidate) -> frozenset[str]:
    """Return the terms of the two headings nearest above a candidate."""
    return question.bag_of("\n".join(one.unit.section[-2:]))


def extract_of(one: Candidate, seen: Considered, text: str, warning: str) -> Extract:
    """Return what a candidate says; ``text`` and ``warning`` are its unit's."""
    unit, passage = one.unit, seen.hits[one.hits[0]].passage
    shared = (one.document, one.start, one.end)
    if one.kind == "row":
        row = text[one.start - unit.start : one.end - unit.start]
        inside = passage.start <= one.start < passage.end
        page = passage.page_at(one.start - passage.start) if inside else unit.page
        header = _header(unit, text, one.start)
        printed = seen.printed(one.document).get(page)
        return Extract(
            "row",
            *shared,
            row,
            unit.section,
            header=header,
            page=page,
            page_end=page,
            printed=printed,
            passage_id=passage.passage_id,
            parts=tuple((first - one.start, last - one.start) for first, last in one.rows),
        )
    if (one.start, one.end) != (unit.start, unit.end):  # the sentence before a table
        shown = text[one.start - unit.start : one.end - unit.start].strip()
        return Extract(
            one.kind,
            *shared,
            shown,
            unit.section,
            page=unit.page,
            page_end=unit.page,
            printed=unit.printed,
            passage_id=passage.passage_id,
        )
    lead = max(unit.lead[1] - unit.start, 0) if unit.lead[1] > unit.lead[0] else 0
    parts = tuple((first - unit.start, last - unit.start) for first, last in unit.parts)
    return Extract(
        one.kind,
        *shared,
        text,
        unit.section,
        warning,
        lead=lead,
        parts=parts,
        steps=unit.steps,
        page=unit.page,
        page_end=unit.page_end,
        printed=unit.printed,
        passage_id=passage.passage_id,
    )


def _header(unit: Unit, text: str, start: int) -> str:
    """Return the header row above the row at ``start``: of the lines between rows, the nearest with cells."""
    before, header = unit.start, ""
    for first, last in unit.parts:
        between = text[before - unit.start : first - unit.start].strip("\n").split("\n")
        header = next((line for line in reversed(between) if " | " in line), header)
        if first == start:
            break
        before = last
    return header
