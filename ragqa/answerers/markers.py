"""Check every [n] of an answer against the passages shown, and find the words of each passage that bear it out.

Knows nothing of models. Code, in backticks or fences, is left alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ragqa.analysis import is_stop, terms
from ragqa.answerers.markup import without_images
from ragqa.sentences import sentences
from ragqa.types import Citation, Hit, Span

_CODE = re.compile(
    r"^[ ]{0,3}(?P<fence>`{3,}|~{3,})[^\n`]*(?:\Z|\n.*?(?:^[ ]{0,3}(?P=fence)[`~]*[ \t]*$|\Z))"
    r"|(?<!`)(?P<ticks>`+)(?!`)[^\n]*?(?<!`)(?P=ticks)(?!`)",
    re.MULTILINE | re.DOTALL,
)
_ITEM = r"\d+(?:[ \t]*(?:[-–—~～至]|to)[ \t]*\d+)?"
_MARKER = re.compile(
    rf"""(?P<space>(?<![ \t])[ \t]*)(?:
        (?:(?P<two>\[\[)|[\[【［])[ \t]*\^?(?:passages?|sources?|段落|来源|來源)?[ \t]*\#?
            (?P<items>{_ITEM}(?:[ \t]*[,，、;；&][ \t]*{_ITEM})*)[ \t]*(?(two)\]\]|[\]】］])
      | 【(?P<dagger>\d+)(?:[:†][^】\n]*)】                       # 【1†source】, as some models were taught
    )(?:\((?:https?:|www\.|\#)[^()\s]*\))?                        # a link made of a marker: we make our own""",
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Checked:
    """An answer whose markers all name a passage."""

    text: str
    markers: tuple[int, ...]
    """The passages named, in the order in which they are first named."""
    dropped: int
    """Markers that named no passage."""


def check_markers(text: str, passages: int) -> Checked:
    """Return ``text`` with every marker written [n], 1 <= n <= ``passages``; the others are dropped and counted.

    Images and links are broken up with them: where a marker was taken out, one may come to be.
    """
    used: list[int] = []
    dropped = 0

    def written(match: re.Match[str]) -> str:
        nonlocal dropped
        valid, wrong = _numbers(match, passages)
        dropped += wrong
        used.extend(valid)
        return match["space"] + "".join(f"[{number}]" for number in valid) if valid else ""

    while True:  # what is left of '[[9]8]' once [9] is gone is a marker again
        used.clear()
        found = outside_code(text, lambda prose: without_images(_MARKER.sub(written, prose)))
        if found == text:
            return Checked(text, tuple(dict.fromkeys(used)), dropped)
        text = found


def outside_code(text: str, change: Callable[[str], str]) -> str:
    """Return ``text`` with ``change`` made to what stands between its code."""
    parts: list[str] = []
    last = 0
    for code in _CODE.finditer(text):
        parts += [change(text[last : code.start()]), code.group()]
        last = code.end()
    return "".join((*parts, change(text[last:])))


def _numbers(match: re.Match[str], passages: int) -> tuple[list[int], int]:
    """Return the passages that a marker names, each once, and how many of its items name none."""
    valid: list[int] = []
    wrong = 0
    for item in re.finditer(_ITEM, match["dagger"] or match["items"], re.IGNORECASE):
        ends = [_number(digits) for digits in re.findall(r"\d+", item.group())]
        named = range(max(ends[0], 1), min(ends[-1], passages) + 1)
        valid.extend(named)
        wrong += len(named) == 0 or ends[0] < 1 or ends[-1] > passages
    return list(dict.fromkeys(valid)), wrong


def _number(digits: str) -> int:
    return int(digits) if len(digits) < 10 else 10**9  # int() refuses very long ones


def cite(checked: Checked, hits: Sequence[Hit], question: str) -> tuple[Citation, ...]:
    """Return a citation for each marker: the sentence or row of its passage that best bears out what it stands behind.

    ``hits[n - 1]`` is passage n. A quote is found letter for letter in the passage; its page is the quote's own.
    """
    claims: dict[int, list[str]] = {number: [] for number in checked.markers}
    for number, claim in _claims(checked.text):
        claims[number].append(claim)
    citations = []
    for number in checked.markers:
        hit = hits[number - 1]
        passage = hit.passage
        start, end = best_quote(hit, claims[number], question)
        page = passage.page_at(start)
        quote = passage.text[start:end]
        citations.append(Citation(number, passage.document, page, passage.section, quote, passage.passage_id))
    return tuple(citations)


_PLAIN = re.compile(r"\[(\d+)\]")
_BEFORE = 800
"""Characters before a marker in which its sentence is looked for."""


def _claims(text: str) -> Iterator[tuple[int, str]]:
    """Yield each marker with the sentence that it stands in or behind."""
    prose = _CODE.sub(lambda code: _PLAIN.sub(lambda m: " " * len(m.group()), code.group()), text)
    for match in _PLAIN.finditer(prose):
        line = prose.rfind("\n", 0, match.start()) + 1
        before = _PLAIN.sub("", prose[max(line, match.start() - _BEFORE) : match.start()]).strip(" \t-*#>|")
        if not before:  # alone behind a block, or in front of what it bears out
            rest = _PLAIN.sub("", prose[match.end() :].split("\n", 1)[0]).strip()
            before = rest or _PLAIN.sub("", prose[max(0, line - _BEFORE) : line]).strip()
        spans = sentences(before)
        yield int(match.group(1)), before[slice(*spans[-1])] if spans else ""


def best_quote(hit: Hit, claims: Sequence[str], question: str) -> Span:
    """Return the span of the passage's window that shares most with one of ``claims``; with the question, if none does.

    A claim in another language than the passage shares no words: the window that retrieval likes best is taken then.
    """
    windows = hit.passage.windows or tuple(sentences(hit.passage.text)) or ((0, len(hit.passage.text)),)
    bags = [_weights(hit.passage.text[start:end]) for start, end in windows]
    for sought in ([_weights(claim) for claim in claims], [_weights(question)]):
        scores = [max((_overlap(claim, bag) for claim in sought), default=0.0) for bag in bags]
        best = max(scores)
        if best > 0:
            return windows[scores.index(best)]
    if len(hit.evidence) == len(windows):
        return windows[hit.evidence.index(max(hit.evidence))]
    return windows[0]


def _weights(text: str) -> dict[str, float]:
    """Return the terms of ``text``: figures and codes tell most, CJK characters alone little."""
    return {
        term: 2.0 if any(c.isdigit() for c in term) else 0.3 if len(term) == 1 else 1.0
        for term in terms(text)
        if not is_stop(term)
    }


def _overlap(claim: dict[str, float], window: dict[str, float]) -> float:
    shared = sum(weight for term, weight in claim.items() if term in window)
    size = math.sqrt(sum(claim.values()) * sum(window.values()))
    return shared / size if size else 0.0
