"""Lines of code: which rows are, by their typewriter face, and what they say with indents and blank lines kept."""

from __future__ import annotations

from collections.abc import Sequence

from ragqa.readers.pdf.rows import Row


def find_code(rows: Sequence[Row], skip: set[int]) -> set[int]:
    """Return the rows set in a typewriter face, unless most of the document is."""
    mono = {at for at, row in enumerate(rows) if row.mono and at not in skip}
    letters = sum(len(row.text) for row in rows)
    if sum(len(rows[at].text) for at in mono) > 0.6 * letters:
        return set()
    return mono


def verbatim(rows: Sequence[Row]) -> str:
    """Return lines of code with the indents and blank lines that their places show."""
    left = min(row.x0 for row in rows)
    widths = sorted((s.x1 - s.x0) / len(s.text) for row in rows for s in row.segments if len(s.text) > 2)
    width = max(widths[len(widths) // 2] if widths else 0.6 * rows[0].size, 0.1)
    lines: list[str] = []
    for number, row in enumerate(rows):
        if number and rows[number - 1].y0 - row.y0 > 1.75 * row.size:
            lines.append("")
        line = ""
        for s in row.segments:
            column = min(round((s.x0 - left) / width), 200)
            line += (
                " " * max(column - len(line), 1 if line else 0)
                + s.text.rstrip("\x02")
                + ("-" if s.text.endswith("\x02") else "")
            )
        lines.append(line)
    return "\n".join(lines)
