"""Keep generated questions that find their own passage again: round-trip consistency (Alberti et al. 2019).

arXiv 1906.05416 asks for the answer to come back; here the passage must, among the first k of the library's search.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ragqa.evaluation.questions.drafting import Draft
from ragqa.errors import RagqaError
from ragqa.types import Hit, Passage

Search = Callable[[str, int], Sequence[Hit]]
"""A question and how many passages → those found, best first."""


def consistent(drafts: Iterable[Draft], search: Search, k: int) -> list[tuple[Draft, Passage]]:
    """Return the drafts whose own passage is among the first ``k`` that their question finds, each with it."""
    kept = []
    for draft in drafts:
        try:
            hits = search(draft.text, k)
        except RagqaError:  # a question that no search takes is none to learn from
            continue
        own = next((hit.passage for hit in hits if holds(hit.passage, draft)), None)
        if own:
            kept.append((draft, own))
    return kept


def holds(passage: Passage, draft: Draft) -> bool:
    """Say whether the draft's evidence begins in ``passage``."""
    return passage.document == draft.source.document and passage.start <= draft.source.place < passage.end
