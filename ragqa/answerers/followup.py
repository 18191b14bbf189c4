"""Make a follow-up question stand alone without a language model: 'and how long does that take?'."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ragqa.analysis import query_terms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ragqa.answerers import Turn

_LEANS = re.compile(
    r"^\s*(?:and|but|or|so|then|what about|how about|why|what if|also|ok(?:ay)?[, ]|else)\b"
    r"|\b(?:it|its|that|this|these|those|they|them|there|one|ones|same|other|instead|again|he|she)\b"
    r"|^(?:那|那么|那麼|还有|還有|而|另外|然后|然後|接着|为什么|為什麼|怎么办|怎麼辦)"
    r"|它|这个|這個|那个|那個|这样|這樣|那样|那樣|这些|這些|那些|此|该|該|呢[?？]?$",
    re.I,
)

FEW = 1
"""A question with no more terms of its own than this can't be about much by itself."""


def leans(question: str) -> bool:
    """Say whether a question needs the turns before it to be understood."""
    return bool(_LEANS.search(question)) or len([term for term in query_terms(question) if len(term) > 1]) <= FEW


def standalone(question: str, history: Sequence[Turn]) -> str:
    """Return ``question`` with what it leans on in front: the last question that stood by itself, and those since."""
    if not history or not leans(question):
        return question
    asked: list[str] = []
    for turn in reversed(history):
        asked.append(turn.question)
        if not leans(turn.question):
            break
    return " ".join((*reversed(asked), question))
