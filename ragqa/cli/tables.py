"""A table on the terminal: columns in line, the best figure of a column marked. Knows nothing of what it shows.

On a terminal a table is no wider than that: long words are shortened in their middle, and figures that have no room
beside one another stand below in a table of their own.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Sequence

from ragqa.cli.output import columns_of, shortened, styled, terminal_width
from ragqa.printable import printable_name

BEST = "1;32"

_BETWEEN = "  "
_NARROWEST = 12
"""Columns that words are shortened to at most, so that something is left to know them by."""


def print_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    best: Sequence[Sequence[bool]] = (),
    *,
    words: Collection[int] = (0,),
) -> None:
    """Print rows under their columns, those of ``words`` to the left, figures to the right; ``best`` marks cells."""
    cells = [[printable_name(cell) for cell in row] for row in (columns, *rows)]
    widths = [max(columns_of(row[at]) for row in cells) for at in range(len(columns))]
    room = terminal_width(sys.stdout)
    if room is not None and not _narrow(widths, words, room):
        for at in words:  # figures go below anyway, so there is room to know a name by
            widths[at] = min(max(columns_of(row[at]) for row in cells), max(room // 3, _NARROWEST))
    for number, part in enumerate(_parts(widths, room)):
        if number:
            print()
        for line, row in enumerate(cells):
            print(_BETWEEN.join(_line(line, row, part, widths, best, words)).rstrip())


def _narrow(widths: list[int], words: Collection[int], room: int) -> bool:
    """Take from the widest words what the table is too wide by; return whether that was enough."""
    over = sum(widths) + len(_BETWEEN) * (len(widths) - 1) - room
    while over > 0:
        widest = max(words, key=lambda at: widths[at])
        if widths[widest] <= _NARROWEST:
            return False
        widths[widest] -= 1
        over -= 1
    return True


def _parts(widths: Sequence[int], room: int | None) -> Iterator[list[int]]:
    """Yield the columns that stand beside one another, the first of all in front of each part."""
    part, taken = [0], widths[0]
    for at in range(1, len(widths)):
        taken += len(_BETWEEN) + widths[at]
        if room is not None and taken > room and len(part) > 1:
            yield part
            part, taken = [0], widths[0] + len(_BETWEEN) + widths[at]
        part.append(at)
    yield part


def _line(
    line: int,
    row: Sequence[str],
    part: Sequence[int],
    widths: Sequence[int],
    best: Sequence[Sequence[bool]],
    words: Collection[int],
) -> Iterator[str]:
    for at in part:
        cell = shortened(row[at], widths[at])
        space = " " * (widths[at] - columns_of(cell))
        style = "2" if not line else BEST if best and best[line - 1][at] else ""
        shown = styled(cell, style) if style else cell
        yield shown + space if at in words else space + shown
