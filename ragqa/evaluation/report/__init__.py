"""One self-contained HTML page of runs: no network, no script, every string escaped. A part of the page is a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ragqa.evaluation.environment import environment
from ragqa.evaluation.report.markup import Markup, again, day, interval_cell, tag, whole
from ragqa.evaluation.report.plots import plots
from ragqa.evaluation.report.worst import worst
from ragqa.evaluation.runs import Compared, Run, by_dataset, columns_for, headline, is_best, labels, told_cost


def page(runs: Sequence[Run], pairs: Sequence[Compared], command: str, ks: Iterable[int], seed: int) -> str:
    """Return the page; ``command`` is what made the runs."""
    ks, measured = tuple(ks), environment()
    return whole(
        "ragqa bench retrieval",
        tag("h1", "Retrieval bench"),
        tag("p", f"{len(runs)} runs on {len(by_dataset(runs))} question sets, {day(measured)}", class_="soft"),
        tag(
            "p",
            "Small figures are 95 % intervals (bootstrap over questions). A question without a hit scores 0 and stays "
            "in the mean. Green is the best of a column.",
        ),
        *(_dataset(group, pairs, ks) for group in by_dataset(runs)),
        *again(command, f"{seed} (of the intervals; retrieval itself draws nothing)", measured),
    )


def _dataset(runs: Sequence[Run], pairs: Sequence[Compared], ks: tuple[int, ...]) -> Markup:
    dataset, names = runs[0].dataset, labels(runs)
    main = headline(dataset)
    best = max(range(len(runs)), key=lambda at: runs[at].metrics[main].mean)
    told = [pair.told().removeprefix(f"{dataset.name}, ") for pair in pairs if pair.dataset == dataset.name]
    return tag(
        "section",
        tag("h2", dataset.name),
        tag("p", f"{len(dataset.graded())} questions with a known place; compared by {main}.", class_="soft"),
        tag("div", _table(runs, names, ks), class_="scroll"),
        *(tag("p", line, class_="soft") for line in dict.fromkeys(told_cost(run) for run in runs)),
        tag("h3", "Do they differ?") if told else "",
        *(tag("p", f"{line}.") for line in told),
        plots(runs, names),
        worst(runs[best], names[best]),
    )


def _table(runs: Sequence[Run], names: Sequence[str], ks: tuple[int, ...]) -> Markup:
    columns = columns_for(runs[0].dataset, ks)
    rows = []
    for run, name in zip(runs, names, strict=True):
        cells = [
            tag(
                "td", *_cell(run, column.name, column.shown(run)), class_="best" if is_best(column, run, runs) else None
            )
            for column in columns
        ]
        rows.append(tag("tr", tag("td", name), *cells))
    head = tag("tr", tag("th", ""), *(tag("th", column.name) for column in columns))
    return tag("table", tag("thead", head), tag("tbody", *rows))


def _cell(run: Run, name: str, shown: str) -> tuple[str | Markup, ...]:
    of = run.metrics.get(name)
    return interval_cell(of) if of else (shown,)
