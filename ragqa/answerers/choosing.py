"""Choose the unit of the manuals that answers: every unit that the passages found touch is weighed as an answer.

Then how much of it: the section where all of it is asked for, the row of a table where one thing is. Knows nothing of
wording.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ragqa.analysis import cjk_share, compatible, in_chinese
from ragqa.answerers.asked import Asked, asked_for
from ragqa.answerers.candidates import OTHER_EDITION, Candidate, Considered, candidates, first_cell, row_text
from ragqa.answerers.evidence import bag_of
from ragqa.answerers.unit_features import NAMES, features

Floats = NDArray[np.float32]

_CODE = re.compile(r"(?:[A-Za-z]{1,8}-?){0,3}\d(?:[\w-]|\.(?=\d))*")
"""A number or a code, as people ask for a row by: 188, E04, HK-7205."""

WEIGHTS_FILE = Path(__file__).with_name("choosing.json")
"""What each feature counts. Learned by ``bench/units.py --learn``."""

WIDEST: dict[Asked, int] = {"procedure": 4000, "rule": 900}
"""Who asks how, or whether, gets the section that the best unit stands in, up to so many characters."""

SINGLE: frozenset[Asked] = frozenset({"fact", "other"})
"""Who asks so gets one row of a table, not all of it."""

SHORT = 300
"""A unit of so few characters is quoted as it is, with its conditions, where one sentence of a longer one is."""

NEAR = 1.5
"""What is also shown weighs at most so much less than the best."""

OTHER_LANGUAGE = 1.0
"""What a unit loses that is not in the question's language, where the library has both."""

ALSO = 2
"""Units named beside the answer, at most."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What answers, and what is near it."""

    asked: Asked
    best: Candidate
    also: tuple[Candidate, ...] = ()
    share: float = 1.0
    """How likely the best is among all that were weighed, 0 to 1."""

    @property
    def whole(self) -> bool:
        """Whether the answer is the unit itself; else sentences say it, as where one fact is asked for."""
        if self.best.length <= SHORT:
            return True
        if self.asked == "fact":
            return self.best.kind in ("row", "table")
        told = ("paragraph", "definition", "section")
        return self.best.kind not in told or self.asked != "other"


def choose(seen: Considered) -> Choice | None:
    """Return which of the units considered answers the question; None where there is none."""
    found = candidates(seen.hits, seen.evidence, seen.units)
    if not found:
        return None
    scores = features(seen.question, seen.hits, seen.evidence, seen.interaction, found) @ weights()
    scores -= OTHER_EDITION * np.array(seen.of_another_edition([one.unit.section for one in found]), np.float32)
    scores -= OTHER_LANGUAGE * _in_other_language(found, seen)
    asked = asked_for(seen.question.text)
    order = np.argsort(-scores, kind="stable").tolist()
    widest = _widened(order[0], found, asked)
    at = _keyed(_one_row(widest, found, scores, asked), found, scores, seen)
    best = _lead_instead(widest, _grouped(found[at], found, seen), found, seen)
    taken = [found[at]]
    for other in order:
        one = found[other]
        if len(taken) > ALSO or scores[other] < scores[order[0]] - NEAR:
            break
        if all(one.apart(held) and one.unit.section != held.unit.section for held in taken):
            taken.append(one)
    odds = np.exp(scores - scores.max())
    return Choice(asked, best, tuple(taken[1:]), 1 / float(odds.sum()))


def _in_other_language(found: Sequence[Candidate], seen: Considered) -> Floats:
    """Return (candidates,): 1 where a Chinese question meets other text, or another question Chinese text; else 0."""
    asked = in_chinese(seen.question.text)
    other = [(cjk_share(hit.passage.text) > 0.3) != asked for hit in seen.hits]
    return np.array([other[one.hits[0]] for one in found], np.float32)


def _widened(at: int, found: Sequence[Candidate], asked: Asked) -> int:
    """Return the unit that ``at`` is a part of, where all of it is asked for. Numbered steps are whole as they are."""
    for other, one in enumerate(found):
        held = found[at]
        numbered = held.kind == "procedure" and bool(held.unit.parts) and held.unit.steps > 1
        fits = one.length <= WIDEST.get(asked, 0) and one.kind in ("procedure", "section")
        if fits and not numbered and one.holds(held):
            at = other
    return at


def _one_row(at: int, found: Sequence[Candidate], scores: Floats, asked: Asked) -> int:
    """Return the best row of a table, where one thing is asked for."""
    inside = [other for other, one in enumerate(found) if one.kind == "row" and found[at].holds(one)]
    single = found[at].kind == "table" or asked in SINGLE
    return max(inside, key=lambda other: float(scores[other])) if inside and single else at


def _lead_instead(at: int, row: Candidate, found: Sequence[Candidate], seen: Considered) -> Candidate:
    """Return the sentence before a table, where it answers better than the ``row`` of it that was chosen."""
    table = found[at]
    start, end = table.unit.lead
    if row.kind != "row" or table.kind != "table" or start == end:
        return row
    scores = seen.evidence.scores()
    lead = tuple(number for number in table.windows if seen.end_of(number) <= end)
    if not lead or max(scores[number] for number in lead) <= max((scores[n] for n in row.windows), default=-np.inf):
        return row
    return replace(table, kind="paragraph", start=start, end=end, windows=lead)


def _keyed(at: int, found: Sequence[Candidate], scores: Floats, seen: Considered) -> int:
    """Return the row of the table chosen that begins with a number or a code of the question, where one does."""
    chosen, asked = found[at], _codes(seen.question.text)
    if chosen.kind not in ("row", "table") or not asked:
        return at
    rows = [
        other
        for other, one in enumerate(found)
        if one.kind == "row" and (one.document, one.unit.section) == (chosen.document, chosen.unit.section)
    ]
    keyed = [other for other in rows if asked & _codes(first_cell(seen.hits, found[other]))]
    return max(keyed, key=lambda other: float(scores[other]), default=at)


def is_keyed(row: Candidate, seen: Considered) -> bool:
    """Say whether a row of a table begins with a code of the question, of letters and digits."""
    asked = {code for code in _codes(seen.question.text) if not code.isdecimal()}
    return row.kind == "row" and bool(asked & _codes(first_cell(seen.hits, row)))


def _grouped(row: Candidate, found: Sequence[Candidate], seen: Considered) -> Candidate:
    """Return the rows of the group of ``row``, as far as the question does not tell them apart.

    A group are rows one after the other that begin with the same cell and hold as many of the question's words: the
    causes of one fault.
    """
    about, asked = first_cell(seen.hits, row).strip(), set(seen.question.idf)
    if row.kind != "row" or not about or not asked & bag_of(about):
        return row
    named = asked & bag_of(row_text(seen.hits, row))

    def belongs(other: Candidate) -> bool:
        return first_cell(seen.hits, other).strip() == about and named <= bag_of(row_text(seen.hits, other))

    rows = sorted(
        (one for one in found if one.kind == "row" and (one.document, one.unit_id) == (row.document, row.unit_id)),
        key=lambda one: one.start,
    )
    first = last = rows.index(row)
    while first and belongs(rows[first - 1]):
        first -= 1
    while last + 1 < len(rows) and belongs(rows[last + 1]):
        last += 1
    group = rows[first : last + 1]
    if len(group) < 2:
        return row
    windows = tuple(sorted({number for one in group for number in one.windows}))
    spans = tuple((one.start, one.end) for one in group)
    return replace(row, start=group[0].start, end=group[-1].end, windows=windows, rows=spans)


def _codes(text: str) -> set[str]:
    return {match.lower().replace("-", "") for match in _CODE.findall(compatible(text))}


@cache
def weights() -> Floats:
    """Return (len(NAMES),): what each feature counts; one that the file does not name counts nothing."""
    held = json.loads(WEIGHTS_FILE.read_text(encoding="utf-8"))
    return np.array([held.get(name, 0.0) for name in NAMES], np.float32)
