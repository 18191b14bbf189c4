"""What a language model wrote → an Answer: its text made visible, its markers checked, its refusals recognised."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ragqa.analysis import compatible, is_stop, terms
from ragqa.answerers.prompting import Prompt
from ragqa.answerers.quotation_check import unsupported_claims
from ragqa.answerers.untrusted import Live, cut_at, visible, without_images
from ragqa.sentences import sentences
from ragqa.types import Answer, Citation, Hit, Span, Usage

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


REFUSED = 0.25
"""What is left of the confidence of retrieval when the model found no answer in the passages."""

FROM_MEMORY = "answered from the model alone, without the manual: it was trained without passages, and cites none"

NEAR = 0.85
"""Likeness (difflib's ratio) from which a sentence is the refusal in other spelling."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question on its way through a model: all that the answer needs besides what the model writes."""

    question: str
    hits: Sequence[Hit]
    prompt: Prompt
    refusals: tuple[str, ...]
    """The refusal in every language, that of the question first."""
    confidence: float
    spec: str
    stops: tuple[str, ...] = ()


def live(asked: Asked, on_text: Callable[[str], None]) -> Live:
    """Return what takes the model's pieces and hands on checked text."""
    return Live(on_text, lambda text: check_markers(text, len(asked.prompt.shown)).text, asked.stops)


def choose(texts: Sequence[str], asked: Asked) -> int:
    """Return the index of the text that cites most passages, the first of equals."""
    counts = [len(_checked(_cleaned(text, asked), asked).markers) for text in texts]
    return counts.index(max(counts))


def is_blank(text: str, asked: Asked) -> bool:
    """Say whether nothing of what the model wrote is for the reader."""
    return not _cleaned(text, asked)


def written_answer(raw: str, asked: Asked, usage: Usage, warnings: Iterable[str] = ()) -> Answer:
    """Return the answer that the model's text ``raw`` makes."""
    checked = _checked(_cleaned(raw, asked), asked)
    refused = is_refusal(checked, asked.refusals)
    if refused:
        checked = Checked(check_markers(checked.text, 0).text.strip(), (), checked.dropped)
    said = [*asked.prompt.warnings, *warnings]
    if checked.dropped and asked.prompt.shown:
        markers = "marker names" if checked.dropped == 1 else "markers name"
        said.append(
            f"{checked.dropped} {markers} no passage that the model was given, and {_were(checked.dropped)} dropped"
        )
    if not asked.prompt.shown:
        said.append(FROM_MEMORY)
    elif not checked.markers and not refused:
        said.append("the answer cites no passage: nothing shows that the manual says so")
    return Answer(
        question=asked.question,
        text=checked.text,
        citations=cite(checked, asked.prompt.shown, asked.question),
        hits=tuple(asked.hits) if asked.prompt.shown or refused else (),
        abstained=refused,
        confidence=asked.confidence * REFUSED if refused else asked.confidence,
        answerer=asked.spec,
        usage=usage,
        warnings=tuple(said),
        unsupported=() if refused or not asked.prompt.shown else unsupported_claims(checked.text, _sources(asked)),
    )


def _sources(asked: Asked) -> list[str]:
    """Return what an answer may be made from: the passages that the model was given, and the question."""
    given = [hit.passage for hit in asked.prompt.shown]
    return [asked.question, *("\n".join((one.document, *one.section, one.header, one.text)) for one in given)]


def refused_unasked(asked: Asked, usage: Usage) -> Answer:
    """Return the refusal that needs no model, because nothing was found."""
    return Answer(
        asked.question, asked.refusals[0], (), tuple(asked.hits), True, asked.confidence * REFUSED, asked.spec, usage
    )


def is_refusal(checked: Checked, refusals: Sequence[str]) -> bool:
    """Say whether an answer is the refusal, nearly so, or says in its own words that the passages do not say.

    The refusal may cite what it looked at. In other words it must cite nothing: 'the manual does not name a limit, but
    says to stop at 5 mm [2]' is an answer.
    """
    spans = sentences(checked.text)
    if not spans:
        return False
    first, rest = checked.text[slice(*spans[0])], checked.text[spans[0][1] :]
    cited_later = re.search(r"\w\W*\[\d+\]", rest)
    like = max(difflib.SequenceMatcher(None, _letters(first), _letters(line)).ratio() for line in refusals)
    if like >= NEAR:
        return not cited_later
    return not checked.markers and len(spans) <= 3 and bool(_OWN_WORDS.search(first))


_OWN_WORDS = re.compile(
    r"\b(?:manuals?|passages?|documents?|texts?|context|excerpts?|sources?|information)\b[^.]{0,40}"
    r"\b(?:do(?:es)? not|don['’]t|doesn['’]t|is not|isn['’]t|not|no)\b"
    r"[^.]{0,30}\b(?:say|mention|contain|provide|specify|state|describe|cover|include|address|answer|give|information"
    r"|found|available)"
    r"|\b(?:can(?:no|['’])t|could not|couldn['’]t|unable to|not able to) (?:find|answer|determine)\b"
    r"|\b(?:there is|i have) no information\b"
    r"|(?:手册|手冊|段落|文档|文檔|文件|资料|資料|文中|原文|上下文|信息|資訊|内容|內容).{0,15}(?:没有|沒有|并未|並未|未|不).{0,8}"
    r"(?:提|说|說|包|给|給|涉|写|寫|回答|找到|描述|指)"
    r"|(?:无法|無法|不能).{0,10}(?:回答|找到|确定|確定|得知)",
    re.IGNORECASE,
)


def _letters(text: str) -> str:
    text = compatible(re.sub(r"\[\d+\]", "", text)).casefold()
    return " ".join(re.sub(r"[\W_]+", " ", text).split())


def _cleaned(raw: str, asked: Asked) -> str:
    return cut_at(visible(raw), asked.stops).strip()


def _checked(text: str, asked: Asked) -> Checked:
    checked = check_markers(text, len(asked.prompt.shown))
    return Checked(checked.text.strip(), checked.markers, checked.dropped)


def _were(n: int) -> str:
    return "was" if n == 1 else "were"
