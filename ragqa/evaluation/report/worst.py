"""The questions that went worst: what was found, and what should have been. One run, the best of its dataset."""

from __future__ import annotations

from collections.abc import Iterator

from ragqa.evaluation.datasets import Documents, Question
from ragqa.evaluation.grid import SHOWN, excerpt_of
from ragqa.evaluation.report.markup import Markup, joined, tag
from ragqa.evaluation.runs import Outcome, Place, Run, headline, pages_found
from ragqa.metrics import page_reciprocal_rank, reciprocal_rank
from ragqa.types import Document

WORST = 10
"""Questions shown."""

GOLD = 3
"""Relevant documents and pieces of evidence shown of each."""


def worst(run: Run, name: str) -> Markup:
    """Return the worst questions of ``run``, called ``name``: what came, and what should have."""
    measure = headline(run.dataset)
    values = run.values[measure]
    asked = sorted(run.dataset.graded(), key=lambda question: values[question.id])
    failed = [question for question in asked if values[question.id] < 1][:WORST]
    if not failed:
        return tag("p", f"{name} answers every question at the first place.")
    lost = sum(value == 0 for value in values.values())
    known = _documents_of(run)
    return joined(
        tag("h3", f"The {len(failed)} worst questions of {name}"),
        tag("p", f"{lost} of {len(values)} questions score 0 by {measure}.", class_="soft"),
        tag("ol", *(_item(run, question, values[question.id], known) for question in failed), class_="worst"),
    )


def _item(run: Run, question: Question, value: float, known: dict[str, Document]) -> Markup:
    outcome = run.outcomes.get(question.id, Outcome())
    found = list(_found(outcome, known)) or [tag("p", "Nothing.")]
    wanted = _pages(question) if run.dataset.by_page else _relevant(question, known)
    return tag(
        "li",
        tag("div", question.text, class_="question"),
        tag("p", f"{question.id}: {headline(run.dataset)} {value:.3f}; {_rank(run, question, outcome)}", class_="soft"),
        tag(
            "div",
            tag("div", tag("h4", "What was found"), *found, class_="card"),
            tag("div", tag("h4", "What should have been"), *wanted, class_="card"),
            class_="two",
        ),
    )


def _found(outcome: Outcome, known: dict[str, Document]) -> Iterator[Markup]:
    for rank, place in enumerate(outcome.places[:SHOWN], 1):
        yield tag("p", tag("b", f"{rank}. {_titled(_where(place), known.get(place.document))}"), f" {place.excerpt}")


def _titled(where: str, document: Document | None) -> str:
    title = document.title.strip() if document else ""
    return f"{where}. {title}{'' if title[-1:] in '.?!。？！' else '.'}" if title else where


def _where(place: Place) -> str:
    first, last = place.pages
    pages = "" if not first else f", page {first}" if first == last else f", pages {first} to {last}"
    section = f" ({' > '.join(place.section[-2:])})" if place.section else ""
    return f"{place.document}{pages}{section}"


def _rank(run: Run, question: Question, outcome: Outcome) -> str:
    """Return where the first right one came."""
    depth = len(outcome.places)
    if run.dataset.by_page:
        share = page_reciprocal_rank(pages_found(question, outcome), question.pages, max(depth, 1))
    else:
        share = reciprocal_rank(list(outcome.documents()), question.relevant or {}, max(depth, 1))
    return f"the first right one came at place {round(1 / share)}" if share else f"none of {depth} passages is right"


def _pages(question: Question) -> Iterator[Markup]:
    pages = ", ".join(map(str, question.pages))
    yield tag("p", tag("b", f"{question.document or 'Page'} {pages}".strip()))
    for piece in question.evidence[:GOLD]:
        yield tag("p", f"“{excerpt_of(piece)}”")
    for answer in question.answers[:1]:
        yield tag("p", tag("b", "Answer: "), excerpt_of(answer))


def _relevant(question: Question, known: dict[str, Document]) -> Iterator[Markup]:
    grades = {name: grade for name, grade in (question.relevant or {}).items() if grade > 0}
    best = sorted(grades, key=lambda name: -grades[name])
    for name in best[:GOLD]:
        document = known.get(name)
        text = excerpt_of(document.text) if document else ""
        yield tag("p", tag("b", _titled(name, document)), f" {text}")
    if len(best) > GOLD:
        yield tag("p", f"and {len(best) - GOLD} more", class_="soft")


def _documents_of(run: Run) -> dict[str, Document]:
    source = run.dataset.source
    return {document.name: document for document in source.documents} if isinstance(source, Documents) else {}
