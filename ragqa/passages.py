"""Cut a Document into Passages that follow its structure. Knows no embedder: token counts come from the caller.

A passage never crosses a top section, never splits a sentence, a table row or a code block that fits the budget, and
together the passages cover the body: every character of it, tables of contents aside, lies in a passage or in the
heading path of one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from ragqa.sentences import sentences
from ragqa.types import Block, Document, Passage, Span

CountTokens = Callable[[Sequence[str]], Sequence[int]]

CONTEXT_TOKENS = 48
"""The most tokens of an embedder's budget that title, headings and table header may take."""

LONGEST_HEADER = 2000
"""Characters of a table's header row that go along with the passages below it."""


@dataclass(frozen=True, slots=True)
class Cut:
    """How large passages are, in the embedder's tokens. Sizes chosen by ``bench/chunking.py``."""

    target: int = 160
    """Sections longer than this are cut into pieces of about this size."""
    smallest: int = 60
    """A section shorter than this is joined to its neighbour within the same top section."""


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is never split: a sentence, a table row, a code block."""

    start: int
    end: int
    section: tuple[str, ...]
    block: int
    header: str = ""
    tells: bool = True
    """Whether it can answer by itself: headings, captions and header rows only say what stands below."""


def cut_passages(
    document: Document, count_tokens: CountTokens, max_tokens: int, cut: Cut | None = None
) -> list[Passage]:
    """Return the passages of ``document``, none longer than ``max_tokens`` less ``CONTEXT_TOKENS``."""
    cut = cut or Cut()
    budget = max(max_tokens - CONTEXT_TOKENS, 16)
    units = list(_units(document))
    counts = list(count_tokens([document.text[u.start : u.end] for u in units]))
    units, counts = _fit(document.text, units, counts, count_tokens, budget)
    return [
        _passage(document, units[first:last], sum(counts[first:last]))
        for first, last in _group(units, counts, min(cut.target, budget), min(cut.smallest, budget), budget)
    ]


def context_of(title: str, passage: Passage) -> str:
    """Return what stands before a passage's text when it is embedded: its heading, then its table header, one a line.

    The nearest heading alone says more than the whole path, and costs less (bench/LOG.md); a passage without one gets
    the document's title. Kept within about ``CONTEXT_TOKENS``.
    """
    header = _clipped(passage.header, CONTEXT_TOKENS * 0.6)
    heading = passage.section[-1] if passage.section else title
    named = _clipped(heading, CONTEXT_TOKENS - _about_tokens(header))
    return "\n".join(part for part in (named, header) if part)


def _about_tokens(text: str) -> float:
    """Estimate tokens without a tokenizer: one a CJK character, one for three others."""
    cjk = sum(c >= "\u2e80" for c in text)
    return cjk + (len(text) - cjk) / 3


def _clipped(text: str, room: float) -> str:
    share = room / max(_about_tokens(text), 1e-9)
    return text if share >= 1 else text[: int(len(text) * share)]


def _units(document: Document) -> Iterator[_Unit]:
    path: list[tuple[int, str]] = []
    leading = _leading(document.blocks)
    header = ""
    for at, block in enumerate(document.blocks):
        if block.kind == "toc":
            continue
        text = document.text[block.start : block.end]
        if block.kind == "heading":
            while path and path[-1][0] >= block.level:
                path.pop()
            path.append((block.level, text))
            if at not in leading:
                yield _Unit(block.start, block.end, tuple(name for _, name in path), at, tells=False)
            continue
        section = tuple(name for _, name in path)
        if block.kind == "table_header":
            header = text[:LONGEST_HEADER]
        for start, end in _spans(block, text):
            row = header if block.kind == "table_row" else ""
            tells = block.kind not in ("caption", "table_header")
            yield _Unit(block.start + start, block.start + end, section, at, row, tells)
        if block.kind not in ("table_header", "table_row"):
            header = ""


def _leading(blocks: Sequence[Block]) -> set[int]:
    """Return the positions of the headings that have something under them which will carry their names."""
    leading = set()
    highest: float = 0  # of the headings between here and the next content; 0 where there is none
    for at in range(len(blocks) - 1, -1, -1):
        block = blocks[at]
        if block.kind == "heading":
            if block.level < highest:
                leading.add(at)
            highest = min(highest, block.level)
        elif block.kind != "toc":
            highest = math.inf
    return leading


def _spans(block: Block, text: str) -> list[Span]:
    if block.kind in ("paragraph", "list_item", "caption"):
        return sentences(text)
    return [(0, len(text))] if text.strip() else []


_BREAKS = (re.compile(r"\n"), re.compile(r"[,;:，、；：|]\s*"), re.compile(r"\s+"), re.compile(""))


def _fit(
    text: str, units: list[_Unit], counts: list[int], count_tokens: CountTokens, budget: int
) -> tuple[list[_Unit], list[int]]:
    """Split the units that exceed the budget, at the largest break that helps: lines, clauses, words, characters."""
    for pattern in _BREAKS:
        if not any(count > budget for count in counts):
            break
        pieces = [
            piece
            for unit, count in zip(units, counts, strict=True)
            for piece in (_halve(text, unit, pattern, count, budget) if count > budget else (unit,))
        ]
        kept = {(u.start, u.end): c for u, c in zip(units, counts, strict=True)}
        new = [u for u in pieces if (u.start, u.end) not in kept]
        fresh = count_tokens([text[u.start : u.end] for u in new])
        kept.update({(u.start, u.end): c for u, c in zip(new, fresh, strict=True)})
        units, counts = pieces, [kept[u.start, u.end] for u in pieces]
    return units, counts


def _halve(text: str, unit: _Unit, pattern: re.Pattern[str], count: int, budget: int) -> Iterator[_Unit]:
    """Split a unit at matches of ``pattern`` into runs that should fit the budget, by share of its tokens."""
    room = max(int((unit.end - unit.start) * budget / count * 0.8), 1)
    start = unit.start
    last = start
    for match in pattern.finditer(text, unit.start, unit.end):
        if match.end() - start > room and last > start:
            yield replace(unit, start=start, end=last)
            start = last
        last = match.end()
    if last > start and unit.end - start > room and last < unit.end:
        yield replace(unit, start=start, end=last)
        start = last
    if start < unit.end:
        yield replace(unit, start=start, end=unit.end)


def _group(
    units: Sequence[_Unit], counts: Sequence[int], target: int, smallest: int, budget: int
) -> list[tuple[int, int]]:
    """Return the index ranges of units that make a passage each: sections joined while small, cut evenly when large."""
    groups: list[tuple[int, int]] = []
    for first, last in _sections(units, counts, target, smallest):
        groups.extend(_pieces(units, counts, first, last, target, budget))
    return groups


def _sections(units: Sequence[_Unit], counts: Sequence[int], target: int, smallest: int) -> list[tuple[int, int]]:
    runs: list[list[int]] = []
    for at, unit in enumerate(units):
        if runs and unit.section == units[at - 1].section:
            runs[-1][1] = at + 1
            runs[-1][2] += counts[at]
        else:
            runs.append([at, at + 1, counts[at]])
    joined: list[list[int]] = []
    for run in runs:
        before = joined[-1] if joined else None
        if before and units[before[0]].section[:1] == units[run[0]].section[:1]:
            small = min(before[2], run[2]) < smallest
            if small and before[2] + run[2] <= target and _near(units[before[1] - 1].section, units[run[0]].section):
                before[1], before[2] = run[1], before[2] + run[2]
                continue
        joined.append(run)
    return [(first, last) for first, last, _ in joined]


def _near(before: tuple[str, ...], after: tuple[str, ...]) -> bool:
    """Sections may be joined when one holds the other, or both stand under the same heading."""
    shared = min(len(before), len(after)) - (len(before) == len(after))
    return before[:shared] == after[:shared]


def _pieces(
    units: Sequence[_Unit], counts: Sequence[int], first: int, last: int, target: int, budget: int
) -> Iterator[tuple[int, int]]:
    """Cut a section's units into even pieces, by preference where a block ends."""
    left = sum(counts[first:last])
    start, size = first, 0
    for at in range(first, last):
        aim = left / max(round(left / target), 1)
        if at > start and size + counts[at] > budget:
            yield start, at
            left -= size
            start, size = at, 0
            aim = left / max(round(left / target), 1)
        size += counts[at]
        rest = left - size
        if rest <= 0 or (rest < target * 0.25 and left <= budget):
            continue
        at_block_end = at + 1 < last and units[at + 1].block != units[at].block
        if size >= aim * (0.75 if at_block_end else 1.0):
            yield start, at + 1
            left -= size
            start, size = at + 1, 0
    if start < last:
        yield start, last


def _passage(document: Document, units: Sequence[_Unit], tokens: int) -> Passage:
    start, end = units[0].start, units[-1].end
    header = units[0].header
    return Passage(
        document=document.name,
        start=start,
        end=end,
        text=document.text[start:end],
        section=units[0].section,
        header=header,
        page=document.page_at(start),
        page_end=document.page_at(end - 1),
        page_breaks=tuple((page.start - start, page.number) for page in document.pages_within(start, end)),
        tokens=tokens,
        windows=tuple((u.start - start, u.end - start) for u in units if u.tells),
    )
