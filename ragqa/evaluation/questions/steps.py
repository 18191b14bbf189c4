"""Questions from numbered steps: what to do under the step's heading, or the amount, time or button that it names."""

from __future__ import annotations

from collections.abc import Iterator

from ragqa.evaluation.questions.answers import gaps
from ragqa.evaluation.questions.drafting import Draft, Writer


def drafts(writer: Writer) -> Iterator[Draft]:
    """Yield a question for each thing that a step names exactly."""
    if writer.source.kind != "step":
        return
    text = writer.source.text
    for gap in gaps(text):
        told = writer.retold(f"{text[: gap.start]} {text[gap.end :]}")
        found = writer.draft(gap.asks, told, text[gap.start : gap.end], "step")
        if found:
            yield found
