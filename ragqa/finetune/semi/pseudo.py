"""Questions nobody asked: generated from a library, kept by round trip, and brought into a form of training data.

A question must find its own passage again. A reader, where one is at hand, must answer it as its draft does
(roundtrip consistency, Alberti et al. 2019, arXiv 1906.05416). Trains nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from ragqa.analysis import is_stop, terms
from ragqa.answerers.prompting import Message, Room
from ragqa.errors import ModelError, RagqaError
from ragqa.evaluation.questions.statements import GeneratedQuestion, Statement, Statements, pages_of
from ragqa.finetune.forms import context_examples
from ragqa.finetune.reading import Entry
from ragqa.finetune.records import Example, Form
from ragqa.finetune.routing.systems import label_named
from ragqa.finetune.semi.asking import Reply
from ragqa.finetune.semi.cloze import cloze_questions
from ragqa.metrics import token_f1
from ragqa.printable import quantity
from ragqa.types import Document, Hit, Passage

if TYPE_CHECKING:
    from ragqa.engine import Library

AGREES = 0.5
"""Token F1 between a reader's answer and the draft's from which they say the same."""

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
        yield _example(f"generated-{number}", draft.text, said, kind, draft.source, draft.pages, label, draft.evidence)


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
    name: str,
    asked: str,
    said: str,
    kind: str,
    source: Statement,
    pages: tuple[int, ...],
    label: str | None,
    evidence: str = "",
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
        evidence=(evidence,) if evidence else (),
    )


def _words(text: str) -> frozenset[str]:
    return frozenset(term for term in terms(text) if not is_stop(term))


@dataclass(frozen=True, slots=True)
class SemiOptions:
    """What is asked of the unlabelled side."""

    count: int = 300
    """Questions generated at most."""
    k: int = 3
    """A question must find its own passage among so many."""
    rounds: int = 3
    """Of self-training, at most."""


UNLESS_ASKED = SemiOptions()


def trusted(
    library: Library,
    form: Form,
    labels: Collection[str],
    asked: SemiOptions,
    seed: int,
    notice: Callable[[str], None] = lambda line: None,
) -> list[Example]:
    """Return the generated questions that find their own passage again, as examples without passages.

    Where they are fewer than were asked for, a classifier also learns from sentences, another model from cloze
    questions.
    """
    drafts = _drafts(library, form, asked.count, seed, notice)
    found = consistent(drafts, lambda text, k: library.search(text, k=k).hits, asked.k)
    notice(f"{len(found)} of {len(drafts)} generated questions find their own passage among the first {asked.k}")
    titles = {stored.name: stored.title for stored in library.documents()}
    made = list(pseudo_examples(found, form, labels, titles))
    if form == "route" and len(made) < asked.count:
        documents = [library.show(name) for name in titles]
        sentences = list(sentence_examples(documents, labels, asked.count - len(made), seed))
        notice(f"{len(sentences)} sentences stand beside them for questions about their section")
        made += sentences
    return made


def _drafts(
    library: Library, form: Form, count: int, seed: int, notice: Callable[[str], None]
) -> list[GeneratedQuestion]:
    """Return questions as ``for_library`` writes them, and beside them cloze questions where they are too few."""
    from ragqa.evaluation.questions import for_library

    try:
        drafts = for_library(library, count, seed, notice=notice)
    except ModelError:
        raise
    except RagqaError:  # rules find nothing to ask about in some prose
        if form == "route":
            raise
        drafts = []
    if form == "route" or len(drafts) >= count:
        return drafts
    documents = [library.show(stored.name) for stored in library.documents()]
    gaps = cloze_questions(documents, count - len(drafts), seed)
    notice(f"{len(gaps)} cloze questions stand beside {quantity(len(drafts), 'written question')}")
    return [*drafts, *gaps]


def agreed(pool: Sequence[Example], replies: Iterable[Reply]) -> list[Example]:
    """Return the examples that a reader answers as their drafts do; one that it was not asked is left out."""
    said = {reply.id: reply.text for reply in replies}
    return [one for one in pool if one.id in said and token_f1(said[one.id], one.answers) >= AGREES]


def with_passages(
    pool: Sequence[Example], library: Library, room: Room, seed: int, notice: Callable[[str], None]
) -> list[Example]:
    """Return the examples in the form ``context``: passages of ``library`` stand before each question."""
    entries = [
        Entry(
            one.question, one.answers, one.source, one.id, document=one.document, pages=one.pages, evidence=one.evidence
        )
        for one in pool
    ]
    made, findings = context_examples(entries, {one.id: one.group for one in pool}, library, room, seed, notice)
    for finding in findings:
        notice(finding.told())
    return made
