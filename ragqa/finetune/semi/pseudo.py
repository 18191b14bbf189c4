"""Generated questions → examples as ``prepare`` makes them, each saying that no person wrote it. Trains nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ragqa.analysis import is_stop, terms
from ragqa.answerers.prompting import Message
from ragqa.bench.questions.drafting import Draft
from ragqa.finetune.records import Example, Form
from ragqa.finetune.routing.nearest import label_named
from ragqa.types import Passage


def pseudo_examples(
    found: Iterable[tuple[Draft, Passage]], form: Form, labels: Iterable[str], titles: Mapping[str, str]
) -> Iterator[Example]:
    """Yield the examples; of the form ``route`` only those whose passage stands where one of ``labels`` names it."""
    known = set(labels)
    for number, (draft, passage) in enumerate(found, 1):
        label = label_named(passage, titles.get(passage.document, ""), known) if form == "route" else None
        if form == "route" and label is None:
            continue
        said = label or draft.answer
        page = f" p. {draft.pages[0]}" if draft.pages else ""
        yield Example(
            id=f"generated-{number}",
            messages=(Message("user", draft.text), Message("assistant", said)),
            question=draft.text,
            answers=(said,),
            source=f"generated from a {draft.origin}, {draft.source.document}{page}",
            group=f"{passage.document} {passage.start}",
            document=draft.source.document,
            pages=draft.pages,
            label=label,
        )


def unasked(examples: Iterable[Example], asked: Sequence[Example]) -> list[Example]:
    """Return the examples whose question is none of ``asked``, by the words that say what it is about."""
    known = {_words(text) for example in asked for text in (example.question, *example.reworded)}
    return [example for example in examples if _words(example.question) not in known]


def _words(text: str) -> frozenset[str]:
    return frozenset(term for term in terms(text) if not is_stop(term))
