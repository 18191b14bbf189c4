"""Answer with any language model: prompt in, checked answer out.

How a model is reached is a file of its own (``openai.py``, ``transformers.py``). What it wrote is made visible, its
markers are checked and its refusals recognised here.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from ragqa.analysis import compatible
from ragqa.answerers.base import ChatOptions, Chosen, Turn
from ragqa.answerers.citations import Checked, check_markers, cite, unsupported_claims
from ragqa.answerers.followup import standalone
from ragqa.answerers.prompting import Prompt, Room, build_prompt, closed_book_prompt, condense_prompt
from ragqa.answerers.untrusted import Live, cut_at, visible
from ragqa.errors import NoAnswer
from ragqa.prompts import Prompts
from ragqa.sentences import sentences
from ragqa.types import Answer, Extract, Hit, Passage, Usage
from ragqa.wording import document_words

REFUSED = 0.25
"""What is left of the confidence of retrieval when the model found no answer in the passages."""

FROM_MEMORY = "answered from the model alone, without the manual: it was trained without passages, and cites none"

NEAR = 0.85
"""Likeness (difflib's ratio) from which a sentence is the refusal in other spelling."""


@dataclass(frozen=True, slots=True)
class ModelQuestion:
    """A question on its way through a model: all that the answer needs besides what the model writes."""

    question: str
    hits: Sequence[Hit]
    prompt: Prompt
    refusals: tuple[str, ...]
    """The refusal in every language, that of the question first."""
    confidence: float
    spec: str
    stops: tuple[str, ...] = ()


def streaming(asked: ModelQuestion, on_text: Callable[[str], None]) -> Live:
    """Return what takes the model's pieces and hands on checked text."""
    return Live(on_text, lambda text: check_markers(text, len(asked.prompt.shown)).text, asked.stops)


def best_cited(texts: Sequence[str], asked: ModelQuestion) -> int:
    """Return the index of the text that cites most passages, the first of equals."""
    counts = [len(_checked(_cleaned(text, asked), asked).markers) for text in texts]
    return counts.index(max(counts))


def is_blank(text: str, asked: ModelQuestion) -> bool:
    """Say whether nothing of what the model wrote is for the reader."""
    return not _cleaned(text, asked)


def written_answer(raw: str, asked: ModelQuestion, usage: Usage, warnings: Iterable[str] = ()) -> Answer:
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


def _sources(asked: ModelQuestion) -> list[str]:
    """Return what an answer may be made from: the passages that the model was given, and the question."""
    given = [hit.passage for hit in asked.prompt.shown]
    return [asked.question, *("\n".join((one.document, *one.section, one.header, one.text)) for one in given)]


def refused_unasked(asked: ModelQuestion, usage: Usage) -> Answer:
    """Return the refusal that needs no model, because nothing was found."""
    return Answer(
        asked.question, asked.refusals[0], (), tuple(asked.hits), True, asked.confidence * REFUSED, asked.spec, usage
    )


def is_refusal(checked: Checked, refusals: Sequence[str]) -> bool:
    """Say whether an answer is the refusal, nearly so, or says in its own words that the passages do not say.

    The refusal may cite what it looked at. In other words it must cite nothing: 'the manual does not name a limit, but
    says to stop at 5 mm [2]' is an answer, and so is 'the manual does not include batteries; buy two AA cells'.
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


_INFORMATION = (
    r"(?:information|details?|instructions?|answers?|data|guidance|mention|references?|specific\w*|descriptions?"
    r"|explanations?|anything|what|how|when|why|which|whether|where)"
)
_OWN_WORDS = re.compile(
    r"\b(?:manuals?|passages?|documents?|texts?|context|excerpts?|sources?|information)\b[^.]{0,40}"
    r"\b(?:do(?:es)? not|don['’]t|doesn['’]t|is not|isn['’]t|not|no)\b[^.]{0,30}"
    r"\b(?:say|mention|provide|specify|state|describe|cover|address|answer|give|information|found|available"
    # What a manual does not include may be batteries: it must be information there.
    rf"|(?:contain|include)(?:s|ed)?\b(?=[^.]{{0,60}}\b{_INFORMATION}\b|\W*(?:this|that|it)?\W*\Z))"
    r"|\b(?:passages?|context|excerpts?|texts?)\b[^.]{0,40}"
    r"\b(?:do(?:es)? not|don['’]t|doesn['’]t)\b[^.]{0,30}\b(?:contain|include)"
    r"|\binformation\b[^.]{0,60}\b(?:is not|isn['’]t)\b[^.]{0,30}\b(?:contain|include)"
    r"|\b(?:can(?:no|['’])t|could not|couldn['’]t|unable to|not able to) (?:find|answer|determine)\b"
    r"|\b(?:there is|i have) no information\b"
    r"|(?:手册|手冊|段落|文档|文檔|文件|资料|資料|文中|原文|上下文|信息|資訊|内容|內容).{0,15}(?:没有|沒有|并未|並未|未|不).{0,8}"
    r"(?:提|说|說|给|給|涉|写|寫|回答|找到|描述|指|包.{0,30}(?:信息|資訊|内容|內容|说明|說明|资料|資料|答案|如何|怎))"
    r"|(?:无法|無法|不能).{0,10}(?:回答|找到|确定|確定|得知)"
    rf"|{document_words('unsaid')}",
    re.IGNORECASE,
)


def _letters(text: str) -> str:
    text = compatible(re.sub(r"\[\d+\]", "", text)).casefold()
    return " ".join(re.sub(r"[\W_]+", " ", text).split())


def _cleaned(raw: str, asked: ModelQuestion) -> str:
    return cut_at(visible(raw), asked.stops).strip()


def _checked(text: str, asked: ModelQuestion) -> Checked:
    checked = check_markers(text, len(asked.prompt.shown))
    return Checked(checked.text.strip(), checked.markers, checked.dropped)


def _were(n: int) -> str:
    return "was" if n == 1 else "were"


LONGEST = 500
"""A rewritten question of more characters is an answer, or babble."""


def condensed(written: str, question: str, history: Sequence[Turn]) -> str:
    """Return the model's question; where it wrote none, the one made without a model."""
    lines = [line.strip() for line in visible(written).splitlines() if line.strip()]
    asked = lines[-1].strip("\"'“”「」 ") if lines else ""
    if len(lines) != 1 or len(asked) > LONGEST or not any(c.isalnum() for c in asked):
        return standalone(question, history)
    return asked


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model wrote: one text or several, whether each was cut off at the limit, and what it took."""

    texts: tuple[str, ...]
    cut: tuple[bool, ...]
    usage: Usage
    warnings: tuple[str, ...] = ()


class LanguageModel(Protocol):
    """What a model has to do. Safe to call from several threads."""

    @property
    def spec(self) -> str:
        """How a user names it."""

    def room(self) -> Room:
        """Return its context; this may load it. Raises ModelError."""

    def complete(self, prompt: Prompt, n: int, hearer: Live | None) -> Reply:
        """Return up to n texts, at least one; a single one may be fed to ``hearer`` as it comes. Raises ModelError."""


def with_units(hits: Sequence[Hit], chosen: Chosen) -> list[Hit]:
    """Return the passages to show: the units chosen, whole, then those found that are no part of one."""
    units = [chosen.best, *chosen.also]
    apart = [
        hit
        for hit in hits
        if not any(
            one.document == hit.passage.document and one.start <= hit.passage.start and hit.passage.end <= one.end
            for one in units
        )
    ]
    shown = [Hit(rank, _passage(one), one.score) for rank, one in enumerate(units, 1)]
    return [*shown, *(replace(hit, rank=rank) for rank, hit in enumerate(apart, len(shown) + 1))]


def _passage(extract: Extract) -> Passage:
    """Return a unit in the form of a passage."""
    place = (extract.document, extract.start, extract.end, extract.text, extract.section, extract.header)
    return Passage(*place, page=extract.page, page_end=extract.page_end, passage_id=extract.passage_id)


class ModelAnswerer:
    """An Answerer that has a language model write. Safe to call from several threads."""

    def __init__(
        self, model: LanguageModel, options: ChatOptions, prompts: Prompts, *, closed_book: bool = False
    ) -> None:
        """``closed_book``: the model was trained to answer from memory; it is asked the question and nothing else."""
        self.spec = model.spec
        self._closed_book = closed_book
        self._model, self._options, self._prompts = model, options, prompts
        self._rewriting: dict[str, Usage] = {}
        """What it took to make a question stand alone, until its answer takes it over."""

    @property
    def model(self) -> LanguageModel:
        """The model that writes."""
        return self._model

    def standalone(self, question: str, history: Sequence[Turn]) -> str:
        """Return the question as it would be asked without the turns before, as the model writes it.

        A closed-book model was not taught to, nor may one that has nothing to say: rules make it then.
        """
        if not history or self._closed_book:
            return standalone(question, history) if history else question
        prompt = condense_prompt(self._prompts, question, history, self._model.room())
        try:
            reply = self._model.complete(prompt, 1, None)
        except NoAnswer:  # it may have one to the question
            return standalone(question, history)
        asked = condensed(reply.texts[0], question, history)
        self._rewriting[asked] = reply.usage
        return asked

    def answer(
        self,
        question: str,
        hits: Sequence[Hit],
        history: Sequence[Turn] = (),
        on_text: Callable[[str], None] | None = None,
        confidence: float = 0.5,
        chosen: Chosen | None = None,
    ) -> Answer:
        """Answer from the unit that was ``chosen`` and from ``hits``; where there is none, refuse without asking.

        A closed-book model is asked all the same, and shown none of them; its answer says so and cites nothing.

        Of several answers (``n``) the one that cites most passages is kept, and handed to ``on_text`` when it is whole.
        Raises ModelError.
        """
        usage = self._rewriting.pop(question, Usage())
        hits = with_units(hits, chosen) if chosen and not self._closed_book else hits
        asked = self._asked(question, hits, history, confidence)
        hearer = streaming(asked, on_text) if on_text else None
        if not asked.prompt.messages:
            answer = refused_unasked(asked, usage)
        else:
            reply = self._model.complete(asked.prompt, self._options.n, hearer)
            at, warnings = self._chosen(reply, asked)
            answer = written_answer(reply.texts[at], asked, usage + reply.usage, warnings)
        if hearer:
            hearer.finish(answer.text)
        return answer

    def _asked(self, question: str, hits: Sequence[Hit], history: Sequence[Turn], confidence: float) -> ModelQuestion:
        prompts, options, prompt = self._prompts, self._options, Prompt(())
        if self._closed_book:
            prompt = closed_book_prompt(question, self._model.room())
        elif hits:
            room = self._model.room()
            prompt = build_prompt(prompts, question, hits, room, instructions=options.instructions, history=history)
        return ModelQuestion(question, hits, prompt, prompts.refusals_to(question), confidence, self.spec, options.stop)

    def _chosen(self, reply: Reply, asked: ModelQuestion) -> tuple[int, list[str]]:
        """Return which text to show, and what to say of it. Raises NoAnswer where there is nothing to show."""
        at = best_cited(reply.texts, asked)
        limit = asked.prompt.answer_tokens
        if is_blank(reply.texts[at], asked):
            if reply.cut[at]:
                raise NoAnswer(f"{self.spec} spent all {limit:,} tokens before its answer: set a higher max_tokens")
            raise NoAnswer(f"{self.spec} gave an empty answer: ask again, or choose another model")
        warnings = list(reply.warnings)
        if reply.cut[at]:
            warnings.append(f"the answer was cut off at {limit:,} tokens: set a higher max_tokens for all of it")
        if len(reply.texts) > 1:
            warnings.append(f"{len(reply.texts)} answers came; shown is number {at + 1}, which cites most passages")
        return at, warnings
