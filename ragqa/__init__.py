"""ragqa answers questions from manuals, with the page that proves each statement.

>>> from ragqa import Library
>>> with Library.open(create=True) as library:
...     library.ingest(["manual.pdf"])
...     print(library.ask("How do I reset it?").text)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ragqa.engine import Library
    from ragqa.errors import RagqaError

__all__ = ["Library", "RagqaError"]


def __getattr__(name: str) -> object:
    """Import what is asked for when it is asked for: ``import ragqa`` costs nothing."""
    if name == "Library":
        from ragqa.engine import Library

        return Library
    if name == "RagqaError":
        from ragqa.errors import RagqaError

        return RagqaError
    raise AttributeError(f"module 'ragqa' has no attribute {name!r}")
