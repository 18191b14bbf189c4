"""Dialogues in which something is asked again later, in other words: does a system then say the same?

A line is ``{"turns": ["first question", …], "same": [[1, 3], …]}``: turns 1 and 3 ask the same.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ragqa.answerers import Turn
from ragqa.compare.records import System, label_of
from ragqa.errors import RagqaError
from ragqa.metrics import Interval, consistency, mean_interval


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
