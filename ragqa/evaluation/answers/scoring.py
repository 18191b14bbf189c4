"""What one answer is worth, against the parts that a whole one holds: a pure function. Asks nothing.

An answer is usable if every part stands in it, nothing that belongs to another answer does, and it is not too long.
Text is compared without case, white space, the marks * | ·, [n] markers and the shape of quotes, of which a backtick is
one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ragqa.evaluation.answers.questions import WholeQuestion
    from ragqa.types import Answer

SHORT, TIMES = 600, 15
"""An answer may have so many characters, or so many times as many as its parts have, whichever is more."""

_QUOTES = str.maketrans("‘’‚‛´`“”„‟«»", "''''''\"\"\"\"\"\"")


@dataclass(frozen=True, slots=True)
class Score:
    """What an answer is worth. Higher is better, but for ``wrong``, ``refused`` and ``characters``."""

    usable: bool
    whole: bool
    """Every part stands in it."""
    parts: float
    """The share of the parts that stand in it, 0 to 1."""
    page: bool
    """A page that proves the answer is cited; where the manual has no pages, anything is."""
    wrong: bool
    """Something stands in it that belongs to another answer."""
    refused: bool
    characters: int
    """Of the text as it is shown, with its markers."""
    missing: tuple[str, ...]
    """Parts that do not stand in it."""
    misplaced: tuple[str, ...]
    """What stands in it and belongs to another answer."""


def flatten(text: str) -> str:
    """Return what counts of a text when two are compared."""
    return re.sub(r"[\s*|·]+", "", text.translate(_QUOTES)).lower()


def longest(question: WholeQuestion) -> int:
    """Return how many characters a usable answer to ``question`` may have."""
    return max(SHORT, TIMES * sum(map(len, question.parts)))


def score(question: WholeQuestion, answer: Answer | None, document: str) -> Score:
    """Return what ``answer`` is worth; None, for want of one, is worth nothing.

    ``document`` is what the library calls the manual of the question: only its pages prove anything.
    """
    text = answer.text if answer else ""
    held = flatten(re.sub(r"\[\d+\]", "", text))
    missing = tuple(part for part in question.parts if flatten(part) not in held)
    misplaced = tuple(other for other in question.forbidden if flatten(other) in held)
    cited = [citation.page for citation in answer.citations if citation.document == document] if answer else []
    return Score(
        usable=not missing and not misplaced and len(text) <= longest(question),
        whole=not missing,
        parts=(len(question.parts) - len(missing)) / len(question.parts),
        page=any(page in question.pages for page in cited) if question.pages else bool(cited),
        wrong=bool(misplaced),
        refused=bool(answer and answer.abstained),
        characters=len(text),
        missing=missing,
        misplaced=misplaced,
    )
