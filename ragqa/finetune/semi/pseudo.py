"""Unlabelled text → examples as ``prepare`` makes them, each saying that no person wrote it. Trains nothing.

For any form, generated questions. For ``route`` also the text's own sentences, each standing for a question about the
place that it was taken from (the inverse cloze task; Lee, Chang & Toutanova 2019, arXiv 1906.00300).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from random import Random

from ragqa.analysis import is_stop, terms
from ragqa.answerers.prompting import Message
from ragqa.evaluation.questions.drafting import Draft
from ragqa.evaluation.questions.sources import Source, Sources, pages_of
from ragqa.finetune.records import Example, Form
from ragqa.finetune.routing.nearest import label_named
from ragqa.types import Document, Passage


def pseudo_examples(
    found: Iterable[tuple[Draft, Passage]], form: Form, labels: Collection[str], titles: Mapping[str, str]
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
    sources = list(Sources(documents).all)
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
    name: str, asked: str, said: str, kind: str, source: Source, pages: tuple[int, ...], label: str | None
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
