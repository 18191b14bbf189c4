"""Generated questions → pairs to learn from, and questions held back on pages of their own. Trains nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from random import Random

from ragqa.evaluation.adapt.training import Pair
from ragqa.evaluation.questions.drafting import Draft
from ragqa.ingest import embedding_input
from ragqa.store.database import Database
from ragqa.types import Passage

HELD_BACK = 0.3
"""Share of the pages whose questions are kept for measuring."""


def held_back(drafts: Sequence[Draft], seed: int) -> tuple[list[Draft], list[Draft]]:
    """Return the questions to learn from, and those held back: no page has questions of both."""
    pages = sorted({(draft.source.document, page) for draft in drafts for page in draft.pages})
    Random(seed).shuffle(pages)
    back = set(pages[: round(HELD_BACK * len(pages))])
    parts: tuple[list[Draft], list[Draft]] = ([], [])
    for draft in drafts:
        own = {(draft.source.document, page) for page in draft.pages}
        if own <= back and own:
            parts[1].append(draft)
        elif not own & back:
            parts[0].append(draft)
    return parts


def pairs_of(library: Path, drafts: Sequence[Draft]) -> list[Pair]:
    """Return each question with the passage of the library in ``library`` that holds its answer, as it is embedded."""
    database = Database.open(library)
    try:
        titles = {stored.name: stored.title for stored in database.documents()}
        passages: dict[str, list[Passage]] = defaultdict(list)
        for passage in database.passages(database.passage_ids().tolist()).values():
            passages[passage.document].append(passage)
    finally:
        database.close()
    pairs = []
    for draft in drafts:
        name, place = draft.source.document, draft.source.place
        held = next((passage for passage in passages[name] if passage.start <= place < passage.end), None)
        if held:
            pairs.append(Pair(draft.text, embedding_input(titles[name], held)[0]))
    return pairs
