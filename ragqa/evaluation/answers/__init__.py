"""Whether answers are whole: a question set with the parts of each right answer, asked as ``ragqa ask`` asks.

``questions.py`` reads the set, ``asking.py`` asks, ``scoring.py`` says what an answer is worth, ``rows.py`` what many
are.
"""

from __future__ import annotations

from ragqa.evaluation.answers.asking import Answered, ask_library, ask_manuals
from ragqa.evaluation.answers.questions import WholeQuestion, find_manuals, read_whole_questions
from ragqa.evaluation.answers.rows import SHARES, ResultRow, rows_of
from ragqa.evaluation.answers.scoring import Score, score

__all__ = [
    "SHARES",
    "Answered",
    "ResultRow",
    "Score",
    "WholeQuestion",
    "ask_library",
    "ask_manuals",
    "find_manuals",
    "read_whole_questions",
    "rows_of",
    "score",
]
