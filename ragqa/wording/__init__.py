"""The words by which rules read manuals and questions, and what is said around a quote, a file for each language.

To add a language: a file named by its ISO 639-1 code with a ``WORDING``, its line in ``WORDINGS``, and its refusal in
``prompts.toml``. English and Chinese rules stand where they are used; their files hold labels only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from ragqa.analysis import in_chinese
from ragqa.cjk import HANGUL, KANA
from ragqa.languages import CHINESE, ENGLISH, language_of
from ragqa.wording import de, en, es, fr, it, ja, ko, nl, pt, zh
from ragqa.wording.record import DocumentWords, Labels, QuestionWords, Wording

__all__ = [
    "WORDINGS",
    "DocumentWords",
    "Labels",
    "QuestionWords",
    "document_words",
    "labels_for",
    "question_words",
    "speaking",
]

WORDINGS: Mapping[str, Wording] = {
    "en": en.WORDING,
    "zh": zh.WORDING,
    "de": de.WORDING,
    "fr": fr.WORDING,
    "es": es.WORDING,
    "it": it.WORDING,
    "pt": pt.WORDING,
    "nl": nl.WORDING,
    "ja": ja.WORDING,
    "ko": ko.WORDING,
}

_KANA = re.compile(f"(?!・)[{KANA}]")
_HANGUL = re.compile(f"[{HANGUL}]")
_CJK = (CHINESE, "ja", "ko")


def document_words(name: str) -> str:
    """Return the words that a field of ``DocumentWords`` has in any language, as one alternation without a group."""
    return "|".join(dict.fromkeys(filter(None, (getattr(one.document, name) for one in WORDINGS.values()))))


@lru_cache(4096)
def speaking(question: str) -> str:
    """Return the language to answer a question in, one of ``WORDINGS``; English where nothing tells."""
    if in_chinese(question):
        if _KANA.search(question):
            return "ja" if language_of(question) != "ko" else "ko"
        return "ko" if _HANGUL.search(question) else CHINESE
    told = None if question.isupper() else language_of(question)  # MIT is a name
    return told if told is not None and told in WORDINGS and told not in _CJK else ENGLISH


def labels_for(question: str) -> Labels:
    """Return what to say around a quote in the language of a question."""
    return WORDINGS[speaking(question)].labels


def question_words(text: str) -> QuestionWords:
    """Return how the language of a question, or of a text that may answer one, asks and says; empty in English and
    Chinese."""
    return WORDINGS[speaking(text)].question
