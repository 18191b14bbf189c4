"""Question → label: the label of a column, else the section or the document that answers, else the answer itself."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from ragqa.answerers.prompting import Message
from ragqa.errors import RagqaError
from ragqa.finetune.forms.making import example_of
from ragqa.finetune.reading.questions import Entry
from ragqa.finetune.records import Example
from ragqa.printable import quantity
from ragqa.types import Document

if TYPE_CHECKING:
    from ragqa.engine import Library

FEW = 0.5
"""Different answers, as a share of the questions, up to which answers are taken for labels."""


def label_entries(entries: Sequence[Entry], library: Library | None) -> tuple[list[Entry], str]:
    """Return the entries with their labels, and where these are from. Raises RagqaError where nothing tells them."""
    if any(entry.label for entry in entries):
        return list(entries), "labels are those of the source"
    if library and any(entry.pages or entry.evidence for entry in entries):
        answerable = [entry for entry in entries if entry.document and entry.answerable]
        if len({entry.document for entry in answerable}) > 1:
            return [
                replace(entry, label=entry.document) for entry in answerable
            ], "labels are the documents that answer"
        return _by_section(answerable, library), "labels are the sections that answer"
    answers = Counter(entry.answers[0] for entry in entries if entry.answers)
    if answers and len(answers) <= FEW * len(entries):
        taken = [replace(entry, label=entry.answers[0] if entry.answers else None) for entry in entries]
        return taken, "no column 'label': the answers are taken for labels"
    raise RagqaError(
        "the form route needs a label for each question: expected a column 'label' (or 'category', 'section', "
        f"'document'), or --index with questions that name pages; got {len(answers):,} different answers to "
        f"{quantity(len(entries), 'question')}"
    )


def route_examples(entries: Sequence[Entry], groups: Mapping[str, str]) -> list[Example]:
    """Return an example a labelled entry; without the conversation before it, which a classifier does not read."""
    made = []
    for entry in entries:
        messages = (Message("user", entry.question), Message("assistant", str(entry.label)))
        made.append(example_of(entry, groups[entry.id], messages, entry.label))
    return made


def _by_section(entries: Sequence[Entry], library: Library) -> list[Entry]:
    @cache
    def sections_of(name: str) -> _Sections:
        return _Sections(library.show(name))

    return [replace(entry, label=sections_of(str(entry.document)).of(entry)) for entry in entries]


class _Sections:
    """The top sections of a document: the headings of the highest level that has two."""

    def __init__(self, document: Document) -> None:
        self._document = document
        headings = [block for block in document.blocks if block.kind == "heading"]
        levels = Counter(block.level for block in headings)
        top = min((level for level, count in levels.items() if count > 1), default=0)
        tops = [block for block in headings if block.level == top]
        self._starts = [block.start for block in tops]
        self._names = [" ".join(document.text[block.start : block.end].split()) for block in tops]

    def of(self, entry: Entry) -> str | None:
        """Return the section in which the entry's answer stands; None before the first."""
        at = bisect_right(self._starts, self._place(entry)) - 1
        return self._names[at] if at >= 0 else None

    def _place(self, entry: Entry) -> int:
        """Return where the evidence or the answer stands on the entry's pages, else where the first of them begins."""
        text, pages = self._document.text, self._document.pages
        spans = [(page.start, page.end) for page in pages if page.number in entry.pages] or [(0, len(text))]
        for sought in (*entry.evidence, *entry.answers):
            pattern = re.compile(r"\s+".join(map(re.escape, sought.split())))
            for start, end in spans:
                if sought.strip() and (found := pattern.search(text, start, end)):
                    return found.start()
        return spans[0][0]
