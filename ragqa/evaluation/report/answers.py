"""The page of ``bench answers``: the table, and the worst answers beside what should stand in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ragqa.evaluation.answers import SHARES, Answered, ResultRow, longest
from ragqa.evaluation.environment import environment
from ragqa.evaluation.report.markup import Markup, again, day, interval_cell, joined, tag, whole
from ragqa.evaluation.report.worst import WORST

SHOWN_CHARACTERS = 2000
"""Of an answer."""


def answers_page(answered: Sequence[Answered], rows: Sequence[ResultRow], summary: str, command: str, seed: int) -> str:
    """Return the page; ``summary`` says in a line what was asked, ``command`` is what asked it."""
    measured = environment()
    return whole(
        "ragqa bench answers",
        tag("h1", "Are the answers whole?"),
        tag("p", f"{summary}, {day(measured)}", class_="soft"),
        tag(
            "p",
            "Small figures are 95 % intervals (bootstrap over questions). Usable: every part of the right answer "
            "stands in it, nothing of another answer does, and it is not too long. Less is better of wrong, refused "
            "and characters.",
        ),
        tag("div", _table(rows), class_="scroll"),
        _worst(answered),
        *again(command, f"{seed} (of the intervals)", measured),
    )


def _table(rows: Sequence[ResultRow]) -> Markup:
    body = []
    for row in rows:
        cells = [tag("td", *interval_cell(row.metrics[name])) for name in SHARES if row.metrics]
        if row.metrics:
            cells.append(tag("td", f"{row.metrics['characters'].mean:.0f}"))
        body.append(tag("tr", tag("td", row.name), tag("td", str(row.n)), *cells))
    head = tag("tr", *(tag("th", name) for name in ("", "n", *SHARES, "characters")))
    return tag("table", tag("thead", head), tag("tbody", *body))


def _worst(answered: Sequence[Answered]) -> Markup:
    lost = [one for one in answered if not one.score.usable]
    if not lost:
        return tag("p", "Every answer is usable.")
    shown = sorted(lost, key=lambda one: (one.score.parts, not one.score.wrong, one.score.page))[:WORST]
    return joined(
        tag("h2", f"The {len(shown)} worst answers"),
        tag("p", f"{len(lost)} of {len(answered)} are not usable.", class_="soft"),
        tag("ol", *(_item(one) for one in shown), class_="worst"),
    )


def _item(one: Answered) -> Markup:
    question = one.question
    return tag(
        "li",
        tag("div", question.text, class_="question"),
        tag("p", f"{question.id}, {question.kind}, {question.manual}: {'; '.join(_why(one))}", class_="soft"),
        tag(
            "div",
            tag("div", tag("h4", "What was said"), *_said(one), class_="card"),
            tag("div", tag("h4", "What should stand in it"), *_wanted(one), class_="card"),
            class_="two",
        ),
    )


def _why(one: Answered) -> Iterator[str]:
    """Yield what keeps an answer from being usable, and whether its page is right."""
    of, parts = one.score, len(one.question.parts)
    if one.answer is None:
        yield "an error"
        return
    if of.refused:
        yield "refused"
    yield f"{parts - len(of.missing)} of {parts} parts"
    if of.wrong:
        yield f"{len(of.misplaced)} of another answer"
    if of.characters > longest(one.question):
        yield f"{of.characters:,} characters, at most {longest(one.question):,} are usable"
    yield "the right page" if of.page else "not the right page"


def _said(one: Answered) -> Iterator[Markup]:
    if one.answer is None:
        yield tag("p", one.error)
        return
    text = one.answer.text
    yield tag("pre", text if len(text) <= SHOWN_CHARACTERS else f"{text[: SHOWN_CHARACTERS - 1]}…")
    cited = dict.fromkeys(
        citation.document if citation.page is None else f"{citation.document}, page {citation.page}"
        for citation in one.answer.citations
    )
    if cited:
        yield tag("p", f"Cited: {'; '.join(cited)}")


def _wanted(one: Answered) -> Iterator[Markup]:
    if one.question.pages:
        yield tag("p", tag("b", f"Page {', '.join(map(str, one.question.pages))}"))
    for part in one.question.parts:
        yield tag("p", tag("b", "Missing: " if part in one.score.missing else "There: "), f"“{part}”")
    for other in one.score.misplaced:
        yield tag("p", tag("b", "Of another answer: "), f"“{other}”")
