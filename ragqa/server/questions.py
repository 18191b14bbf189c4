"""Questions to a library, as every interface of the server asks them. All of it blocks, so it runs in a thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ragqa.answer_log import find_answer, judge, keep_answer
from ragqa.answerers.base import Turn
from ragqa.engine import Library
from ragqa.errors import LibraryError
from ragqa.json_forms import answer_json, found_json
from ragqa.server.libraries import document_id, no_document
from ragqa.server.problems import Problem
from ragqa.server.schemas import FeedbackRequest
from ragqa.types import Mode


def ask(
    library: Library,
    question: str,
    *,
    keep: bool,
    history: Sequence[Turn] = (),
    k: int | None = None,
    mode: Mode | None = None,
    document: str | None = None,
    on_text: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Return an answer as the interface has it; ``keep`` it for those who judge it. Raises RagqaError, Problem."""
    try:
        answer = library.ask(question, k=k, mode=mode, document=document, history=history, on_text=on_text)
    except LibraryError as error:
        raise no_document(library, error) from None
    kept = keep_answer(library.settings, library.name, answer) if keep else None
    told = answer_json(answer)
    for place in (*told["citations"], *told["units"], *told["passages"]):
        place["document_id"] = document_id(place["document"])
    return {"answer_id": kept, **told}


def search(
    library: Library, question: str, k: int | None = None, mode: Mode | None = None, document: str | None = None
) -> dict[str, Any]:
    """Return the best passages as the interface has them. Raises RagqaError, Problem."""
    try:
        told = found_json(library.search(question, k=k, mode=mode, document=document))
    except LibraryError as error:
        raise no_document(library, error) from None
    for place in told["passages"]:
        place["document_id"] = document_id(place["document"])
    return told


def feedback(library: Library, given: FeedbackRequest) -> dict[str, Any]:
    """Keep a judgement beside those of the command line, and return it. Raises Problem, RagqaError."""
    answer = find_answer(library.settings, given.answer_id)
    if answer is None or answer.index != library.name:
        raise Problem(404, "unknown_answer", f"no answer '{given.answer_id}' of library '{library.name}' is kept")
    judged = judge(library.settings, answer, given.verdict, given.better)
    return {"verdict": judged.verdict, "question": answer.question, "answer": answer.text, "better": judged.better}
