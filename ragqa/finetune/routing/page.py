"""One self-contained HTML page of classifiers measured side by side, with a confusion matrix each."""

from __future__ import annotations

from collections.abc import Sequence

from ragqa.evaluation.circumstances import circumstances
from ragqa.evaluation.report.markup import Markup, joined, tag
from ragqa.evaluation.report.shell import whole
from ragqa.evaluation.showing import short
from ragqa.finetune.routing.matrix import confusion_picture
from ragqa.finetune.routing.measuring import Apart, Routed
from ragqa.metrics import Interval, class_figures
from ragqa.printable import quantity

COLUMNS = ("macro-F1", "accuracy", "macro precision", "macro recall")
WORST = 15
"""Labels listed of each system."""


def page(systems: Sequence[Routed], apart: Sequence[Apart], command: str) -> str:
    """Return the page; ``command`` is what measured."""
    gold = systems[0].gold
    measured = circumstances()
    return whole(
        "ragqa finetune route",
        tag("h1", "Questions told into labels"),
        tag(
            "p",
            f"{quantity(len(gold), 'question')} of {quantity(len(set(gold)), 'label')}, which no training has seen",
            class_="soft",
        ),
        tag(
            "p", "Small figures are 95 % intervals (bootstrap over questions). A macro average counts each label alike."
        ),
        tag("div", _table(systems), class_="scroll"),
        *(tag("p", f"{one.told()}.") for one in apart),
        *(_system(one) for one in systems),
        tag("h2", "To run it again"),
        tag("pre", command),
        tag("p", f"commit {measured['commit'] or 'unknown'}, {measured['machine']}, {measured['at']}", class_="soft"),
    )


def _table(systems: Sequence[Routed]) -> Markup:
    head = tag("tr", *(tag("th", name) for name in ("", *COLUMNS, "ms a question", "training")))
    rows = [tag("tr", tag("td", one.name), *_cells(one)) for one in systems]
    return tag("table", tag("thead", head), tag("tbody", *rows))


def _cells(one: Routed) -> list[Markup]:
    figures = one.figures
    shares = (figures.macro_f1, figures.accuracy, figures.macro_precision, figures.macro_recall)
    trained = "none" if one.train_seconds is None else f"{one.train_seconds / 60:.1f} min"
    return [*map(_cell, shares), tag("td", f"{one.latency_ms:.1f}"), tag("td", trained)]


def _cell(of: Interval) -> Markup:
    return tag("td", short(of.mean), tag("small", f"{short(of.low)} – {short(of.high)}"))


def _system(one: Routed) -> Markup:
    none = sum(label is None for label in one.said)
    worst = sorted(class_figures(one.gold, one.said), key=lambda of: (of.f1, -of.questions))[:WORST]
    rows = [
        tag(
            "tr",
            tag("td", of.label),
            *(tag("td", short(v)) for v in (of.f1, of.precision, of.recall)),
            _count(of.questions),
        )
        for of in worst
    ]
    head = tag("tr", *(tag("th", name) for name in ("", "F1", "precision", "recall", "questions")))
    return joined(
        tag("h2", one.name),
        tag("p", f"No label was given to {none} questions: counted as wrong.") if none else "",
        tag("figure", tag("div", confusion_picture(one.gold, one.said, f"Told by {one.name}"), class_="scroll")),
        tag("h3", f"The {len(worst)} labels told worst"),
        tag("div", tag("table", tag("thead", head), tag("tbody", *rows)), class_="scroll"),
    )


def _count(count: int) -> Markup:
    return tag("td", str(count))
