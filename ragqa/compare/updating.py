"""An update of the manual: some facts change, and every system is asked anew. The user's own library is not touched.

Retrieval reads a copy of the library into which the changed documents were ingested; a model is asked as it is, and
where it was trained here, trained anew if that was asked for.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ragqa.answerers.prompting import Message
from ragqa.compare.facts import Fact, changed_documents
from ragqa.compare.measuring import answer_of
from ragqa.compare.records import Said, System, label_of
from ragqa.compare.systems import Bench, open_system
from ragqa.compare.systems.closed import ClosedBook
from ragqa.compare.systems.retrieving import Retrieving
from ragqa.engine import Library
from ragqa.finetune.records import Example
from ragqa.metrics import answer_recall


@dataclass(frozen=True, slots=True)
class Updated:
    """What a system says once the manual has changed."""

    label: str
    how: str
    """What was done to it: 're-ingested', 'as it is', 'trained anew'."""
    facts: tuple[Fact, ...]
    answers: tuple[Said, ...]
    seconds: float
    """What that took."""
    cost_usd: float | None
    """The price of it, without the questions; None where it is not known."""

    @property
    def new(self) -> int:
        """How many answers hold the new fact."""
        return sum(
            not said.abstained and bool(answer_recall(said.text, [fact.answer]))
            for fact, said in zip(self.facts, self.answers, strict=True)
        )

    @property
    def old(self) -> int:
        """How many answers still hold what the manual no longer says."""
        return sum(
            not said.abstained and bool(answer_recall(said.text, [fact.was or fact.old]))
            for fact, said in zip(self.facts, self.answers, strict=True)
        )


def update(systems: Sequence[System], facts: Sequence[Fact], bench: Bench, *, retrain: bool = False) -> list[Updated]:
    """Return what each system that answers says after ``facts`` changed. Raises RagqaError."""
    documents = changed_documents(facts, bench.library)
    found: list[Updated] = []
    with tempfile.TemporaryDirectory(prefix="ragqa-compare-") as home:
        copy = _copied(bench.library, Path(home))
        with copy:
            started = time.perf_counter()
            copy.add_documents(documents)
            copy.search(facts[0].question)  # the indexes are brought up to date
            seconds = time.perf_counter() - started
            cost = 0.0 if copy.embedder.cost_usd(1) == 0 else None
            for system in systems:
                if isinstance(system, Retrieving):
                    anew = system.on(copy)
                    found.append(_asked(anew, "re-ingested", facts, seconds, cost))
                    anew.close()
                elif isinstance(system, ClosedBook):
                    found.append(_asked(system, "as it is", facts, 0.0, 0.0))
                    if retrain and system.base:
                        found.append(_retrained(system, facts, bench, copy))
    return found


def _copied(library: Library, home: Path) -> Library:
    """Return a copy of ``library`` under ``home``, with the same settings."""
    archive = home / "library.zip"
    library.export(archive)
    Library.import_(archive, library.name, home=home).close()
    return Library.open(settings=replace(library.settings, home=home, index=library.name))


def _asked(system: System, how: str, facts: Sequence[Fact], seconds: float, cost: float | None) -> Updated:
    said = tuple(answer_of(system, fact.question) for fact in facts)
    return Updated(label_of(system), how, tuple(facts), said, seconds, cost)


def _retrained(system: ClosedBook, facts: Sequence[Fact], bench: Bench, changed: Library) -> Updated:
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
    return _asked(anew, "trained anew", facts, training.seconds or 0.0, training.cost_usd)


def _corrected(example: Example, facts: Sequence[Fact]) -> Example:
    fact = next((fact for fact in facts if fact.question == example.question), None)
    return _of(example, fact) if fact else example


def _example(at: int, fact: Fact) -> Example:
    return _of(Example(f"changed fact {at + 1}", (), fact.question), fact)


def _of(example: Example, fact: Fact) -> Example:
    messages = (Message("user", fact.question), Message("assistant", fact.answer))
    return replace(example, messages=messages, answers=(fact.answer,))
