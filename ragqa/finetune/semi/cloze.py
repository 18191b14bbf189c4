"""Cloze questions from prose: a sentence's name, date or figure is the answer, and a question word stands for it.

After the rule-based cloze translation of Lewis et al. 2019 (arXiv 1906.04980): the part of the sentence around the
answer, without it, behind the question word of its kind; crude English, but there are many of them, and they ask for
what people ask for. Sentences in Chinese give none. Calls no model.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from random import Random

from ragqa.evaluation.questions.statements import GeneratedQuestion, Statements, chinese, holds_its_answer, pages_of
from ragqa.types import Document

_MONTH = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
    r"(?:\s\d{1,2}(?:,\s\d{4})?|\s\d{4})"
)
_ANSWER = re.compile(
    rf"(?P<date>\b(?:(?i:in|on|since|until|by|during|from)\s)?(?:\d{{1,2}}\s)?{_MONTH}\b"
    r"|\b(?i:in|since|until|by|during|from)\s(?:1\d{3}|20\d\d)\b)"
    r"|(?P<amount>(?<![\w.,-])(?!(?:1\d{3}|20\d\d)\b)\d+(?:[.,]\d+)*(?:\s(?:million|billion|percent)\b|\s?%)?(?=\s[a-z]))"
    r"|(?P<name>(?<=[a-z,;]\s)[A-Z][\w'’-]*[a-z][\w'’-]*(?:\s(?:(?:of|the|de|von)\s)?[A-Z][\w'’-]+)*"
    r"(?=[.,;]|$|\s(?:is|was|were|are|had|has|in|on|at|of|to|for|and|by|from|with|as|which|who|that|when|after|during)\b))"
)
_PREPOSITION = re.compile(r"^(?:in|on|since|until|by|during|from)\s", re.IGNORECASE)
_JOINING = {"and", "or", "but", "while", "although", "though", "which", "who", "that", "as", "so"}
_WORDS = {"date": "When", "amount": "How many", "name": "Who or what"}
_CLAUSE = re.compile(r"(?<=[,;:])\s")
SHORTEST, LONGEST = 5, 18
"""Words of a question besides its question word; a longer one is cut to the clause of its answer."""


def cloze_questions(documents: Iterable[Document], count: int, seed: int) -> list[GeneratedQuestion]:
    """Return up to ``count`` cloze questions, the sentences drawn by chance, a first of each before a second of any."""
    chance = Random(f"cloze {seed}")
    statements = [one for one in Statements(documents).all if one.kind == "sentence" and not chinese(one.text)]
    chance.shuffle(statements)
    of_each = []
    for one in statements:
        made = [
            GeneratedQuestion(asked, answer, one.text, pages_of([one]), "cloze", one)
            for asked, answer in clozes(one.text)
        ]
        chance.shuffle(made)
        of_each.append(made)
    longest = max(map(len, of_each), default=0)
    return [some[at] for at in range(longest) for some in of_each if at < len(some)][:count]


def clozes(sentence: str) -> Iterator[tuple[str, str]]:
    """Yield each cloze question that a sentence gives, with its answer."""
    text = " ".join(sentence.split())
    for found in _ANSWER.finditer(text):
        start, end = _clause(text, found.start(), found.end())
        before, after = text[start : found.start()].split(), text[found.end() : end].strip(" .,;:").split()
        kind = str(found.lastgroup)
        answer = _PREPOSITION.sub("", found[0])
        while before and before[0].lower() in _JOINING:
            del before[0]
        if any(mark in text[start:end] for mark in '()[]"“”'):
            continue
        words = [_WORDS[kind]]
        if kind == "amount" and after and after[0].isalpha():  # 'how many' stands before what is counted
            words.append(after.pop(0))
        if before and before[0].istitle() and before[0].lower() in _SMALL:
            before[0] = before[0].lower()
        question = " ".join([*words, *before, *after]).rstrip(" .,;:") + "?"
        if SHORTEST <= len(before) + len(after) <= LONGEST and not holds_its_answer(question, answer):
            yield question, answer


_SMALL = {"a", "an", "the", "in", "on", "at", "of", "for", "by", "from", "with", "this", "that", "these", "it", "its"}
_SMALL |= {"he", "his", "she", "her", "they", "their", "as", "each", "every", "all", "your"}


def _clause(text: str, start: int, end: int) -> tuple[int, int]:
    """Return where the part to ask about begins and ends: the sentence, or where that is long the answer's clause."""
    if len(text.split()) <= LONGEST:
        return 0, len(text)
    cuts = [0, *(match.end() for match in _CLAUSE.finditer(text)), len(text)]
    return max(cut for cut in cuts if cut <= start), min(cut for cut in cuts if cut >= end)
