"""Where the readers put what they find, block after block; it becomes a Document. Knows nothing of formats."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import PurePath
from textwrap import dedent

from ragqa.errors import UnreadableFile
from ragqa.readers.encodings import normalise
from ragqa.readers.files import check_blocks, check_length
from ragqa.types import Block, BlockKind, Document, Page

LONGEST_HEADING = 500
"""Characters past which a heading is a paragraph: its name goes along with every passage below it."""
LONGEST_TITLE = 300

_TIGHT = ("list_item", "table_header", "table_row", "toc")


class DocumentBuilder:
    """Blocks in reading order; ``text`` of each is cleaned here, so that every format gives the same kind of text.

    Whatever adds to it may raise UnreadableFile: as soon as the document called ``name`` holds more than it may.
    """

    def __init__(self, name: str = "the document") -> None:
        self._name = name
        self._parts: list[str] = []
        self._length = 0
        self._blocks: list[Block] = []
        self._page_starts: list[int] = []
        self.kinds: dict[BlockKind, int] = {}
        self.repeatable = 100_000
        """Characters that cells of tables may still be repeated; a hundred bytes can claim to span a million cells."""

    @property
    def blocks(self) -> Sequence[Block]:
        return self._blocks

    def add(self, kind: BlockKind, text: str, level: int = 0) -> None:
        """Append a block; its white space is trimmed, within it too unless it is code. Empty text is no block."""
        text = normalise(text).replace("\f", "\n")
        if kind == "code":
            text = _verbatim(text)
        elif kind not in (
            "table_header",
            "table_row",
        ):  # of those the cells are trimmed, and empty ones keep their place
            text = collapse_blanks(text)
        if not text or text.isspace():
            return
        if kind == "heading" and len(text) > LONGEST_HEADING:
            kind, level = "paragraph", 0
        if self._blocks:
            self._append("\n" if kind in _TIGHT and self._blocks[-1].kind in _TIGHT else "\n\n")
        start = self._length
        self._append(text)
        self._blocks.append(Block(kind, start, self._length, level))
        self.kinds[kind] = self.kinds.get(kind, 0) + len(text)
        check_length(self._name, self._length)
        check_blocks(self._name, len(self._blocks))

    def begin_page(self) -> None:
        """Say that what is added from here on stands on the next page."""
        self._page_starts.append(self._length)

    def first(self, kind: BlockKind, level: int | None = None) -> str | None:
        """Return the text of the first block of a kind (and level), or None."""
        for block in self._blocks:
            if block.kind == kind and level in (None, block.level):
                return self.text()[block.start : block.end]
        return None

    def text(self) -> str:
        if len(self._parts) > 1:
            self._parts = ["".join(self._parts)]
        return self._parts[0] if self._parts else ""

    def retag(self, changed: dict[int, Block]) -> None:
        """Put other blocks in the place of those at the given positions."""
        for at, block in changed.items():
            self._blocks[at] = block

    def build(self, data: bytes, name: str, media_type: str, title: str = "", warnings: Sequence[str] = ()) -> Document:
        """Return what was drafted. Raises UnreadableFile where that is nothing."""
        if not self._blocks:
            raise UnreadableFile(
                f"{name} holds no text: {'it is empty' if not data.strip() else 'nothing in it can be read as words'}"
            )
        return Document(
            name=name,
            title=collapse_blanks(normalise(title)).replace("\n", " ")[:LONGEST_TITLE] or stem(name),
            media_type=media_type,
            sha256=hashlib.sha256(data).hexdigest(),
            text=self.text(),
            blocks=tuple(self._blocks),
            pages=self._pages(),
            warnings=tuple(warnings),
        )

    def _append(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)

    def _pages(self) -> tuple[Page, ...]:
        starts = self._page_starts
        ends = [*starts[1:], self._length] if starts else []
        return tuple(Page(number, *span) for number, span in enumerate(zip(starts, ends, strict=True), 1))


def stem(name: str) -> str:
    """Return a file name without its folder and suffix, as a title."""
    return "standard input" if name == "-" else PurePath(name).stem or name


def collapse_blanks(text: str) -> str:
    """Return ``text`` with runs of blanks made one, blank lines within dropped, edges trimmed; line breaks stay."""
    for blank in "\t\u3000\u1680":
        text = text.replace(blank, " ")
    for run, one in (("  ", " "), (" \n", "\n"), ("\n ", "\n"), ("\n\n", "\n")):
        while run in text:  # halves the runs at each turn; re.sub would hold every word of a huge line apart
            text = text.replace(run, one)
    return text.strip()


def _verbatim(text: str) -> str:
    lines = [line.rstrip() for line in dedent(text.expandtabs(4)).split("\n")]
    while lines and not lines[0]:
        del lines[0]
    while lines and not lines[-1]:
        lines.pop()
    return "\n".join(lines)


LONGEST_METADATA_TITLE = 200
"""Characters; what is longer is a summary, or rubbish."""

_FILE = r"docx?|docm|dot[xm]?|pdf|tex|dvi|indd|pptx?|xlsx?|rtf|odt|ps|html?|md|markdown|txt|qxd|fm|book|wpd|cdr|ai"
_BY_PROGRAMS = re.compile(
    rf"""(?:
      \W*(?:untitled|unbenannt|sans\ titre|sin\ título|senza\ titolo|无标题|無標題|未命名|無題|名称未設定)
        [\s\w.-]{{0,20}}\W*
    | (?:microsoft\s+)?(?:office\s+)?(?:word|powerpoint|excel|publisher)
        (?:[\s-]+(?:document|dokument|presentation|präsentation|template|vorlage|文档|文件|演示文稿))?\s*\d*
    | microsoft\ (?:word|powerpoint|excel|office|publisher|visio)\b.*
    | (?:présentation|presentación|presentazione)\ (?:microsoft\ )?powerpoint\s*\d*
    | powerpoint\s?(?:演示文稿|簡報|プレゼンテーション|프레젠테이션)
    | (?:新建|新增)\s*(?:microsoft\s+word\s+|word\s+|文本)?(?:文档|文檔|文件).{{0,8}}
    | (?:documento?|dokument(?:um)?|文档|文檔|文書|문서|doc|datei|file|slide|page|folie|presentation|演示文稿|book
        |工作簿)[\s_-]*\d*
    | \W*(?:type\ the\ )?(?:the\ |your\ )?(?:document\ )?(?:title|titel|titre|título)(?:\ here)?\W*
    | \W*(?:标题|標題|文档标题|文件標題|键入文档标题)\W*
    | \W*(?:anonymous|unspecified|unknown|none|null|nil|undefined|no\ title|n/?a)\W*
    | normal|blank|template|vorlage|模板|default|standard
    | .*\.(?:{_FILE})(?:\s*[([].{{0,30}})?
    | [\d\W_]*
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_PATH = re.compile(r"\S*\\|(?:file|https?|ftp):|[~.]{0,2}/\S|[a-z]:[/\\]|(?:[^\s/]+/){2,}[^\s/]*$", re.IGNORECASE)
"""A slash between words is none: 'RS-232/485 converter'."""


def clean_metadata_title(metadata: str) -> str:
    """Return the title of a document's metadata on one line, '' where a program wrote it, or it is a path or a file."""
    title = " ".join(metadata[: 4 * LONGEST_METADATA_TITLE].split())
    if not 2 <= len(title) <= LONGEST_METADATA_TITLE or "\ufffd" in title:
        return ""
    return "" if _PATH.match(title) or _BY_PROGRAMS.fullmatch(title) else title
