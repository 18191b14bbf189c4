"""The units, and the rows of tables, that the passages found touch: what may answer a question, and what it says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ragqa.answerers.evidence import Evidence, Question, bag_of
from ragqa.editions import editions_in, of_another
from ragqa.late_interaction import Interaction
from ragqa.types import Extract, ExtractKind, Hit, Span, Unit

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
            for kind, start, end in _spans(unit):
                touched = tuple(i for i, passage in passages if start < passage.end and end > passage.start)
                if touched:
                    own = tuple(n for first, last, n in inside if start <= first < end or first <= start < end <= last)
                    found.append(Candidate(document, unit_id, unit, kind, start, end, own, touched))
    return tuple(found)


def _spans(unit: Unit) -> Iterator[tuple[ExtractKind, int, int]]:
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


def head_terms(one: Candidate) -> frozenset[str]:
    """Return the terms of the two headings nearest above a candidate."""
    return bag_of("\n".join(one.unit.section[-2:]))


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
