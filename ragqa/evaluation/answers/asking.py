"""Ask the questions of a set, each of its manual or all of one library, as ``ragqa ask`` does. Judges nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ragqa.evaluation.answers.questions import WholeQuestion
from ragqa.evaluation.answers.scoring import Score, score
from ragqa.evaluation.making import TOLD_EVERY_S, library_of, read_manuals
from ragqa.engine import Library
from ragqa.errors import NoAnswer, RagqaError
from ragqa.printable import quantity
from ragqa.settings import Settings
from ragqa.types import Answer

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Answered:
    """A question, what was said to it, and what that is worth."""

    question: WholeQuestion
    score: Score
    answer: Answer | None
    """None where an error came instead."""
    error: str = ""


def ask_manuals(
    questions: Sequence[WholeQuestion], manuals: Mapping[str, Path], settings: Settings, tell: Tell = lambda line: None
) -> list[Answered]:
    """Return what comes of each question, asked of its manual in a library of its own, which is gone afterwards.

    Raises RagqaError where a manual can't be read, or the answerer can't be used at all.
    """
    tell(f"{len(manuals)} {'manual is' if len(manuals) == 1 else 'manuals are'} read")
    documents = read_manuals(list(manuals.values()))
    asking = _Asking(len(questions), tell)
    answered: dict[str, Answered] = {}
    for name, document in zip(manuals, documents, strict=True):
        mine = [question for question in questions if question.manual == name]
        tell(
            f"{name}: it is cut to {settings.passage_tokens} tokens and embedded, then asked "
            f"{quantity(len(mine), 'question')}"
        )
        with library_of([document], settings, lambda line, name=name: tell(f"{name}: {line}")) as (library, _):  # type: ignore[misc]
            for question in mine:
                answered[question.id] = asking.ask(library, question, document.name)
    return [answered[question.id] for question in questions]


def ask_library(
    questions: Sequence[WholeQuestion], settings: Settings, tell: Tell = lambda line: None
) -> list[Answered]:
    """Return what comes of each question, asked of the library that ``settings`` name.

    Raises RagqaError where the library or one of the manuals is not there, or the answerer can't be used at all.
    """
    with Library.open(settings=settings, notice=tell) as library:
        names = {manual: library.show(manual).name for manual in sorted({question.manual for question in questions})}
        tell(f"{library.name}: {quantity(len(questions), 'question')} about {quantity(len(names), 'manual')}")
        asking = _Asking(len(questions), tell)
        return [asking.ask(library, question, names[question.manual]) for question in questions]


class _Asking:
    """Asks one question after another, and tells now and then how far it is."""

    def __init__(self, total: int, tell: Tell) -> None:
        self._total, self._tell = total, tell
        self._done, self._told, self._works = 0, time.monotonic(), False

    def ask(self, library: Library, question: WholeQuestion, document: str) -> Answered:
        """Return what ``library`` says. An error counts as an answer that is worth nothing, once any other came."""
        answer, problem = None, ""
        try:
            answer = library.ask(question.text)
        except RagqaError as error:
            if not self._works and not isinstance(error, NoAnswer):
                raise
            problem = str(error)
            self._tell(f"{question.id}: {problem}")
        self._works = True
        self._done += 1
        if time.monotonic() - self._told > TOLD_EVERY_S:
            self._told = time.monotonic()
            self._tell(f"{self._done} of {quantity(self._total, 'question')}")
        return Answered(question, score(question, answer, document), answer, problem)
