"""How far an answer says what it should, by its words: SQuAD's measures (Rajpurkar et al. 2016), Chinese by character.

Texts are compared without case, punctuation, English articles and white space. A Chinese character is a token of its
own (as in CMRC 2018, Cui et al. 2019). Of several right answers the nearest counts. Knows nothing of meaning.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Sequence

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_CHARACTER = re.compile(r"([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])")
"""What is written without spaces between words: Han and kana."""


def answer_tokens(text: str) -> list[str]:
    """Return the words, and the Chinese characters, that count."""
    letters = "".join(c for c in text.lower() if not _is_punctuation(c))
    return _CHARACTER.sub(r" \1 ", _ARTICLES.sub(" ", letters)).split()


def exact_match(said: str, answers: Sequence[str]) -> float:
    """Return 1 if ``said`` is one of ``answers``, else 0."""
    tokens = answer_tokens(said)
    return float(any(tokens == answer_tokens(answer) for answer in answers))


def token_f1(said: str, answers: Sequence[str]) -> float:
    """Return the harmonic mean of precision and recall of tokens, for the answer where it is highest."""
    tokens = answer_tokens(said)
    return max((_f1(tokens, answer_tokens(answer)) for answer in answers), default=0.0)


def answer_recall(text: str, answers: Sequence[str]) -> float:
    """Return 1 if one of ``answers`` stands in ``text``, whole tokens next to each other, else 0."""
    held = _spaced(answer_tokens(text))
    return float(any(_holds(held, text, answer) for answer in answers))


def _holds(held: str, text: str, answer: str) -> bool:
    tokens = answer_tokens(answer)
    # An answer of punctuation or articles alone, '%', has no tokens to look for.
    return _spaced(tokens) in held if tokens else bool(answer.strip()) and answer.strip() in text


def _spaced(tokens: Sequence[str]) -> str:
    return f" {' '.join(tokens)} "


def _f1(said: Sequence[str], right: Sequence[str]) -> float:
    if not said or not right:
        return float(said == right)
    shared = sum((Counter(said) & Counter(right)).values())
    return 2 * shared / (len(said) + len(right))


def _is_punctuation(c: str) -> bool:
    return c in string.punctuation or unicodedata.category(c).startswith("P")
