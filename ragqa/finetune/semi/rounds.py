"""Self-training: teach, add what the model is surest of, teach anew, until the held-back loss falls no more.

Each round begins from the same base, so that a wrong pseudo-label does not stay in the weights (Yarowsky 1995; in this
form Zoph et al. 2020, arXiv 2006.06882). Knows nothing of models: whoever teaches is a ``Learner``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol

from ragqa.analysis import is_stop, terms
from ragqa.answerers.prompting import Message
from ragqa.errors import RagqaError
from ragqa.evaluation.questions.statements import GeneratedQuestion, Statement, Statements, pages_of
from ragqa.finetune.records import Example, Form
from ragqa.finetune.routing.systems import label_named
from ragqa.types import Document, Hit, Passage

SHARE = 0.5
"""Of the examples not yet taken, those that a round takes."""

FEWEST = 8
"""Fewer than so many are taken at once."""


@dataclass(frozen=True, slots=True)
class Taught:
    """A model that was taught, and the loss on the held-back examples."""

    model: str
    """Its spec, as a job gives it."""
    loss: float


class Learner(Protocol):
    """Teaches a model. Errors are RagqaError."""

    def teach(self, examples: Sequence[Example], name: str) -> Taught:
        """Return a model taught ``examples`` from the base; ``name`` tells this teaching from others."""

    def doubts(self, taught: Taught, examples: Sequence[Example]) -> Sequence[float]:
        """Return for each example how unlikely the model finds what it says; lower is surer."""


@dataclass(frozen=True, slots=True)
class Round:
    """What a round was taught, and what came of it."""

    number: int
    """0 has the labelled examples only."""
    labelled: int
    generated: int
    loss: float
    """On the held-back examples."""
    kept: bool
    """Whether the loss fell."""
    model: str


@dataclass(frozen=True, slots=True)
class SelfTrained:
    """All rounds; the model is that of the last one that was kept."""

    rounds: tuple[Round, ...]

    @property
    def best(self) -> Round:
        return [one for one in self.rounds if one.kept][-1]


def self_train(
    learner: Learner,
    labelled: Sequence[Example],
    pool: Sequence[Example],
    *,
    rounds: int,
    notice: Callable[[str], None] = lambda line: None,
) -> SelfTrained:
    """Teach ``labelled``, then with more and more of ``pool``, ``rounds`` times at most. Raises RagqaError."""
    best = _taught(learner, labelled, 0)
    done = [Round(0, len(labelled), 0, best.loss, True, best.model)]
    notice(told(done[-1]))
    taken: list[Example] = []
    left = list(pool)
    while left and len(done) <= rounds:
        surest = _surest(left, learner.doubts(best, left))
        chosen = {one.id for one in surest}
        taken, left = taken + surest, [one for one in left if one.id not in chosen]
        now = _taught(learner, [*labelled, *taken], len(done))
        fell = now.loss < best.loss
        done.append(Round(len(done), len(labelled), len(taken), now.loss, fell, now.model))
        notice(told(done[-1]))
        if not fell:
            break
        best = now
    return SelfTrained(tuple(done))


def told(one: Round) -> str:
    """Return a line on a round."""
    what = f"{one.labelled} labelled questions" + (f" and {one.generated} generated ones" if one.generated else "")
    end = "" if one.kept else ": no better, so the round before stays"
    return f"round {one.number}: {what}, held-back loss {one.loss:.4f}{end}"


def _taught(learner: Learner, examples: Sequence[Example], number: int) -> Taught:
    taught = learner.teach(examples, f"round{number}")
    if not math.isfinite(taught.loss):
        raise RagqaError(f"round {number}: the held-back loss became {taught.loss}; choose a lower --learning-rate")
    return taught


def _surest(left: Sequence[Example], doubts: Sequence[float]) -> list[Example]:
    """Return the share of ``left`` that is doubted least, in the order it came."""
    size = max(math.ceil(SHARE * len(left)), FEWEST)
    places = sorted(range(len(left)), key=lambda at: (doubts[at], at))[:size]
    return [left[at] for at in sorted(places)]


Search = Callable[[str, int], Sequence[Hit]]
"""A question and how many passages → those found, best first."""


def consistent(drafts: Iterable[GeneratedQuestion], search: Search, k: int) -> list[tuple[GeneratedQuestion, Passage]]:
    """Return the drafts whose own passage is among the first ``k`` that their question finds, each with it."""
    kept = []
    for draft in drafts:
        try:
            hits = search(draft.text, k)
        except RagqaError:  # a question that no search takes is none to learn from
            continue
        own = next((hit.passage for hit in hits if holds(hit.passage, draft)), None)
        if own:
            kept.append((draft, own))
    return kept


def holds(passage: Passage, draft: GeneratedQuestion) -> bool:
    """Say whether the draft's evidence begins in ``passage``."""
    return passage.document == draft.source.document and passage.start <= draft.source.place < passage.end


def pseudo_examples(
    found: Iterable[tuple[GeneratedQuestion, Passage]], form: Form, labels: Collection[str], titles: Mapping[str, str]
) -> Iterator[Example]:
    """Yield the examples; of the form ``route`` only those whose passage stands where one of ``labels`` names it."""
    for number, (draft, passage) in enumerate(found, 1):
        label = None
        if form == "route":
            label = label_named(passage.section, passage.document, titles.get(passage.document, ""), labels)
            if label is None:
                continue
        kind, said = f"a {draft.origin}", label or draft.answer
        yield _example(f"generated-{number}", draft.text, said, kind, draft.source, draft.pages, label)


def sentence_examples(
    documents: Sequence[Document], labels: Collection[str], count: int, seed: int
) -> Iterator[Example]:
    """Yield up to ``count`` sentences, drawn by chance, of places that one of ``labels`` names."""
    titles = {document.name: document.title for document in documents}
    sources = list(Statements(documents).all)
    Random(seed).shuffle(sources)
    made = 0
    for source in sources:
        label = label_named(source.section, source.document, titles[source.document], labels)
        if label is not None and made < count:
            made += 1
            yield _example(
                f"sentence-{made}", source.text, label, f"a {source.kind}", source, pages_of([source]), label
            )


def unasked(examples: Iterable[Example], asked: Sequence[Example]) -> list[Example]:
    """Return the examples whose question is none of ``asked``, by the words that say what it is about."""
    known = {_words(text) for example in asked for text in (example.question, *example.reworded)}
    return [example for example in examples if _words(example.question) not in known]


def _example(
    name: str, asked: str, said: str, kind: str, source: Statement, pages: tuple[int, ...], label: str | None
) -> Example:
    page = f" p. {pages[0]}" if pages else ""
    return Example(
        id=name,
        messages=(Message("user", asked), Message("assistant", said)),
        question=asked,
        answers=(said,),
        source=f"generated from {kind}, {source.document}{page}",
        group=f"{source.document} {source.place}",
        document=source.document,
        pages=pages,
        label=label,
    )


def _words(text: str) -> frozenset[str]:
    return frozenset(term for term in terms(text) if not is_stop(term))
