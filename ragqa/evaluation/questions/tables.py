"""Questions from tables: a row's name and a column's name ask for the cell where they meet."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ragqa.evaluation.questions.drafting import Draft, Writer, chinese

_CODE = re.compile(r"[A-Z]{0,4}[-\s]?\d[\w.-]*|[A-Z]{1,3}")
_EMPTY = re.compile(r"[\W_]*|n/?a|无", re.IGNORECASE)


def drafts(writer: Writer) -> Iterator[Draft]:
    """Yield a question for each cell that can be asked for."""
    cells, header = writer.source.cells, writer.source.header
    if writer.source.kind != "row" or len(cells) != len(header) or len(cells) < 2:
        return
    name = _name(cells)
    for at, (cell, column) in enumerate(zip(cells, header, strict=True)):
        if at == name or _EMPTY.fullmatch(cell) or _EMPTY.fullmatch(column) or len(cell) > 120:
            continue
        # The code of an error is asked for as well as by: what people see is its name or what the thing does.
        told = writer.retold(cells[name], most=6)
        asks = f"的{column}是什么" if chinese(writer.source.text) else f"What is the {column.lower()} of"
        found = writer.draft(asks, told, cell, "table")
        if found:
            yield found


def _name(cells: tuple[str, ...]) -> int:
    """Return which cell names the row: the first that is more than a number or a code; else the first."""
    words = [at for at, cell in enumerate(cells) if not _CODE.fullmatch(cell) and not _EMPTY.fullmatch(cell)]
    return words[0] if words else 0
