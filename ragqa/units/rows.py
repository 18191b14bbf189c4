"""The rows of a table as a reader counts them: a line that only continues the row above it is part of that row."""

from __future__ import annotations

from collections.abc import Sequence

from ragqa.types import Span
from ragqa.units.pieces import Piece


def rows(pieces: Sequence[Piece]) -> tuple[Span, ...]:
    """Return the spans of the rows of a table, header lines left out."""
    found: list[tuple[int, int]] = []
    width, capitals = 0, True
    for piece in pieces:
        if piece.kind == "table_header":
            width = _width(piece)
            continue
        width = width or _width(piece)
        if not found:
            capitals = not piece.text[:1].islower()
        if found and _continues(piece, width, capitals):
            found[-1] = (found[-1][0], piece.end)
        else:
            found.append((piece.start, piece.end))
    return tuple(found)


def _width(piece: Piece) -> int:
    return piece.text.count(" | ") + 1


def _continues(piece: Piece, width: int, capitals: bool) -> bool:
    """Whether a line says only one thing and not in the first column, or begins in the middle of a sentence.

    ``capitals``: whether this table's rows begin with capitals, where small letters tell. A row that has fewer cells
    than the table ends in empty ones.
    """
    cells = [cell.strip() for cell in piece.text.split(" | ")]
    said = [cell for cell in cells if cell]
    first = said[0][:1] if said else ""
    alone = width > 1 and len(said) == 1 and (not cells[0] or len(cells) == 1)
    return alone or (capitals and (first.islower() or first in "(（"))
