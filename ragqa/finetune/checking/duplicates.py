"""Entries that ask the same, word for word or nearly, and what of them may not be torn apart by splitting.

Two questions are near when they share 0.8 of their terms (Jaccard, stop words left out), or 0.6 and the answer; a
figure or a code that only one of them names tells them apart. Found by prefix filtering (Chaudhuri, Ganti and Kaushik
2006): sets that share so much share one of their rarest terms, so that only those need be compared."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

from ragqa.analysis import compatible, query_terms
from ragqa.errors import RagqaError
from ragqa.finetune.checking import Checked, Finding, has, some
from ragqa.finetune.reading.questions import Entry
from ragqa.finetune.records import Form


def check_duplicates(entries: Sequence[Entry], form: Form) -> Checked:
    """Keep the first of what is the same. Raises RagqaError where all entries are one."""
    kept: dict[Hashable, Entry] = {}
    answers: dict[Hashable, Entry] = {}
    again, otherwise = [], []
    for entry in entries:
        asked = (normal(entry.question), _before(entry), entry.document, entry.passage)
        said = normal(entry.label or "") if form == "route" and entry.label else answer_of(entry)
        if (asked, said) in kept:
            again.append(entry)
            continue
        if asked in answers:
            otherwise.append(entry)
            if form == "route":
                continue
        answers.setdefault(asked, entry)
        kept[asked, said] = entry
    if len(kept) == 1 and len(entries) > 1:
        raise RagqaError(
            f"all {len(entries):,} entries ask and answer the same, the first at {entries[0].source}: "
            "give questions that differ"
        )
    return Checked(list(kept.values()), _duplicate_findings(again, otherwise, form))


def _duplicate_findings(again: Sequence[Entry], otherwise: Sequence[Entry], form: Form) -> tuple[Finding, ...]:
    findings = []
    if again:
        findings.append(
            Finding(f"{some(again)}, {has(again, 'stands', 'stand')} there already, word for word", "left out")
        )
    if otherwise:
        found = f"{some(otherwise)}, {has(otherwise, 'gives', 'give')} a question another {_said(form)} than before"
        mend = "the first is kept" if form == "route" else "kept, on one side of the split; look at them"
        findings.append(Finding(found, mend))
    return tuple(findings)


def _said(form: Form) -> str:
    return "label" if form == "route" else "answer"


def _before(entry: Entry) -> tuple[str, ...]:
    return tuple(message.content for message in entry.before if message.role != "system")


def answer_of(entry: Entry) -> str:
    """Return what is learned as the answer, as ``normal`` writes it."""
    return normal(entry.answers[0]) if entry.answers else ""


def normal(text: str) -> str:
    """Return a text in small letters without signs, width or spacing that change nothing; '-5' and '5 %' stay so."""
    folded = " ".join(compatible(text).casefold().split())
    return folded.strip("?？.。!！ ") or folded


ALIKE, ALIKE_AND_ANSWERED = 0.8, 0.6
SAME = 0.9
"""Likeness from which two questions with one answer teach nothing that one does not."""

COMPARED = 24
"""Of the questions that share a rare term, how many are compared; a term that more share says little."""

NearPair = tuple[str, str]
"""Ids of entries, the earlier first."""


def check_near_duplicates(entries: Sequence[Entry]) -> tuple[Checked, list[NearPair]]:
    """Leave out near copies of answered questions; return the pairs of those that stay and ask nearly the same."""
    answers = [answer_of(entry) for entry in entries]
    copies: set[int] = set()
    pairs: list[tuple[int, int]] = []
    for first, second, likeness in alike([entry.question for entry in entries], answers):
        if likeness >= SAME and _teaches_nothing(entries[first], entries[second]) and first not in copies:
            copies.add(second)
        else:
            pairs.append((first, second))
    kept = [entry for at, entry in enumerate(entries) if at not in copies]
    staying = [(entries[one].id, entries[two].id) for one, two in pairs if not {one, two} & copies]
    gone = [entries[at] for at in sorted(copies)]
    found = (
        f"{some(gone)}, {has(gone, 'asks', 'ask')} in nearly the same words what stands there already" if gone else ""
    )
    return Checked(kept, (Finding(found, "left out"),) * bool(gone)), staying


def _teaches_nothing(first: Entry, second: Entry) -> bool:
    same = answer_of(first) == answer_of(second) and first.label == second.label
    return same and first.document == second.document and not (first.is_conversation or second.is_conversation)


def alike(questions: Sequence[str], answers: Sequence[str]) -> Iterator[tuple[int, int, float]]:
    """Yield the numbers of near questions, the earlier first, and their Jaccard similarity, 0.6 to 1.

    Exact, by prefix filtering (Bayardo, Ma & Srikant 2007): sets that are similar share one of their rarest terms.
    """
    sets = [frozenset(query_terms(question)) for question in questions]
    count = Counter(term for terms in sets for term in terms)
    seen: dict[frozenset[str], int] = {}
    holders: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, (terms, answer) in enumerate(zip(sets, answers, strict=True)):
        if not terms:
            continue
        if terms in seen:
            yield seen[terms], number, 1.0
            if answers[seen[terms]] == answer:
                continue
        rarest = sorted(terms, key=lambda term: (count[term], term))
        keys = [("", term) for term in _prefix(rarest, ALIKE)]
        keys += [(answer, term) for term in _prefix(rarest, ALIKE_AND_ANSWERED) if answer]
        others = {other for key in keys for other in holders[key][-COMPARED:]}
        for other in sorted(others):
            likeness = _likeness(terms, sets[other], answer == answers[other])
            if likeness:
                yield other, number, likeness
        for key in keys:
            holders[key].append(number)
        seen.setdefault(terms, number)


def _prefix(rarest: list[str], least: float) -> list[str]:
    """Return the terms of which one at least stands among those of any set that shares ``least`` (Jaccard)."""
    return rarest[: len(rarest) - math.ceil(least * len(rarest) - 1e-9) + 1]


def _likeness(first: frozenset[str], second: frozenset[str], answered_alike: bool) -> float:
    """Return the Jaccard likeness of two sets of terms where it makes them near, else 0."""
    least = ALIKE_AND_ANSWERED if answered_alike else ALIKE
    if min(len(first), len(second)) < least * max(len(first), len(second)):
        return 0.0
    shared = len(first & second)
    likeness = shared / (len(first) + len(second) - shared)
    if likeness < least or any(any(c.isdigit() for c in term) for term in first ^ second):
        return 0.0
    return likeness


FEW_DOCUMENTS = 10
"""With fewer documents, and no page or passage known, a document is too much to keep on one side."""


@dataclass(frozen=True, slots=True)
class Grouped:
    """The group of each entry, by its id, and what would have leaked."""

    groups: dict[str, str]
    findings: tuple[Finding, ...]


def group_related(entries: Sequence[Entry], near: Sequence[NearPair], form: Form) -> Grouped:
    """Group what belongs together: the same or nearly the same question, and but for labels the same passage."""
    joined = _Joined([entry.id for entry in entries])
    asked = _join(joined, ((normal(entry.question), entry) for entry in entries))
    for first, second in near:
        joined.join(first, second)
        asked |= {first, second}
    by_document = len({entry.document for entry in entries if entry.document}) >= FEW_DOCUMENTS
    placed = _join(joined, ((key, entry) for entry in entries for key in _places(entry, form, by_document)))
    findings = []
    if asked:
        found = f"{len(asked):,} entries ask the same as another, or nearly"
        findings.append(Finding(found, "kept on one side of the split"))
    if placed:
        found = f"{len(placed):,} entries are about the same passage, page or conversation as another"
        findings.append(Finding(found, "kept on one side of the split"))
    return Grouped({entry.id: joined.first_of(entry.id) for entry in entries}, tuple(findings))


def _places(entry: Entry, form: Form, by_document: bool) -> Iterator[tuple[str, ...]]:
    """Yield what an entry is about. A label is learned from some questions of a passage and tested on others."""
    if form == "route":
        if entry.is_conversation and entry.passage:
            yield (entry.passage,)
    elif entry.pages:
        for page in entry.pages:
            yield entry.document or "", str(page)
    elif entry.passage:
        yield (entry.passage,)
    elif entry.document and by_document:
        yield (entry.document,)


def _join(joined: _Joined, keyed: Iterator[tuple[object, Entry]]) -> set[str]:
    """Join the entries of each key; return the ids of those that are not alone under theirs."""
    held: dict[object, list[str]] = defaultdict(list)
    for key, entry in keyed:
        held[key].append(entry.id)
    several: set[str] = set()
    for ids in held.values():
        if len(ids) > 1:
            several.update(ids)
            for other in ids[1:]:
                joined.join(ids[0], other)
    return several


class _Joined:
    """Sets that grow together (union-find); each is known by the one that came first."""

    def __init__(self, names: Sequence[str]) -> None:
        self._order = {name: at for at, name in enumerate(names)}
        self._above = {name: name for name in names}

    def first_of(self, name: str) -> str:
        while self._above[name] != name:
            self._above[name] = self._above[self._above[name]]
            name = self._above[name]
        return name

    def join(self, first: str, second: str) -> None:
        one, two = sorted((self.first_of(first), self.first_of(second)), key=self._order.__getitem__)
        self._above[two] = one
