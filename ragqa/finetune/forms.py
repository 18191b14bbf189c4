"""Entries → examples: what a model is asked and what it should say, in each form of training data.

``closed-book``: question → answer, from memory. ``route``: question → label. ``context``: passages and a question → the
answer and the marker of the passage that holds it: the very prompt that ``ask`` sends, with the passages that it would
send. After RAFT (Zhang et al. 2024, arXiv 2403.10131): the passage that answers stands among distractors, which the
library's own search found; in a share of the examples it is left out. There RAFT keeps the answer, to be known by
heart; here the prompt's own rule holds, and what the passages do not say is refused.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from random import Random
from typing import TYPE_CHECKING

from ragqa.answerers import Turn
from ragqa.answerers.citations import check_markers
from ragqa.answerers.prompting import Message, Prompt, Room, build_prompt
from ragqa.cjk import CJK
from ragqa.errors import RagqaError
from ragqa.finetune.checking import Finding, some
from ragqa.finetune.reading.questions import Entry
from ragqa.finetune.records import Example
from ragqa.printable import quantity
from ragqa.prompts import Prompts, load_prompts
from ragqa.types import Document, Hit

if TYPE_CHECKING:
    from ragqa.engine import Library


def example_of(entry: Entry, group: str, messages: Sequence[Message], label: str | None = None) -> Example:
    """Return the example of ``entry``; ``messages`` end with what is learned."""
    return Example(
        entry.id,
        tuple(messages),
        entry.question,
        answers=entry.answers,
        answerable=entry.answerable,
        source=entry.source,
        group=group,
        document=entry.document,
        pages=entry.pages,
        label=label,
        evidence=entry.evidence,
        reworded=entry.reworded,
    )


def closed_book_examples(entries: Sequence[Entry], groups: Mapping[str, str], prompts: Prompts) -> list[Example]:
    """Return an example an entry; a system message only where the source has one."""
    made = []
    for entry in entries:
        said = entry.answers[0] if entry.answers else prompts.refusal_to(entry.question)
        messages = (*entry.before, Message("user", entry.question), Message("assistant", said))
        made.append(example_of(entry, groups[entry.id], messages))
    return made


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


WITHOUT = 0.2
"""Share of the answerable questions that are shown without the passage that answers (RAFT's 1 - P)."""

LOOKED_AT = 20
"""Passages searched for one that answers, where none of those that are shown does."""


_CJK_GAP = re.compile(rf"(?<=[{CJK}])\s+(?=[{CJK}])")


@dataclass(frozen=True, slots=True)
class Shown:
    """A question's passages in the order in which a model reads them, and the one that answers, if it is there."""

    hits: tuple[Hit, ...]
    gold: Hit | None


def context_examples(
    entries: Sequence[Entry],
    groups: Mapping[str, str],
    library: Library,
    room: Room,
    seed: int,
    notice: Callable[[str], None],
) -> tuple[list[Example], tuple[Finding, ...]]:
    """Return the examples, and what was found: questions whose answer stands in no passage are left out."""
    prompts, instructions = load_prompts(library.settings.prompts), _instructions(library)
    names = {stored.name for stored in library.documents()}
    made: list[Example] = []
    lost: list[Entry] = []
    for number, entry in enumerate(entries, 1):
        if number % 500 == 0:
            notice(f"passages for {number:,} of {quantity(len(entries), 'question')}")
        # A document that the library does not hold is some other name for where the question is from.
        known = entry if entry.document in names else replace(entry, document=None)
        shown = _shown(known, library, Random(f"{seed} {entry.id}"))
        if shown is None:
            lost.append(entry)
            continue
        prompt, shown = _prompted(entry, shown, prompts, room, instructions)
        messages = (*prompt.messages, Message("assistant", _said(entry, shown, prompts)))
        made.append(example_of(entry, groups[entry.id], messages))
    if not lost:
        return made, ()
    found = f"{some(lost)}: no passage of library '{library.name}' that a search finds holds the answer"
    return made, (Finding(found, "left out"),)


def _shown(entry: Entry, library: Library, chance: Random) -> Shown | None:
    """Return the passages that ``ask`` would show a model; None where an answer is said to be and is nowhere found.

    Where none of them answers, one that does stands at a place drawn by chance. In a share of the questions, and for
    those that the library can't answer, none does.
    """
    shown = list(library.passages(entry.question))
    if not entry.answerable:
        return Shown(tuple(shown), None)
    silent = [hit for hit in shown if not _says_it(hit, entry)]
    gold = next((hit for hit in shown if hit not in silent and _may_answer(hit, entry)), None)
    if chance.random() < WITHOUT and silent:
        return Shown(tuple(silent), None)
    if gold is None:
        gold = _sought(entry, library)
        if gold is None:
            return None
        shown = silent[: max(len(shown) - 1, 0)]
        shown.insert(chance.randint(0, len(shown)), gold)
    return Shown(tuple(shown), gold)


def _sought(entry: Entry, library: Library) -> Hit | None:
    """Return the best passage that answers, which a search for the question, the evidence or the answer finds."""
    for sought in (entry.question, *filter(_says, (*entry.evidence, *entry.answers))):
        for hit in library.search(sought[:1000], k=LOOKED_AT).hits:
            if _may_answer(hit, entry) and _says_it(hit, entry):
                return hit
    return None


def _may_answer(hit: Hit, entry: Entry) -> bool:
    """Say whether a passage is where the entry says that its answer is, as far as it says so."""
    passage = hit.passage
    pages = range(passage.page or 0, (passage.page_end or passage.page or 0) + 1)
    return (not entry.document or passage.document == entry.document) and (
        not entry.pages or not set(pages).isdisjoint(entry.pages)
    )


def _says_it(hit: Hit, entry: Entry) -> bool:
    """Say whether the evidence or an answer stands in a passage."""
    text = f"{hit.passage.header}\n{hit.passage.text}"
    return any(holds(text, sought) for sought in (*entry.evidence, *entry.answers) if _says(sought))


def _prompted(entry: Entry, shown: Shown, prompts: Prompts, room: Room, instructions: str) -> tuple[Prompt, Shown]:
    """Return the prompt of the passages; where the context is too short for them, what answers goes first."""
    said = [message for message in entry.before if message.role != "system"]
    history = [Turn(asked.content, told.content) for asked, told in zip(said[::2], said[1::2], strict=False)]

    def built(hits: Sequence[Hit]) -> Prompt:
        return build_prompt(prompts, entry.question, hits, room, instructions=instructions, history=history)

    prompt = built(shown.hits)
    if shown.gold and shown.gold not in prompt.shown:
        shown = Shown((shown.gold, *(hit for hit in shown.hits if hit is not shown.gold)), shown.gold)
        prompt = built(shown.hits)
    return prompt, shown


def _said(entry: Entry, shown: Shown, prompts: Prompts) -> str:
    """Return the answer with the marker of the passage that holds it; the refusal where nothing answers.

    RAFT has a model quote first and answer then. Small models learn that far worse (bench/LOG.md), and the quote is
    better left to what cites: it takes the sentence from the page, letter for letter.
    """
    if shown.gold is None:
        return prompts.refusal_to(entry.question)
    return f"{_unmarked(entry.answers[0])} [{shown.hits.index(shown.gold) + 1}]"


def _unmarked(text: str) -> str:
    """Return text on one line, without anything in it that would read as a marker."""
    return " ".join(check_markers(text, 0).text.split())


def holds(text: str, sought: str) -> bool:
    """Say whether words stand in a text whole, whatever white space or cell borders are between them."""
    words = _CJK_GAP.sub("", sought.casefold()).replace("|", " ").split()
    pattern = r"(?<![0-9a-z])" + r"[\s|]*".join(map(re.escape, words)) + r"(?![0-9a-z])"
    return bool(words) and re.search(pattern, _CJK_GAP.sub("", text.casefold())) is not None


def _folded(text: str) -> str:
    return "".join(text.split()).casefold()


def _says(text: str) -> bool:
    return any(c.isalnum() for c in text)


def _instructions(library: Library) -> str:
    file = library.settings.instructions
    try:
        return file.read_text(encoding="utf-8") if file else ""
    except (OSError, UnicodeDecodeError) as error:
        raise RagqaError(f"the instructions {file} can't be read as UTF-8 text: {error}") from None
