"""Questions from sections: the heading's subject, and the time, amount, name or reason that a sentence in it says."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ragqa.evaluation.questions.answers import gaps
from ragqa.evaluation.questions.drafting import Draft, Retold, Writer, chinese

_NUMBERING = re.compile(r"^(?:[\dA-Z]+(?:\.\d+)*\.?|第.{1,3}[章节]|[A-Z]+)\s+(?=\S)")

TOPIC = 2
"""Words of the heading in a question."""


def drafts(writer: Writer) -> Iterator[Draft]:
    """Yield a question for each thing that a sentence says exactly."""
    source = writer.source
    if source.kind != "sentence" or not source.section:
        return
    topic = _NUMBERING.sub("", source.section[-1])
    for gap in gaps(source.text):
        told = writer.retold(f"{source.text[: gap.start]} {source.text[gap.end :]}")
        about = writer.retold(topic, most=TOPIC)
        both = _joined(told, about, "，" if chinese(source.text) else ", ")
        found = writer.draft(gap.asks, both, source.text[gap.start : gap.end], "heading")
        if found:
            yield found


def _joined(told: Retold, about: Retold, mark: str) -> Retold:
    """Return what is told with its topic, unless that is said already."""
    if not about.text or about.text.lower() in told.text.lower():
        return told
    return Retold(f"{about.text}{mark}{told.text}", (*about.kept, *told.kept))
