"""Answers kept while a comparison runs, so that one that was killed asks nobody the same twice. Asks nobody.

A line of JSON an answer. The file stands beside the training jobs, which go on by themselves, and is gone once the
comparison is done: nothing of it is ever read by another.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from ragqa.answerers import Turn
from ragqa.compare.records import Reply, System
from ragqa.plain_files import append_line, json_lines
from ragqa.types import Citation


class KeptAnswers:
    """What each system said so far. An error is not kept: it is asked anew."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._held = dict(_read(file))
        self.found = len(self._held)
        """Answers that were there already."""

    def reply(self, system: System, question: str, history: Sequence[Turn], ask: Callable[[], Reply]) -> Reply:
        """Return what ``system`` said to the question, or has to say: then it is kept. Raises what ``ask`` raises."""
        key = key_of(system, question, history)
        if key not in self._held:
            said = ask()
            if said.failed:
                return said
            self._held[key] = said
            self._file.parent.mkdir(parents=True, exist_ok=True)
            append_line(self._file, {"key": key, **asdict(said)})
        return self._held[key]

    def __contains__(self, asked: tuple[System, str, Sequence[Turn]]) -> bool:
        return key_of(*asked) in self._held

    def forget(self) -> None:
        """Remove the file, once nothing is left to go on with."""
        self._file.unlink(missing_ok=True)
        with suppress(OSError):  # another comparison keeps its own there
            self._file.parent.rmdir()


def key_of(system: System, question: str, history: Sequence[Turn]) -> str:
    """Return what tells an answer from any other: the system, its state, the question, the turns before."""
    told = [system.name, system.state, question, [[turn.question, turn.answer] for turn in history]]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:24]


def _read(file: Path) -> Iterator[tuple[str, Reply]]:
    """Yield what a file holds, each answer with its key."""
    for row in json_lines(file):
        with suppress(TypeError, KeyError):
            citations = tuple(Citation(**{**one, "section": tuple(one["section"])}) for one in row.pop("citations"))
            key = row.pop("key")
            yield key, Reply(**{**row, "citations": citations, "unsupported": tuple(row["unsupported"])})
