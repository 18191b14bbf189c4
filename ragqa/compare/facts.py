"""Facts of a manual that change: read from a file, or chosen by rule among the answers. Changes no library."""

from __future__ import annotations

import json
import re
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from ragqa.answerers.prompting import Message
from ragqa.cjk import CJK
from ragqa.compare.kept import KeptAnswers
from ragqa.compare.measures import answer_of
from ragqa.compare.records import Reply, System, label_of
from ragqa.compare.systems import Bench, ClosedBook, Retrieving, open_system
from ragqa.engine import Library
from ragqa.errors import RagqaError
from ragqa.finetune.records import Example
from ragqa.metrics import Interval, answer_recall, mean_interval
from ragqa.types import Document

FACTS = 10
"""Facts changed where they are chosen here, unless asked otherwise."""

LONGEST = 60
"""Characters of an answer that is a fact, rather than an explanation."""

_FIGURE = re.compile(r"\d+")
_MEASURE = re.compile(rf"\d+(?:\s?(?:[a-zA-Z°℃%/²³]+|[{CJK}]{{1,2}}))?")
"""A figure with its unit, or the word that it counts."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What the manual says, what it will say, and a question whose answer changes with it."""

    old: str
    new: str
    question: str
    answer: str
    """What the right answer holds afterwards."""
    was: str = ""
    """What it held before, where that is less than ``old``."""


def read_facts(file: Path) -> tuple[Fact, ...]:
    """Return the facts of a JSONL file. Raises RagqaError, naming the line."""
    expected = '{"old", "new", "question", "answer"}, each a text'
    found = []
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise RagqaError(f"--update should name a file of facts, a line each, {expected}; {file}: {error}") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            fact = Fact(*(row[name] for name in ("old", "new", "question", "answer")))
            if not all(
                isinstance(text, str) and text.strip() for text in (fact.old, fact.new, fact.question, fact.answer)
            ):
                raise TypeError
        except (ValueError, KeyError, TypeError):
            raise RagqaError(f"{file}, line {number}: expected {expected}; got {line.strip()[:40]!r}") from None
        found.append(fact)
    if not found:
        raise RagqaError(f"{file} holds no fact: expected lines of {expected}")
    return tuple(found)


def choose_facts(examples: Sequence[Example], library: Library, count: int = FACTS) -> tuple[Fact, ...]:
    """Return facts made of answers with one figure, each digit of which becomes another.

    What changes is the manual's own words where the set quotes them, else the answer; either stands once in the
    manuals. Answers that the set proves by several places are left out: all of them would have to change.
    """
    texts = [library.show(stored.name).text for stored in library.documents()]
    found: list[Fact] = []
    for example in examples:
        fact = _made(example)
        if fact is None or any(one.old in fact.old or fact.old in one.old for one in found):
            continue
        if sum(_times(fact.old, text) for text in texts) == 1 and not any(fact.new in text for text in texts):
            found.append(fact)
        if len(found) == count:
            break
    return tuple(found)


def _made(example: Example) -> Fact | None:
    """Return the fact that an example tells, changed; None where it tells none, or several."""
    said = example.answers[0] if example.answers else ""
    if len(_FIGURE.findall(said)) != 1 or len(example.evidence) > 1:
        return None
    old = example.evidence[0] if example.evidence else said
    was = _MEASURE.findall(said)[0] if example.evidence else said
    if len(said) > LONGEST or _times(was, old) != 1:
        return None
    becomes = _FIGURE.sub(lambda match: "".join(str((int(digit) + 2) % 9 + 1) for digit in match[0]), was)
    return Fact(old, _alone(was).sub(lambda _: becomes, old), example.question, becomes, was)


def change_documents(facts: Sequence[Fact], library: Library) -> list[Document]:
    """Return the documents with the facts changed. Raises RagqaError where an old text stands nowhere, or twice."""
    documents = {stored.name: library.show(stored.name) for stored in library.documents()}
    touched: dict[str, Document] = {}
    for fact in facts:
        alone = {name: _times(fact.old, document.text) for name, document in documents.items()}
        # By itself first: '3 kg' is no part of '13 kg'. A piece of a word may be named all the same.
        counts = alone if any(alone.values()) else {name: one.text.count(fact.old) for name, one in documents.items()}
        if sum(counts.values()) != 1:
            raise RagqaError(
                f"a fact to change should stand once in the manuals of '{library.name}'; {fact.old[:40]!r} stands "
                f"there {sum(counts.values())} times: give more of the sentence"
            )
        name = next(name for name, count in counts.items() if count)
        touched[name] = documents[name] = _changed(documents[name], fact)
    return list(touched.values())


def _times(text: str, within: str) -> int:
    """Count where ``text`` stands by itself: no digit or letter goes on before or after it."""
    return len(_alone(text).findall(within))


def _alone(text: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Za-z0-9.,]){re.escape(text)}(?![A-Za-z0-9]|[.,]\d)")


def _changed(document: Document, fact: Fact) -> Document:
    """Return the document with one stretch of text replaced; blocks and pages move with what stands behind it."""
    match = _alone(fact.old).search(document.text)
    at = match.start() if match else document.text.index(fact.old)
    end, delta = at + len(fact.old), len(fact.new) - len(fact.old)

    def moved(offset: int) -> int:
        return offset if offset <= at else offset + delta if offset >= end else at + min(offset - at, len(fact.new))

    text = document.text[:at] + fact.new + document.text[end:]
    return replace(
        document,
        text=text,
        sha256=sha256(text.encode()).hexdigest(),
        blocks=tuple(replace(one, start=moved(one.start), end=moved(one.end)) for one in document.blocks),
        pages=tuple(replace(one, start=moved(one.start), end=moved(one.end)) for one in document.pages),
    )


@dataclass(frozen=True, slots=True)
class Updated:
    """What a system says once the manual has changed."""

    label: str
    how: str
    """What was done to it: 're-ingested', 'as it is', 'trained anew'."""
    facts: tuple[Fact, ...]
    before: tuple[Reply, ...]
    """To each fact's question, before the manual changed."""
    answers: tuple[Reply, ...]
    """And after it."""
    seconds: float
    """What the change took."""
    cost_usd: float | None
    """The price of it, without the questions; None where it is not known."""

    @property
    def known(self) -> tuple[bool, ...]:
        """Of each fact: whether the system knew it before."""
        return tuple(_says(said, fact.was or fact.old) for fact, said in zip(self.facts, self.before, strict=True))

    @property
    def told(self) -> tuple[bool, ...]:
        """Of each fact: whether the system gives the new one."""
        return tuple(_says(said, fact.answer) for fact, said in zip(self.facts, self.answers, strict=True))

    @property
    def new(self) -> int:
        """How many answers hold the new fact."""
        return sum(self.told)

    @property
    def old(self) -> int:
        """How many answers still hold what the manual no longer says."""
        return sum(_says(said, fact.was or fact.old) for fact, said in zip(self.facts, self.answers, strict=True))

    def share(self, seed: int = 0) -> Interval:
        """Return the share of new facts told, with its interval over facts."""
        return mean_interval([float(one) for one in self.told], seed)

    def follows(self, seed: int = 0) -> Interval | None:
        """Return the same of the facts known before; None where it knew none."""
        of_known = [float(told) for told, known in zip(self.told, self.known, strict=True) if known]
        return mean_interval(of_known, seed) if of_known else None


def _says(said: Reply, fact: str) -> bool:
    return not said.abstained and bool(answer_recall(said.text, [fact]))


def update(
    systems: Sequence[System],
    facts: Sequence[Fact],
    bench: Bench,
    kept: KeptAnswers | None = None,
    *,
    retrain: bool = False,
) -> list[Updated]:
    """Return what each system that answers says before and after ``facts`` changed. Raises RagqaError."""
    documents = change_documents(facts, bench.library)
    systems = [system for system in systems if isinstance(system, (Retrieving, ClosedBook))]
    before = [tuple(answer_of(system, fact.question, (), kept) for fact in facts) for system in systems]
    found: list[Updated] = []
    with tempfile.TemporaryDirectory(prefix="ragqa-compare-") as home:
        copy = _copied(bench.library, Path(home))
        with copy:
            started = time.perf_counter()
            copy.add_documents(documents)
            copy.search(facts[0].question)  # the indexes are brought up to date
            seconds = time.perf_counter() - started
            cost = None if copy.embedder.hosted else 0.0
            for system, said in zip(systems, before, strict=True):
                if isinstance(system, Retrieving):
                    anew = system.on(copy)
                    found.append(_asked(anew, "re-ingested", facts, said, seconds, cost))
                    anew.close()
                elif isinstance(system, ClosedBook):
                    found.append(_asked(system, "as it is", facts, said, 0.0, 0.0))
                    if retrain and system.base:
                        found.append(_retrained(system, facts, said, bench, copy))
    return found


def _copied(library: Library, home: Path) -> Library:
    """Return a copy of ``library`` under ``home``, with the same settings."""
    archive = home / "library.zip"
    library.export(archive)
    Library.import_(archive, library.name, home=home).close()
    return Library.open(settings=replace(library.settings, home=home, index=library.name))


Replies = tuple[Reply, ...]


def _asked(
    system: System, how: str, facts: Sequence[Fact], before: Replies, seconds: float, cost: float | None
) -> Updated:
    said = tuple(answer_of(system, fact.question) for fact in facts)
    return Updated(label_of(system), how, tuple(facts), before, said, seconds, cost)


def _retrained(system: ClosedBook, facts: Sequence[Fact], before: Replies, bench: Bench, changed: Library) -> Updated:
    """Train the system's base anew, on the same questions with the changed answers; the model is gone afterwards.

    What reads the manuals first reads the ``changed`` ones.
    """
    train = [_corrected(example, facts) for example in bench.parts["train"]]
    held = {example.question for example in train}
    train += [_example(at, fact) for at, fact in enumerate(facts) if fact.question not in held]
    parts = {**bench.parts, "train": train}
    anew = open_system(system.name, replace(bench, library=changed, settings=changed.settings, parts=parts))
    training = anew.training
    assert training is not None
    return _asked(anew, "trained anew", facts, before, training.seconds or 0.0, training.cost_usd)


def _corrected(example: Example, facts: Sequence[Fact]) -> Example:
    fact = next((fact for fact in facts if fact.question == example.question), None)
    return _of(example, fact) if fact else example


def _example(at: int, fact: Fact) -> Example:
    return _of(Example(f"changed fact {at + 1}", (), fact.question), fact)


def _of(example: Example, fact: Fact) -> Example:
    messages = (Message("user", fact.question), Message("assistant", fact.answer))
    return replace(example, messages=messages, answers=(fact.answer,))
