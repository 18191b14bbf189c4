"""Rows of cells to table blocks, the same way for every format. Knows nothing of markup.

A spanning cell of the header is repeated over its columns, one of the body stands once, in its first column; a cell
that spans rows is repeated in each. A bar between spaces inside a cell becomes '¦', because ' | ' parts the cells.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ragqa.readers.draft import Draft, flowing

MAX_SPAN = 200
"""Columns that one cell may span; more is a mistake, or an attack on memory."""
MAX_REPEATED = 200
"""A cell longer than this many characters is not repeated down the rows that it spans."""
REPEATED_TIMES = 4
"""How often the text of a document's tables may be repeated in all, small documents aside."""

_JOINT = " | "


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as written. ``heads`` where the format marks it as a header cell, or shows all of it in bold."""

    text: str
    columns: int = 1
    rows: int = 1
    heads: bool = False


def add_table(draft: Draft, rows: Sequence[Sequence[Cell]], headers: int | None = None) -> None:
    """Append a table. ``headers`` is how many of its rows the format calls header; None where it does not say."""
    if headers is None:
        headers = _guess_headers(rows)
    grid = _without_spacers(_grid(draft, rows, headers), headers)
    body = grid[headers:]
    heads = []
    for row in grid[:headers]:
        if len(row) > 1 and len(set(filter(None, row))) == 1:
            draft.add("caption", next(filter(None, row)))  # one title over all columns
        else:
            heads.append(row)
    if heads and any(map(any, heads)):
        draft.add("table_header", _row_text(_merged(heads)))
    for row in body:
        draft.add("table_row", _row_text(row))


def _row_text(cells: Sequence[str]) -> str:
    texts = [_BAR.sub("¦", flowing(cell).replace("\n", " ")) for cell in cells]
    while texts and not texts[-1]:
        texts.pop()
    return _JOINT.join(texts)


_BAR = re.compile(r"(?<!\S)\|(?!\S)")


def _merged(rows: Sequence[Sequence[str]]) -> list[str]:
    """Make one header of several: each column says what stands above it, outermost first, once."""
    columns: list[dict[str, None]] = [{} for _ in range(max(map(len, rows)))]
    for row in rows:
        for column, text in zip(columns, row, strict=False):
            if text:
                column[text] = None
    return list(map(" ".join, columns))


def _grid(draft: Draft, rows: Sequence[Sequence[Cell]], headers: int) -> list[list[str]]:
    """Return the texts of each row, those of spanning cells repeated: as many as ``draft`` allows."""
    draft.repeatable += REPEATED_TIMES * sum(len(cell.text) + len(_JOINT) for row in rows for cell in row)
    grid: list[list[str]] = []
    open_cells: dict[int, tuple[int, str]] = {}
    widest = max(map(len, rows), default=0)
    for number, cells in enumerate(rows):
        row: list[str] = []
        left = len(rows) - number
        fresh = {}
        only_spanning = bool(cells)
        for cell in cells:
            while len(row) in open_cells:
                row.append(open_cells[len(row)][1])
            text = flowing(cell.text)
            across, down = _spans(draft, cell, text, left, number < headers)
            only_spanning &= down > 1 and len(text) <= MAX_REPEATED
            for column in range(across):
                shown = text if column == 0 or number < headers else ""
                if down > 1:
                    fresh[len(row)] = (down, shown if len(text) <= MAX_REPEATED else "")
                row.append(shown)
        while len(row) in open_cells:
            row.append(open_cells[len(row)][1])
        if open_cells or fresh:
            open_cells = {at: (down - 1, text) for at, (down, text) in {**open_cells, **fresh}.items() if down > 1}
        if only_spanning and number >= headers and len(row) < widest:
            continue  # its cells come again in each of the rows below that they span
        grid.append(row)
    return grid


def _spans(draft: Draft, cell: Cell, text: str, left: int, heads: bool) -> tuple[int, int]:
    """Return how many columns and rows a cell fills, one of each where it would repeat more than ``draft`` allows."""
    if cell.columns <= 1 and cell.rows == 1:
        return 1, 1
    across, down = min(max(cell.columns, 1), MAX_SPAN), min(cell.rows if cell.rows > 0 else left, left)
    repeated = (across if heads else 1) * (down if len(text) <= MAX_REPEATED else 1) - 1
    cost = repeated * len(text) + (across * down - 1) * len(_JOINT)
    if cost > draft.repeatable:
        return 1, 1
    draft.repeatable -= cost
    return across, down


def _without_spacers(grid: list[list[str]], headers: int) -> list[list[str]]:
    """Drop the columns that are empty throughout, or below a header that only repeats its neighbour."""
    filled = {at for row in grid[headers:] for at, text in enumerate(row) if text}
    for row in grid[:headers]:
        filled |= {at for at, text in enumerate(row) if text and (at == 0 or row[at - 1] != text)}
    return [[text for at, text in enumerate(row) if at in filled] for row in grid]


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
    first = [flowing(cell.text) for cell in rows[0]]
    if len(first) < 3 or len(set(first)) < len(first) or any(cell.columns > 1 for cell in rows[0]):
        return 0
    names = all(0 < len(text) <= 50 and not any(char.isdigit() for char in text) for text in first)
    return int(names)
