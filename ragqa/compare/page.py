"""One self-contained HTML page of a comparison: no network, no script, every string escaped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ragqa.compare.measures import MAIN
from ragqa.compare.records import Measured
from ragqa.compare.comparison import Comparison
from ragqa.compare.showing import FAIR, NAMES, NONE, by_split, columns, is_best, metrics_of, money, others, told_failed
from ragqa.evaluation.environment import environment
from ragqa.evaluation.grid import excerpt_of
from ragqa.evaluation.report.markup import SERIES, Markup, interval_cell, tag, whole
from ragqa.metrics import Interval

WIDTH, ROW, LEFT, RIGHT, TOP = 420, 44, 8, 44, 6


def interval_bars(values: Sequence[tuple[str, Interval]], title: str) -> Markup:
    """Return a bar from 0 to 1 for each name, and a line over its interval."""
    height = TOP + ROW * len(values) + 6
    parts = [part for at, (name, of) in enumerate(values) for part in _bar(at, name, of)]
    return tag("svg", tag("title", title), *parts, viewBox=f"0 0 {WIDTH} {height}", role="img")


def _bar(at: int, name: str, of: Interval) -> list[Markup]:
    top = TOP + at * ROW
    middle = top + 28
    style = f"line s{at % SERIES}"
    return [
        tag("text", name, x=LEFT, y=top + 13),
        tag("line", class_="grid", x1=LEFT, x2=f"{_x(1):.1f}", y1=middle, y2=middle),
        tag("line", class_=style, x1=LEFT, x2=f"{_x(of.mean):.1f}", y1=middle, y2=middle, style="stroke-width:12"),
        tag("line", class_="axis", x1=f"{_x(of.low):.1f}", x2=f"{_x(of.high):.1f}", y1=middle, y2=middle),
        *(
            tag("line", class_="axis", x1=f"{_x(end):.1f}", x2=f"{_x(end):.1f}", y1=middle - 5, y2=middle + 5)
            for end in (of.low, of.high)
        ),
        tag("text", f"{of.mean:.3f}", x=WIDTH, y=middle + 4, text_anchor="end"),
    ]


def _x(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - RIGHT)


WORST = 5
"""Questions shown of each system on the last split."""

ASKED = {
    "seen": "Seen: trained on, word for word",
    "reworded": "Reworded: trained on, asked in other words",
    "unseen": "Unseen: never trained on",
}


def page(found: Comparison, command: str, seed: int) -> str:
    """Return the page; ``command`` is what compared."""
    return whole(
        "ragqa compare",
        tag("h1", "Retrieve, fine-tune, or both?"),
        *(tag("p", line) for line in found.advice),
        tag("p", "Small figures are 95 % intervals (bootstrap over questions). Green is the best of a column. ", FAIR),
        *(tag("p", f"{line}.", class_="soft") for line in (*found.notes, *told_failed(found.measured))),
        *(_split(group, found) for group in by_split(found.measured)),
        *_update(found),
        *_more(found),
        *_worst(found),
        *_again(command, seed),
    )


def _split(group: Sequence[Measured], found: Comparison) -> Markup:
    split = group[0].split
    told = [one.told().removeprefix(f"{split}, ") for one in found.differences if one.split == split]
    return tag(
        "section",
        tag("h2", ASKED[split]),
        tag("p", f"{len(group[0].asked)} questions.", class_="soft"),
        tag("div", _table(group), class_="scroll"),
        *(tag("p", f"{line}.") for line in told),
        tag("div", *_plots(group), class_="plots"),
    )


def _table(group: Sequence[Measured]) -> Markup:
    body = []
    for one in group:
        cells = [
            tag("td", *_cell(one.metrics.get(name)), class_="best" if is_best(one, name, group) else None)
            for name in metrics_of(group)
        ]
        body.append(tag("tr", tag("td", one.label), *cells, *(tag("td", cell) for cell in others(one))))
    head = tag("tr", tag("th", ""), *(tag("th", name) for name in columns(group)))
    return tag("table", tag("thead", head), tag("tbody", *body))


def _cell(of: Interval | None) -> tuple[str | Markup, ...]:
    return interval_cell(of) if of else (NONE,)


def _plots(group: Sequence[Measured]) -> Iterator[Markup]:
    for name in (MAIN, "f1", "citations", "label_accuracy"):
        values = [(one.label, one.metrics[name]) for one in group if name in one.metrics]
        if values:
            title = f"{NAMES[name]}, {group[0].split} questions"
            yield tag("figure", tag("h3", title), interval_bars(values, title))


def _update(found: Comparison) -> Iterator[Markup]:
    if not found.updates:
        return
    yield tag("h2", "When the manual changes")
    facts = found.updates[0].facts
    yield tag("ol", *(tag("li", f"“{fact.old}” became “{fact.new}”: {fact.question}") for fact in facts))
    head = tag("tr", *(tag("th", name) for name in ("", "done", "new facts", "old facts told", "seconds", "$")))
    body = [
        tag(
            "tr",
            *(tag("td", cell) for cell in (one.label, one.how, f"{one.new} of {len(facts)}", f"{one.old}")),
            tag("td", f"{one.seconds:.1f}"),
            tag("td", money(one.cost_usd)),
        )
        for one in found.updates
    ]
    yield tag("div", tag("table", tag("thead", head), tag("tbody", *body)), class_="scroll")
    shares = [(f"{one.label}, {one.how}", one.new / len(facts)) for one in found.updates]
    title = "Share of the new facts answered"
    yield tag("figure", tag("h3", title), interval_bars([(name, Interval(of, of, of)) for name, of in shares], title))


def _more(found: Comparison) -> Iterator[Markup]:
    if found.foreseen:
        yield tag("h2", "Text held back")
        for text in found.foreseen:
            yield tag("p", f"{text.model}: perplexity {text.perplexity:.2f} over {text.tokens} tokens")
    if found.consistent:
        yield tag("h2", "Asked again in a dialogue")
        values = [(one.label, one.consistency) for one in found.consistent]
        yield tag("figure", interval_bars(values, "Consistency"))


def _worst(found: Comparison) -> Iterator[Markup]:
    groups = by_split(found.measured)
    for one in groups[-1] if groups else ():
        values = one.values.get("f1", {})
        wrong = [at for at, asked in enumerate(one.asked) if one.values.get(MAIN, {}).get(asked.example.id) == 0]
        wrong = sorted(wrong, key=lambda at: values[one.asked[at].example.id])[:WORST]
        if wrong:
            yield tag("h2", f"Worst {one.split} questions of {one.label}")
            yield tag("ol", *(_item(one, at) for at in wrong), class_="worst")


def _item(one: Measured, at: int) -> Markup:
    asked, said = one.asked[at], one.said[at]
    told = "An error." if said.failed else "It refused." if said.abstained else excerpt_of(said.text) or "Nothing."
    return tag(
        "li",
        tag("div", asked.text, class_="question"),
        tag(
            "div",
            tag("div", tag("h4", "What was said"), tag("p", told), class_="card"),
            tag("div", tag("h4", "What is right"), tag("p", " / ".join(asked.example.answers[:3])), class_="card"),
            class_="two",
        ),
    )


def _again(command: str, seed: int) -> Iterator[Markup]:
    measured = environment()
    yield tag("h2", "To run it again")
    yield tag("pre", command)
    where = f"commit {measured['commit'] or 'unknown'}, {measured['machine']}, {measured['at']}"
    yield tag("p", f"{where}; seed {seed} of the split, the training and the intervals", class_="soft")
