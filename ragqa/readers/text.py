"""Read plain text: paragraphs, headings, lists, code and tables, told by blank lines, indents and what lines look like.

Form feeds part pages. reStructuredText is read as the plain text that it is, with its headings and literal blocks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ragqa.readers import text_lines as look
from ragqa.readers.builder import DocumentBuilder
from ragqa.readers.encodings import normalise
from ragqa.readers.files import InputFile
from ragqa.readers.tables import Cell, add_table
from ragqa.types import Document

WIDEST_WRAP = 130
"""Where lines are commonly wider than this many columns, nobody wrapped them: each is a paragraph."""
NARROWEST_WRAP = 40
"""Where no line reaches this column, they were not wrapped but meant to be short."""


def read(file: InputFile) -> Document:
    """Return the text as a Document; its title is the file's name without suffix, as text names none."""
    builder = DocumentBuilder(file.name)
    decoded = file.text()
    add_text(builder, decoded.text)
    return builder.build(file.data, file.name, "text/plain", "", decoded.warnings)


def add_text(builder: DocumentBuilder, text: str) -> None:
    """Append plain text as blocks, its pages too where form feeds part it."""
    pages = normalise(text).split("\f")
    if len(pages) > 1 and not pages[-1].strip():
        pages.pop()
    reader = _Paragraphs(builder, pages)
    for page in pages:
        if len(pages) > 1:
            builder.begin_page()
        reader.take_page(page)


class _Paragraphs:
    """Takes pages chunk by chunk: a chunk is the lines between two blank ones."""

    def __init__(self, builder: DocumentBuilder, pages: Sequence[str]) -> None:
        self.builder = builder
        self.wrap, self.margin = _measure(pages)
        self.underlines: list[str] = []  # in the order met: the first is the top level, as in reStructuredText
        self.code: list[str] = []
        self.items: list[int] = []  # indents of the list items that are open
        self.literal = False  # the last paragraph ended in '::'

    def take_page(self, page: str) -> None:
        before: list[str] = []
        chunks = _chunks(page)
        chunk = next(chunks, None)
        while chunk:
            after = next(chunks, None)
            self._take(chunk, before, after or [])
            before, chunk = chunk, after
        self._end_code()

    def _take(self, lines: list[str], before: Sequence[str], after: Sequence[str]) -> None:
        if self._is_code(lines):
            self.code += [*([""] if self.code else []), *lines]
            return
        self._end_code()
        self.literal = lines[-1].rstrip().endswith("::")
        if look.is_contents(lines):
            for line in lines:
                self.builder.add("toc", line)
        elif rows := look.split_tab_rows(lines) or look.split_drawn_rows(lines):
            add_table(self.builder, [[Cell(cell) for cell in row] for row in rows])
        elif look.is_aligned(lines):
            self.builder.add("code", "\n".join(lines))
        elif len(lines) == 1 and self._is_heading(lines[0], before, after):
            self._heading(lines[0], look.heading_alone(lines[0]))
        else:
            self._lines(lines)

    def _is_code(self, lines: Sequence[str]) -> bool:
        depth = min(map(look.indent, lines)) - self.margin
        return depth > 0 if self.literal else depth >= 4 and (bool(self.code) or look.looks_like_code(lines))

    def _end_code(self) -> None:
        if self.code:
            self.builder.add("code", "\n".join(self.code))
            self.code = []
            self.literal = False

    def _is_heading(self, line: str, before: Sequence[str], after: Sequence[str]) -> bool:
        level = look.heading_alone(line)
        if level == 1 and look.single_number(line):  # '1. Open the lid', blank line, '2. ...' is a list
            neighbours = [*before[:1], *after[:1]]
            return bool(after) and not any(map(look.single_number, neighbours))
        return level > 0

    def _heading(self, line: str, level: int) -> None:
        self.items = []
        self.builder.add("heading", line.replace("\n", " "), level)

    def _lines(self, lines: list[str]) -> None:
        """Take a chunk that may hold titles, list items and paragraphs one after the other."""
        run: list[str] = []
        item: tuple[int, str, str] | None = None
        at = 0
        while at < len(lines):
            line = lines[at]
            taken = self._underlined(lines, at) if not run else 0
            found = None if taken else look.list_item(line)
            level = 0 if taken or found else look.heading_anywhere(line)
            if level or (found and (run or item) and not self._is_wrapped(run, item, found)) or (found and not run):
                self._end_run(run, item)
                run, item = [], None
            if taken:
                at += taken
                continue
            if level:
                self._heading(line, level)
            elif found and not run:
                item, run = found, [found[2]]
            elif not look.is_rule(line):
                if run and self._begins_paragraph(line, lines[at - 1], item):
                    self._end_run(run, item)
                    run, item = [], None
                run.append(line)
            at += 1
        self._end_run(run, item)

    def _is_wrapped(self, run: Sequence[str], item: tuple[int, str, str] | None, found: tuple[int, str, str]) -> bool:
        """Say whether what looks like an item in the middle of a paragraph is only a number at a line's start."""
        return bool(run) and item is None and bool(found[1]) and found[1][0].isdigit() and self._is_full(run[-1])

    def _underlined(self, lines: Sequence[str], at: int) -> int:
        """Take a title with a line under it, and maybe one over it; return how many lines that were."""
        over = int(
            look.underline_of(lines[at]) is not None
            and at + 2 < len(lines)
            and lines[at + 2].strip() == lines[at].strip()
        )
        title, under = lines[at + over : at + over + 1], lines[at + over + 1 : at + over + 2]
        if not title or not under or not look.underlines(title[0], under[0]):
            return 0
        style = ("over" if over else "") + (look.underline_of(under[0]) or "")
        if style not in self.underlines:
            self.underlines.append(style)
        self._heading(title[0], self.underlines.index(style) + 1)
        return over + 2

    def _begins_paragraph(self, line: str, before: str, item: tuple[int, str, str] | None) -> bool:
        if self.wrap > WIDEST_WRAP or max(len(line), len(before)) > 1.5 * self.wrap:
            return True
        step = look.indent(line) - look.indent(before)
        return (step >= 2 and item is None) or (item is not None and look.indent(line) < item[0])

    def _is_full(self, line: str) -> bool:
        """Say whether a line ran to the margin, so that the next one goes on with its sentence."""
        return self.wrap >= NARROWEST_WRAP and look.width(line.rstrip()) >= 0.6 * self.wrap

    def _end_run(self, run: Sequence[str], item: tuple[int, str, str] | None) -> None:
        """Append the lines gathered: those that ran to the margin joined, the short ones on lines of their own."""
        if not run:
            return
        pieces: list[list[str]] = [[]]
        for line in run:
            if pieces[-1] and not (item or self._is_full(pieces[-1][-1])):
                pieces.append([])
            pieces[-1].append(line)
        text = "\n".join(map(look.join_lines, pieces))
        if item is None:
            self.items = self.items if look.indent(run[0]) > self.margin else []
            self.builder.add("paragraph", text[:-1] if self.literal and text.endswith("::") else text)
            return
        while self.items and self.items[-1] > item[0]:
            self.items.pop()
        if not self.items or self.items[-1] < item[0]:
            self.items.append(item[0])
        self.builder.add("list_item", item[1] + text, len(self.items))


def _chunks(page: str) -> Iterator[list[str]]:
    chunk: list[str] = []
    for line in page.split("\n"):
        if line and not line.isspace():
            chunk.append(line)
        elif chunk:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _measure(pages: Sequence[str]) -> tuple[int, int]:
    """Return the column at which lines were wrapped (the 90th percentile of widths) and the smallest indent."""
    counts = [0] * (look.LONG + 1)
    margin = look.LONG
    for page in pages:
        for line in page.split("\n"):
            if line and not line.isspace():
                counts[min(look.width(line), look.LONG)] += 1
                margin = min(margin, look.indent(line))
    wide = sum(counts[WIDEST_WRAP + 1 :])
    if wide * 5 <= sum(counts):  # a few lines were missed, or may not be broken
        counts[WIDEST_WRAP + 1 :] = [0] * (look.LONG - WIDEST_WRAP)
    left = sum(counts) // 10
    for columns in range(look.LONG, 0, -1):
        left -= counts[columns]
        if left < 0:
            return columns, margin
    return 0, 0
