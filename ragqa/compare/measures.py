"""Ask each system each question, and reckon what its answers are worth. Question by question, so nothing drops out.

A measure applies to some questions only: what an answer says, to those with an answer; citations, where the place of
the answer is known and the system cites; refusals, to those without an answer; labels, to classifiers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from ragqa import metrics as m
from ragqa.answerers import Turn
from ragqa.compare.kept import KeptAnswers
from ragqa.compare.questions import turns_before
from ragqa.compare.records import AskedQuestion, Reply, Split, SplitResult, System, label_of
from ragqa.engine import Library
from ragqa.errors import LibraryError, NoAnswer, RagqaError
from ragqa.evaluation.answers import SHORT, TIMES
from ragqa.finetune.records import Example
from ragqa.metrics import Difference, Interval, consistency, mean_interval, mean_intervals, paired_difference
from ragqa.types import Citation

MAIN = "shown"
"""What systems are compared by: the right answer stands in what ``ask`` shows, the answer or a sentence that it cites.

A sentence that holds the answer counts as much as the answer alone.
"""

_OF_TEXT: dict[str, Callable[[str, Sequence[str]], float]] = {
    "em": m.exact_match,
    "f1": m.token_f1,
    "rouge_l": m.rouge_l,
}
METRICS = (
    MAIN,
    "answer_recall",
    *_OF_TEXT,
    "usable",
    "citations",
    "supported",
    "refused",
    "wrongly_refused",
    "label_accuracy",
)

Values = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class SystemDifference:
    """Two systems on the same questions."""

    split: Split
    measure: str
    first: str
    second: str
    difference: Difference

    def told(self) -> str:
        """Return one plain sentence."""
        return f"{self.split}, {self.measure}: {self.difference.told(self.first, self.second)}"


def measure(
    system: System,
    split: Split,
    asked: Sequence[AskedQuestion],
    library: Library,
    seed: int = 0,
    kept: KeptAnswers | None = None,
) -> SplitResult:
    """Ask ``system`` and return what it is worth. Raises RagqaError where it can't even answer the first question.

    Answers that are ``kept`` are taken from there.
    """
    turns = [turns_before(one.example) for one in asked]
    fresh = [at for at, one in enumerate(asked) if kept is None or (system, one.text, turns[at]) not in kept]
    if fresh:  # what is loaded at the first question is no part of how long an answer takes
        answer_of(system, asked[fresh[0]].text, turns[fresh[0]], first=True)
    said = tuple(answer_of(system, one.text, turns[at], kept, first=at in fresh[:1]) for at, one in enumerate(asked))
    values: Values = {}
    for one, answer in zip(asked, said, strict=True):
        for name, value in _worth(system, one.example, answer, library):
            values.setdefault(name, {})[one.example.id] = value
    values = {name: values[name] for name in METRICS if name in values}
    metrics = {name: mean_intervals([list(of.values())], seed)[0] for name, of in values.items()}
    return SplitResult(system, split, tuple(asked), said, values, metrics)


def compare_systems(measured: Sequence[SplitResult], seed: int = 0) -> Iterator[SystemDifference]:
    """Yield each pair of systems that answer, on each split."""
    for one, other in combinations([some for some in measured if MAIN in some.values], 2):
        if one.split == other.split:
            yield SystemDifference(one.split, MAIN, one.label, other.label, difference(one, other, seed))


def difference(one: SplitResult, other: SplitResult, seed: int = 0) -> Difference:
    """Return how much better ``one`` is by the main measure. Raises ValueError where they share no question."""
    mine, theirs = one.values[MAIN], other.values[MAIN]
    shared = [name for name in mine if name in theirs]
    if not shared:
        raise ValueError(f"{label_of(one.system)} and {label_of(other.system)} were asked no common question")
    return paired_difference([mine[name] for name in shared], [theirs[name] for name in shared], seed)


def stands(citation: Citation, library: Library) -> bool:
    """Say whether the quote stands letter for letter in the document, and on the page named where there are pages."""
    if not citation.quote:
        return False
    try:
        document = library.show(citation.document)
    except LibraryError:
        return False
    at = document.text.find(citation.quote)
    while at >= 0:
        if document.page_at(at) in (citation.page, None):
            return True
        at = document.text.find(citation.quote, at + 1)
    return False


def answer_of(
    system: System,
    question: str,
    history: Sequence[Turn] = (),
    kept: KeptAnswers | None = None,
    *,
    first: bool = False,
) -> Reply:
    """Return what ``system`` says, or said where that is ``kept``; an error counts as no answer.

    Raises RagqaError at a ``first`` question, where the system can't be used at all.
    """
    try:
        if kept is None:
            return system.ask(question, history)
        return kept.reply(system, question, history, lambda: system.ask(question, history))
    except RagqaError as error:
        if first and not isinstance(error, NoAnswer):
            raise
        return Reply("", failed=True)


def _worth(system: System, example: Example, said: Reply, library: Library) -> Iterator[tuple[str, float]]:
    if system.kind == "route":
        gold = example.label or example.document
        if gold:
            yield "label_accuracy", float(said.text == gold)
        return
    if not example.answerable:
        yield "refused", float(said.abstained)
        return
    yield "wrongly_refused", float(said.abstained)
    if example.answers:
        text = "" if said.abstained else said.text
        # Where the right answer is a sentence of the set's own, to quote the manual's is to hold it.
        right = (*example.answers, *example.evidence)
        quotes = "" if said.abstained else "\n".join(citation.quote for citation in said.citations)
        yield MAIN, m.answer_recall(f"{text}\n{quotes}", right)
        yield "answer_recall", m.answer_recall(text, right)
        for name, measure_of in _OF_TEXT.items():
            yield name, measure_of(text, example.answers)
        yield "usable", float(is_usable(text, right))
    if system.kind == "retrieval":
        standing = [stands(citation, library) for citation in said.citations]
        if example.pages or example.document:
            right_ones = [_is_gold(one, example) and there for one, there in zip(said.citations, standing, strict=True)]
            yield "citations", sum(right_ones) / len(right_ones) if right_ones else 0.0
        if not said.abstained:
            yield "supported", float(any(standing) and not said.unsupported)


_PARTS = re.compile(r"[\n;；]+")


def is_usable(text: str, right: Sequence[str]) -> bool:
    """Say whether all parts of one right answer stand in ``text``, and not much else.

    Parts are what lines and semicolons separate; the length allowed is that of ``ragqa bench answers``.
    """
    return any(
        len(text) <= max(SHORT, TIMES * len(answer))
        and all(m.answer_recall(text, [part]) for part in _PARTS.split(answer) if m.answer_tokens(part))
        for answer in right
        if m.answer_tokens(answer)
    )


def _is_gold(citation: Citation, example: Example) -> bool:
    named = example.document is None or citation.document == example.document
    paged = not example.pages or citation.page is None or citation.page in example.pages
    return named and paged


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Questions one after another, and which of them, from 0, ask the same."""

    turns: tuple[str, ...]
    same: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Consistent:
    """How far a system says the same again."""

    label: str
    dialogues: int
    pairs: int
    consistency: Interval
    """Mean over dialogues of the share of pairs with the same answer."""


def read_dialogues(file: Path) -> tuple[Dialogue, ...]:
    """Return the dialogues of a file. Raises RagqaError, naming the line."""
    expected = 'lines of {"turns": ["question", …], "same": [[1, 3]]}, turns counted from 1'
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise RagqaError(f"--dialogues should name a file with {expected}; {file}: {error}") from None
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found.append(_dialogue(json.loads(line)))
        except (ValueError, KeyError, TypeError):
            raise RagqaError(f"{file}, line {number}: expected {expected}; got {line.strip()[:40]!r}") from None
    if not found:
        raise RagqaError(f"{file} holds no dialogue: expected {expected}")
    return tuple(found)


def ask_dialogues(system: System, dialogues: Sequence[Dialogue], seed: int = 0) -> Consistent:
    """Hold each dialogue with ``system``, which is told what it said before. Raises RagqaError."""
    shares = []
    for dialogue in dialogues:
        history: list[Turn] = []
        for question in dialogue.turns:
            history.append(Turn(question, system.ask(question, tuple(history)).text))
        shares.append(consistency([(history[one].answer, history[other].answer) for one, other in dialogue.same]))
    pairs = sum(len(dialogue.same) for dialogue in dialogues)
    return Consistent(label_of(system), len(dialogues), pairs, mean_interval(shares, seed))


def _dialogue(row: dict[str, object]) -> Dialogue:
    turns, same = row["turns"], row["same"]
    if not (isinstance(turns, list) and isinstance(same, list) and same):
        raise TypeError
    pairs = tuple((int(one) - 1, int(other) - 1) for one, other in same)
    if not all(isinstance(turn, str) and turn.strip() for turn in turns):
        raise TypeError
    if not all(0 <= at < len(turns) for pair in pairs for at in pair) or any(one == other for one, other in pairs):
        raise ValueError
    return Dialogue(tuple(turns), pairs)
