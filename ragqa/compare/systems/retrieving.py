"""Retrieval, and an answerer that is shown the passages: extractive, a chat model, a context-trained one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ragqa.answerers import Turn
from ragqa.answerers.markers import check_markers
from ragqa.compare.questions import entry_of
from ragqa.compare.records import Kind, Said, Training
from ragqa.compare.systems import TRAIN, Bench, base_of, making_of
from ragqa.compare.training import train
from ragqa.engine import Library

if TYPE_CHECKING:
    from ragqa.answerers.prompting import Room
    from ragqa.finetune.records import Example
    from ragqa.finetune.records import Split as Part


@dataclass(frozen=True, slots=True)
class Retrieving:
    """A library with an answerer. ``on`` gives the same with another library."""

    name: str
    spec: str
    library: Library
    kind: Kind = "retrieval"
    scratch: bool = False
    training: Training | None = None

    def ask(self, question: str, history: Sequence[Turn] = ()) -> Said:
        """Answer from the passages found."""
        started = time.perf_counter()
        answer = self.library.ask(question, history=history)
        taken = (time.perf_counter() - started) * 1000
        text = check_markers(answer.text, 0).text  # of no passage: every marker goes
        return Said(text, answer.abstained, answer.citations, taken, answer.usage.cost_usd)

    def on(self, library: Library) -> Retrieving:
        """Return the same system over the texts of ``library``."""
        return replace(self, library=_opened(library, self.spec))

    def close(self) -> None:
        """Let go of the library."""
        self.library.close()


def open_retrieving(name: str, spec: str, bench: Bench) -> Retrieving:
    """Return the system, its model trained now where ``spec`` says so.

    Any other is looked for now and loaded at the first question.
    """
    if spec.startswith(TRAIN):
        spec = _trained(base_of(name, spec), bench)
    library = _opened(bench.library, spec)
    _ = library.answerer
    scratch, training = making_of(spec)
    return Retrieving(name, spec, library, scratch=scratch, training=training)


def _trained(base: str, bench: Bench) -> str:
    """Train ``base`` to read passages, on the questions that the bench may train on; return the model's spec."""
    from ragqa.answerers.prompting import Room
    from ragqa.finetune.estimating import counter, longest_of
    from ragqa.finetune.local.bases import find_base

    model, settings = str(find_base(base).folder or base), bench.settings
    room = Room(settings.context_tokens or longest_of(model), settings.max_tokens, counter(model))
    learned: tuple[Part, ...] = ("train", "valid")
    job = train({part: _shown(bench.parts.get(part, ()), room, bench) for part in learned}, "context", base, bench)
    assert job.model is not None
    return job.model


def _shown(examples: Sequence[Example], room: Room, bench: Bench) -> list[Example]:
    """Return the examples with passages of the library before the question."""
    from ragqa.finetune.forms import context

    groups = {example.id: example.group for example in examples}
    entries = [entry_of(example) for example in examples]
    made, findings = context.examples(entries, groups, bench.library, room, bench.seed, bench.notice)
    for finding in findings:
        bench.notice(finding.told())
    return made


def _opened(library: Library, spec: str) -> Library:
    return Library.open(settings=replace(library.settings, answerer=spec, index=library.name))
