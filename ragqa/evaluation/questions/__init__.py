"""Questions for manuals that have none: made by rule of what they say (``kinds.py``), or written by a language model.

Each question names its page and its evidence, and does not hold its answer. How far such a set orders settings as
people's questions do is measured by ``bench/questions.py``.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from random import Random
from typing import TYPE_CHECKING

from ragqa.analysis import is_stop, terms
from ragqa.errors import RagqaError
from ragqa.evaluation.datasets.records import Question
from ragqa.evaluation.questions.kinds import write_kinds
from ragqa.evaluation.questions.statements import GeneratedQuestion, Statements
from ragqa.printable import quantity
from ragqa.types import Document

if TYPE_CHECKING:
    from ragqa.engine import Library

ALIKE = 0.6
"""Two questions that share more of their terms (Jaccard) ask the same."""


def for_library(
    library: Library, count: int, seed: int = 0, notice: Callable[[str], None] = lambda line: None
) -> list[GeneratedQuestion]:
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
) -> list[GeneratedQuestion]:
    from ragqa.answerers.language_model import ModelAnswerer
    from ragqa.evaluation.questions import model
    from ragqa.prompts import load_prompts

    answerer = library.answerer
    assert isinstance(answerer, ModelAnswerer)

    def progress(done: int, total: int) -> None:
        if done % 10 == 0:
            notice(f"{done} of {quantity(total, 'question')}")

    prompts = load_prompts(library.settings.prompts)
    drafts = model.write_questions(answerer.model, prompts, Statements(documents), count, seed, progress)
    return vary(drafts, count, seed)


def write_questions(documents: Iterable[Document], count: int = 100, seed: int = 0) -> list[GeneratedQuestion]:
    """Return up to ``count`` questions made by rule, as different as the manuals allow: kinds and pages take turns."""
    statements = Statements(documents)
    return vary((draft for one in statements.all for draft in write_kinds(one, statements)), count, seed)


def vary(drafts: Iterable[GeneratedQuestion], count: int, seed: int) -> list[GeneratedQuestion]:
    """Return up to ``count`` drafts: one of each kind in turn, from the page asked about least, none asked twice."""
    chance = Random(seed)
    waiting: dict[str, list[GeneratedQuestion]] = defaultdict(list)
    for draft in drafts:
        waiting[draft.origin].append(draft)
    for kind in waiting.values():
        chance.shuffle(kind)
    chosen: list[GeneratedQuestion] = []
    asked: list[frozenset[str]] = []
    used: dict[tuple[str, int | None], int] = defaultdict(int)
    taken: set[tuple[str, int, str]] = set()
    while len(chosen) < count and any(waiting.values()):
        for kind in [kind for kind in waiting.values() if kind]:
            draft = kind.pop(min(range(len(kind)), key=lambda at: used[_page(kind[at])]))
            words = frozenset(term for term in terms(draft.text) if not is_stop(term))
            place = (draft.source.document, draft.source.place, draft.answer)
            if place in taken or any(len(words & other) > ALIKE * len(words | other) for other in asked):
                continue
            taken.add(place)
            used[_page(draft)] += 1
            asked.append(words)
            chosen.append(draft)
    return chosen[:count]


def _page(draft: GeneratedQuestion) -> tuple[str, int | None]:
    return draft.source.document, draft.source.page


def as_gold(drafts: Iterable[GeneratedQuestion]) -> list[Question]:
    """Return drafts as questions to measure with; those about a format without pages can't be."""
    return [
        Question(str(number), draft.text, pages=draft.pages, answers=(draft.answer,), document=draft.source.document)
        for number, draft in enumerate(drafts, 1)
        if draft.pages
    ]


def lines_of(drafts: Sequence[GeneratedQuestion]) -> Iterator[str]:
    """Yield a line a question. ``document`` names the manual of its pages; ``origin`` says where it came from."""
    width = len(str(len(drafts)))
    for number, draft in enumerate(drafts, 1):
        row = {
            "_id": f"generated-{number:0{width}}",
            "text": draft.text,
            "answer": draft.answer,
            "evidence": [draft.evidence],
            "pages": list(draft.pages),
            "document": draft.source.document,
            "answerable": True,
            "origin": draft.origin,
        }
        yield json.dumps(row, ensure_ascii=False)


def trust() -> str:
    """Return one line that says what such a set is good for."""
    return (
        "How far to trust them: whether questions made of a manual's own words order settings as people's questions do "
        "was not measured since they are asked this way (python -m bench.questions does). People's own tell more."
    )
