"""Questions that no person wrote, from a library without labels: ``ragqa.evaluation.questions`` writes them → entries."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ragqa.evaluation.questions import for_library
from ragqa.finetune.reading.entries import Entry, Reading

if TYPE_CHECKING:
    from ragqa.engine import Library


def read_generated(library: Library, count: int, seed: int, notice: Callable[[str], None]) -> Reading:
    """Return up to ``count`` entries that say what they were generated from. Raises RagqaError, ModelError."""
    entries = []
    for number, draft in enumerate(for_library(library, count, seed, notice), 1):
        document, page = draft.source.document, draft.source.page
        page_part = "" if page is None else f" p. {page}"
        entries.append(
            Entry(
                draft.text,
                (draft.answer,),
                f"generated from a {draft.origin}, {document}{page_part}",
                id=f"generated-{number}",
                document=document,
                pages=draft.pages,
                passage="" if draft.pages else f"{document} {' > '.join(draft.source.section)}",
                evidence=(draft.evidence,),
                generated=True,
            )
        )
    return Reading(entries)
