"""One self-contained HTML page of classifiers measured side by side, with a confusion matrix each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ragqa.evaluation.environment import environment
from ragqa.evaluation.report.markup import Markup, joined, tag, whole
from ragqa.evaluation.runs import short
from ragqa.finetune.routing.measuring import Apart, Routed
from ragqa.metrics import Interval, class_figures, confusion_matrix
from ragqa.printable import quantity

MOST = 40
"""Labels shown at most."""

LONGEST = 24
"""Columns of a label that are shown; a Chinese character takes two."""

CELL, MARGIN, TOP = 18, 178, 36
AXES = "Rows: what questions are; columns: what they were told to be"
ELSE = "(another or none)"

_STYLE = (
    ".cm-ink{fill:#1b1f24}.cm-soft{fill:#5c6670}.cm-right{fill:#15803d}.cm-wrong{fill:#c2410c}"
    ".cm-cell{fill:none;stroke:#8a949e;stroke-opacity:.25}"
    "@media (prefers-color-scheme:dark){.cm-ink{fill:#e6e9ec}.cm-soft{fill:#9aa5b1}.cm-right{fill:#6fd58f}"
    ".cm-wrong{fill:#ff9a62}}"
)


def confusion_picture(gold: Sequence[str], said: Sequence[str | None], title: str) -> Markup:
    """Return the matrix; a row is a label that questions have, its cells are shares of that row."""
    labels = shown_labels(gold, said)
    kept = [(true, one) for true, one in zip(gold, said, strict=True) if true in set(labels)]
    counts = confusion_matrix([true for true, _ in kept], [one for _, one in kept], labels)
    columns = [*labels, ELSE]
    width, height = MARGIN + CELL * len(columns) + 8, TOP + MARGIN + CELL * len(labels) + 8
    every = len(set(gold))
    told = title if len(labels) == every else f"{title}; the {len(labels)} most confused of {every} labels"
    width = max(width, 7 * max(len(told), len(AXES)))
    return tag(
        "svg",
        tag("title", told),
        tag("style", Markup(_STYLE)),
        tag("text", told, x=0, y=13, class_="cm-ink", font_size=12),
        tag("text", AXES, x=0, y=30, class_="cm-soft", font_size=12),
        *_names(labels, columns),
        *(_matrix_cell(row, at, counts) for row in range(len(labels)) for at in range(len(columns))),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width} {height}",
        role="img",
        font_family="system-ui, sans-serif",
        font_size=11,
        style=f"max-width: {width}px",
    )


def shown_labels(gold: Sequence[str], said: Sequence[str | None]) -> list[str]:
    """Return all labels that questions have, or the most confused ones, by name."""
    labels = sorted(set(gold))
    if len(labels) <= MOST:
        return labels
    errors = dict.fromkeys(labels, 0)
    for true, one in zip(gold, said, strict=True):
        if true != one:
            errors[true] += 1
            if one in errors:
                errors[one] += 1
    return sorted(sorted(labels, key=lambda label: -errors[label])[:MOST])


def _names(labels: Sequence[str], columns: Sequence[str]) -> list[Markup]:
    rows = [
        tag(
            "text",
            tag("title", label),
            _short(label),
            x=MARGIN - 6,
            y=TOP + MARGIN + CELL * at + 13,
            text_anchor="end",
            class_="cm-soft",
        )
        for at, label in enumerate(labels)
    ]
    heads = []
    for at, label in enumerate(columns):
        x, y = MARGIN + CELL * at + 13, TOP + MARGIN - 6
        heads.append(
            tag(
                "text",
                tag("title", label),
                _short(label),
                x=x,
                y=y,
                transform=f"rotate(-90 {x} {y})",
                class_="cm-soft",
            )
        )
    return [*rows, *heads]


def _matrix_cell(row: int, at: int, counts: np.ndarray) -> Markup:
    count, total = int(counts[row, at]), int(counts[row].sum())
    place = {"x": MARGIN + CELL * at, "y": TOP + MARGIN + CELL * row}
    box = tag("rect", class_="cm-cell", width=CELL, height=CELL, **place)
    if not count:
        return box
    shade = tag(
        "rect",
        class_="cm-right" if row == at else "cm-wrong",
        fill_opacity=f"{0.15 + 0.75 * count / total:.2f}",
        width=CELL,
        height=CELL,
        **place,
    )
    number = tag("text", str(count), x=place["x"] + CELL / 2, y=place["y"] + 13, text_anchor="middle", class_="cm-ink")
    return joined(box, shade, number)


def _short(label: str) -> str:
    """Return ``label`` cut to what the margin holds."""
    width = 0
    for at, character in enumerate(label):
        width += 2 if character >= "\u2e80" else 1
        if width > LONGEST:
            return label[:at] + "…"
    return label


COLUMNS = ("macro-F1", "accuracy", "macro precision", "macro recall")
WORST = 15
"""Labels listed of each system."""


def page(systems: Sequence[Routed], apart: Sequence[Apart], command: str) -> str:
    """Return the page; ``command`` is what measured."""
    gold = systems[0].gold
    measured = environment()
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
