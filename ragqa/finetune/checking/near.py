"""Questions that ask the same in nearly the same words: found by the terms that they share. Knows no meaning.

Two are near when they share 0.8 of their terms (Jaccard, stop words left out), or 0.6 and the answer; a figure or a
code that only one of them names tells them apart. Found by prefix filtering (Chaudhuri, Ganti and Kaushik 2006): sets
that share so much share one of their rarest terms, so that only those need be compared.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from ragqa.analysis import query_terms
from ragqa.finetune.checking.duplicates import answer_of
from ragqa.finetune.checking.findings import Checked, Finding, has, some
from ragqa.finetune.reading.questions import Entry

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
    """Yield the numbers of near questions, the earlier first, and their likeness, 0.6 to 1."""
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
