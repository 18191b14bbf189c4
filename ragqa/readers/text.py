"""Read plain text: paragraphs, headings, lists, code and tables, told by blank lines, indents and what lines look like.

Form feeds part pages. reStructuredText is read as the plain text that it is, with its headings and literal blocks.
Careful by design: a heading missed costs little, a sentence taken for one costs the section it stands in. No pattern is
put to a line longer than ``LONG``, so that no line can take more than time linear in its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ragqa.cjk import HAN, KANA, PUNCTUATION
from ragqa.readers.builder import DocumentBuilder
from ragqa.readers.encodings import normalise
from ragqa.readers.files import InputFile
from ragqa.readers.tables import Cell, add_table
from ragqa.types import Document
from ragqa.wording import document_words

LONG = 300
"""Characters past which a line is prose, whatever it looks like."""

_RADICALS = "\u2e80-\u2fff"
_CJK_CHAR = re.compile(f"[{_RADICALS}{PUNCTUATION}{KANA}{HAN}]")
_RULE = re.compile(r"\s*([-=~_*#+.^\"'`:])(?:\s?\1){2,}\s*$")
_UNDERLINE = re.compile(r"([-=~^\"'`:.*+#<>_])\1{2,}\s*$")
_ITEM = re.compile(
    r"(\s*)(?:([-*+•·▪●○◦■□◆‣–—])\s+|((?:\d{1,3}|[a-z])[.)]|\([0-9a-zA-Z]{1,2}\)|[（(][一二三四五六七八九十\d]{1,3}[）)]|[①-⑳]|\d{1,2}、)\s*)(?=\S)"
)
_NUMBERED = re.compile(r"(\d{1,2}(?:\.\d{1,3}){0,4})(\.?)\s+(\S.*)$")
_NAMED = re.compile(
    rf"(?:chapter|appendix|part|book|{document_words('chapter')})\s+(?:\d{{1,3}}|[ivxlc]{{1,7}}|[a-z])\b"
    r"(?:\s*[:.—–-]\s*\S.*|\s+[A-ZÀ-ÖØ-Þ\"“].*)?\.?$",
    re.IGNORECASE,
)
_CHINESE = (
    (re.compile(r"第\s?[〇零一二三四五六七八九十百千\d]{1,6}\s?[章篇部卷编編](?![的,，])"), 1),
    (re.compile(r"제\s?\d{1,3}\s?[장편부](?![은는이가의을를에])"), 1),
    (re.compile(r"제\s?\d{1,3}\s?절(?![은는이가의을를에])"), 2),
    (re.compile(r"(?:附录|附錄)\s?[A-Z一二三四五六七八九十\d]"), 1),
    (re.compile(r"第\s?[〇零一二三四五六七八九十百千\d]{1,6}\s?[节節](?![的,，])"), 2),
    (re.compile(r"[一二三四五六七八九十]{1,3}、"), 2),
)
_SENTENCE_END = re.compile(r"[.,;:!?。，；：！？、…]$")
_LEADERS = re.compile(  # begun at the first dot only: from each of 300 it would take 300 times as long
    r"(?:(?<!\.)\.{4,}|(?<!\. )(?:\. ){4,}|(?<!…)…{2,}|(?<!·)·{4,})\s*[\divxl]{1,5}$"
)
_CODE_SIGN = re.compile(r"[{}<>=;$\\|`]|^\s*[#>$%]|\w\(|\w/\w|--\w|_\w")
_COLUMNS = re.compile(r"\S {3,}\S")


def width(line: str) -> int:
    """Return how many columns a line fills; a Chinese character fills two."""
    return len(line) if line.isascii() else len(line) + len(_CJK_CHAR.findall(line[: 2 * LONG]))


def indent(line: str) -> int:
    """Return how many columns a line is indented; an ideographic space counts two."""
    columns = 0
    for char in line[:LONG]:
        if char not in " \t\u3000":
            break
        columns += {" ": 1, "\u3000": 2}.get(char, 4 - columns % 4)
    return columns


def is_rule(line: str) -> bool:
    """Say whether a line is only drawn: a row of dashes, equals signs or stars."""
    return len(line) <= LONG and _RULE.match(line) is not None


def underline_of(line: str) -> str | None:
    """Return the character of which a line under a title is made, or None."""
    match = _UNDERLINE.match(line) if len(line) <= LONG else None
    return match[1] if match else None


def underlines(title: str, under: str) -> bool:
    """Say whether ``under`` is a line drawn under ``title``: about as long, and the title looks like one."""
    fits = max(3, 0.6 * width(title.strip())) <= len(under.strip()) <= max(2 * width(title.strip()), 12) + 8
    return underline_of(under) is not None and fits and width(title) <= 120 and not is_rule(title)


def list_item(line: str) -> tuple[int, str, str] | None:
    """Return indent, marker with a space ('' of a bullet: the block says it) and text of a list item, or None."""
    match = _ITEM.match(line) if len(line) <= LONG or not line[:1].isalpha() else None
    if not match:
        return None
    marker = match[3]
    text = line[match.end() :]
    if (
        marker
        and line[match.end() - 1] not in " \t\u3000"
        and marker[-1] in ".)"
        and marker[0].isascii()
        and text[:1].isascii()
    ):
        return None  # 3.5 or a)b: no space, no item
    joint = "" if not marker or marker[-1] in "、）" else " "
    return indent(line), f"{marker}{joint}" if marker else "", text


def heading_alone(line: str) -> int:
    """Return the level of a line that stands between blank lines and reads as a heading; 0 where it does not."""
    text = line.strip()
    if not text or width(text) > 80 or is_rule(text):
        return 0
    if level := heading_anywhere(line):
        return level
    if _NAMED.match(text):
        return 1
    if _SENTENCE_END.search(text):
        return 0
    if match := _NUMBERED.match(text):
        title = match[3]
        begins = title[0].isupper() or _CJK_CHAR.match(title) is not None
        words = re.search(rf"[^\W\d_]{{2}}|[{HAN}]", title)
        return match[1].count(".") + 1 if begins and words and len(title.split()) <= 12 else 0
    letters = [char for char in text if char.isalpha()]
    caps = len(letters) >= 4 and text.isupper() and len(letters) * 2 > len(text) and not _CJK_CHAR.search(text)
    return 2 if caps and width(text) <= 60 and not list_item(line) else 0


def heading_anywhere(line: str) -> int:
    """Return the level of a line that is a heading even between others: 第三章, 一、; 0 where it is none."""
    text = line.strip()
    if not text or width(text) > 60 or _SENTENCE_END.search(text) or _LEADERS.search(text):
        return 0
    return next((level for pattern, level in _CHINESE if pattern.match(text)), 0)


def single_number(line: str) -> bool:
    """Say whether a line begins '1. ' or '1) ': a heading of a report, or a step of a list."""
    return re.match(r"\s*\d{1,2}[.)、]?\s", line[:20]) is not None


def is_contents(lines: Sequence[str]) -> bool:
    """Say whether lines are a table of contents: most end in dots and a page number."""
    return 2 * sum(len(line) <= LONG and _LEADERS.search(line.rstrip()) is not None for line in lines) > len(lines)


def looks_like_code(lines: Sequence[str]) -> bool:
    """Say whether indented lines are code rather than prose."""
    signs = sum(len(line) <= LONG and _CODE_SIGN.search(line) is not None for line in lines)
    return 2 * signs >= len(lines)


def is_aligned(lines: Sequence[str]) -> bool:
    """Say whether lines are columns held in place by blanks."""
    wide = sum(len(line) <= LONG and _COLUMNS.search(line) is not None for line in lines)
    return len(lines) >= 3 and 10 * wide >= 6 * len(lines)


def split_tab_rows(lines: Sequence[str]) -> list[list[str]] | None:
    """Return the cells of lines that hold the same number of tabs within them, or None."""
    if len(lines) < 2 or any("\t" not in line.strip() for line in lines):
        return None
    rows = [line.rstrip("\n").split("\t") for line in lines]
    if any(line[0] == "\t" for line in lines) or len(set(map(len, rows))) > 2:
        return None
    return rows


def split_drawn_rows(lines: Sequence[str]) -> list[list[str]] | None:
    """Return the cells of a table drawn with bars: | a | b |, with or without lines of +---+ between, or None."""
    if len(lines) < 2 or any(line.lstrip()[:1] not in ("|", "+") for line in lines):
        return None
    rows = [line.strip().strip("|").split("|") for line in lines if not re.match(r"\s*[|+][-=+:| ]*$", line[:LONG])]
    return rows if rows and all(len(row) > 1 for row in rows) else None


def join_lines(lines: Sequence[str]) -> str:
    """Join hard-wrapped lines: with a blank, or with nothing between Chinese characters and after a hyphen."""
    parts: list[str] = []
    for line in lines:
        line = line.strip()
        if parts:
            before = parts[-1][-1:]
            tight = _CJK_CHAR.match(before) and _CJK_CHAR.match(line[:1])
            hyphen = before == "-" and parts[-1][-2:-1].isalpha() and line[:1].islower()
            parts.append(line if tight or hyphen else " " + line)
        elif line:
            parts.append(line)
    return "".join(parts)


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
        if is_contents(lines):
            for line in lines:
                self.builder.add("toc", line)
        elif rows := split_tab_rows(lines) or split_drawn_rows(lines):
            add_table(self.builder, [[Cell(cell) for cell in row] for row in rows])
        elif is_aligned(lines):
            self.builder.add("code", "\n".join(lines))
        elif len(lines) == 1 and self._is_heading(lines[0], before, after):
            self._heading(lines[0], heading_alone(lines[0]))
        else:
            self._lines(lines)

    def _is_code(self, lines: Sequence[str]) -> bool:
        depth = min(map(indent, lines)) - self.margin
        return depth > 0 if self.literal else depth >= 4 and (bool(self.code) or looks_like_code(lines))

    def _end_code(self) -> None:
        if self.code:
            self.builder.add("code", "\n".join(self.code))
            self.code = []
            self.literal = False

    def _is_heading(self, line: str, before: Sequence[str], after: Sequence[str]) -> bool:
        level = heading_alone(line)
        if level == 1 and single_number(line):  # '1. Open the lid', blank line, '2. ...' is a list
            neighbours = [*before[:1], *after[:1]]
            return bool(after) and not any(map(single_number, neighbours))
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
            found = None if taken else list_item(line)
            level = 0 if taken or found else heading_anywhere(line)
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
            elif not is_rule(line):
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
            underline_of(lines[at]) is not None and at + 2 < len(lines) and lines[at + 2].strip() == lines[at].strip()
        )
        title, under = lines[at + over : at + over + 1], lines[at + over + 1 : at + over + 2]
        if not title or not under or not underlines(title[0], under[0]):
            return 0
        style = ("over" if over else "") + (underline_of(under[0]) or "")
        if style not in self.underlines:
            self.underlines.append(style)
        self._heading(title[0], self.underlines.index(style) + 1)
        return over + 2

    def _begins_paragraph(self, line: str, before: str, item: tuple[int, str, str] | None) -> bool:
        if self.wrap > WIDEST_WRAP or max(len(line), len(before)) > 1.5 * self.wrap:
            return True
        step = indent(line) - indent(before)
        return (step >= 2 and item is None) or (item is not None and indent(line) < item[0])

    def _is_full(self, line: str) -> bool:
        """Say whether a line ran to the margin, so that the next one goes on with its sentence."""
        return self.wrap >= NARROWEST_WRAP and width(line.rstrip()) >= 0.6 * self.wrap

    def _end_run(self, run: Sequence[str], item: tuple[int, str, str] | None) -> None:
        """Append the lines gathered: those that ran to the margin joined, the short ones on lines of their own."""
        if not run:
            return
        pieces: list[list[str]] = [[]]
        for line in run:
            if pieces[-1] and not (item or self._is_full(pieces[-1][-1])):
                pieces.append([])
            pieces[-1].append(line)
        text = "\n".join(map(join_lines, pieces))
        if item is None:
            self.items = self.items if indent(run[0]) > self.margin else []
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
    counts = [0] * (LONG + 1)
    margin = LONG
    for page in pages:
        for line in page.split("\n"):
            if line and not line.isspace():
                counts[min(width(line), LONG)] += 1
                margin = min(margin, indent(line))
    wide = sum(counts[WIDEST_WRAP + 1 :])
    if wide * 5 <= sum(counts):  # a few lines were missed, or may not be broken
        counts[WIDEST_WRAP + 1 :] = [0] * (LONG - WIDEST_WRAP)
    left = sum(counts) // 10
    for columns in range(LONG, 0, -1):
        left -= counts[columns]
        if left < 0:
            return columns, margin
    return 0, 0
