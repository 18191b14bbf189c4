"""What a kind of question gives: a draft, checked so that it is a question whose answer is not in it.

Knows no kinds; each is a file beside this one.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Literal

from ragqa.analysis import is_stop, terms
from ragqa.evaluation.questions.sources import Source, Sources, pages_of
from ragqa.evaluation.questions.wording import MOST, Retold, chinese, retell

COPIED = 0.7
"""Share of the evidence's terms with a subject that a question may repeat."""

Origin = Literal["heading", "definition", "table", "step", "model"]


@dataclass(frozen=True, slots=True)
class Draft:
    """A question with its answer, and what proves it."""

    text: str
    answer: str
    evidence: str
    pages: tuple[int, ...]
    origin: Origin
    source: Source


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes drafts about one source. ``chance`` is its own, so that the same seed gives the same questions."""

    source: Source
    sources: Sources
    chance: Random

    def retold(self, text: str, most: int = MOST) -> Retold:
        """Return ``text`` in fewer and other words."""
        return retell(text, self.sources.rarity, self.chance, most)

    def draft(self, asks: str, told: Retold, answer: str, origin: Origin) -> Draft | None:
        """Return the question that ``asks`` for what is missing in ``told``; None where it would be no fair one.

        Unfair is a question that holds its answer, that copies the sentence, that has fewer than two words to go by, or
        whose words stand just as well in places that answer otherwise.
        """
        text = _put(asks, told.text, chinese(self.source.text))
        answer = answer.strip(" .。;；,，:：")
        if len(_subjects(text)) < 2 or not answer or holds_its_answer(text, answer) or is_copy(text, self.source.text):
            return None
        alike = self.sources.holding(told.kept)
        also = [source for source in alike if _folded(answer) in _folded(source.text)]
        if len(alike) - len(also) > 2:
            return None
        return Draft(text, answer, self.source.text, pages_of([self.source, *also]), origin, self.source)


def holds_its_answer(question: str, answer: str) -> bool:
    """Say whether every word of the answer that says something stands in the question."""
    answered = _subjects(answer)
    return bool(answered) and answered <= _subjects(question)


def is_copy(question: str, evidence: str) -> bool:
    """Say whether a question repeats most of its evidence, so that it would measure word search only."""
    told = _subjects(evidence)
    return len(told & _subjects(question)) > COPIED * len(told)


def _subjects(text: str) -> set[str]:
    return {term for term in terms(text) if not is_stop(term)}


def _put(asks: str, told: str, in_chinese: bool) -> str:
    if in_chinese:
        return f"{told}{asks}？"
    return f"{asks} {told[:1].lower() + told[1:] if told[1:2].islower() else told}?"


def _folded(text: str) -> str:
    return "".join(text.split()).lower()
