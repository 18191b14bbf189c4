"""What a language model wrote → an Answer: its text made visible, its markers checked, its refusals recognised."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ragqa.analysis import compatible
from ragqa.answerers.markers import Checked, check_markers, cite
from ragqa.answerers.prompting import Prompt
from ragqa.answerers.quotation_check import unsupported_claims
from ragqa.answerers.visible import Live, cut_at, visible
from ragqa.sentences import sentences
from ragqa.types import Answer, Hit, Usage

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
