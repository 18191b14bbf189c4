"""The parts of a Document as lists that JSON can carry, and back. Knows nothing of where they were kept.

What comes back is checked: a hostile file, or a library of somebody else's, may have written it.
"""

from __future__ import annotations

from typing import Any, get_args

from ragqa.types import Block, BlockKind, Document, Page

MOST = 2**53
"""Above every id, count and level that a library comes to, with room for more."""

_KINDS = frozenset(get_args(BlockKind))
_BLOCK = (str, int, int, int)
_PAGE = (int, int, int, (str, type(None)), list)


def block_rows(document: Document) -> list[tuple[Any, ...]]:
    """Return kind, start, end and level of each block."""
    return [(block.kind, block.start, block.end, block.level) for block in document.blocks]


def page_rows(document: Document) -> list[tuple[Any, ...]]:
    """Return number, start, end, label and running headers of each page."""
    return [(page.number, page.start, page.end, page.label, page.furniture) for page in document.pages]


def blocks_from(value: Any, length: int) -> tuple[Block, ...]:
    """Return the blocks of a text of ``length`` characters. Raises ValueError where they are none, or don't fit it."""
    at = 0
    for kind, start, end, level in typed_rows(value, "blocks", _BLOCK):
        if kind not in _KINDS or not at <= start <= end <= length:
            raise ValueError("the blocks of the document do not fit its text")
        if not 0 <= level < MOST:
            raise ValueError("a block of the document is on a level that there is not")
        at = end
    return tuple(Block(*row) for row in value)


def pages_from(value: Any, length: int) -> tuple[Page, ...]:
    """Return the pages of a text of ``length`` characters, from 1. Raises ValueError where they don't fit it."""
    pages, at = [], 0
    for place, (number, start, end, label, furniture) in enumerate(typed_rows(value, "pages", _PAGE), 1):
        if number != place or not at <= start <= end <= length:
            raise ValueError("the pages of the document do not fit its text")
        pages.append(Page(number, start, end, label, strings_from(furniture, "running headers")))
        at = end
    return tuple(pages)


def strings_from(value: Any, name: str) -> tuple[str, ...]:
    """Return a list of strings as a tuple. Raises ValueError for anything else."""
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ValueError(f"the {name} of the document are no text")
    return tuple(value)


def typed_rows(value: Any, name: str, kinds: tuple[Any, ...]) -> list[list[Any]]:
    """Return ``value`` where it is a list of rows of these types; whole numbers are no truth values.

    Raises ValueError for anything else.
    """
    if isinstance(value, list) and all(
        isinstance(row, list)
        and len(row) == len(kinds)
        and all(isinstance(cell, kind) and not isinstance(cell, bool) for cell, kind in zip(row, kinds, strict=True))
        for row in value
    ):
        return value
    raise ValueError(f"has {name} of a form that no document has")
