"""The one reader of question files, CSV and JSONL alike, in the form of ``docs/questions.md``.

Reads the file; whether the pages are in the manual is for ``records.check``, which has the manual.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from unicodedata import normalize

from ragqa.errors import RagqaError
from ragqa.evaluation.datasets.records import Dataset, Files, Held, Question

Fields = dict[str, Any]
"""What a line says, by name."""

FORM = "docs/questions.md"
"""Where the form is described."""


def read_text(file: Path) -> str:
    """Return a file's text. Raises RagqaError where it can't be read as UTF-8."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RagqaError(f"{file} should be a file of text in UTF-8, but can't be read: {reason}") from None


def read_rows(file: Path, *needed: str) -> list[Fields]:
    """Return the rows of ``file``, each with a string under ``_id`` and under each name ``needed``.

    A file that is not called .jsonl, and whose first character is no brace, is a table whose first line names the
    columns; without a column ``_id`` the line's number is it. Raises RagqaError that names the first bad line, or an
    ``_id`` that stands twice.
    """
    return list(numbered_rows(file, *needed).values())


def numbered_rows(file: Path, *needed: str) -> dict[int, Fields]:
    """Return what ``read_rows`` does, each row under the number of its line, from 1."""
    text = read_text(file)
    rows: dict[int, Fields] = {}
    if file.suffix.lower() != ".jsonl" and text.lstrip()[:1] not in ("{", ""):
        rows = dict(_table_rows(file, text, needed))
    else:
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                rows[number] = _row(file, number, line, ("_id", *needed))
    check_once((row["_id"] for row in rows.values()), str(file))
    return rows


LONGEST_FIELD = 10_000_000
"""Characters; Python's own limit would refuse a long manual page in a cell."""


def _table_rows(file: Path, text: str, needed: Sequence[str]) -> Iterator[tuple[int, Fields]]:
    """Yield the rows of a table with the numbers of their lines; an empty cell is a field that is not there."""
    csv.field_size_limit(LONGEST_FIELD)
    delimiter = max(",;\t|", key=text.lstrip().split("\n", 1)[0].count)
    reader = csv.reader(io.StringIO(text.lstrip("\n"), newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        names = [name.strip().lower() for name in next(reader)]
        if missing := [name for name in needed if name not in names]:
            raise RagqaError(
                f"{file}, line 1: expected a column {missing[0]!r}, got {', '.join(names)[:60]!r}; see {FORM}"
            )
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(names):
                raise RagqaError(
                    f"{file}, line {reader.line_num}: expected {len(names)} columns as in the first line, got "
                    f"{len(cells)}; put fields that hold the separator into double quotes"
                )
            row = {name: _cell(name, cell.strip()) for name, cell in zip(names, cells, strict=False) if cell.strip()}
            row.setdefault("_id", str(reader.line_num))
            if lacking := [name for name in needed if name not in row]:
                raise RagqaError(
                    f"{file}, line {reader.line_num}: expected something under {lacking[0]!r}; mend the line"
                )
            yield reader.line_num, row
    except csv.Error as error:
        raise RagqaError(f"{file}, line {reader.line_num}: the table can't be read ({error}); mend the line") from None


def _cell(name: str, cell: str) -> Any:
    """Return what a cell says: pages are numbers, 'false' of answerable is false, anything else is its text."""
    if name == "pages":
        numbers = re.split(r"[,;\s]+", cell.strip("[]"))
        return [int(number) if number.isascii() and number.isdigit() else 0 for number in numbers]
    if name == "answerable":
        return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get(cell.lower(), cell)
    return cell


def _row(file: Path, number: int, line: str, needed: Iterable[str]) -> Fields:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict) or not all(isinstance(row.get(name), str) for name in needed):
        form = ", ".join(f'"{name}": "…"' for name in needed)
        raise RagqaError(f"{file}, line {number}: expected {{{form}}}, got {line.strip()[:60]!r}; mend the line")
    return row


def strings(row: Fields, name: str, where: str) -> tuple[str, ...]:
    """Return a field that holds a string, several, or nothing. Raises RagqaError for anything else."""
    value = row.get(name)
    several = value if isinstance(value, list) else [] if value is None else [value]
    if not all(isinstance(one, str) for one in several):
        raise RagqaError(f"{where}: expected a string or a list of strings under {name!r}, got {str(value)[:40]!r}")
    return tuple(one for one in several if one.strip())


def page_numbers(row: Fields, where: str) -> tuple[int, ...]:
    """Return the list of pages that a row names, if any. Raises RagqaError for what are no physical pages, from 1."""
    pages = row.get("pages") or []
    if not isinstance(pages, list) or not all(type(page) is int and page > 0 for page in pages):
        raise RagqaError(f"{where}: expected pages from 1, as in [12], got {str(pages)[:40]}")
    return tuple(pages)


def check_once(names: Iterable[str], where: str) -> None:
    """Raise RagqaError where an id stands twice: how many do, and the first of them."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise RagqaError(
            f"{where} should give each row an _id of its own, but {len(twice)} stand twice, the first {twice[0]!r}"
        )


SUFFIX = ".questions.jsonl"


def read_questions(file: Path) -> tuple[Question, ...]:
    """Return the questions of a file. Raises RagqaError, one line, where one is not in the form or there is none."""
    questions = tuple(_question(file, row) for row in read_rows(file, "text"))
    if not questions:
        raise RagqaError(f'{file} holds no question: expected lines of {{"_id", "text", "pages"}}, as in {FORM}')
    return questions


def _question(file: Path, row: Fields) -> Question:
    where = f"{file}, question {row['_id']!r}"
    pages, answerable, document = page_numbers(row, where), row.get("answerable", True), row.get("document")
    if not isinstance(answerable, bool) or not isinstance(document, str | None):
        raise RagqaError(f"{where}: expected true or false under 'answerable' and a name under 'document'")
    document = document and normalize("NFC", document)
    return Question(
        row["_id"],
        row["text"],
        pages=pages,
        answers=strings(row, "answer", where) if answerable else (),
        evidence=strings(row, "evidence", where),
        answerable=answerable,
        document=document,
        reworded=strings(row, "reworded", where),
    )


def is_manuals(folder: Path) -> bool:
    """Say whether a folder holds question sets of manuals."""
    return any(folder.glob(f"*{SUFFIX}"))


def read_manuals(folder: Path) -> list[Dataset]:
    """Return a Dataset for each question file of ``folder``, named ``folder/stem``. Raises RagqaError."""
    datasets = []
    for file in sorted(folder.glob(f"*{SUFFIX}")):
        stem = file.name.removesuffix(SUFFIX)
        source = Files((_manual_of(folder, stem),))
        datasets.append(Dataset(f"{folder.resolve().name}/{stem}", source, read_questions(file)))
    return datasets


def _manual_of(folder: Path, stem: str) -> Path:
    """Return the one file beside the questions that is named like them, of whatever format."""
    beside = sorted(path for path in folder.iterdir() if path.is_file() and _same(path.stem, stem))
    if len(beside) != 1:
        got = "no such file" if not beside else f"{len(beside)}: {', '.join(path.name for path in beside)}"
        raise RagqaError(
            f"{folder / (stem + SUFFIX)} should have one manual beside it, {stem}.pdf or of another format; got {got}"
        )
    return beside[0]


def _same(name: str, other: str) -> bool:
    """Say whether two names are one, composed or decomposed as macOS writes them."""
    return normalize("NFC", name) == normalize("NFC", other)


def read_library(index: str, questions: Path, home: Path | None = None) -> Dataset:
    """Return the library ``index`` with the ``questions`` of a file, or of all question sets of a folder.

    Raises RagqaError for a bad question file.
    """
    files = sorted(questions.glob(f"*{SUFFIX}")) if questions.is_dir() else [questions]
    if not files:
        raise RagqaError(f"{questions} is a folder without a file *{SUFFIX}: name a file of questions, see {FORM}")
    found = tuple(question for file in files for question in read_questions(file))
    check_once((question.id for question in found), str(questions))
    return Dataset(index, Held(index, home), found)
