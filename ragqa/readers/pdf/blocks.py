"""Rows in reading order to blocks: headings, paragraphs, list items, code, captions, tables, contents.

A block is a list of pieces, each with the page that it begins on, so that a paragraph may run over a page break.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ragqa.cjk import HAN
from ragqa.readers.pdf.calls import CJK
from ragqa.readers.pdf.rows import IsWord, TextRow, finish, is_caption, join_lines, line_of
from ragqa.readers.pdf.tables import Table
from ragqa.readers.runs import Line, Run
from ragqa.types import Block, BlockKind, Page


def find_code(rows: Sequence[TextRow], skip: set[int]) -> set[int]:
    """Return the rows set in a typewriter face, unless most of the document is."""
    mono = {at for at, row in enumerate(rows) if row.mono and at not in skip}
    letters = sum(len(row.text) for row in rows)
    if sum(len(rows[at].text) for at in mono) > 0.6 * letters:
        return set()
    return mono


def verbatim(rows: Sequence[TextRow]) -> Line:
    """Return lines of code with the indents and blank lines that their places show."""
    left = min(row.x0 for row in rows)
    widths = sorted((s.x1 - s.x0) / len(s.text) for row in rows for s in row.segments if len(s.text) > 2)
    width = max(widths[len(widths) // 2] if widths else 0.6 * rows[0].size, 0.1)
    lines: list[str] = []
    runs: list[Run] = []
    length = 0
    for number, row in enumerate(rows):
        if number and rows[number - 1].y0 - row.y0 > 1.75 * row.size:
            lines.append("")
            length += 1
        line = ""
        for s in row.segments:
            column = min(round((s.x0 - left) / width), 200)
            line += " " * max(column - len(line), 1 if line else 0)
            runs.append(Run(length + len(line), row.page, s.number, s.skip, len(s.text)))
            line += finish(s.text)
        lines.append(line)
        length += len(line) + 1
    return Line("\n".join(lines), tuple(runs))


_BULLET = re.compile(
    r"^([•◦▪‣●○■□▶►✓✔➢➤❖❑❒◆◇⬝→⁃∙·\uf0b7\uf0a7]|[–—*-](?=\s))\s*(?=\S)|^(o|l)\s+(?=[A-Z])|^(l)\s+(?=\d)"
)
_ORDINAL = re.compile(
    rf"^(?:\d{{1,3}}[.)](?=\s|[{HAN}])|\(\d{{1,3}}\)|[a-zA-Z][.)]\s|\([a-z]\)\s|\((?:ix|iv|v?i{{1,3}})\)\s|[①-⑳]|"
    r"[一二三四五六七八九十]{1,3}、|[(（][一二三四五六七八九十\d]{1,3}[)）])\s*"
)
_DASHES = frozenset("-–—")
_ENDED = re.compile(r"[.!?:;。！？：；…][\"'”’)\]）」』]*$")


RAGGED = 0.6
"""The part of its column that a line fills where the paragraph may go on below, though the next word had found room."""


@dataclass(slots=True)
class BuiltBlock:
    """A block being built: ``pieces`` are (page, line), to be put one behind the other."""

    kind: BlockKind
    level: int = 0
    pieces: list[tuple[int, Line]] = field(default_factory=list)


@dataclass(slots=True)
class _Open:
    """A paragraph or list item that may go on with the next row."""

    kind: BlockKind
    level: int
    rows: list[TextRow]
    hanging: float


def build_blocks(
    rows: Sequence[TextRow],
    headings: dict[int, tuple[int, int]],
    contents: set[int],
    tables: Sequence[Table],
    code: set[int],
    notes: dict[int, int],
    is_word: IsWord,
) -> list[BuiltBlock]:
    """Return the blocks of a document's rows, in their order; a footnote comes before a paragraph that runs past it."""
    return _Builder(rows, headings, contents, tables, code, notes, is_word).build()


class _Builder:
    def __init__(
        self,
        rows: Sequence[TextRow],
        headings: dict[int, tuple[int, int]],
        contents: set[int],
        tables: Sequence[Table],
        code: set[int],
        notes: dict[int, int],
        is_word: IsWord,
    ) -> None:
        self._rows = rows
        self._headings = headings
        self._contents = contents
        self._tables = {table.first: table for table in tables}
        self._code = code
        self._notes = notes
        self._is_word = is_word
        self._edges = _right_edges(rows)
        self._found: list[BuiltBlock] = []
        self._open: _Open | None = None
        self._indents: list[float] = []

    def build(self) -> list[BuiltBlock]:
        at = 0
        while at < len(self._rows):
            at = self._step(at)
        self._close()
        return self._found

    def _step(self, at: int) -> int:
        rows = self._rows
        if at in self._headings:
            self._close()
            self._indents.clear()
            count, level = self._headings[at]
            self._found.append(BuiltBlock("heading", level, self._joined(rows[at : at + count])))
            return at + count
        if at in self._contents:
            self._close()
            self._found.append(BuiltBlock("toc", 0, self._joined([rows[at]])))
            return at + 1
        if at in self._tables:
            self._close()
            table = self._tables[at]
            for row in table.rows:
                self._found.append(BuiltBlock(row.kind, 0, [(rows[row.first].page, row.line)]))
            return table.last + 1
        if at in self._code:
            self._close()
            return self._add_code(at)
        if at in self._notes and self._passes(self._notes[at]):
            return self._add_notes(at, self._notes[at])
        self._add_text(at)
        return at + 1

    def _passes(self, end: int) -> bool:
        """Whether the open paragraph goes on past the footnotes that end before ``end``."""
        taken = end >= len(self._rows) or any(
            end in known for known in (self._headings, self._contents, self._tables, self._code)
        )
        return self._open is not None and not taken and self._goes_on(self._open, end)

    def _add_notes(self, at: int, end: int) -> int:
        running, self._open = self._open, None
        for note in range(at, end):
            self._add_text(note)
        self._close()
        self._open = running
        return end

    def _add_code(self, at: int) -> int:
        rows = self._rows
        end = at + 1
        while (
            end < len(rows) and end in self._code and end not in self._headings and rows[end].column == rows[at].column
        ):
            if rows[end - 1].y0 - rows[end].y1 > 2.5 * rows[end].size:
                break
            end += 1
        self._found.append(BuiltBlock("code", 0, [(rows[at].page, verbatim(rows[at:end]))]))
        return end

    def _add_text(self, at: int) -> None:
        row = self._rows[at]
        marker = _BULLET.match(row.text) or _ORDINAL.match(row.text)
        caption = is_caption(row.text)
        if marker and len(row.text) > len(marker[0]) and not self._mid_sentence(at, marker[0]):
            self._close()
            self._open = _Open("list_item", self._depth(row.x0), [row], _text_start(row, len(marker[0])))
            return
        if self._open and not caption and self._goes_on(self._open, at):
            self._open.rows.append(row)
            return
        self._close()
        if not marker:
            self._indents = [x for x in self._indents if x < row.x0 - 1]
        self._open = _Open("caption" if caption else "paragraph", 0, [row], row.x0)

    def _mid_sentence(self, at: int, marker: str) -> bool:
        """Whether what looks like a marker is a line's beginning within a sentence: '1984. That year' or '— 3'."""
        if not self._open or self._open.kind != "paragraph":
            return False
        above, row = self._open.rows[-1], self._rows[at]
        dash = marker.strip() in _DASHES
        if above.column != row.column or not (dash or (marker.strip()[:1].isalnum() and len(self._open.rows) > 1)):
            return False
        return abs(row.x0 - above.x0) < 0.3 * row.size and not _ENDED.search(above.text) and self._full(above, row)

    def _depth(self, x0: float) -> int:
        self._indents = [x for x in self._indents if x < x0 - 3]
        self._indents.append(x0)
        return len(self._indents)

    def _goes_on(self, block: _Open, at: int) -> bool:
        above, row = block.rows[-1], self._rows[at]
        if abs(above.size - row.size) > 0.12 * max(above.size, row.size):
            return False
        if len(block.rows) == 1 and _other_face(above, row) and not self._full(above, row):
            return False
        if above.column != row.column:
            return self._runs_over(block, above, row)
        room = above.y0 - row.y1
        if room > 0.75 * row.size or room < -1.2 * row.size:
            return False
        if block.kind == "list_item":
            inside = row.x0 > block.rows[0].x0 + 0.3 * row.size
            return inside or self._full(above, row)
        shift = row.x0 - above.x0
        if abs(shift) <= 0.75 * row.size:
            if _ENDED.search(above.text):
                return self._full(above, row) and not self._begins(at)
            return room < 0.5 * row.size or self._ragged(block, above, row)
        if shift < 0:  # the first line was indented, or something else begins
            return len(block.rows) == 1 and self._full(above, row)
        return len(block.rows) == 1 and self._full(above, row) and not _ENDED.search(above.text)

    def _runs_over(self, block: _Open, above: TextRow, row: TextRow) -> bool:
        """Whether a paragraph goes on in the next column or on the next page."""
        if row.page - above.page > 1 or block.kind == "caption" or not self._ragged(block, above, row):
            return False
        if _ENDED.search(above.text):
            return False
        first = row.text[:1]
        if first.isupper() and row.x0 > row.left + 0.8 * row.size and block.kind != "list_item":
            return False
        return above.bold == row.bold

    def _begins(self, at: int) -> bool:
        """Whether the line below stands further left, as below a paragraph's indented first line."""
        row, below = self._rows[at], self._rows[at + 1] if at + 1 < len(self._rows) else None
        return below is not None and below.column == row.column and below.x0 < row.x0 - 0.75 * row.size

    def _ragged(self, block: _Open, above: TextRow, row: TextRow) -> bool:
        """Whether a line that ends no sentence is as long as the lines of text set without an even right edge."""
        if self._full(above, row):
            return True
        edge = self._edges.get(above.column, above.right)
        least = RAGGED if len(block.rows) > 1 or above.column == row.column else 0.75
        return above.x1 - above.left > least * (edge - above.left)

    def _full(self, above: TextRow, below: TextRow) -> bool:
        """Whether the first word of the line below would not have fitted on the line above."""
        edge = self._edges.get(above.column, above.right)
        first = below.segments[0]
        if CJK.match(first.text):  # a line breaks between any two, but not before punctuation
            width = 2 * below.size
        else:
            width = (first.x1 - first.x0) * len(first.text.split(" ", 1)[0]) / max(len(first.text), 1)
        return above.x1 + min(width, 0.3 * (edge - above.left)) + 0.25 * above.size > edge - 0.5 * above.size

    def _joined(self, rows: Sequence[TextRow]) -> list[tuple[int, Line]]:
        lines = join_lines([line_of(row) for row in rows], self._is_word)
        return [(row.page, line) for row, line in zip(rows, lines, strict=True)]

    def _close(self) -> None:
        if self._open:
            self._found.append(BuiltBlock(self._open.kind, self._open.level, self._joined(self._open.rows)))
        self._open = None


def _other_face(above: TextRow, row: TextRow) -> bool:
    """Whether a line set throughout in one face is followed by one in another, as a small heading is."""
    face = above.segments[0].font
    return face == above.segments[-1].last_font and (face.bold, face.italic) != _slant(row)


def _slant(row: TextRow) -> tuple[bool, bool]:
    return row.segments[0].font.bold, row.segments[0].font.italic


def _right_edges(rows: Sequence[TextRow]) -> dict[int, float]:
    """Return how far right the lines of each stretch reach: the end of the longest but a few."""
    ends: dict[int, list[float]] = {}
    for row in rows:
        ends.setdefault(row.column, []).append(row.x1)
    return {column: sorted(xs)[-1 - len(xs) // 20] for column, xs in ends.items()}


def _text_start(row: TextRow, marker: int) -> float:
    if len(row.segments) > 1 and len(row.segments[0].text) <= marker:
        return row.segments[1].x0
    return row.x0 + (row.segments[0].x1 - row.x0) * marker / max(len(row.segments[0].text), 1)


class Assembled(NamedTuple):
    """A document's text, the lines that it is made of with their offsets, its blocks and its pages."""

    text: str
    lines: list[tuple[int, Line]]
    blocks: tuple[Block, ...]
    pages: tuple[Page, ...]


def assemble(
    built: Sequence[BuiltBlock], labels: Sequence[str | None], furniture: Sequence[Sequence[str]]
) -> Assembled:
    """Return the blocks one behind the other. A page begins where its first piece does, which may be within a block."""
    parts: list[str] = []
    lines: list[tuple[int, Line]] = []
    blocks: list[Block] = []
    starts: dict[int, int] = {}
    length = 0
    for item in built:
        pieces = [(page, line) for page, line in item.pieces if line.text.strip()]
        if not pieces:
            continue
        if parts:
            parts.append("\n")
            length += 1
        start = length
        for page, line in pieces:
            starts.setdefault(page, length)
            parts.append(line.text)
            lines.append((length, line))
            length += len(line.text)
        blocks.append(Block(item.kind, start, length, item.level))
    return Assembled("".join(parts), lines, tuple(blocks), _pages(starts, length, labels, furniture))


def _pages(
    starts: dict[int, int], length: int, labels: Sequence[str | None], furniture: Sequence[Sequence[str]]
) -> tuple[Page, ...]:
    """Return the pages back to back. One without text is empty and stands where the next begins."""
    pages: list[Page] = []
    end = length
    for number in range(len(labels) - 1, -1, -1):
        start = min(starts.get(number, end), end)
        pages.append(Page(number + 1, start, end, labels[number], tuple(furniture[number])))
        end = start
    if pages and pages[-1].start > 0:
        pages[-1] = Page(1, 0, pages[-1].end, pages[-1].label, pages[-1].furniture)
    return tuple(reversed(pages))
