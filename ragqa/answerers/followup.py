"""Make a follow-up question stand alone without a language model: 'and how long does that take?'.

A question belongs to the one before it where its form leans on it (pronouns, ellipses), or where it says little itself
and what it says was named in the last question or answer. The rules are of grammar, a file for each language.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ragqa.cjk import CJK

if TYPE_CHECKING:
    from ragqa.answerers import Turn


def standalone(question: str, history: Sequence[Turn]) -> str:
    """Return ``question`` with what it belongs to in front: the last question that stood by itself, and those since."""
    asked = [question]
    for turn in reversed(history):
        if not belongs(asked[0], turn):
            break
        asked.insert(0, turn.question)
    return " ".join(asked)


def belongs(question: str, last: Turn) -> bool:
    """Say whether ``question`` can't be understood without ``last``, the turn before it."""
    text, before, answer = (unicodedata.normalize("NFKC", one) for one in (question, last.question, last.answer))
    if _is_chinese(text):
        from ragqa.answerers.followup_chinese import takes_up
    else:
        from ragqa.answerers.followup_english import takes_up
    return leans(text) or takes_up(text, before, answer)


def leans(question: str) -> bool:
    """Say whether the form of a question alone shows that it needs the turn before it."""
    if _is_chinese(question):
        from ragqa.answerers.followup_chinese import leans
    else:
        from ragqa.answerers.followup_english import leans
    return leans(unicodedata.normalize("NFKC", question))


def _is_chinese(question: str) -> bool:
    return re.search(f"[{CJK}]", question) is not None
