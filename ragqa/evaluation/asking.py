"""Put a question set to an open library, one question after another. Judges nothing."""

from __future__ import annotations

import time
from collections.abc import Callable

from ragqa.evaluation.datasets import Dataset, Question
from ragqa.evaluation.measures import DEPTH, answered, has_unanswerable
from ragqa.evaluation.runs import Outcome, Place, Quoted
from ragqa.engine import Library, checked_question
from ragqa.errors import RagqaError
from ragqa.printable import quantity
from ragqa.types import Hit, Mode

SHOWN, SHOWN_CHARACTERS = 3, 240
"""Of how many passages, and how much of each, is kept for a report."""

TOLD_EVERY = 200
"""Questions between two lines of progress."""


def ask_all(
    library: Library, dataset: Dataset, mode: Mode, progress: Callable[[str], None] = lambda line: None
) -> dict[str, Outcome]:
    """Return what comes of each question of ``dataset``. Raises RagqaError where not one finds anything."""
    with_answers = {question.id for question in answered(dataset)}
    if has_unanswerable(dataset):
        with_answers = {question.id for question in dataset.questions}
    asked = [question for question in dataset.questions if question.id in with_answers]
    asked += [question for question in dataset.graded() if question.id not in with_answers]
    outcomes = {}
    warm = False
    for number, question in enumerate(asked, 1):
        if not warm:  # what is loaded at the first search is no search time
            warm = bool(_asked(library, question, mode, quoted=False).places)
        outcomes[question.id] = _asked(library, question, mode, quoted=question.id in with_answers)
        if number % TOLD_EVERY == 0:
            progress(f"{number} of {quantity(len(asked), 'question')}")
    if not any(outcome.places for outcome in outcomes.values()):
        raise RagqaError(
            f"{dataset.name}, {mode}: none of {len(outcomes)} questions found anything; expected questions in the "
            "language and the words of the documents: check that they belong together"
        )
    return outcomes


def _asked(library: Library, question: Question, mode: Mode, *, quoted: bool) -> Outcome:
    try:
        checked_question(question.text)
    except RagqaError:  # no word to look for: it finds nothing, and that counts
        return Outcome()
    started = time.perf_counter()
    library.search(question.text, mode=mode)
    taken = (time.perf_counter() - started) * 1000
    hits = library.search(question.text, k=DEPTH, mode=mode).hits
    return Outcome(tuple(_place(hit) for hit in hits), taken, _quoted(library, question.text, mode) if quoted else None)


def _quoted(library: Library, text: str, mode: Mode) -> Quoted:
    answer = library.ask(text, mode=mode)
    said = "" if answer.abstained else "\n".join(citation.quote for citation in answer.citations)
    return Quoted(said, answer.confidence)


def _place(hit: Hit) -> Place:
    passage = hit.passage
    excerpt = excerpt_of(passage.text) if hit.rank <= SHOWN else ""
    return Place(passage.document, hit.score, passage.page, passage.page_end, passage.section, excerpt)


def excerpt_of(text: str) -> str:
    """Return how a text begins, on one line."""
    words = " ".join(text.split())
    return words if len(words) <= SHOWN_CHARACTERS else f"{words[: SHOWN_CHARACTERS - 1].rstrip()}…"
