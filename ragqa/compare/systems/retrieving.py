"""Retrieval, and an answerer that is shown the passages: extractive, a chat model, a context-trained one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ragqa.answerers import Turn
from ragqa.answerers.markers import check_markers
from ragqa.compare.records import Kind, Said, Training
from ragqa.compare.systems import Bench, making_of
from ragqa.engine import Library


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
    """Return the system; the model is looked for now and loaded at the first question."""
    library = _opened(bench.library, spec)
    _ = library.answerer
    scratch, training = making_of(spec)
    return Retrieving(name, spec, library, scratch=scratch, training=training)


def _opened(library: Library, spec: str) -> Library:
    return Library.open(settings=replace(library.settings, answerer=spec, index=library.name))
