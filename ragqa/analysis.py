"""Turn text into index terms: stemmed words, Chinese unigrams and bigrams, part numbers and codes kept whole.

Knows nothing of indexes. The same function serves passages and questions, so that both meet in the same terms;
``query_terms`` also leaves out the words that only make a question a question.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from ragqa.cjk import CJK

VERSION = 2
"""Raised when the same text gives other terms: lexical indexes are then rebuilt."""

_TOKEN = re.compile(rf"[{CJK}]+|(?:(?![{CJK}_])\w)+(?:[-_./+:'](?:(?![{CJK}_])\w)+)*[+#]{{0,2}}")
_PART = re.compile(r"[^\W\d_]+|\d+")
_CJK_RUN = re.compile(rf"[{CJK}]")
_MARKS = re.compile(r"[\u0300-\u036f]")

WORD = re.compile(rf"(?<![^\W_{CJK}])[^\W\d_{CJK}]+(?![^\W_{CJK}])")
"""A run of letters, no digit beside it, of a script that parts words."""

ENGLISH_STOPS = frozenset(
    [
        "a",
        "an",
        "and",
        "any",
        "are",
        "as",
        "at",
        "be",
        "because",
        "been",
        "but",
        "by",
        "can",
        "could",
        "did",
        "do",
        "does",
        "doing",
        "for",
        "from",
        "get",
        "had",
        "has",
        "have",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "let",
        "may",
        "me",
        "might",
        "mine",
        "must",
        "my",
        "need",
        "of",
        "on",
        "or",
        "ought",
        "our",
        "ours",
        "please",
        "shall",
        "she",
        "he",
        "should",
        "so",
        "some",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "to",
        "us",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "who",
        "whom",
        "whose",
        "why",
        "will",
        "with",
        "would",
        "you",
        "your",
        "yours",
        "am",
        "about",
        "also",
        "just",
        "only",
        "tell",
        "there's",
        "what's",
        "i'm",
        "it's",
        "don't",
        "s",
        "t",
        "ll",
        "ve",
        "re",
    ]
)

CHINESE_STOPS = frozenset(
    [
        "的",
        "了",
        "吗",
        "嗎",
        "呢",
        "吧",
        "啊",
        "么",
        "麼",
        "嘛",
        "是",
        "在",
        "有",
        "和",
        "与",
        "與",
        "及",
        "或",
        "我",
        "你",
        "您",
        "他",
        "她",
        "它",
        "们",
        "們",
        "这",
        "這",
        "那",
        "哪",
        "谁",
        "誰",
        "什",
        "怎",
        "如",
        "何",
        "几",
        "幾",
        "多",
        "少",
        "请",
        "請",
        "问",
        "問",
        "要",
        "会",
        "會",
        "能",
        "可",
        "以",
        "就",
        "都",
        "也",
        "还",
        "還",
        "又",
        "很",
        "把",
        "被",
        "给",
        "給",
        "让",
        "讓",
        "从",
        "從",
        "到",
        "对",
        "對",
        "于",
        "於",
        "为",
        "為",
        "个",
        "個",
        "些",
        "样",
        "樣",
        "该",
        "該",
        "应",
        "應",
        "得",
        "着",
        "著",
        "之",
        "其",
        "而",
        "则",
        "則",
        "并",
        "並",
        "所",
        "想",
        "做",
        "才",
        "没",
        "沒",
        "不",
    ]
)
"""Characters that, alone or beside each other, ask or join rather than name a thing."""


@lru_cache(maxsize=200_000)
def _word_terms(token: str) -> tuple[str, ...]:
    """The terms of one word without CJK characters: its stem, and, where it is compound, itself whole and its parts."""
    folded = fold(token)
    if folded.endswith(("'s", "’s")):
        folded = folded[:-2]
    parts = _PART.findall(folded)
    if len(parts) == 1 and parts[0] == folded:
        return (_stem(folded),)
    stems = [_stem(part) for part in parts]
    return (folded, *stems) if len(parts) > 1 else (folded, *(s for s in stems if s != folded))


def fold(text: str) -> str:
    """Return ``text`` in lower case and without accents."""
    return _MARKS.sub("", unicodedata.normalize("NFKD", text)).lower()


_STEMMERS: dict[str, object] = {}


def _stem(word: str) -> str:
    if word.isdigit() or not word.isascii():
        return word
    if "english" not in _STEMMERS:
        import Stemmer

        _STEMMERS["english"] = Stemmer.Stemmer("english")
    return str(_STEMMERS["english"].stemWord(word))  # type: ignore[attr-defined]


def _cjk_terms(run: str) -> Iterator[str]:
    yield from run
    for at in range(len(run) - 1):
        yield run[at : at + 2]


_RAISED_AFTER_DIGIT = re.compile("(?<=[0-9])(?=[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹])")
_FRACTION_AFTER_DIGIT = re.compile("(?<=[0-9])(?=[¼-¾⅐-⅞])")


def compatible(text: str) -> str:
    """Return ``text`` in NFKC (Unicode Standard Annex 15), but no number joins another: 10^5 for 10⁵, 2 1⁄2 for 2½."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", _FRACTION_AFTER_DIGIT.sub(" ", _RAISED_AFTER_DIGIT.sub("^", text)))


def terms(text: str) -> list[str]:
    """Return the index terms of ``text`` in order, repeated as often as they occur; none holds white space."""
    found: list[str] = []
    for match in _TOKEN.finditer(compatible(text)):
        token = match.group()
        if _CJK_RUN.match(token):
            found.extend(_cjk_terms(token))
        else:
            found.extend(_word_terms(token))
    return found


def latin_words(text: str) -> set[str]:
    """Return the words of ``text`` of the letters a to z, folded; what has digits is a code, not a word."""
    return {word for word in map(fold, set(WORD.findall(compatible(text)))) if word.isascii()}


def is_stop(term: str) -> bool:
    """Say whether a term carries no subject of its own: a stop word, or a bigram of stop characters."""
    return term in _ENGLISH_STEMS or (len(term) <= 2 and all(c in CHINESE_STOPS for c in term))


_ENGLISH_STEMS = ENGLISH_STOPS | {"pleas", "doe", "becaus", "ani", "onli", "whi"}


def query_terms(question: str) -> dict[str, int]:
    """Return the terms of a question and how often it says each, stop words left out unless nothing else is there."""
    counts = Counter(terms(question))
    return {term: count for term, count in counts.items() if not is_stop(term)} or dict(counts)


def in_chinese(question: str) -> bool:
    """Say whether a question is to be answered in Chinese: a fifth of its letters is enough, among foreign names."""
    return cjk_share(question) >= 0.2


def cjk_share(text: str) -> float:
    """Return the share of the letters of ``text`` that are CJK characters, 0 to 1."""
    if text.isascii():
        return 0.0
    letters = sum(1 for c in text if c.isalnum())
    return len(_CJK_RUN.findall(text)) / letters if letters else 0.0
