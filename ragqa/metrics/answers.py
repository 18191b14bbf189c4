"""How far an answer says what it should: SQuAD's measures (Rajpurkar et al. 2016), ROUGE-L (Lin 2004), spans.

Chinese is measured by character.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from ragqa.errors import MissingExtra

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


def rouge_l(said: str, answers: Sequence[str]) -> float:
    """Return the F-measure of the longest common subsequence, for the answer where it is highest.

    Raises MissingExtra where rouge-score is not installed.
    """
    if not answers:
        return 0.0
    return float(_scorer().score_multi(list(answers), said)["rougeL"].fmeasure)


class _Tokens:
    """What rouge-score asks of a tokenizer."""

    def tokenize(self, text: str) -> list[str]:
        return answer_tokens(text)


@cache
def _scorer() -> Any:
    try:
        from rouge_score.rouge_scorer import RougeScorer
    except ImportError:
        raise MissingExtra("ragqa[train] is needed for ROUGE-L — pip install 'ragqa[train]'") from None
    return RougeScorer(["rougeL"], tokenizer=_Tokens())


Span = tuple[int, int]


def union(spans: Iterable[Span]) -> list[Span]:
    """Return the same characters as spans that are in order and do not touch."""
    joined: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def characters(spans: Iterable[Span]) -> int:
    """Return how many characters the spans hold."""
    return sum(end - start for start, end in union(spans))


def shared(one: Iterable[Span], other: Iterable[Span]) -> int:
    """Return how many characters both hold."""
    left, right = union(one), union(other)
    total = at = 0
    for start, end in left:
        while at < len(right) and right[at][1] <= start:
            at += 1
        beside = at
        while beside < len(right) and right[beside][0] < end:
            total += min(end, right[beside][1]) - max(start, right[beside][0])
            beside += 1
    return total


def span_recall(found: Iterable[Span], gold: Iterable[Span]) -> float:
    """Return the share of the characters of ``gold`` that was found."""
    gold = union(gold)
    return shared(found, gold) / characters(gold) if gold else 0.0


def span_precision(found: Iterable[Span], gold: Iterable[Span]) -> float:
    """Return the share of the characters found that is in ``gold``."""
    found = union(found)
    return shared(found, gold) / characters(found) if found else 0.0


def span_iou(found: Iterable[Span], gold: Iterable[Span]) -> float:
    """Return the characters in both over the characters in either."""
    found, gold = union(found), union(gold)
    either = characters([*found, *gold])
    return shared(found, gold) / either if either else 0.0


def consistency(pairs: Sequence[tuple[str, str]]) -> float:
    """Return the share of pairs of answers that say the same: equal but for case, punctuation, articles and markers.

    Raises ValueError where there is no pair.
    """
    if not pairs:
        raise ValueError("consistency needs at least one pair of answers, got none")
    return sum(answer_tokens(one) == answer_tokens(other) for one, other in pairs) / len(pairs)
