"""Rows of cells to table blocks, the same way for every format. Knows nothing of markup.

A spanning cell of the header is repeated over its columns, one of the body stands once, in its first column; a cell
that spans rows is repeated in each, and so is a title over all columns, before the first cell of each row of its group:
a row can be read alone. A bar between spaces inside a cell becomes '¦', because ' | ' parts the cells.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, NamedTuple

from ragqa.readers.builder import DocumentBuilder, collapse_blanks
from ragqa.readers.runs import Line, Run, joined

MAX_SPAN = 200
"""Columns that one cell may span; more is a mistake, or an attack on memory."""
MAX_REPEATED = 200
"""A cell longer than this many characters is not repeated down the rows that it spans."""
REPEATED_TIMES = 4
"""How often the text of a document's tables may be repeated in all, small documents aside."""
LONGEST_TITLE = 80
"""Characters of a row over all columns that is a title of the rows below; a longer one is a note."""

_JOINT = " | "
_SENTENCE = re.compile(r"[.!?。！？]\s*$")


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as written. ``heads`` where the format marks it as a header cell, or shows all of it in bold."""

    text: str
    columns: int = 1
    rows: int = 1
    heads: bool = False
    runs: tuple[Run, ...] = field(default=(), compare=False)
    """Where its text comes from, of a reader that notes it."""


class TableLine(NamedTuple):
    """A block of a table: its kind, its text, and which of the rows it was made of (of several, the first)."""

    kind: Literal["caption", "table_header", "table_row"]
    text: str
    row: int
    runs: tuple[Run, ...] = ()


def add_table(builder: DocumentBuilder, rows: Sequence[Sequence[Cell]], headers: int | None = None) -> None:
    """Append a table. ``headers`` is how many of its rows the format calls header; None where it does not say."""
    lines, builder.repeatable = lay_out(rows, _guess_headers(rows) if headers is None else headers, builder.repeatable)
    for line in lines:
        builder.add(line.kind, line.text)


def lay_out(rows: Sequence[Sequence[Cell]], headers: int, repeatable: int) -> tuple[list[TableLine], int]:
    """Return the blocks of a table, the first ``headers`` rows of which name its columns.

    ``repeatable`` is how many characters may still be repeated; what is left of it is returned, the table's own share
    added.
    """
    repeatable += REPEATED_TIMES * sum(len(cell.text) + len(_JOINT) for row in rows for cell in row)
    grid, repeatable = _grid(rows, headers, repeatable)
    grid = _without_spacers(grid, headers)
    lines: list[TableLine] = []
    heads = []
    for at, row in grid:
        if at >= headers:
            break
        filled = [cell for cell in row if cell.text]
        if len(row) > 1 and len({cell.text for cell in filled}) == 1:
            lines.append(TableLine("caption", filled[0].text, at, filled[0].runs))  # one title over all columns
        else:
            heads.append(row)
    if any(cell.text for row in heads for cell in row):
        lines.append(_table_line("table_header", _merged(heads), 0))
    body = [(at, row) for at, row in grid if at >= headers]
    titles = _group_titles(rows, body)
    group = Line("")
    for at, row in body:
        if at in titles:
            group = row[0]._replace(text=row[0].text.rstrip(":： "))
            continue
        if group.text and len(group.text) <= repeatable:
            repeatable -= len(group.text)
            row = [joined([group, row[0]], ": ") if row[0].text else group, *row[1:]]
        lines.append(_table_line("table_row", row, at))
    return lines, repeatable


def _group_titles(rows: Sequence[Sequence[Cell]], body: Sequence[tuple[int, list[Line]]]) -> set[int]:
    """Return which rows of the body are but a title over all columns, with rows below that it speaks for."""
    titles = set()
    for (at, row), (_, below) in pairwise(body):
        cells, text = rows[at], row[0].text
        if len(cells) != 1 or cells[0].columns < max(len(row), 2) or sum(bool(cell.text) for cell in below) < 2:
            continue
        if 0 < len(text) <= LONGEST_TITLE and not _SENTENCE.search(text):
            titles.add(at)
    return titles


def _table_line(kind: Literal["table_header", "table_row"], cells: Sequence[Line], at: int) -> TableLine:
    """Return a row as it stands in the text; empty cells keep their places, save at its end."""
    shown = [cell._replace(text=_BAR.sub("¦", collapse_blanks(cell.text).replace("\n", " "))) for cell in cells]
    while shown and not shown[-1].text:
        shown.pop()
    line = joined(shown, _JOINT)
    return TableLine(kind, line.text, at, line.runs)


_BAR = re.compile(r"(?<!\S)\|(?!\S)")


def _merged(rows: Sequence[Sequence[Line]]) -> list[Line]:
    """Make one header of several: each column says what stands above it, outermost first, once."""
    columns: list[dict[str, Line]] = [{} for _ in range(max(map(len, rows)))]
    for row in rows:
        for column, cell in zip(columns, row, strict=False):
            if cell.text:
                column.setdefault(cell.text, cell)
    return [joined([*column.values()]) for column in columns]


def _grid(rows: Sequence[Sequence[Cell]], headers: int, repeatable: int) -> tuple[list[tuple[int, list[Line]]], int]:
    """Return the texts of each row with its number, those of spanning cells repeated, and how much may be yet."""
    grid: list[tuple[int, list[Line]]] = []
    open_cells: dict[int, tuple[int, Line]] = {}
    nothing = Line("")
    widest = max(map(len, rows), default=0)
    for number, cells in enumerate(rows):
        row: list[Line] = []
        left = len(rows) - number
        fresh = {}
        only_spanning = bool(cells)
        for cell in cells:
            while len(row) in open_cells:
                row.append(open_cells[len(row)][1])
            text = collapse_blanks(cell.text)
            line = Line(text, cell.runs if text == cell.text else ())
            across, down, repeatable = _spans(cell, text, left, number < headers, repeatable)
            only_spanning &= down > 1 and len(text) <= MAX_REPEATED
            for column in range(across):
                shown = line if column == 0 or number < headers else nothing
                if down > 1:
                    fresh[len(row)] = (down, shown if len(text) <= MAX_REPEATED else nothing)
                row.append(shown)
        while len(row) in open_cells:
            row.append(open_cells[len(row)][1])
        if open_cells or fresh:
            open_cells = {at: (down - 1, line) for at, (down, line) in {**open_cells, **fresh}.items() if down > 1}
        if only_spanning and number >= headers and len(row) < widest:
            continue  # its cells come again in each of the rows below that they span
        grid.append((number, row))
    return grid, repeatable


def _spans(cell: Cell, text: str, left: int, heads: bool, repeatable: int) -> tuple[int, int, int]:
    """Return how many columns and rows a cell fills, one where that would repeat too much, and what may be yet."""
    if cell.columns <= 1 and cell.rows == 1:
        return 1, 1, repeatable
    across, down = min(max(cell.columns, 1), MAX_SPAN), min(cell.rows if cell.rows > 0 else left, left)
    repeated = (across if heads else 1) * (down if len(text) <= MAX_REPEATED else 1) - 1
    cost = repeated * len(text) + (across * down - 1) * len(_JOINT)
    if cost > repeatable:
        return 1, 1, repeatable
    return across, down, repeatable - cost


def _without_spacers(grid: list[tuple[int, list[Line]]], headers: int) -> list[tuple[int, list[Line]]]:
    """Drop the columns that are empty throughout, or below a header that only repeats its neighbour."""
    filled = {column for at, row in grid if at >= headers for column, cell in enumerate(row) if cell.text}
    for at, row in grid:
        if at < headers:
            said = [cell.text for cell in row]
            filled |= {column for column, text in enumerate(said) if text and (not column or said[column - 1] != text)}
    return [(at, [cell for column, cell in enumerate(row) if column in filled]) for at, row in grid]


def _guess_headers(rows: Sequence[Sequence[Cell]]) -> int:
    """Return how many first rows are headers where nothing but the cells says so."""
    count = 0
    while count < len(rows) and rows[count] and all(cell.heads or not cell.text.strip() for cell in rows[count]):
        if count and all(cell.rows > 1 for cell in rows[count]):
            break  # it names the rows below it, not the columns
        count += 1
    if count == len(rows):  # bold or marked throughout: that tells nothing
        count = 1 if len(rows) > 1 and len(rows[0]) > 1 else 0
    if count or len(rows) < 2 or any(cell.heads for row in rows for cell in row):
        return count
    first = [collapse_blanks(cell.text) for cell in rows[0]]
    if len(first) < 3 or len(set(first)) < len(first) or any(cell.columns > 1 for cell in rows[0]):
        return 0
    names = all(0 < len(text) <= 50 and not any(char.isdigit() for char in text) for text in first)
    return int(names)
