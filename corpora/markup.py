"""Parse the sources of the sample manuals. Knows nothing of PDF, HTML or pages.

One line of source is one block; blank lines only separate. The markup is a little Markdown:

    # Chapter            ## Section            ### Heading without a number
    1. a step            - a bullet            !warning Text (also !danger, !caution, !note)
    {table 10 60 30} Caption      followed by rows: | cell | cell |   (the first one is the header)
    {figure airflow: label | label} Caption
    {columns 2}          {page}                ``` … ``` around lines that keep their spaces

Inside a line: **bold**, `code`; ^[term; term] at its end sends the terms to the index.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Kind = Literal[
    "chapter", "section", "heading", "paragraph", "step", "bullet", "table", "figure", "code", "columns", "page",
    "danger", "warning", "caution", "note",
]  # fmt: skip
Look = Literal["", "bold", "code"]

_TERMS = re.compile(r"\s*\^\[([^]]*)\]\s*$")
_DIRECTIVE = re.compile(r"\{(table|figure|columns|page)([^}]*)\}\s*(.*)")
_HEADS: dict[str, Kind] = {"#": "chapter", "##": "section", "###": "heading"}
_BOXES: dict[str, Kind] = {"danger": "danger", "warning": "warning", "caution": "caution", "note": "note"}
_INLINE = re.compile(r"\*\*(.+?)\*\*|`(.+?)`")


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a manual. ``number`` is that of a chapter ('3'), section ('3.2'), step, table or figure ('3-1')."""

    kind: Kind
    text: str = ""
    number: str = ""
    terms: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    widths: tuple[float, ...] = ()
    name: str = ""
    """Of a figure: which drawing; its ``rows`` hold the labels. Of columns: how many."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter as written: its blocks, the first of which is its title; ``slug`` is the file's name without number."""

    slug: str
    blocks: tuple[Block, ...]


def read_chapters(folder: Path) -> list[Chapter]:
    """Return the chapters of ``folder`` ('00-front.md', '01-safety.md', …) in order, numbered from 0: the front."""
    files = sorted(folder.glob("[0-9][0-9]-*.md"))
    return [
        Chapter(path.stem[3:], tuple(_blocks(path.read_text(encoding="utf-8").splitlines(), at)))
        for at, path in enumerate(files)
    ]


def runs(text: str) -> list[tuple[str, Look]]:
    """Return ``text`` cut where its look changes: 'see **P12**' → [('see ', ''), ('P12', 'bold')]."""
    out: list[tuple[str, Look]] = []
    at = 0
    for found in _INLINE.finditer(text):
        out.append((text[at : found.start()], ""))
        out.append((found[1], "bold") if found[1] else (found[2], "code"))
        at = found.end()
    out.append((text[at:], ""))
    return [run for run in out if run[0]]


def _blocks(lines: list[str], chapter: int) -> Iterator[Block]:
    section = tables = figures = 0
    queue = [line.rstrip() for line in lines]
    while queue:
        line = queue.pop(0)
        if not line:
            continue
        terms: tuple[str, ...] = ()
        if found := _TERMS.search(line):
            terms, line = tuple(term.strip() for term in found[1].split(";")), line[: found.start()]
        mark, _, rest = line.partition(" ")
        if directive := _DIRECTIVE.match(line):
            kind, options, caption = directive[1], directive[2], directive[3]
            if kind == "table":
                tables += 1
                widths = tuple(float(width) for width in options.split())
                yield Block("table", caption, f"{chapter}-{tables}", terms, tuple(_rows(queue)), widths)
            elif kind == "figure":
                figures += 1
                name, _, labels = options.partition(":")
                yield Block("figure", caption, f"{chapter}-{figures}", terms, (_cells(labels),), name=name.strip())
            else:
                yield Block("columns" if kind == "columns" else "page", name=options.strip())
        elif mark in _HEADS:
            section += mark == "##"
            number = {"#": f"{chapter}", "##": f"{chapter}.{section}"}.get(mark, "")
            yield Block(_HEADS[mark], rest, number, terms)
        elif line == "```":
            end = queue.index("```")
            yield Block("code", "\n".join(queue[:end]))
            del queue[: end + 1]
        elif re.fullmatch(r"\d+\.", mark):
            yield Block("step", rest, mark, terms)
        elif mark == "-":
            yield Block("bullet", rest, terms=terms)
        elif mark.startswith("!") and mark[1:] in _BOXES:
            yield Block(_BOXES[mark[1:]], rest, terms=terms)
        else:
            yield Block("paragraph", line, terms=terms)


def _rows(queue: list[str]) -> Iterator[tuple[str, ...]]:
    while queue and queue[0].startswith("|"):
        yield _cells(queue.pop(0).strip("|"))


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.split("|"))
