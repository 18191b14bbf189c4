"""The plots of one dataset: recall by k, question by question between the two best, risk by coverage."""

from __future__ import annotations

from collections.abc import Sequence

from ragqa.evaluation.report import svg
from ragqa.evaluation.report.markup import Markup, joined, tag
from ragqa.evaluation.runs import DEPTH, Outcome, Run, has_unanswerable, headline, pages_found, refusals
from ragqa.metrics import page_hit, recall, risk_coverage

RANKS = (1, 2, 3, 4, 5, 7, 10, 14, 20, 30, 50, 70, DEPTH)
"""Where the curve is taken."""

DEEPEST_PAGE = 20
"""Passages past which no reader of a manual goes."""


def plots(runs: Sequence[Run], names: Sequence[str]) -> Markup:
    """Return the figures of the runs on one dataset."""
    figures = [_by_k(runs, names)]
    best = sorted(range(len(runs)), key=lambda at: -runs[at].metrics[headline(runs[at].dataset)].mean)[:2]
    if len(best) == 2:
        figures.append(_by_question(runs[best[0]], names[best[0]], runs[best[1]], names[best[1]]))
    if has_unanswerable(runs[0].dataset):
        figures.append(_by_coverage(runs, names))
    return tag("div", *figures, class_="plots")


def _by_k(runs: Sequence[Run], names: Sequence[str]) -> Markup:
    paged = runs[0].dataset.by_page
    ranks = [k for k in RANKS if not paged or k <= DEEPEST_PAGE]
    title = "Right page among the first k passages (page_hit@k)" if paged else "Relevant documents found (recall@k)"
    curves = [[(float(k), _found(run, k)) for k in ranks] for run in runs]
    drawn = svg.lines(curves, svg.log_ticks(ranks[-1]), "k", title, logarithmic=True)
    return _figure(title, drawn, legend(names))


def _found(run: Run, k: int) -> float:
    asked = run.dataset.graded()
    total = 0.0
    for question in asked:
        outcome = run.outcomes.get(question.id, Outcome())
        if run.dataset.by_page:
            total += page_hit(pages_found(question, outcome), question.pages, k)
        else:
            total += recall(list(outcome.documents()), question.relevant or {}, k)
    return total / len(asked)


def _by_question(best: Run, name: str, second: Run, other: str) -> Markup:
    measure = headline(best.dataset)
    theirs = second.values[measure]
    apart = sorted((value - theirs[question] for question, value in best.values[measure].items()), reverse=True)
    more, less = sum(value > 0 for value in apart), sum(value < 0 for value in apart)
    title = f"Each question: {measure} of {name} less that of {other}"
    told = f"{more} questions are better with {name}, {less} with {other}, {len(apart) - more - less} the same."
    return _figure(title, svg.bars(apart, "questions, in order of the difference", title), tag("p", told))


def _by_coverage(runs: Sequence[Run], names: Sequence[str]) -> Markup:
    title = "Risk by coverage: wrong among the answered, as more are answered"
    curves = [risk_coverage(*refusals(run.dataset, run.outcomes, run.k)[:2]) for run in runs]
    drawn = svg.lines(curves, (0, 0.25, 0.5, 0.75, 1), "share of questions answered", title, logarithmic=False)
    return _figure(title, drawn, legend(names))


def legend(names: Sequence[str]) -> Markup:
    """Return which line is which run."""
    return tag("ul", *(tag("li", svg.swatch(at), name) for at, name in enumerate(names)), class_="legend")


def _figure(title: str, drawn: Markup, below: Markup) -> Markup:
    return tag("figure", tag("h3", title), drawn, tag("figcaption", joined(below)))
