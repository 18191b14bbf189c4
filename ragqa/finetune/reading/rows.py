"""Rows of fields from JSONL, a JSON list or CSV, each with the line on which it stands. Knows no form of question."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ragqa.errors import RagqaError

LONGEST_FIELD = 10_000_000
"""Characters; Python's own limit would refuse a long manual page in a cell."""

DELIMITERS = ",;\t|"


@dataclass(frozen=True, slots=True)
class Row:
    """Named fields, their names in small letters."""

    fields: dict[str, Any]
    where: str
    """'line 12', or 'entry 12' of a JSON list."""


def json_rows(text: str, name: str) -> Iterator[Row]:
    """Yield the object on each line. Raises RagqaError that names the first bad line."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield Row(_fields(_object(line, f"{name}, line {number}")), f"line {number}")


def list_rows(value: list[Any], name: str) -> Iterator[Row]:
    """Yield the objects of a JSON list. Raises RagqaError where one is none."""
    for number, one in enumerate(value, 1):
        if not isinstance(one, dict):
            raise RagqaError(f"{name}, entry {number}: expected an object with named fields, got {str(one)[:40]!r}")
        yield Row(_fields(one), f"entry {number}")


def csv_rows(text: str, name: str) -> Iterator[Row]:
    """Yield the rows of a table whose first line names the columns. Raises RagqaError on what is no table."""
    csv.field_size_limit(LONGEST_FIELD)
    head = text.lstrip("\n").split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    names: list[str] | None = None
    begins = 1
    try:
        for cells in reader:
            if names is None and any(cells):
                names = [cell.strip().lower() for cell in cells]
            elif names is not None and any(cell.strip() for cell in cells):
                yield Row(_of_cells(names, cells, f"{name}, line {begins}"), f"line {begins}")
            begins = reader.line_num + 1
    except csv.Error as error:
        raise RagqaError(f"{name}, line {reader.line_num}: the table can't be read ({error}); mend the line") from None


def _of_cells(names: list[str], cells: list[str], where: str) -> dict[str, Any]:
    if any(cell.strip() for cell in cells[len(names) :]):
        raise RagqaError(
            f"{where}: expected {len(names)} columns as in the first line, got {len(cells)}; "
            "put fields that hold the separator into double quotes"
        )
    return dict(zip(names, cells, strict=False))


def _object(line: str, where: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise RagqaError(f"{where}: expected a JSON object, got {line.strip()[:40]!r}; mend or remove the line")
    return value


def _fields(row: dict[str, Any]) -> dict[str, Any]:
    return {str(name).strip().lower(): value for name, value in row.items()}
