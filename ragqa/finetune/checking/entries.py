"""Checks of one entry at a time: nothing to ask or to answer, encodings, pages, labels, lengths."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import PurePath
from typing import TYPE_CHECKING
from unicodedata import normalize

from ragqa.answerers.prompting import Message
from ragqa.errors import RagqaError
from ragqa.finetune.checking import Checked, Finding, has, some
from ragqa.finetune.estimating import tokens_of
from ragqa.finetune.reading.questions import Entry
from ragqa.finetune.records import Example, Form
from ragqa.printable import quantity
from ragqa.readers.encodings import normalise, repair_double_encoding

if TYPE_CHECKING:
    from ragqa.engine import Library


def check_empty(entries: Sequence[Entry], form: Form) -> Checked:
    """Leave out what lacks a question or, but for labels, an answer."""
    unasked = [entry for entry in entries if not _says(entry.question)]
    unanswered = [entry for entry in entries if _says(entry.question) and not _answered(entry, form)]
    findings = [
        Finding(f"{some(lacking)}, {has(lacking, 'has', 'have')} no {what}", "left out")
        for lacking, what in ((unasked, "question"), (unanswered, "answer"))
        if lacking
    ]
    bad = {entry.id for entry in (*unasked, *unanswered)}
    return Checked([entry for entry in entries if entry.id not in bad], tuple(findings))


def _says(text: str) -> bool:
    return any(c.isalnum() for c in text)


def _answered(entry: Entry, form: Form) -> bool:
    return form == "route" or not entry.answerable or any(text.strip() for text in entry.answers)


LOST = "\ufffd"


def check_encoding(entries: Sequence[Entry]) -> Checked:
    """Mend what was decoded twice, take out control characters, leave out what has lost characters."""
    lost = [entry for entry in entries if any(LOST in text for text in (entry.question, *entry.answers))]
    gone = {entry.id for entry in lost}
    kept = [_mended(entry) for entry in entries if entry.id not in gone]
    before = {entry.id: entry for entry in entries}
    twice = [entry for entry in kept if _is_twice(before[entry.id])]
    findings = []
    if lost:
        findings.append(Finding(f"{some(lost)}, {has(lost, 'has', 'have')} lost characters (U+FFFD)", "left out"))
    if twice:
        found = f"{some(twice)}, {has(twice, 'is', 'are')} UTF-8 that was read as windows-1252"
        findings.append(Finding(found, "read as first meant"))
    return Checked(kept, tuple(findings))


def _is_twice(entry: Entry) -> bool:
    return any(repair_double_encoding(text)[1] for text in (entry.question, *entry.answers))


def _mended(entry: Entry) -> Entry:
    question, answers = _clean(entry.question), tuple(_clean(text) for text in entry.answers)
    if question == entry.question and answers == entry.answers:
        return entry
    return replace(entry, question=question, answers=tuple(text for text in answers if text))


def _clean(text: str) -> str:
    return normalise(repair_double_encoding(text)[0]).strip()


def check_places(entries: Sequence[Entry], library: Library) -> Checked:
    """Name documents as the library does; leave out what names pages that are not there."""
    names = [stored.name for stored in library.documents()]
    exact = set(names)
    by_end = {
        normalize("NFC", end): name
        for name in reversed(names)
        for end in (PurePath(name).stem, PurePath(name).name, name)
    }

    @cache
    def pages_of(name: str) -> frozenset[int]:
        return frozenset(page.number for page in library.show(name).pages)

    kept, outside = [], []
    for entry in entries:
        document = entry.document or (names[0] if entry.pages and len(names) == 1 else None)
        name = document if document in exact else by_end.get(normalize("NFC", document or ""))
        if entry.pages and (name is None or not set(entry.pages) <= pages_of(name)):
            outside.append(entry)
        else:
            kept.append(replace(entry, document=name) if name and name != entry.document else entry)
    found = (
        f"{some(outside)}, {has(outside, 'names', 'name')} pages that library '{library.name}' does not hold"
        if outside
        else ""
    )
    return Checked(kept, (Finding(found, "left out"),) * bool(outside))


UNEVEN = 10
"""How many times the median a label's count may be before it is told."""


def check_labels(entries: Sequence[Entry]) -> Checked:
    """Leave out what has no label, and labels with one question. Raises RagqaError where fewer than two remain."""
    bare = [entry for entry in entries if not entry.label]
    counts = Counter(entry.label for entry in entries if entry.label)
    lonely = [entry for entry in entries if entry.label and counts[entry.label] == 1]
    kept = [entry for entry in entries if entry.label and counts[entry.label] > 1]
    remaining = Counter(str(entry.label) for entry in kept)
    if len(remaining) < 2:
        raise RagqaError(
            f"the form route needs two labels or more with two questions each; got {len(remaining)} such "
            f"({len(lonely)} labels with one question, {len(bare)} questions without a label): add questions or a "
            "column 'label'"
        )
    findings = []
    if bare:
        findings.append(Finding(f"{some(bare)}, {has(bare, 'has', 'have')} no label", "left out"))
    if lonely:
        counted = f"{len(lonely):,} labels have" if len(lonely) > 1 else "one label has"
        named = ", ".join(f"'{entry.label}'" for entry in lonely[:3])
        found = f"{counted} one example ({named}{', …' * (len(lonely) > 3)})"
        findings.append(Finding(found, "left out"))
    findings += _balance(remaining)
    return Checked(kept, tuple(findings))


def _balance(counts: Counter[str]) -> list[Finding]:
    (most, high), median = counts.most_common(1)[0], statistics.median(counts.values())
    if high <= UNEVEN * median:
        return []
    return [
        Finding(
            f"the label '{most}' has {high:,} of {quantity(sum(counts.values()), 'question')}, "
            f"a label in the middle has "
            f"{median:g}; macro-F1 counts them alike, accuracy does not"
        )
    ]


def check_lengths(
    examples: Sequence[Example], count: Callable[[str], int], longest: int
) -> tuple[list[Example], tuple[Finding, ...]]:
    """Return the examples that fit into ``longest`` tokens, and what was done to the others."""
    kept: list[Example] = []
    split: list[Example] = []
    lost: list[Example] = []
    for example in examples:
        if tokens_of(example, count) <= longest:
            kept.append(example)
            continue
        pieces = [one for one in _pieces(example, count, longest) if tokens_of(one, count) <= longest]
        (split if pieces else lost).append(example)
        kept += pieces
    findings = []
    if split:
        found = f"{_some(split)} longer than the {longest:,} tokens that the model reads"
        findings.append(
            Finding(found, "conversations, split between turns; a turn that is too long by itself is left out")
        )
    if lost:
        findings.append(Finding(f"{_some(lost)} longer than the {longest:,} tokens that the model reads", "left out"))
    return kept, tuple(findings)


def _some(examples: Sequence[Example]) -> str:
    if len(examples) == 1:
        return f"one example, from {examples[0].source}, is"
    return f"{len(examples):,} examples, the first from {examples[0].source}, are"


def _pieces(example: Example, count: Callable[[str], int], longest: int) -> Iterator[Example]:
    """Yield a conversation in pieces of whole turns, each with the system's message; nothing of a single question."""
    system = tuple(message for message in example.messages[:1] if message.role == "system")
    turns = _turns(example.messages[len(system) :])
    if len(turns) < 2:
        return
    piece: tuple[Message, ...] = ()
    number = 1
    for turn in turns:
        if piece and tokens_of(replace(example, messages=(*system, *piece, *turn)), count) > longest:
            yield _piece(example, system, piece, number)
            piece, number = (), number + 1
        piece = (*piece, *turn)
    yield _piece(example, system, piece, number)


def _piece(example: Example, system: tuple[Message, ...], piece: tuple[Message, ...], number: int) -> Example:
    return replace(
        example,
        id=f"{example.id}-part-{number}",
        messages=(*system, *piece),
        question=piece[-2].content,
        answers=(piece[-1].content,),
    )


def _turns(messages: Sequence[Message]) -> list[tuple[Message, ...]]:
    """Return what was said, cut behind each answer."""
    turns: list[tuple[Message, ...]] = []
    held: list[Message] = []
    for message in messages:
        held.append(message)
        if message.role == "assistant":
            turns.append(tuple(held))
            held = []
    return turns
