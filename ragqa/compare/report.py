"""What a comparison shows, on the terminal and as a page of its own, and the advice that follows from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ragqa.compare.facts import Updated
from ragqa.compare.measures import MAIN, METRICS
from ragqa.compare.published import FINDINGS, beside
from ragqa.compare.records import SPLITS, SplitResult, pooled
from ragqa.evaluation.grid import excerpt_of
from ragqa.evaluation.report import (
    Block,
    Card,
    Cell,
    Example,
    Examples,
    Figure,
    Figures,
    Heading,
    Items,
    Table,
    Text,
    render,
)
from ragqa.evaluation.report.plots import draw_intervals
from ragqa.evaluation.runs import short, short_interval

if TYPE_CHECKING:
    from ragqa.compare.comparison import Comparison

NAMES = {
    "shown": "answer shown",
    "answer_recall": "in its words",
    "em": "EM",
    "f1": "F1",
    "rouge_l": "ROUGE-L",
    "usable": "usable",
    "citations": "citations",
    "supported": "supported",
    "refused": "refused",
    "wrongly_refused": "wrongly ref.",
    "label_accuracy": "label",
}
FAIR = (
    "An extractive answer is a whole sentence, so that its EM and F1 are low even where it is right: "
    f"'{NAMES[MAIN]}', the right answer in it or in a sentence that it cites, is the fair column: both are read."
)
NONE = "–"


def by_split(measured: Sequence[SplitResult]) -> list[list[SplitResult]]:
    """Return what was measured on each split together, in their order."""
    groups = [[one for one in measured if one.split == split] for split in SPLITS]
    return [group for group in groups if group]


def metrics_of(group: Sequence[SplitResult]) -> list[str]:
    """Return the measures that apply to any of a table's systems."""
    return [name for name in METRICS if any(name in one.metrics for one in group)]


def columns(group: Sequence[SplitResult]) -> list[str]:
    """Return the columns of a split's table, but for the first."""
    return [NAMES[name] for name in metrics_of(group)]


def rows_of(group: Sequence[SplitResult]) -> list[list[Cell]]:
    """Return a table's rows, each beginning with its system's name."""
    return [
        [
            Cell(one.label),
            *(Cell(one.metrics.get(name, NONE), is_best(one, name, group)) for name in metrics_of(group)),
        ]
        for one in group
    ]


COSTS = ("", "train min", "train tokens", "s a question p50 / p95", "tokens", "$ / 1,000", "MB on disk")


def cost_rows(measured: Sequence[SplitResult]) -> list[list[str]]:
    """Return a row for each system: what its training took, what a question takes, of all splits, and its size."""
    return [_cost_row(one) for one in pooled(measured)]


def _cost_row(one: SplitResult) -> list[str]:
    training, size = one.system.training, one.system.disk_bytes
    return [
        one.label,
        NONE if training is None or training.seconds is None else f"{training.seconds / 60:.1f}",
        NONE if training is None or training.tokens is None else f"{training.tokens:,}",
        f"{one.latency_ms(0.5) / 1000:.3f} / {one.latency_ms(0.95) / 1000:.3f}",
        f"{one.tokens:,.0f}" if one.tokens else NONE,
        money(one.cost_per_1000),
        NONE if size is None else f"{size / 1e6:,.1f}",
    ]


FACTS = ("", "done", "facts", "new told", "known before", "follows the change", "old told", "seconds", "$")


def fact_rows(updates: Sequence[Updated], seed: int) -> list[list[Cell]]:
    """Return a row for each system and what was done to it once facts had changed."""
    rows = []
    for one in updates:
        follows = one.follows(seed)
        rows.append(
            [
                *map(Cell, (one.label, one.how, str(len(one.facts)))),
                Cell(one.share(seed)),
                Cell(str(sum(one.known))),
                Cell(NONE if follows is None else follows),
                *map(Cell, (str(one.old), f"{one.seconds:.1f}", money(one.cost_usd))),
            ]
        )
    return rows


PUBLISHED = ("", "published", "here", "source")


def published_rows(found: Comparison) -> list[list[str]]:
    """Return a row for each published finding, with what was measured here beside it."""
    return [[one.about, one.found, beside(one, found.results, found.updates), one.source] for one in FINDINGS]


def cell_text(cell: Cell, *, interval: bool) -> str:
    """Return a cell as the terminal shows it."""
    if isinstance(cell.value, str):
        return cell.value
    return short_interval(cell.value) if interval else short(cell.value.mean)


def is_best(one: SplitResult, name: str, group: Sequence[SplitResult]) -> bool:
    """Say whether no other system is better by a measure, and some are worse."""
    sign = -1 if name == "wrongly_refused" else 1
    values = [sign * other.metrics[name].mean for other in group if name in other.metrics]
    return name in one.metrics and min(values) < max(values) == sign * one.metrics[name].mean


def money(cost: float | None) -> str:
    """Return a price in dollars; '?' where it is not known."""
    return "?" if cost is None else f"{cost:.2f}"


def describe_failures(measured: Sequence[SplitResult]) -> list[str]:
    """Return a sentence for each system that met errors."""
    return [
        f"{one.label}: {one.failed} {one.split} questions met an error, and score 0" for one in measured if one.failed
    ]


WORST = 5
"""Questions shown of each system on the last split."""

ASKED = {
    "seen": "Seen: trained on, word for word",
    "reworded": "Reworded: trained on, asked in other words",
    "unseen": "Unseen: never trained on",
    "unanswerable": "Unanswerable: the manuals do not say",
}


def compare_page(found: Comparison, command: str, seed: int) -> str:
    """Return the page; ``command`` is the one that made the comparison."""
    blocks: list[Block] = [
        Text(" ".join(found.advice)),
        Text(f"Small figures are 95 % intervals (bootstrap over questions). Green is the best of a column. {FAIR}"),
        *(Text(f"{line}.", soft=True) for line in (*found.notes, *describe_failures(found.results))),
    ]
    for group in by_split(found.results):
        blocks += _split_blocks(group, found)
    blocks += [Heading("What it takes"), Table(COSTS, [list(map(Cell, row)) for row in cost_rows(found.results)])]
    blocks += _update_blocks(found, seed)
    blocks += [Heading("What others found"), Table(PUBLISHED, [list(map(Cell, row)) for row in published_rows(found)])]
    blocks += [*_more_blocks(found), *_worst_blocks(found)]
    told = f"{seed} (of the split, the training and the intervals)"
    return render("ragqa compare", "Retrieve, fine-tune, or both?", blocks, command, told)


def _split_blocks(group: Sequence[SplitResult], found: Comparison) -> Iterator[Block]:
    split = group[0].split
    yield Heading(ASKED[split])
    yield Text(f"{len(group[0].asked)} questions.", soft=True)
    yield Table(["", *columns(group)], rows_of(group))
    for one in found.differences:
        if one.split == split:
            yield Text(f"{one.told().removeprefix(f'{split}, ')}.")
    figures = []
    for name in (MAIN, "f1", "citations", "supported", "refused", "label_accuracy"):
        values = [(one.label, one.metrics[name]) for one in group if name in one.metrics]
        if values:
            title = f"{NAMES[name]}, {split} questions"
            figures.append(Figure(title, draw_intervals(values, title)))
    yield Figures(figures)


def _update_blocks(found: Comparison, seed: int) -> Iterator[Block]:
    if not found.updates:
        return
    yield Heading("When the manual changes")
    yield Items([f"“{fact.old}” became “{fact.new}”: {fact.question}" for fact in found.updates[0].facts])
    yield Table(FACTS, fact_rows(found.updates, seed))
    shares = [(f"{one.label}, {one.how}", one.share(seed)) for one in found.updates]
    title = "Share of the new facts answered"
    yield Figures([Figure(title, draw_intervals(shares, title))])


def _more_blocks(found: Comparison) -> Iterator[Block]:
    if found.perplexities:
        yield Heading("Text held back")
        for text in found.perplexities:
            yield Text(f"{text.model}: perplexity {text.perplexity:.2f} over {text.tokens} tokens")
    if found.consistent:
        yield Heading("Asked again in a dialogue")
        values = [(one.label, one.consistency) for one in found.consistent]
        yield Figures([Figure("Consistency", draw_intervals(values, "Consistency"))])


def _worst_blocks(found: Comparison) -> Iterator[Block]:
    groups = [group for group in by_split(found.results) if any(MAIN in one.values for one in group)]
    for one in groups[-1] if groups else ():
        values = one.values.get("f1", {})
        wrong = [at for at, asked in enumerate(one.asked) if one.values.get(MAIN, {}).get(asked.example.id) == 0]
        wrong = sorted(wrong, key=lambda at: values[one.asked[at].example.id])[:WORST]
        if wrong:
            yield Heading(f"Worst {one.split} questions of {one.label}")
            yield Examples([_example_of(one, at) for at in wrong])


def _example_of(one: SplitResult, at: int) -> Example:
    asked, said = one.asked[at], one.replies[at]
    told = "An error." if said.failed else "It refused." if said.abstained else excerpt_of(said.text) or "Nothing."
    got = Card("What was said", [("", told)])
    return Example(asked.text, "", got, Card("What is right", [("", " / ".join(asked.example.answers[:3]))]))
