"""Files of one JSON object a line, checked; a bad line is named. Knows no set's form, only a row's fields."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ragqa.errors import RagqaError

Row = dict[str, Any]


def read_text(file: Path) -> str:
    """Return a file's text. Raises RagqaError where it can't be read as UTF-8."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RagqaError(f"{file} should be a file of text in UTF-8, but can't be read: {reason}") from None


def read_rows(file: Path, *needed: str) -> list[Row]:
    """Return the objects of ``file``, each with a string under ``_id`` and under each name ``needed``.

    Raises RagqaError that names the first bad line, or an ``_id`` that stands twice.
    """
    return list(numbered_rows(file, *needed).values())


def numbered_rows(file: Path, *needed: str) -> dict[int, Row]:
    """Return what ``read_rows`` does, each row under the number of its line, from 1."""
    rows: dict[int, Row] = {}
    for number, line in enumerate(read_text(file).split("\n"), 1):
        if line.strip():
            rows[number] = _row(file, number, line, ("_id", *needed))
    check_once((row["_id"] for row in rows.values()), str(file))
    return rows


def _row(file: Path, number: int, line: str, needed: Iterable[str]) -> Row:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict) or not all(isinstance(row.get(name), str) for name in needed):
        form = ", ".join(f'"{name}": "…"' for name in needed)
        raise RagqaError(f"{file}, line {number}: expected {{{form}}}, got {line.strip()[:60]!r}; mend the line")
    return row


def strings(row: Row, name: str, where: str) -> tuple[str, ...]:
    """Return a field that holds a string, several, or nothing. Raises RagqaError for anything else."""
    value = row.get(name)
    several = value if isinstance(value, list) else [] if value is None else [value]
    if not all(isinstance(one, str) for one in several):
        raise RagqaError(f"{where}: expected a string or a list of strings under {name!r}, got {str(value)[:40]!r}")
    return tuple(one for one in several if one.strip())


def page_numbers(row: Row, where: str) -> tuple[int, ...]:
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
