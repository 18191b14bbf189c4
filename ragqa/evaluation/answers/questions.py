"""A question set whose right answers are known part by part, a line a question, and the manuals that it asks about.

A line is ``{"_id", "manual", "text", "kind", "pages", "parts", "not"}``. Reads no manual and asks nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

from ragqa.evaluation.answers.scoring import flatten
from ragqa.evaluation.datasets.lines import Row, numbered_rows, page_numbers, strings
from ragqa.engine import checked_question
from ragqa.errors import RagqaError

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


def _question(where: str, row: Row) -> WholeQuestion:
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
        checked_question(row["text"])
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
