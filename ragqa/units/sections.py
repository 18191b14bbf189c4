"""Cut a Document into its sections: the text between two headings, less the headings that open none.

The first line of a step, a warning's title, and what only interrupts steps that go on below it stay inside a section.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ragqa.types import Block, Document
from ragqa.units.pieces import Piece, step_number
from ragqa.wording import document_words

AHEAD = 14
"""Blocks below a heading among which the next number of interrupted steps is looked for."""

_WARNS = re.compile(
    r"\b(?:warning|caution|danger|hazard|risk of|important|notice|attention|note)\b|注意|警告|危险|危險|小心|当心|當心"
    rf"|{document_words('hazards')}|\b(?:{document_words('notes')})\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Section:
    """The pieces under one heading, and the headings above them, outermost first."""

    path: tuple[str, ...]
    pieces: tuple[Piece, ...]


def find_sections(document: Document) -> Iterator[Section]:
    """Yield the sections that hold text, in reading order. Tables of contents belong to none."""
    blocks = [block for block in document.blocks if block.kind != "toc"]
    texts = [document.text[block.start : block.end] for block in blocks]
    steps = _step_headings(blocks, texts)
    path: list[tuple[int, str]] = []
    pieces: list[Piece] = []
    highest = 0
    for at, (block, text) in enumerate(zip(blocks, texts, strict=True)):
        inside = block.kind != "heading" or at in steps or _only_warns(text, bool(pieces or path))
        if not inside and pieces and _interrupts(blocks, texts, at, highest, path):
            inside = True
        if inside:
            piece = Piece.of(block, text)
            pieces.append(piece)
            if piece.number is not None and piece.number in (1, highest + 1):
                highest = piece.number
            continue
        if pieces:
            yield Section(tuple(name for _, name in path), tuple(pieces))
        pieces, highest = [], 0
        while path and path[-1][0] >= block.level:
            path.pop()
        path.append((block.level, text))
    if pieces:
        yield Section(tuple(name for _, name in path), tuple(pieces))


def _step_headings(blocks: Sequence[Block], texts: Sequence[str]) -> set[int]:
    """Return which headings are the first line of a step: '1 Go to Settings', with a '2 Touch …' in the text below."""
    found: set[int] = set()
    for at, block in enumerate(blocks):
        number = step_number(texts[at]) if block.kind == "heading" else None
        if number is None:
            continue
        for below in range(at + 1, min(at + 8, len(blocks))):
            next_number = step_number(texts[below])
            if blocks[below].kind == "heading" and not (next_number == number + 1 > 2):
                break
            if next_number == number + 1 and blocks[below].kind in ("paragraph", "list_item"):
                found.add(at)
                break
        if at - 1 in found:
            found.add(at)
    return found


def _only_warns(text: str, inside: bool) -> bool:
    """Whether a heading only names a hazard within the section that it stands in."""
    return inside and len(text) <= 80 and bool(_WARNS.search(text)) and not text[:1].isdigit()


def _interrupts(
    blocks: Sequence[Block], texts: Sequence[str], at: int, highest: int, path: Sequence[tuple[int, str]]
) -> bool:
    """Whether the numbered steps above a heading, ``highest`` the last of them, go on in the text below it."""
    deeper = not path or blocks[at].level > path[-1][0]
    if highest < (1 if deeper else 2) or step_number(texts[at]) is not None:
        return False
    for below in range(at + 1, min(at + AHEAD, len(blocks))):
        if blocks[below].kind == "heading":
            return False
        number = step_number(texts[below]) if blocks[below].kind in ("paragraph", "list_item") else None
        if number is not None:
            return number == highest + 1
    return False
