"""Find what belongs together in a section: a list with its lead-in, steps with notes, a table, code, a paragraph."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ragqa.types import Span, UnitKind
from ragqa.units.pieces import Piece, find_rows

LEAD_IN = 400
"""A longer paragraph before a list says more than what the list is."""

TRAIL = 500
"""Characters below the last step that still belong to it: what to do when it is done, what was left out."""

_COMMENT = re.compile(r"^(?:#|//|%|;|--)\s*\w", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Group:
    """Pieces ``first`` to ``last`` (not itself) that belong together."""

    kind: UnitKind
    first: int
    last: int
    lead: bool = False
    """Whether the first piece announces the others."""
    parts: tuple[Span, ...] = ()
    """Spans of its steps, items or rows."""
    steps: int = 0


def find_groups(pieces: Sequence[Piece]) -> Iterator[Group]:
    """Yield the groups of a section in order; together they hold all of its pieces."""
    at = 0
    while at < len(pieces):
        lead = _announces(pieces, at)
        body = at + lead
        if pieces[body].row:
            end = _while(pieces, body, lambda piece: piece.row)
            yield Group("table", at, end, lead, find_rows(pieces[body:end]))
        elif pieces[body].kind == "code":
            end = _while(pieces, body, lambda piece: piece.kind == "code")
            yield Group("code", at, end, lead)
        elif pieces[body].item or _starts_steps(pieces, body):
            end, starts = _list(pieces, body)
            numbers = [number for start in starts if (number := pieces[start].number) is not None]
            kind: UnitKind = "procedure" if numbers or has_steps(pieces[body:end]) else "list"
            if kind == "procedure":
                end = _trail(pieces, end)
            spans = _spans(pieces, starts, end)
            yield Group(kind, at, end, lead, spans, max(numbers, default=len(spans)) if kind == "procedure" else 0)
        else:
            end = at + 1
            while end < len(pieces) and pieces[end].kind == "paragraph" and not pieces[end].item:
                announced = pieces[end - 1].leads and not _announces(pieces, end)
                if not (pieces[end - 1].label or announced or pieces[end].goes_on):
                    break
                end += 1
            yield Group("definition" if end == at + 1 and pieces[at].term else "paragraph", at, end)
        at = end


def has_steps(pieces: Sequence[Piece]) -> bool:
    """Whether a third of the pieces, and two at least, tell to do something."""
    telling = [piece for piece in pieces if piece.kind not in ("code", "caption", "table_header")]
    steps = sum(piece.imperative for piece in telling)
    return steps >= 2 and steps * 3 >= len(telling)


def find_stanzas(pieces: Sequence[Piece]) -> Iterator[Span]:
    """Yield the parts of code that have a comment each, where it has several."""
    for piece in pieces:
        if piece.kind != "code":
            continue
        starts = [match.start() for match in _COMMENT.finditer(piece.text)]
        # Comment lines that follow one another head the same part.
        heads = [at for at in starts if not _COMMENT.match(piece.text[:at].rstrip("\n").rpartition("\n")[2] or " ")]
        if len(heads) > 1:
            for start, end in zip(heads, [*heads[1:], len(piece.text)], strict=True):
                yield piece.start + start, piece.start + start + len(piece.text[start:end].rstrip())


def find_nested_lists(pieces: Sequence[Piece]) -> Iterator[tuple[int, int]]:
    """Yield the items of a list that have items of their own: the range of pieces of each."""
    levels = [_depth(piece) for piece in pieces]
    for at, piece in enumerate(pieces):
        if piece.item and piece.number is None and at + 1 < len(pieces) and levels[at + 1] > levels[at]:
            end = at + 1
            while end < len(pieces) and (levels[end] > levels[at] or not pieces[end].item):
                end += 1
            if (at, end) != (0, len(pieces)):
                yield at, end


def _depth(piece: Piece) -> int:
    if not piece.item:
        return 99
    return 2 if piece.kind == "paragraph" and piece.text[:1] in "\u2013\u2014-" else piece.level or 1


def _announces(pieces: Sequence[Piece], at: int) -> bool:
    """Whether a piece is the lead-in, the caption or the sentence before a list, a table or code."""
    if at + 1 >= len(pieces) or pieces[at].kind not in ("paragraph", "caption") or pieces[at].item:
        return False
    below = pieces[at + 1]
    if below.kind == "code":
        return True
    structured = below.item or below.row or _starts_steps(pieces, at + 1)
    return structured and pieces[at].number is None and len(pieces[at].text) <= LEAD_IN


def _starts_steps(pieces: Sequence[Piece], at: int) -> bool:
    """Whether a paragraph begins with 1 where one that begins with 2 follows before long."""
    return pieces[at].number == 1 and any(below.number == 2 for below in pieces[at + 1 : at + 9])


def _while(pieces: Sequence[Piece], at: int, holds: Callable[[Piece], bool]) -> int:
    while at < len(pieces) and holds(pieces[at]):
        at += 1
    return at


def _list(pieces: Sequence[Piece], first: int) -> tuple[int, list[int]]:
    """Return where a list ends, past what stands between its items, and at which pieces its items begin."""
    starts, last = [first], first
    numbered = pieces[first].number is not None
    highest = pieces[first].number or 0
    level = max(pieces[first].level, 1)
    inner = 0  # the last number of steps within a step, which stand deeper or are written in another style
    for at in range(first + 1, len(pieces)):
        piece = pieces[at]
        alike = piece.style == pieces[first].style
        if numbered and alike and not inner and piece.number == highest + 1:
            level = max(level, piece.level)  # a later page or column may stand further in
        own = numbered and piece.number is not None and piece.level <= level
        if numbered and piece.number in (1, inner + 1 if inner else 1) and not (own and alike):
            inner, last = piece.number or 0, at
            continue
        anew = (own and piece.number == 1) or (piece.item and not numbered)
        if anew and at - last > 1 and (pieces[at - 1].leads or _named(pieces[last + 1 : at])):
            break  # another list begins
        if own and piece.number is not None and 1 < piece.number <= highest:
            break  # the numbers of another list
        if own and piece.number == highest + 1:
            highest, last, inner = highest + 1, at, 0
            starts.append(at)
        elif piece.item:
            if not numbered and _depth(piece) <= _depth(pieces[first]):
                starts.append(at)
            last = at
        elif at == last + 1 and (
            piece.goes_on or pieces[at - 1].unclosed or (pieces[at - 1].leads and piece.kind == "code")
        ):
            last = at
        if at - last > (8 if numbered else 2):
            break
    last += 1
    while last < len(pieces) and (pieces[last].note or (pieces[last - 1].label and pieces[last].kind == "paragraph")):
        last += 1
    return last, starts


def _named(between: Sequence[Piece]) -> bool:
    """Whether what stands between two runs of items is a title for the second: one short line."""
    return len(between) == 1 and between[0].kind == "paragraph" and len(between[0].text) <= 80


def _trail(pieces: Sequence[Piece], end: int) -> int:
    """Return the end of a procedure with the few lines below its last step, up to what begins something else."""
    at, room = end, TRAIL
    while at < len(pieces):
        piece = pieces[at]
        room -= piece.end - piece.start
        if room < 0 or piece.item or piece.leads or piece.kind in ("code", "heading") or _announces(pieces, at):
            break
        at += 1
    return at if at == len(pieces) or pieces[at].leads or pieces[at].item or _announces(pieces, at) else end


def _spans(pieces: Sequence[Piece], starts: Sequence[int], end: int) -> tuple[Span, ...]:
    ends = [*starts[1:], end]
    return tuple((pieces[a].start, pieces[b - 1].end) for a, b in zip(starts, ends, strict=True) if b > a)
