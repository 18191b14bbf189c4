"""Answer with the manual's own sentences and table rows; no language model. Knows nothing of retrieval.

What it says is quoted, so that it cannot be invented; whether it says anything depends on the confidence given.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ragqa.answerers.citations import outside_code
from ragqa.answerers.followup import standalone
from ragqa.answerers.question_types import expected_type, holds_type
from ragqa.answerers.untrusted import unlinked, without_lookalikes
from ragqa.prompts import load_prompts
from ragqa.types import Answer, Citation, Extract, Hit, Passage, Span
from ragqa.wording import Labels, document_words, labels_for

if TYPE_CHECKING:
    from ragqa.answerers.base import Chosen, Turn


MOST_STEPS = 15
"""A longer procedure is quoted to here, and where the rest stands is said."""

MOST_CHARACTERS = 4000


def as_said(quote: str) -> str:
    """Return a quote for the answer, which is Markdown: its own [3] is no marker of ours, its image is not loaded."""
    return outside_code(quote, lambda prose: unlinked(without_lookalikes(prose)))


def fenced(code: str) -> str:
    """Return code between fences longer than any in it."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", code)), default=0))
    return f"{fence}\n{code}\n{fence}"


def quoted(extract: Extract, labels: Labels) -> str:
    """Return the whole of an extract as Markdown, without its marker; ``labels`` say what was left out."""
    if extract.kind == "row":
        rows = [extract.text[first:last] for first, last in extract.parts] or [extract.text]
        said = [labelled(row, extract.header) for row in rows[:MOST_STEPS]]
        return "\n".join(f"- {as_said(row)}" for row in (_titled(extract, said[0]), *said[1:]))
    shown, more = _shortened(extract, labels)
    if extract.kind == "code":
        lead, code = shown[: extract.lead].strip(), shown[extract.lead :].strip("\n")
        body = "\n".join(part for part in (as_said(lead), fenced(code)) if part)
    else:
        body = as_said(shown)
    return "\n".join(part for part in (as_said(extract.warning), body, more) if part)


def labelled(row: str, header: str) -> str:
    """Return a table row, of one line or of several that go on with its cells, with each cell under its column's name:
    'Code: E04 · Meaning: Filter blocked'."""
    names = [name.strip() for name in header.split(" | ")] if header else []
    cells: list[str] = []
    for line in row.split("\n"):
        found = [cell.strip() for cell in line.split(" | ")]
        if not cells:
            width = max(len(names), len(found))
            cells = [*found, *[""] * (width - len(found))]
            continue
        shift = len(cells) - 1 if len(found) == 1 else 0  # a line without cells goes on with the last one
        for at, cell in enumerate(found[: len(cells) - shift]):
            cells[shift + at] = f"{cells[shift + at]} {cell}".strip()
    if len(names) < len(cells) - 1:
        names = []  # of another table
    names += [""] * (len(cells) - len(names))  # empty cells at the end of a row, and of a header, are not written
    return " · ".join(f"{name}: {cell}" if name else cell for name, cell in zip(names, cells, strict=True) if cell)


def _titled(extract: Extract, row: str) -> str:
    """Return a row behind the heading that says what its table is about."""
    return f"{extract.section[-1].strip()}: {row}" if extract.section else row


def _shortened(extract: Extract, labels: Labels) -> tuple[str, str]:
    """Return what is shown of the text, and a line on what is not."""
    text, parts = extract.text, extract.parts
    shown = len(parts)
    if extract.kind == "procedure" and len(parts) > MOST_STEPS:
        shown = MOST_STEPS
    while shown > 1 and parts[shown - 1][1] > MOST_CHARACTERS:
        shown -= 1
    if parts and shown < len(parts):
        total = max(extract.steps, len(parts))
        last = extract.page_end or extract.page
        rest = labels.rest.format(page=last) if last else ""
        return text[: parts[shown - 1][1]], labels.steps.format(shown=shown, total=total, rest=rest)
    if len(text) > MOST_CHARACTERS:
        cut = text.rfind("\n", 0, MOST_CHARACTERS)
        return text[: cut if cut > 0 else MOST_CHARACTERS], labels.goes_on
    return text, ""


THRESHOLD = 0.32
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
        chosen: Chosen | None = None,
    ) -> Answer:
        """Quote the unit that was ``chosen``, or the sentences that answer.

        Refuse where ``confidence`` is below the threshold.
        """
        said, citations = self._said(question, hits, confidence, chosen)
        text = said or self._refusal(question, chosen)
        if on_text:
            on_text(text)
        units = (chosen.best,) if said and chosen else ()
        return Answer(question, text, citations, tuple(hits), not said, confidence, self.spec, units=units)

    def answer_versions(
        self, question: str, versions: Sequence[Version], on_text: Callable[[str], None] | None = None
    ) -> Answer:
        """Quote what each version of a manual says, the first one, the newest, in full; refuse where none says it."""
        parts: list[str] = []
        citations: tuple[Citation, ...] = ()
        units: list[Extract] = []
        first_said = ""
        words = labels_for(question)
        for version in versions:
            said, cited = self._said(question, version.hits, version.confidence, version.chosen, len(citations) + 1)
            quote = " ".join(cited[0].quote.split()) if cited else ""
            label = as_said(version.label[:1].upper() + version.label[1:])
            if said and first_said == quote:
                cited = cited[:1]
                parts.append(words.same.format(label=label, marker=cited[0].marker))
            elif said:
                first_said = first_said or quote
                parts.append(f"{label}{words.colon.rstrip() + chr(10) * 2 if chr(10) in said else words.colon}{said}")
            elif not parts:
                parts.append(words.silent.format(label=label))
            citations += cited
            units += [version.chosen.best] if said and version.chosen else []
        newest = versions[0]
        text = "\n\n".join(parts) if citations else self._refusal(question, newest.chosen)
        if on_text:
            on_text(text)
        hits = tuple(hit for version in versions for hit in version.hits)
        confidence = max(version.confidence for version in versions)
        return Answer(question, text, citations, hits, not citations, confidence, self.spec, units=tuple(units))

    def _said(
        self, question: str, hits: Sequence[Hit], confidence: float, chosen: Chosen | None, first: int = 1
    ) -> tuple[str, tuple[Citation, ...]]:
        """Return what is quoted, its markers from ``first`` on, and where it stands; '' where that is a refusal."""
        if confidence < self.threshold:
            return "", ()
        whole = chosen is not None and chosen.whole
        said, citations = (
            _whole(chosen.best, first, labels_for(question))
            if chosen and whole
            else _sentences(best_places(hits), first)
        )
        if said and chosen and chosen.also:
            more, others = _see_also(question, chosen.also, first + len(citations))
            said, citations = f"{said}\n\n{more}" if more else said, (*citations, *others)
        return said, citations

    def _refusal(self, question: str, chosen: Chosen | None) -> str:
        """Say that the manual does not say, and what it does have that is nearest."""
        text = load_prompts(self.prompts).refusal_to(question)
        name = as_said(_name(chosen.best)) if chosen else ""
        if chosen is None or not name:
            return text
        page, document = chosen.best.page, chosen.best.document
        expected = expected_type(question)
        lacking = expected is not None and not holds_type(
            expected, f"{chosen.best.header}\n{chosen.best.text}", question
        )
        labels = labels_for(question)
        missing = labels.missing.format(value=labels.values[expected.name]) if expected and lacking else ""
        place = labels.page.format(page=page) if page else document
        return f"{text}\n{labels.nearest.format(name=name, place=place, missing=missing)}"


@dataclass(frozen=True, slots=True)
class Version:
    """What was found in one version of a manual."""

    label: str
    hits: Sequence[Hit]
    confidence: float
    chosen: Chosen | None


Place = tuple[Hit, int]
"""A window of a passage found: the hit, and the number of the window in it."""


def best_places(hits: Sequence[Hit], at_most: int = AT_MOST, enough: float = ENOUGH, near: float = NEAR) -> list[Place]:
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
        if (i, j) in taken or any(_text(hits[i], j) == _text(hits[x], y) for x, y in taken):
            continue
        taken.append((i, j))
        held += weight / total
        if _introduces(hits[i].passage, j) and len(taken) < at_most:
            taken.append((i, j + 1))
    for i, j in tuple(taken):
        if len(taken) < at_most and (i, j + 1) not in taken and _goes_on(hits[i], j + 1):
            taken.append((i, j + 1))
    order = list(dict.fromkeys(i for i, _ in taken))
    taken.sort(key=lambda place: (order.index(place[0]), place[1]))
    return [(hits[i], j) for i, j in taken]


def _windows(passage: Passage) -> tuple[Span, ...]:
    return passage.windows or ((0, len(passage.text)),)


def _text(hit: Hit, at: int) -> str:
    start, end = _windows(hit.passage)[at]
    return " ".join(hit.passage.text[start:end].split())


def _goes_on(hit: Hit, at: int) -> bool:
    """Whether a sentence carries the condition or the exception of the one before, or speaks of what that one named."""
    return at < len(_windows(hit.passage)) and bool(_FOLLOWS.match(_text(hit, at)))


_FOLLOWS = re.compile(
    r"(?:this|these|otherwise|however|but|unless|except|if not|in that case|in this case)\b"
    r"|[该該此]|这[是个些样]|這[是個些樣]|否则|否則|但|除非|不过|不過"
    rf"|(?:{document_words('follows')})(?:\b|(?=[^\x00-\u2fff]))",
    re.IGNORECASE,
)


def _introduces(passage: Passage, at: int) -> bool:
    """A sentence that ends with a colon says nothing without what follows it."""
    windows = _windows(passage)
    start, end = windows[at]
    return at + 1 < len(windows) and passage.text[start:end].endswith((":", "："))


def _sentences(chosen: Sequence[Place], number: int = 1) -> tuple[str, tuple[Citation, ...]]:
    lines: list[str] = []
    citations: list[Citation] = []
    for hit, at in chosen:
        passage, (start, end) = hit.passage, _windows(hit.passage)[at]
        quote = passage.text[start:end]
        marker = number + len(citations)
        section = hit.sections[at] if at < len(hit.sections) else passage.section
        printed = hit.printed[at] if at < len(hit.printed) else None
        place = (passage.document, passage.page_at(start), section)
        span = (passage.start + start, passage.start + end)
        last = passage.page_after(start, end)
        citations.append(Citation(marker, *place, quote, passage.passage_id, last, printed, *span))
        lines.append(_shown(passage, start, quote, marker))
    return _joined(lines), tuple(citations)


def _whole(extract: Extract, marker: int, labels: Labels) -> tuple[str, tuple[Citation, ...]]:
    """Return a unit as Markdown, and where it stands."""
    text = quoted(extract, labels)
    apart = "\n" if "\n" in text else " "
    return f"{text}{apart}[{marker}]", (_citation(extract, marker),)


def _citation(extract: Extract, marker: int) -> Citation:
    last = extract.page_end if extract.page_end != extract.page else None
    place = (extract.document, extract.page, extract.section)
    span = (extract.start, extract.end)
    return Citation(marker, *place, extract.text, extract.passage_id, last, extract.printed, *span)


def _see_also(question: str, also: Sequence[Extract], first: int) -> tuple[str, tuple[Citation, ...]]:
    """Return a line for each unit that is near too, and where they stand."""
    named = [(one, _name(one)) for one in also]
    told = {name: one for one, name in reversed(named) if name}
    citations = tuple(_citation(one, marker) for marker, one in enumerate(told.values(), first))
    word = labels_for(question).see_also
    lines = [f"{word}{as_said(name)} [{marker}]" for marker, name in enumerate(told, first)]
    return "\n".join(lines), citations


def _name(extract: Extract) -> str:
    """Return what a unit is about, in a few words: its heading, else its first line."""
    name = extract.section[-1] if extract.section else extract.text.strip().partition("\n")[0]
    return " ".join(name.split())[:80]


def _shown(passage: Passage, start: int, quote: str, marker: int) -> str:
    if "\n" in quote.strip():
        return f"{fenced(quote)}\n[{marker}]\n"
    if " | " in quote:
        return f"- {as_said(labelled(quote, _header_above(passage, start, quote.count(' | ') + 1)))} [{marker}]"
    return f"{as_said(quote)} [{marker}]"


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
    rows = [line.rstrip() for line in text.split("\n") if line.count(" | ") + 1 >= width > 1]
    return rows[-1] if rows else ""


def _joined(lines: Sequence[str]) -> str:
    """Sentences follow each other; rows and code stand on lines of their own."""
    text = ""
    for line in lines:
        apart = line.startswith(("- ", "```")) or text.endswith("\n") or text.rpartition("\n")[2].startswith("- ")
        text = f"{text}{'' if text.endswith(chr(10)) else chr(10) if apart else ' '}{line}" if text else line
    return text.strip("\n")
