"""The pages of the benches: retrieval, whole answers, and classifiers of questions. Computes no figure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from ragqa.evaluation.answers import SHARES, Answered, ResultRow, longest
from ragqa.evaluation.datasets import Documents, Question
from ragqa.evaluation.grid import SHOWN, excerpt_of
from ragqa.evaluation.report import (
    Block,
    Card,
    Cell,
    Example,
    Examples,
    Figure,
    Figures,
    Heading,
    Table,
    Text,
    render,
    today,
)
from ragqa.evaluation.report.plots import draw_confusion, draw_differences, draw_lines
from ragqa.evaluation.runs import (
    DEPTH,
    Compared,
    Outcome,
    Place,
    Run,
    by_dataset,
    columns_for,
    has_unanswerable,
    headline,
    is_best,
    labels,
    pages_found,
    refusals,
    short,
    told_cost,
)
from ragqa.metrics import (
    Routing,
    class_figures,
    confusion_matrix,
    page_hit,
    page_reciprocal_rank,
    recall,
    reciprocal_rank,
    risk_coverage,
)
from ragqa.printable import quantity
from ragqa.types import Document

RANKS = (1, 2, 3, 4, 5, 7, 10, 14, 20, 30, 50, 70, DEPTH)
"""Where the curve of recall is taken."""

DEEPEST_PAGE = 20
"""Passages past which no reader of a manual goes."""

WORST, GOLD, LONGEST_ANSWER = 10, 3, 2000
"""Questions shown; relevant documents and pieces of evidence of each; characters of an answer."""


def retrieval_page(runs: Sequence[Run], pairs: Sequence[Compared], command: str, ks: Iterable[int], seed: int) -> str:
    """Return the page of runs; ``command`` is what made them."""
    cutoffs = tuple(ks)
    blocks: list[Block] = [
        Text(f"{len(runs)} runs on {len(by_dataset(runs))} question sets, {today()}", soft=True),
        Text(
            "Small figures are 95 % intervals (bootstrap over questions). A question without a hit scores 0 and stays "
            "in the mean. Green is the best of a column."
        ),
    ]
    for group in by_dataset(runs):
        blocks += _dataset(group, pairs, cutoffs)
    told = f"{seed} (of the intervals; retrieval itself draws nothing)"
    return render("ragqa bench retrieval", "Retrieval bench", blocks, command, told)


def _dataset(runs: Sequence[Run], pairs: Sequence[Compared], ks: tuple[int, ...]) -> Iterator[Block]:
    dataset, names = runs[0].dataset, labels(runs)
    main = headline(dataset)
    yield Heading(dataset.name)
    yield Text(
        f"{len(dataset.graded())} questions with a known place; compared by {main}. {dataset.origin()}", soft=True
    )
    columns = columns_for(dataset, ks)
    rows = [
        [Cell(name), *(Cell(run.metrics.get(one.name) or one.shown(run), is_best(one, run, runs)) for one in columns)]
        for run, name in zip(runs, names, strict=True)
    ]
    yield Table(["", *(column.name for column in columns)], rows)
    yield from (Text(line, soft=True) for line in dict.fromkeys(told_cost(run) for run in runs))
    told = [pair.told().removeprefix(f"{dataset.name}, ") for pair in pairs if pair.dataset == dataset.name]
    if told:
        yield Heading("Do they differ?", 3)
        yield from (Text(f"{line}.") for line in told)
    yield Figures(list(_figures(runs, names)))
    best = max(range(len(runs)), key=lambda at: runs[at].metrics[main].mean)
    yield from _worst_questions(runs[best], names[best])


def _figures(runs: Sequence[Run], names: Sequence[str]) -> Iterator[Figure]:
    """Yield the curve by k, question by question between the two best, and risk by coverage."""
    dataset = runs[0].dataset
    ranks = [k for k in RANKS if not dataset.by_page or k <= DEEPEST_PAGE]
    title = "Relevant documents found (recall@k)"
    if dataset.by_page:
        title = "Right page among the first k passages (page_hit@k)"
    curves = [[(float(k), _found(run, k)) for k in ranks] for run in runs]
    ticks = [tick for tick in (1, 2, 5, 10, 20, 50, 100) if tick <= ranks[-1]]
    yield Figure(title, draw_lines(curves, ticks, "k", title, logarithmic=True), names)
    measure = headline(dataset)
    best = sorted(range(len(runs)), key=lambda at: -runs[at].metrics[measure].mean)[:2]
    if len(best) == 2:
        name, other = (names[at] for at in best)
        theirs = runs[best[1]].values[measure]
        apart = sorted((value - theirs[one] for one, value in runs[best[0]].values[measure].items()), reverse=True)
        more, less = sum(value > 0 for value in apart), sum(value < 0 for value in apart)
        title = f"Each question: {measure} of {name} less that of {other}"
        told = f"{more} questions are better with {name}, {less} with {other}, {len(apart) - more - less} the same."
        yield Figure(title, draw_differences(apart, "questions, in order of the difference", title), caption=told)
    if has_unanswerable(dataset):
        title = "Risk by coverage: wrong among the answered, as more are answered"
        curves = [risk_coverage(*refusals(run.dataset, run.outcomes, run.k)[:2]) for run in runs]
        x_title = "share of questions answered"
        yield Figure(title, draw_lines(curves, (0, 0.25, 0.5, 0.75, 1), x_title, title, logarithmic=False), names)


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


def _worst_questions(run: Run, name: str) -> Iterator[Block]:
    """Yield the worst questions of the ``run`` called ``name``: what came, and what should have."""
    measure = headline(run.dataset)
    values = run.values[measure]
    asked = sorted(run.dataset.graded(), key=lambda question: values[question.id])
    failed = [question for question in asked if values[question.id] < 1][:WORST]
    if not failed:
        yield Text(f"{name} answers every question at the first place.")
        return
    yield Heading(f"The {len(failed)} worst questions of {name}", 3)
    yield Text(
        f"{sum(value == 0 for value in values.values())} of {len(values)} questions score 0 by {measure}.", soft=True
    )
    source = run.dataset.source
    known = {document.name: document for document in source.documents} if isinstance(source, Documents) else {}
    yield Examples([_failed(run, question, values[question.id], known) for question in failed])


def _failed(run: Run, question: Question, value: float, known: dict[str, Document]) -> Example:
    outcome = run.outcomes.get(question.id, Outcome())
    found = [
        (f"{rank}. {_titled(_where(place), known.get(place.document))}", place.excerpt)
        for rank, place in enumerate(outcome.places[:SHOWN], 1)
    ]
    wanted = _gold_pages(question) if run.dataset.by_page else _relevant(question, known)
    note = f"{question.id}: {headline(run.dataset)} {value:.3f}; {_first_right(run, question, outcome)}"
    got = Card("What was found", found or [("", "Nothing.")])
    return Example(question.text, note, got, Card("What should have been", list(wanted)))


def _titled(where: str, document: Document | None) -> str:
    title = document.title.strip() if document else ""
    return f"{where}. {title}{'' if title[-1:] in '.?!。？！' else '.'}" if title else where


def _where(place: Place) -> str:
    first, last = place.pages
    pages = "" if not first else f", page {first}" if first == last else f", pages {first} to {last}"
    section = f" ({' > '.join(place.section[-2:])})" if place.section else ""
    return f"{place.document}{pages}{section}"


def _first_right(run: Run, question: Question, outcome: Outcome) -> str:
    depth = len(outcome.places)
    if run.dataset.by_page:
        share = page_reciprocal_rank(pages_found(question, outcome), question.pages, max(depth, 1))
    else:
        share = reciprocal_rank(list(outcome.documents()), question.relevant or {}, max(depth, 1))
    return f"the first right one came at place {round(1 / share)}" if share else f"none of {depth} passages is right"


def _gold_pages(question: Question) -> Iterator[tuple[str, str]]:
    yield f"{question.document or 'Page'} {', '.join(map(str, question.pages))}".strip(), ""
    yield from (("", f"“{excerpt_of(piece)}”") for piece in question.evidence[:GOLD])
    yield from (("Answer:", excerpt_of(answer)) for answer in question.answers[:1])


def _relevant(question: Question, known: dict[str, Document]) -> Iterator[tuple[str, str]]:
    grades = {name: grade for name, grade in (question.relevant or {}).items() if grade > 0}
    best = sorted(grades, key=lambda name: -grades[name])
    for name in best[:GOLD]:
        document = known.get(name)
        yield _titled(name, document), excerpt_of(document.text) if document else ""
    if len(best) > GOLD:
        yield "", f"and {len(best) - GOLD} more"


def answers_page(answered: Sequence[Answered], rows: Sequence[ResultRow], summary: str, command: str, seed: int) -> str:
    """Return the page of whole answers; ``summary`` says what was asked, ``command`` is what asked it."""
    body = []
    for row in rows:
        shares = [Cell(row.metrics[name]) for name in SHARES if row.metrics]
        length = [Cell(f"{row.metrics['characters'].mean:.0f}")] if row.metrics else []
        body.append([Cell(row.name), Cell(str(row.n)), *shares, *length])
    blocks: list[Block] = [
        Text(f"{summary}, {today()}", soft=True),
        Text(
            "Small figures are 95 % intervals (bootstrap over questions). Usable: every part of the right answer "
            "stands in it, nothing of another answer does, and it is not too long. Less is better of wrong, refused "
            "and characters."
        ),
        Table(("", "n", *SHARES, "characters"), body),
    ]
    lost = [one for one in answered if not one.score.usable]
    shown = sorted(lost, key=lambda one: (one.score.parts, not one.score.wrong, one.score.page))[:WORST]
    if lost:
        blocks += [
            Heading(f"The {len(shown)} worst answers"),
            Text(f"{len(lost)} of {len(answered)} are not usable.", soft=True),
            Examples([_unusable(one) for one in shown]),
        ]
    else:
        blocks.append(Text("Every answer is usable."))
    return render("ragqa bench answers", "Are the answers whole?", blocks, command, f"{seed} (of the intervals)")


def _unusable(one: Answered) -> Example:
    question = one.question
    wanted = [(f"Page {', '.join(map(str, question.pages))}", "")] if question.pages else []
    wanted += [("Missing:" if part in one.score.missing else "There:", f"“{part}”") for part in question.parts]
    wanted += [("Of another answer:", f"“{other}”") for other in one.score.misplaced]
    if one.answer is None:
        got = Card("What was said", [("", one.error)])
    else:
        text = one.answer.text
        cited = dict.fromkeys(
            citation.document if citation.page is None else f"{citation.document}, page {citation.page}"
            for citation in one.answer.citations
        )
        lines = [("", f"Cited: {'; '.join(cited)}")] if cited else []
        got = Card("What was said", lines, text if len(text) <= LONGEST_ANSWER else f"{text[: LONGEST_ANSWER - 1]}…")
    note = f"{question.id}, {question.kind}, {question.manual}: {'; '.join(_reasons(one))}"
    return Example(question.text, note, got, Card("What should stand in it", wanted))


def _reasons(one: Answered) -> Iterator[str]:
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


MOST_LABELS, WORST_LABELS = 40, 15
"""Labels that a confusion matrix shows, and that are listed of each system."""

ELSE = "(another or none)"


class ClassifierRun(Protocol):
    """What a classifier said of the questions, and what that is worth."""

    @property
    def name(self) -> str: ...
    @property
    def gold(self) -> Sequence[str]: ...
    @property
    def said(self) -> Sequence[str | None]: ...
    @property
    def figures(self) -> Routing: ...
    @property
    def latency_ms(self) -> float: ...
    @property
    def train_seconds(self) -> float | None: ...


def routing_page(systems: Sequence[ClassifierRun], differences: Sequence[str], command: str, seed: int = 0) -> str:
    """Return the page of classifiers on the same questions; ``differences`` are sentences on who is better."""
    gold = systems[0].gold
    rows = []
    for one in systems:
        of = one.figures
        trained = "none" if one.train_seconds is None else f"{one.train_seconds / 60:.1f} min"
        shares = [Cell(share) for share in (of.macro_f1, of.accuracy, of.macro_precision, of.macro_recall)]
        rows.append([Cell(one.name), *shares, Cell(f"{one.latency_ms:.1f}"), Cell(trained)])
    columns = ("", "macro-F1", "accuracy", "macro precision", "macro recall", "ms a question", "training")
    told = f"{quantity(len(gold), 'question')} of {quantity(len(set(gold)), 'label')}, which no training has seen"
    blocks: list[Block] = [
        Text(told, soft=True),
        Text("Small figures are 95 % intervals (bootstrap over questions). A macro average counts each label alike."),
        Table(columns, rows),
        *(Text(f"{line}.") for line in differences),
    ]
    for one in systems:
        blocks += _classifier(one)
    title = "Classification of questions by label"
    return render("ragqa finetune route", title, blocks, command, f"{seed} (of the intervals)")


def _classifier(one: ClassifierRun) -> Iterator[Block]:
    none = sum(label is None for label in one.said)
    yield Heading(one.name)
    if none:
        yield Text(f"No label was given to {none} questions: counted as wrong.")
    yield Figures([confusion_figure(one.gold, one.said, f"Predicted by {one.name}")])
    worst = sorted(class_figures(one.gold, one.said), key=lambda of: (of.f1, -of.questions))[:WORST_LABELS]
    rows = [[of.label, short(of.f1), short(of.precision), short(of.recall), str(of.questions)] for of in worst]
    yield Heading(f"The {len(worst)} labels with the lowest F1", 3)
    yield Table(("", "F1", "precision", "recall", "questions"), [[Cell(text) for text in row] for row in rows])


def confusion_figure(gold: Sequence[str], said: Sequence[str | None], title: str) -> Figure:
    """Return the confusion matrix of all labels that questions have, or of the most confused ones."""
    shown = shown_labels(gold, said)
    kept = [(true, one) for true, one in zip(gold, said, strict=True) if true in set(shown)]
    counts = confusion_matrix([true for true, _ in kept], [one for _, one in kept], shown)
    every = len(set(gold))
    told = title if len(shown) == every else f"{title}; the {len(shown)} most confused of {every} labels"
    return Figure(title, draw_confusion(counts, shown, [*shown, ELSE], told))


def shown_labels(gold: Sequence[str], said: Sequence[str | None]) -> list[str]:
    """Return all labels that questions have, or the most confused ones, by name."""
    names = sorted(set(gold))
    if len(names) <= MOST_LABELS:
        return names
    errors = dict.fromkeys(names, 0)
    for true, one in zip(gold, said, strict=True):
        if true != one:
            errors[true] += 1
            if one in errors:
                errors[one] += 1
    return sorted(sorted(names, key=lambda label: -errors[label])[:MOST_LABELS])
