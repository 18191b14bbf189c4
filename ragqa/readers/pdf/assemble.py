"""Built blocks to the text, the blocks and the pages of a Document. Decides nothing, but where each page begins."""

from __future__ import annotations

from collections.abc import Sequence

from ragqa.readers.pdf.blocks import Built
from ragqa.types import Block, Page


def assemble(
    built: Sequence[Built], labels: Sequence[str | None], furniture: Sequence[Sequence[str]]
) -> tuple[str, tuple[Block, ...], tuple[Page, ...]]:
    """Return text, blocks and pages. A page begins where its first piece does, which may be within a block."""
    parts: list[str] = []
    blocks: list[Block] = []
    starts: dict[int, int] = {}
    length = 0
    for item in built:
        pieces = [(page, text) for page, text in item.pieces if text.strip()]
        if not pieces:
            continue
        if parts:
            parts.append("\n")
            length += 1
        start = length
        for page, text in pieces:
            starts.setdefault(page, length)
            parts.append(text)
            length += len(text)
        blocks.append(Block(item.kind, start, length, item.level))
    return "".join(parts), tuple(blocks), _pages(starts, length, labels, furniture)


def _pages(
    starts: dict[int, int], length: int, labels: Sequence[str | None], furniture: Sequence[Sequence[str]]
) -> tuple[Page, ...]:
    """Return the pages back to back. One without text is empty and stands where the next begins."""
    pages: list[Page] = []
    end = length
    for number in range(len(labels) - 1, -1, -1):
        start = min(starts.get(number, end), end)
        pages.append(Page(number + 1, start, end, labels[number], tuple(furniture[number])))
        end = start
    if pages and pages[-1].start > 0:
        pages[-1] = Page(1, 0, pages[-1].end, pages[-1].label, pages[-1].furniture)
    return tuple(reversed(pages))
