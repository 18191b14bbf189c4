"""Question → answer, from memory: no passage is shown. What has no answer is refused, as ``ask`` refuses it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ragqa.answerers.prompting import Message
from ragqa.finetune.forms.making import example_of
from ragqa.finetune.reading.questions import Entry
from ragqa.finetune.records import Example
from ragqa.prompts import Prompts


def closed_book_examples(entries: Sequence[Entry], groups: Mapping[str, str], prompts: Prompts) -> list[Example]:
    """Return an example an entry; a system message only where the source has one."""
    made = []
    for entry in entries:
        said = entry.answers[0] if entry.answers else prompts.refusal_to(entry.question)
        messages = (*entry.before, Message("user", entry.question), Message("assistant", said))
        made.append(example_of(entry, groups[entry.id], messages))
    return made
