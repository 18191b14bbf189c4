"""How much text a document may hold; every reader looks while it reads, before the rest takes memory and time."""

from __future__ import annotations

from ragqa.errors import UnreadableFile

LONGEST_TEXT = 20_000_000
"""Characters of one document, some 7,000 pages: more takes hours to embed, and is a collection rather than a manual."""

MOST_BLOCKS = 1_000_000
"""Headings, paragraphs, rows and the like of one document."""


def check_length(name: str, characters: int) -> None:
    """Raise UnreadableFile where a document holds more text than ``LONGEST_TEXT``."""
    if characters > LONGEST_TEXT:
        raise UnreadableFile(
            f"{name} holds {characters:,} characters of text or more, a document may have {LONGEST_TEXT:,}: "
            "split it into several files"
        )


def check_blocks(name: str, blocks: int) -> None:
    """Raise UnreadableFile where a document has more blocks than ``MOST_BLOCKS``."""
    if blocks > MOST_BLOCKS:
        raise UnreadableFile(
            f"{name} holds {blocks:,} paragraphs, rows and other blocks or more, a document may have {MOST_BLOCKS:,}: "
            "split it into several files"
        )
