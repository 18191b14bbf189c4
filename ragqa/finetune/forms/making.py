"""What the forms share: an entry becomes an example with the messages that its form chose."""

from __future__ import annotations

from collections.abc import Sequence

from ragqa.answerers.prompting import Message
from ragqa.finetune.reading.questions import Entry
from ragqa.finetune.records import Example


def example_of(entry: Entry, group: str, messages: Sequence[Message], label: str | None = None) -> Example:
    """Return the example of ``entry``; ``messages`` end with what is learned."""
    return Example(
        entry.id,
        tuple(messages),
        entry.question,
        answers=entry.answers,
        answerable=entry.answerable,
        source=entry.source,
        group=group,
        document=entry.document,
        pages=entry.pages,
        label=label,
        evidence=entry.evidence,
        reworded=entry.reworded,
    )
