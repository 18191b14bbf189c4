"""Whether answers are whole: a question set with the parts of each right answer, asked as ``ragqa ask`` asks."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

from ragqa.answering import check_question
from ragqa.engine import Library
from ragqa.errors import NoAnswer, RagqaError
from ragqa.evaluation.datasets.questions import Fields, numbered_rows, page_numbers, strings
from ragqa.evaluation.grid import TOLD_EVERY_S, library_of, read_manuals
from ragqa.metrics import Interval, mean_intervals
from ragqa.printable import quantity
from ragqa.settings import Settings
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


GROUPS = ("all", "en", "zh")
"""The rows of a table that every set has: no kind of answer is called so."""

_FORM = '{"_id", "manual", "text", "kind"} with strings, and "pages", "parts", "not" with lists'


@dataclass(frozen=True, slots=True)
class WholeQuestion:
    """A question, and what its answer holds if it is whole."""

    id: str
    manual: str
    """The file name of the manual that answers it."""
    text: str
    kind: str
    """What the answer is: a procedure, a table's row, …"""
    pages: tuple[int, ...]
    """Physical pages, from 1, any of which proves the answer; empty where the manual has none."""
    parts: tuple[str, ...]
    """Strings of the manual that all belong to the answer; at least one."""
    forbidden: tuple[str, ...]
    """Strings of the manual that belong to another answer: ``not`` in the file."""

    @property
    def chinese(self) -> bool:
        """Whether it is asked in Chinese: one character is enough."""
        return bool(re.search("[\u4e00-\u9fff]", self.text))


def read_whole_questions(file: Path) -> tuple[WholeQuestion, ...]:
    """Return the questions of a file. Raises RagqaError, one line, where a line is not in the form or there is none."""
    rows = numbered_rows(file, "manual", "text", "kind")
    if not rows:
        raise RagqaError(f"{file} holds no question: expected lines of {_FORM}")
    return tuple(_question(f"{file}, line {number}", row) for number, row in rows.items())


def _question(where: str, row: Fields) -> WholeQuestion:
    wrong = next((name for name in ("pages", "parts", "not") if not isinstance(row.get(name), list)), None)
    if wrong:
        got = f"{str(row[wrong])[:40]!r} under {wrong!r}" if wrong in row else f"no {wrong!r}"
        raise RagqaError(f"{where}: expected {_FORM}, got {got}; mend the line")
    parts, forbidden = strings(row, "parts", where), strings(row, "not", where)
    if not parts or not all(map(flatten, (*row["parts"], *row["not"]))):
        raise RagqaError(
            f"{where}: expected at least one string of the answer under 'parts', and nothing there or under 'not' that "
            f"is white space or marks alone; got {str(row['parts'])[:40]}; mend the line"
        )
    if Path(row["manual"]).name != row["manual"]:
        raise RagqaError(
            f"{where}: expected the file name of a manual, as in 'pump.pdf', under 'manual', got {row['manual'][:60]!r}"
        )
    if row["kind"] in GROUPS or not row["kind"].strip():
        raise RagqaError(
            f"{where}: expected a kind of answer, as in 'procedure', under 'kind', got {row['kind']!r}; choose another"
        )
    try:
        check_question(row["text"])
    except RagqaError as error:
        raise RagqaError(f"{where}: {error}") from None
    return WholeQuestion(
        row["_id"],
        normalize("NFC", row["manual"]),
        row["text"],
        row["kind"],
        page_numbers(row, where),
        parts,
        forbidden,
    )


def find_manuals(questions: Iterable[WholeQuestion], file: Path, folders: Sequence[Path]) -> dict[str, Path]:
    """Return where each manual lies: beside ``file``, or else anywhere in the first of ``folders`` that has it.

    Raises RagqaError where a folder or a manual is missing.
    """
    gone = next((folder for folder in folders if not folder.is_dir()), None)
    if gone:
        raise RagqaError(f"there is no folder {gone}: expected one that holds manuals under --manuals")
    names = sorted({question.manual for question in questions})
    beside = {normalize("NFC", path.name): path for path in file.parent.iterdir() if path.is_file()}
    found = {name: beside[name] for name in names if name in beside}
    for folder in folders:
        for path in sorted(folder.rglob("*"), key=lambda path: (len(path.parts), path)):
            name = normalize("NFC", path.name)  # macOS writes names decomposed
            if name in names and name not in found and path.is_file():
                found[name] = path
    missing = [name for name in names if name not in found]
    if missing:
        within = ", ".join(("beside it", *(f"in {folder}" for folder in folders)))
        several = f", and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise RagqaError(
            f"{file} asks about {missing[0]}{several}: expected {within}, and not there; name the folder with --manuals"
        )
    return {name: found[name] for name in names}


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


SHARES = ("usable", "whole", "parts", "page", "wrong", "refused")
"""Measures of each answer that are shares, as ``Score`` names them; ``characters`` is a length."""


@dataclass(frozen=True, slots=True)
class ResultRow:
    """Some of the questions, and the mean of each measure over them."""

    name: str
    n: int
    metrics: Mapping[str, Interval]
    """By the names of ``SHARES``, then ``characters``; empty where the row has no question."""


def rows_of(answered: Sequence[Answered], seed: int = 0) -> list[ResultRow]:
    """Return the rows all, en and zh, then each kind of answer by name."""
    every, english, chinese = GROUPS
    some = {
        every: list(answered),
        english: [one for one in answered if not one.question.chinese],
        chinese: [one for one in answered if one.question.chinese],
    }
    for kind in sorted({one.question.kind for one in answered}):
        some[kind] = [one for one in answered if one.question.kind == kind]
    return [ResultRow(name, len(of), _metrics(of, seed)) for name, of in some.items()]


def _metrics(answered: Sequence[Answered], seed: int) -> dict[str, Interval]:
    names = (*SHARES, "characters")
    values = [[float(getattr(one.score, name)) for one in answered] for name in names]
    return dict(zip(names, mean_intervals(values, seed), strict=True)) if answered else {}


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
