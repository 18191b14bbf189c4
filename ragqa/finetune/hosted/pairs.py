"""Preference pairs as OpenAI trains on them: input, preferred_output, non_preferred_output. Sends nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from ragqa.answerers.openai import context_of
from ragqa.answerers.prompting import Room, estimate_tokens
from ragqa.finetune.preference_pairs import PreferencePair, messages_of
from ragqa.prompts import load_prompts
from ragqa.settings import Settings


@dataclass(frozen=True, slots=True)
class PairLines:
    """What is sent, a line of JSON a pair."""

    train: tuple[str, ...]
    valid: tuple[str, ...]

    def tokens(self) -> tuple[int, int]:
        """Return about how many tokens a pass reads, the prompt with each answer, and those of the longest pair."""
        lengths = [_tokens(line) for line in self.train]
        return sum(lengths), max(lengths, default=0)


def pair_lines(
    learned: Sequence[PreferencePair], held: Sequence[PreferencePair], model: str, settings: Settings
) -> PairLines:
    """Return the pairs, asked with the very prompts of ``ask``, within what ``model`` reads."""
    prompts = load_prompts(settings.prompts)
    room = Room(settings.context_tokens or context_of(model.removeprefix("ft:")), settings.max_tokens)
    instructions = settings.instructions.read_text(encoding="utf-8") if settings.instructions else ""

    def line(pair: PreferencePair) -> str:
        messages = messages_of(pair.answer, prompts, room, instructions)
        row = {
            "input": {"messages": [{"role": one.role, "content": one.content} for one in messages]},
            "preferred_output": [{"role": "assistant", "content": pair.chosen.strip()}],
            "non_preferred_output": [{"role": "assistant", "content": pair.rejected.strip()}],
        }
        return json.dumps(row, ensure_ascii=False) + "\n"

    return PairLines(tuple(map(line, learned)), tuple(map(line, held)))


def _tokens(line: str) -> int:
    row = json.loads(line)
    asked = sum(estimate_tokens(message["content"]) for message in row["input"]["messages"])
    answers = (row[name][0]["content"] for name in ("preferred_output", "non_preferred_output"))
    return sum(asked + estimate_tokens(answer) for answer in answers)
