"""Say a question again in other words, by rule: an everyday word, and the form of the question turned.

Keeps every name, number and code. A rule's paraphrase is nearer to the question than a person's: what a system loses
here it would lose to people too, not the other way round. Knows no model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from random import Random

from ragqa.evaluation.questions.wording import chinese, pieces_of, said_otherwise

TOLD = "by rule: an everyday word, and the form of the question turned; nearer to the question than people's words are"
"""How a person is told of it."""

ASKING = 3
"""Words at the beginning that say what is asked for: they stay."""

_WORD = re.compile(r"[A-Za-z]{3,}\b(?! [A-Z0-9])")
"""Not what a name or a code stands behind: 'code E17' is one name."""
_CJK = re.compile(r"[\u3400-\u9fff]+")
_END = re.compile(r"[\s?？。.!！]+$")

_WITH_BE = re.compile(
    r"^(?P<wh>what|where|when|why|how) (?P<be>is|are|was|were|can|should|must|will) (?P<rest>.+)$", re.IGNORECASE
)
_WITH_DO = re.compile(
    r"^(?P<wh>.*?\b(?:what|who|where|which|when|why|how)\b(?: \w+){0,4}?) (?P<do>do|does|did) (?P<rest>.+)$",
    re.IGNORECASE,
)
_ASKS = re.compile(r"\b(?:what|who|whose|where|which|when|why|how)\b", re.IGNORECASE)
_SMALL = frozenset(
    ("what", "who", "where", "which", "when", "why", "how", "whose", "in", "on", "at", "by", "the", "for", "to")
)
_OPENINGS = ("I would like to know", "Please tell me", "Can you tell me", "I need to find out")
_CHINESE_OPENINGS = ("我想知道，", "请告诉我：", "请问，", "想了解一下，")
_CHINESE_WORDS = (
    ("什么时候", "何时"),
    ("什麼時候", "何時"),
    ("为什么", "为何"),
    ("為什麼", "為何"),
    ("哪里", "何处"),
    ("哪裡", "何處"),
    ("怎么", "如何"),
    ("怎麼", "如何"),
    ("多久", "多长时间"),
    ("谁", "哪个人"),
    ("誰", "哪個人"),
    ("何时", "什么时候"),
    ("何時", "什麼時候"),
    ("为何", "为什么"),
    ("如何", "怎么"),
    ("是否", "是不是"),
)


def reworded_by_rule(question: str) -> str:
    """Return ``question`` in other words, always the same ones."""
    chance = Random(question)
    if not any(c.isalnum() for c in question):
        return question
    return (_chinese if chinese(question) else _english)(_END.sub("", question.strip()), chance)


def _english(question: str, chance: Random) -> str:
    told = _one_word(question, [found.span() for found in _WORD.finditer(question)][ASKING:], chance)
    opening = chance.choice(_OPENINGS)
    if match := _WITH_DO.match(told):
        turned = f"{match['wh']} {match['rest']}"
    elif match := _WITH_BE.match(told):
        turned = f"{match['wh']} {match['rest']} {match['be']}"
    elif _ASKS.search(told):
        turned = told  # 'which team was first' is the same both ways
    else:
        return f"Please help me with this: {told}."
    mark = "?" if opening.startswith("Can") else "."
    return f"{opening} {_begun(turned)}{mark}"


def _begun(text: str) -> str:
    """Return a question as it goes on behind other words; a name stays a name."""
    first, _, rest = text.partition(" ")
    return f"{first.lower()} {rest}" if first.lower() in _SMALL else text


def _chinese(question: str, chance: Random) -> str:
    told = next((question.replace(one, other, 1) for one, other in _CHINESE_WORDS if one in question), question)
    told = _one_word(told, [span for run in _CJK.finditer(told) for span in _pieces(run)], chance)
    return f"{chance.choice(_CHINESE_OPENINGS)}{told.removeprefix('请问').lstrip('，, ')}？"


def _pieces(run: re.Match[str]) -> Iterator[tuple[int, int]]:
    """Yield where the words of a run of Chinese characters stand in the question."""
    at = run.start()
    for piece in pieces_of(run[0]):
        yield at, at + len(piece)
        at += len(piece)


def _one_word(text: str, spans: Sequence[tuple[int, int]], chance: Random) -> str:
    """Return ``text`` with one of the words at ``spans`` in everyday words; several together would ask something else.

    Names, which begin with a capital, stay.
    """
    said = {span: said_otherwise(text[slice(*span)], chance) for span in spans if not text[span[0]].isupper()}
    other = [span for span, word in said.items() if word != text[slice(*span)]]
    if not other:
        return text
    start, end = chance.choice(other)
    return text[:start] + said[start, end] + text[end:]
