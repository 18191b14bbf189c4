"""Which embedder a new library gets: the bundled one reads English, another many languages. Opens neither."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from ragqa.embedders import BUNDLED_SPEC, MULTILINGUAL_SPEC
from ragqa.languages import ENGLISH, language_of
from ragqa.types import Document

PIECES, PIECE = 8, 2000
"""Pieces of a document that are looked at, and their characters: a manual may hold several languages."""

MOSTLY = 0.5
"""Share of the text in other languages than English from which a library is not mostly English."""


def spec_for(documents: Sequence[Document], notice: Callable[[str], None]) -> str:
    """Return the spec of the embedder for a library that begins with ``documents``; say it where it is not the usual.

    Where the text calls for another that is not installed, it is said what would help.
    """
    from ragqa.embedders import e5

    languages = languages_of(documents)
    foreign = [language for language, _ in languages.most_common() if language != ENGLISH]
    share = 1 - languages[ENGLISH] / max(languages.total(), 1)
    if not foreign or share < MOSTLY:
        return BUNDLED_SPEC
    if e5.is_installed():
        notice(f"most of the text is not in English, so that the library is embedded by {MULTILINGUAL_SPEC}")
        return MULTILINGUAL_SPEC
    notice(f"most of the text is not in English; {another_that_reads(BUNDLED_SPEC)}")
    return BUNDLED_SPEC


def another_that_reads(spec: str) -> str:
    """Return what to do about text that is not English, a clause; nothing where ``spec`` is not the bundled model."""
    from ragqa.embedders import e5

    if spec != BUNDLED_SPEC:
        return ""
    get = "" if e5.is_installed() else f"{e5.GET}, then "
    return f"more of it is found after: {get}ragqa reembed --embedder {MULTILINGUAL_SPEC}"


def languages_of(documents: Sequence[Document]) -> Counter[str]:
    """Return about how many characters of ``documents`` are in each language that can be told, by pieces of them."""
    found: Counter[str] = Counter()
    for document in documents:
        pieces = _pieces(document.text)
        for language in filter(None, map(language_of, pieces)):
            found[language] += len(document.text) // len(pieces)
    return found


def _pieces(text: str) -> list[str]:
    if len(text) <= PIECES * PIECE:
        return [text[at : at + PIECE] for at in range(0, len(text), PIECE)]
    return [text[at * len(text) // PIECES :][:PIECE] for at in range(PIECES)]
