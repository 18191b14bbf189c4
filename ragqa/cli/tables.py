"""A table on the terminal: columns in line, the best figure of a column marked. Knows nothing of what it shows."""

from __future__ import annotations

from collections.abc import Sequence

from ragqa.cli.output import styled
from ragqa.cli.wrapping import columns_of
from ragqa.printable import printable_name

BEST = "1;32"


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], best: Sequence[Sequence[bool]]) -> None:
    """Print rows under their columns: the first to the left, figures to the right; ``best`` marks cells."""
    cells = [[printable_name(cell) for cell in row] for row in (columns, *rows)]
    widths = [max(columns_of(row[at]) for row in cells) for at in range(len(columns))]
    for number, row in enumerate(cells):
        line = []
        for at, cell in enumerate(row):
            space = " " * (widths[at] - columns_of(cell))
            style = "2" if not number else BEST if best[number - 1][at] else ""
            shown = styled(cell, style) if style else cell
            line.append(space + shown if at else shown + space)
        print("  ".join(line).rstrip())
