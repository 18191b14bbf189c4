"""Answer with the manual's own sentences and table rows; no language model. Knows nothing of retrieval.

What it says is quoted, so that it cannot be invented; whether it says anything depends on the confidence given.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ragqa.answerers.fencing import without_lookalikes
from ragqa.answerers.followup import standalone
from ragqa.answerers.markers import outside_code
from ragqa.answerers.markup import unlinked
from ragqa.prompts import load_prompts
from ragqa.types import Answer, Citation, Hit, Passage, Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ragqa.answerers import Turn

THRESHOLD = 0.65
"""Confidence under which the manual is taken not to say. Chosen by ``bench/refusing.py``."""

AT_MOST = 3
ENOUGH = 0.7
"""Sentences are added until they hold this share of the weight that all the windows found share out."""

NEAR = 0.25
"""A further sentence weighs at least this share of the best one's weight."""


@dataclass(frozen=True, slots=True)
class ExtractiveAnswerer:
    """One to three sentences or rows, each with its citation."""

    threshold: float = THRESHOLD
    prompts: Path | None = None
    """A file that replaces entries of ``prompts.toml``, where the words of a refusal stand."""
    spec: str = "extractive"

    def standalone(self, question: str, history: Sequence[Turn]) -> str:
        """Return the question as it would be asked without the turns before."""
        return standalone(question, history)

    def answer(
        self,
        question: str,
        hits: Sequence[Hit],
        history: Sequence[Turn] = (),
        on_text: Callable[[str], None] | None = None,
        confidence: float = 0.5,
    ) -> Answer:
        """Quote what answers; refuse where ``confidence`` is below the threshold."""
        chosen = best_windows(hits) if confidence >= self.threshold else []
        said, citations = _compose(chosen)
        text = said or load_prompts(self.prompts).refusal_to(question)
        if on_text:
            on_text(text)
        return Answer(question, text, citations, tuple(hits), not chosen, confidence, self.spec)


def best_windows(
    hits: Sequence[Hit], at_most: int = AT_MOST, enough: float = ENOUGH, near: float = NEAR
) -> list[tuple[Passage, Span]]:
    """Return the windows that answer best, those of one passage in reading order, the best one's passage first."""
    scored = sorted(
        ((score, i, j) for i, hit in enumerate(hits) for j, score in enumerate(hit.evidence)),
        key=lambda item: (-item[0], item[1], item[2]),
    )
    if not scored:
        return []
    top = scored[0][0]
    total = sum(math.exp(score - top) for score, _, _ in scored)
    taken: list[tuple[int, int]] = []
    held = 0.0
    for score, i, j in scored:
        weight = math.exp(score - top)
        if taken and (len(taken) >= at_most or held >= enough or weight < near):
            break
        if (i, j) in taken:
            continue
        taken.append((i, j))
        held += weight / total
        if _introduces(hits[i].passage, j) and len(taken) < at_most:
            taken.append((i, j + 1))
    order = list(dict.fromkeys(i for i, _ in taken))
    taken.sort(key=lambda place: (order.index(place[0]), place[1]))
    return [(hits[i].passage, _windows(hits[i].passage)[j]) for i, j in taken]


def _windows(passage: Passage) -> tuple[Span, ...]:
    return passage.windows or ((0, len(passage.text)),)


def _introduces(passage: Passage, at: int) -> bool:
    """A sentence that ends with a colon says nothing without what follows it."""
    windows = _windows(passage)
    start, end = windows[at]
    return at + 1 < len(windows) and passage.text[start:end].endswith((":", "："))


def _compose(chosen: Sequence[tuple[Passage, Span]]) -> tuple[str, tuple[Citation, ...]]:
    lines: list[str] = []
    citations: list[Citation] = []
    for passage, (start, end) in chosen:
        quote = passage.text[start:end]
        marker = len(citations) + 1
        citations.append(
            Citation(marker, passage.document, passage.page_at(start), passage.section, quote, passage.passage_id)
        )
        lines.append(_shown(passage, start, quote, marker))
    return _joined(lines), tuple(citations)


def _shown(passage: Passage, start: int, quote: str, marker: int) -> str:
    if "\n" in quote.strip():
        fence = "`" * max(3, 1 + max(map(len, re.findall("`+", quote)), default=0))
        return f"{fence}\n{quote}\n{fence}\n[{marker}]\n"
    if " | " in quote:
        return f"- {_as_said(labelled_row(passage, start, quote))} [{marker}]"
    return f"{_as_said(quote)} [{marker}]"


def _as_said(quote: str) -> str:
    """Return a quote for the answer, which is Markdown: its own [3] is no marker of ours, its image is not loaded."""
    return outside_code(quote, lambda prose: unlinked(without_lookalikes(prose)))


def labelled_row(passage: Passage, start: int, row: str) -> str:
    """Return a table row with each cell under its column's name: 'Code: E04 · Meaning: Filter blocked'."""
    cells = row.split(" | ")
    names = _header_above(passage, start, len(cells)).split(" | ")
    if len(names) != len(cells):
        return row
    named = [(name.strip(), cell.strip()) for name, cell in zip(names, cells, strict=True)]
    return " · ".join(f"{name}: {cell}" if name else cell for name, cell in named if cell)


def _header_above(passage: Passage, start: int, width: int) -> str:
    """Return the header row of the table that holds the row at ``start``: the nearest line above that is no window."""
    end = start
    for begin, stop in reversed([span for span in passage.windows if span[0] < start]):
        header = _row_in(passage.text[stop:end], width)
        if header or " | " not in passage.text[begin:stop]:
            return header
        end = begin
    return _row_in(passage.text[:end], width) or passage.header


def _row_in(text: str, width: int) -> str:
    rows = [line.strip() for line in text.split("\n") if line.count(" | ") + 1 == width > 1]
    return rows[-1] if rows else ""


def _joined(lines: Sequence[str]) -> str:
    """Sentences follow each other; rows and code stand on lines of their own."""
    text = ""
    for line in lines:
        apart = line.startswith(("- ", "```")) or text.endswith("\n") or text.rpartition("\n")[2].startswith("- ")
        text = f"{text}{'' if text.endswith(chr(10)) else chr(10) if apart else ' '}{line}" if text else line
    return text.strip("\n")
