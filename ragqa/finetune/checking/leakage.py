"""What would leak from the training questions into the test: paraphrases, and questions on the same passage.

Gives each entry the group that splitting may not tear apart. Splits nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ragqa.finetune.checking.duplicates import normal
from ragqa.finetune.checking.findings import Finding
from ragqa.finetune.checking.near import NearPair
from ragqa.finetune.reading.questions import Entry
from ragqa.finetune.records import Form

FEW_DOCUMENTS = 10
"""With fewer documents, and no page or passage known, a document is too much to keep on one side."""


@dataclass(frozen=True, slots=True)
class Grouped:
    """The group of each entry, by its id, and what would have leaked."""

    groups: dict[str, str]
    findings: tuple[Finding, ...]


def group_related(entries: Sequence[Entry], near: Sequence[NearPair], form: Form) -> Grouped:
    """Group what belongs together: the same or nearly the same question, and but for labels the same passage."""
    joined = _Joined([entry.id for entry in entries])
    asked = _join(joined, ((normal(entry.question), entry) for entry in entries))
    for first, second in near:
        joined.join(first, second)
        asked |= {first, second}
    by_document = len({entry.document for entry in entries if entry.document}) >= FEW_DOCUMENTS
    placed = _join(joined, ((key, entry) for entry in entries for key in _places(entry, form, by_document)))
    findings = []
    if asked:
        found = f"{len(asked):,} entries ask the same as another, or nearly"
        findings.append(Finding(found, "kept on one side of the split"))
    if placed:
        found = f"{len(placed):,} entries are about the same passage, page or conversation as another"
        findings.append(Finding(found, "kept on one side of the split"))
    return Grouped({entry.id: joined.first_of(entry.id) for entry in entries}, tuple(findings))


def _places(entry: Entry, form: Form, by_document: bool) -> Iterator[tuple[str, ...]]:
    """Yield what an entry is about. A label is learned from some questions of a passage and tested on others."""
    if form == "route":
        if entry.is_conversation and entry.passage:
            yield (entry.passage,)
    elif entry.pages:
        for page in entry.pages:
            yield entry.document or "", str(page)
    elif entry.passage:
        yield (entry.passage,)
    elif entry.document and by_document:
        yield (entry.document,)


def _join(joined: _Joined, keyed: Iterator[tuple[object, Entry]]) -> set[str]:
    """Join the entries of each key; return the ids of those that are not alone under theirs."""
    held: dict[object, list[str]] = defaultdict(list)
    for key, entry in keyed:
        held[key].append(entry.id)
    several: set[str] = set()
    for ids in held.values():
        if len(ids) > 1:
            several.update(ids)
            for other in ids[1:]:
                joined.join(ids[0], other)
    return several


class _Joined:
    """Sets that grow together (union-find); each is known by the one that came first."""

    def __init__(self, names: Sequence[str]) -> None:
        self._order = {name: at for at, name in enumerate(names)}
        self._above = {name: name for name in names}

    def first_of(self, name: str) -> str:
        while self._above[name] != name:
            self._above[name] = self._above[self._above[name]]
            name = self._above[name]
        return name

    def join(self, first: str, second: str) -> None:
        one, two = sorted((self.first_of(first), self.first_of(second)), key=self._order.__getitem__)
        self._above[two] = one
