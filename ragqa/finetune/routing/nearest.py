"""Route without training: the label of the best passage of a library, or of the most similar labelled question.

What a passage's label is, is read off the labels themselves: they name its document, its document's title, one of its
headings or the whole path of these; else it has the label of most training questions about its page.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ragqa.finetune.records import Example
from ragqa.types import Passage

if TYPE_CHECKING:
    from ragqa.embedders import Embedder
    from ragqa.engine import Library

DEEPEST = 10
"""Passages looked at for one that has a label."""

Place = tuple[str, int | None]
"""A document, and a page where it has them."""


class NearestPassage:
    """The label of the best passage that has one, by the library's own search."""

    def __init__(self, library: Library, train: Sequence[Example]) -> None:
        self._library = library
        self._labels = {str(example.label) for example in train}
        self._titles = {stored.name: stored.title for stored in library.documents()}
        self._by_place = _labels_by_place(train)

    def predict(self, questions: Sequence[str]) -> list[str | None]:
        """Return a label for each question; None where no passage found has one."""
        return [self._label(question) for question in questions]

    def _label(self, question: str) -> str | None:
        hits = self._library.search(question, k=DEEPEST).hits
        return next((label for hit in hits if (label := self._label_of(hit.passage))), None)

    def _label_of(self, passage: Passage) -> str | None:
        title = self._titles.get(passage.document, "")
        named = label_named(passage.section, passage.document, title, self._labels)
        pages: list[int | None] = [None]
        if passage.page is not None:
            pages = [*range(passage.page, (passage.page_end or passage.page) + 1)]
        places = ((passage.document, page) for page in pages)
        return named or next((self._by_place[place] for place in places if place in self._by_place), None)


class NearestQuestion:
    """The label of the training question whose vector is nearest; of equally near ones the first."""

    def __init__(self, embedder: Embedder, train: Sequence[Example]) -> None:
        self._embedder, self._labels = embedder, [str(example.label) for example in train]
        self._vectors = embedder.embed_queries([example.question for example in train])

    def predict(self, questions: Sequence[str]) -> list[str | None]:
        """Return a label for each question."""
        nearest = (self._embedder.embed_queries(list(questions)) @ self._vectors.T).argmax(axis=1)
        return [self._labels[int(at)] for at in np.asarray(nearest)]


def label_named(section: Sequence[str], document: str, title: str, labels: Container[str]) -> str | None:
    """Return the label that names a place in a document: the narrowest one around it that a label names."""
    paths = [" > ".join(section[:depth]) for depth in range(len(section), 0, -1)]
    narrowest_first = [name for pair in zip(paths, reversed(section), strict=True) for name in pair]
    return next((name for name in (*narrowest_first, document, title) if name in labels), None)


def _labels_by_place(train: Sequence[Example]) -> Mapping[Place, str]:
    """Return for each page that training questions are about the label that most of them have."""
    counts: dict[Place, Counter[str]] = defaultdict(Counter)
    for example in train:
        for page in example.pages or (None,):
            if example.document:
                counts[example.document, page][str(example.label)] += 1
    return {place: counted.most_common(1)[0][0] for place, counted in counts.items()}
