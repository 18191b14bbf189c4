"""What a model made of a follow-up question → the question to search for. Models that fail at it are not trusted."""

from __future__ import annotations

from collections.abc import Sequence

from ragqa.answerers import Turn
from ragqa.answerers.followup import standalone
from ragqa.answerers.visible import visible

LONGEST = 500
"""A rewritten question of more characters is an answer, or babble."""


def condensed(written: str, question: str, history: Sequence[Turn]) -> str:
    """Return the model's question; where it wrote none, the one made without a model."""
    lines = [line.strip() for line in visible(written).splitlines() if line.strip()]
    asked = lines[-1].strip("\"'“”「」 ") if lines else ""
    if len(lines) != 1 or len(asked) > LONGEST or not any(c.isalnum() for c in asked):
        return standalone(question, history)
    return asked
