"""Write what a manual says as Markdown: steps and items on lines, a row with its column names, code fenced."""

from __future__ import annotations

import re

from ragqa.analysis import cjk_share
from ragqa.answerers.fencing import without_lookalikes
from ragqa.answerers.markers import outside_code
from ragqa.answerers.markup import unlinked
from ragqa.types import Extract

MOST_STEPS = 15
"""A longer procedure is quoted to here, and where the rest stands is said."""

MOST_CHARACTERS = 4000


def as_said(quote: str) -> str:
    """Return a quote for the answer, which is Markdown: its own [3] is no marker of ours, its image is not loaded."""
    return outside_code(quote, lambda prose: unlinked(without_lookalikes(prose)))


def fenced(code: str) -> str:
    """Return code between fences longer than any in it."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", code)), default=0))
    return f"{fence}\n{code}\n{fence}"


def quoted(extract: Extract) -> str:
    """Return the whole of an extract as Markdown, without its marker."""
    if extract.kind == "row":
        rows = [extract.text[first:last] for first, last in extract.parts] or [extract.text]
        said = [labelled(row, extract.header) for row in rows[:MOST_STEPS]]
        return "\n".join(f"- {as_said(row)}" for row in (_titled(extract, said[0]), *said[1:]))
    shown, more = _shortened(extract)
    if extract.kind == "code":
        lead, code = shown[: extract.lead].strip(), shown[extract.lead :].strip("\n")
        body = "\n".join(part for part in (as_said(lead), fenced(code)) if part)
    else:
        body = as_said(shown)
    return "\n".join(part for part in (as_said(extract.warning), body, more) if part)


def labelled(row: str, header: str) -> str:
    """Return a table row, of one line or of several that go on with its cells, with each cell under its column's name:
    'Code: E04 · Meaning: Filter blocked'."""
    names = [name.strip() for name in header.split(" | ")] if header else []
    cells: list[str] = []
    for line in row.split("\n"):
        found = [cell.strip() for cell in line.split(" | ")]
        if not cells:
            width = max(len(names), len(found))
            cells = [*found, *[""] * (width - len(found))]
            continue
        shift = len(cells) - 1 if len(found) == 1 else 0  # a line without cells goes on with the last one
        for at, cell in enumerate(found[: len(cells) - shift]):
            cells[shift + at] = f"{cells[shift + at]} {cell}".strip()
    if len(names) < len(cells) - 1:
        names = []  # of another table
    names += [""] * (len(cells) - len(names))  # empty cells at the end of a row, and of a header, are not written
    return " · ".join(f"{name}: {cell}" if name else cell for name, cell in zip(names, cells, strict=True) if cell)


def _titled(extract: Extract, row: str) -> str:
    """Return a row behind the heading that says what its table is about."""
    return f"{extract.section[-1].strip()}: {row}" if extract.section else row


def _shortened(extract: Extract) -> tuple[str, str]:
    """Return what is shown of the text, and a line on what is not."""
    text, parts = extract.text, extract.parts
    shown = len(parts)
    if extract.kind == "procedure" and len(parts) > MOST_STEPS:
        shown = MOST_STEPS
    while shown > 1 and parts[shown - 1][1] > MOST_CHARACTERS:
        shown -= 1
    chinese = cjk_share(text) > 0.1
    if parts and shown < len(parts):
        total = max(extract.steps, len(parts))
        last = extract.page_end or extract.page
        if chinese:
            where = f"，其余见第 {last} 页" if last else ""
            return text[: parts[shown - 1][1]], f"（共 {total} 步，以上为第 1 至 {shown} 步{where}）"
        where = f"; the rest stands on page {last}" if last else ""
        return text[: parts[shown - 1][1]], f"(steps 1 to {shown} of {total}{where})"
    if len(text) > MOST_CHARACTERS:
        cut = text.rfind("\n", 0, MOST_CHARACTERS)
        return text[: cut if cut > 0 else MOST_CHARACTERS], "（以下略）" if chinese else "(it goes on there)"
    return text, ""
