"""Find what people want whole in a Document: a procedure, a list, a table, code with its sentence, a paragraph.

A unit is one stretch of the text, so that it can be quoted and cited; it may be longer than a passage. A short section
is a unit, and so are the units in it. Knows nothing of passages, vectors or questions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ragqa.types import Document, Span, Unit, UnitKind
from ragqa.units.grouping import Group, find_groups, find_nested_lists, find_stanzas, has_steps
from ragqa.units.pieces import Piece
from ragqa.units.sections import Section, find_sections

WHOLE_SECTION = 2400
"""Characters up to which a section is a unit of its own, beside those within it."""

LONGEST_STEPS = 4000
"""The same where the section tells what to do."""

WARNING = 700
"""Characters before a section's first step in which a warning counts for all its steps."""


def find_units(document: Document) -> tuple[Unit, ...]:
    """Return the units of ``document`` in reading order, a section before what it holds."""
    return tuple(unit for section in find_sections(document) for unit in _units(document, section))


def _units(document: Document, section: Section) -> Iterator[Unit]:
    pieces = section.pieces
    inside = list(find_groups(pieces))
    tells = any(group.kind == "procedure" for group in inside) or has_steps(pieces)
    if len(inside) > 1 and pieces[-1].end - pieces[0].start <= (LONGEST_STEPS if tells else WHOLE_SECTION):
        steps = [group for group in inside if group.kind == "procedure"]
        kind: UnitKind = "procedure" if tells else "section"
        only = steps[0] if len(steps) == 1 else None
        parts, count = (only.parts, only.steps) if only else ((), 0)
        yield _unit(document, section, kind, _span(pieces), parts=parts, steps=count)
    warning = _warning(pieces, inside)
    for group in inside:
        own = pieces[group.first : group.last]
        lead = _span(own[:1]) if group.lead else None
        before = warning if group.kind == "procedure" and warning and warning[1] <= own[0].start else None
        yield _unit(document, section, group.kind, _span(own), lead, group.parts, group.steps, before)
        yield from _within(document, section, own, group)


def _within(document: Document, section: Section, own: Sequence[Piece], group: Group) -> Iterator[Unit]:
    """Yield the parts of a list or of code that are asked for by themselves."""
    if group.kind in ("list", "procedure"):
        body = own[group.lead :]
        for first, last in find_nested_lists(body):
            some = body[first:last]
            yield _unit(document, section, "list", _span(some), _span(some[:1]))
    elif group.kind == "code":
        for start, end in find_stanzas(own):
            yield _unit(document, section, "code", (start, end))


def _warning(pieces: Sequence[Piece], inside: Sequence[Group]) -> Span | None:
    """Return what stands before the first step of a section, where it warns."""
    first = next((group.first for group in inside if group.kind == "procedure"), 0)
    before = pieces[:first]
    while before and not (before[0].hazard or before[0].note):
        before = before[1:]
    if not before or before[-1].end - before[0].start > WARNING:
        return None
    return _span(before)


def _span(pieces: Sequence[Piece]) -> Span:
    return pieces[0].start, pieces[-1].end


def _unit(
    document: Document,
    section: Section,
    kind: UnitKind,
    span: Span,
    lead: Span | None = None,
    parts: tuple[Span, ...] = (),
    steps: int = 0,
    warning: Span | None = None,
) -> Unit:
    page = document.page_of(span[0])
    return Unit(
        kind=kind,
        start=span[0],
        end=span[1],
        section=section.path,
        lead=lead or (span[0], span[0]),
        parts=parts,
        steps=steps,
        warning=warning or (span[0], span[0]),
        page=page.number if page else None,
        page_end=document.page_at(span[1] - 1),
        printed=page.label if page and page.label != str(page.number) else None,
    )
