"""Questions for manuals that have none: written from their own headings, definitions, tables and steps, or by a model.

Each question names its page and its evidence; words of the answer are not in it. How far such a set orders settings as
people's questions do is measured by ``bench/questions.py``. A kind of question is a file of this folder.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from random import Random
from typing import TYPE_CHECKING

from ragqa.analysis import terms
from ragqa.errors import RagqaError
from ragqa.evaluation.questions import definitions, headings, steps, tables
from ragqa.evaluation.questions.drafting import Draft, Source, Sources, Writer
from ragqa.printable import quantity
from ragqa.types import Document

if TYPE_CHECKING:
    from ragqa.engine import Library

KINDS: tuple[Callable[[Writer], Iterator[Draft]], ...] = (
    tables.drafts,
    steps.drafts,
    definitions.drafts,
    headings.drafts,
)

ALIKE = 0.6
"""Two questions that share more of their terms (Jaccard) ask the same."""


def for_library(
    library: Library, count: int, seed: int = 0, notice: Callable[[str], None] = lambda line: None
) -> list[Draft]:
    """Return up to ``count`` questions about a library's manuals, by its answerer where that is a language model.

    ``notice`` receives how far a model is. Raises RagqaError where the manuals give no question, and ModelError.
    """
    documents = [library.show(stored.name) for stored in library.documents()]
    if library.settings.answerer == "extractive":
        found = write_questions(documents, count, seed)
    else:
        found = _by_model(library, documents, count, seed, notice)
    if not found:
        raise RagqaError(
            f"library '{library.name}' gave no question: expected manuals with sentences, tables or steps, got "
            f'{len(documents)} documents; write some by hand, one {{"_id", "text", "pages"}} a line'
        )
    return found


def _by_model(
    library: Library, documents: Iterable[Document], count: int, seed: int, notice: Callable[[str], None]
) -> list[Draft]:
    from ragqa.answerers.language_model import ModelAnswerer
    from ragqa.evaluation.questions import model
    from ragqa.prompts import load_prompts

    answerer = library.answerer
    assert isinstance(answerer, ModelAnswerer)

    def told(done: int, total: int) -> None:
        if done % 10 == 0:
            notice(f"{done} of {quantity(total, 'question')}")

    prompts = load_prompts(library.settings.prompts)
    drafts = model.drafts(answerer.model, prompts, Sources(documents), count, seed, told)
    return varied(drafts, count, seed)


def write_questions(documents: Iterable[Document], count: int = 100, seed: int = 0) -> list[Draft]:
    """Return up to ``count`` questions, as different as the manuals allow: kinds and pages take turns."""
    sources = Sources(documents)
    return varied((draft for source in sources.all for draft in _drafts(source, sources, seed)), count, seed)


def _drafts(source: Source, sources: Sources, seed: int) -> Iterator[Draft]:
    writer = Writer(source, sources, Random(f"{seed} {source.document} {source.place}"))
    for kind in KINDS:
        yield from kind(writer)


def varied(drafts: Iterable[Draft], count: int, seed: int) -> list[Draft]:
    """Return up to ``count`` drafts: one of each kind in turn, from the page asked about least, none asked twice."""
    chance = Random(seed)
    waiting: dict[str, list[Draft]] = defaultdict(list)
    for draft in drafts:
        waiting[draft.origin].append(draft)
    for kind in waiting.values():
        chance.shuffle(kind)
    chosen: list[Draft] = []
    asked: list[frozenset[str]] = []
    used: dict[tuple[str, int | None], int] = defaultdict(int)
    taken: set[tuple[str, int]] = set()
    while len(chosen) < count and any(waiting.values()):
        for kind in [kind for kind in waiting.values() if kind]:
            draft = kind.pop(min(range(len(kind)), key=lambda at: used[_page(kind[at])]))
            words = frozenset(terms(draft.text))
            place = (draft.source.document, draft.source.place)
            if place in taken or any(len(words & other) > ALIKE * len(words | other) for other in asked):
                continue
            taken.add(place)
            used[_page(draft)] += 1
            asked.append(words)
            chosen.append(draft)
    return chosen[:count]


def _page(draft: Draft) -> tuple[str, int | None]:
    return draft.source.document, draft.source.page
