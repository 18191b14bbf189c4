"""Read Markdown by the CommonMark specification, with tables. HTML within it goes through the HTML reader."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ragqa.readers.builder import DocumentBuilder, clean_metadata_title
from ragqa.readers.files import InputFile
from ragqa.readers.markdown_inline import Inline, find_formula, find_inline
from ragqa.readers.markdown_source import plain_markdown
from ragqa.readers.tables import Cell, add_table
from ragqa.types import Document

if TYPE_CHECKING:
    from markdown_it.token import Token


_FENCED = re.compile(r"\A(---|\+\+\+|;;;)[ \t]*\n(.*?)^(?:\1|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_FIELD = re.compile(r"^[\w\"'-]+\s*[:=]", re.MULTILINE)
_TITLE = re.compile(r"^[\"']?title[\"']?[ \t]*[:=](.*(?:\n[ \t]+\S.*)*)", re.MULTILINE | re.IGNORECASE)
_LONGEST = 65_536


def split_front(text: str) -> tuple[str, str]:
    """Return the title that front matter gives, '' where none does, and the text behind it."""
    text = text.removeprefix("\ufeff")
    if text.startswith("{"):
        try:
            fields, end = json.JSONDecoder().raw_decode(text[:_LONGEST])
        except (ValueError, RecursionError):
            return "", text
        if text[end : end + 1] not in ("\n", "") or not fields:
            return "", text
        title = fields.get("title")
        return title if isinstance(title, str) else "", text[end:]
    front = _FENCED.match(text[:_LONGEST])
    if not front or not _FIELD.search(front[2]):
        return "", text  # two rules with text between them
    named = _TITLE.search(front[2])
    return _value(named[1]) if named else "", text[front.end() :]


def _value(written: str) -> str:
    """Return a YAML or TOML string, folded or quoted, without a comment behind it."""
    value = " ".join(re.sub(r"^\s*[|>][+-]?\s*\n", "", written).split())
    if value[:1] in ("'", '"') and (end := value.find(value[0], 1)) > 0:
        return value[1:end]
    return re.split(r"\s#", value)[0].strip()


LARGEST = 16 * 2**20
"""Past this many characters a file is read as plain text: the parser takes about a second for a million."""
MOST_SIGNS = 50_000
"""Signs and line ends that may make up more than a sixth of a file: the parser takes 20 µs for each."""
MOST_MISSING = 50_000
"""Cells that the rows of tables may lack: the parser makes them all, for two bytes a row."""
_DELIMITERS = re.compile(r"[ >*+:|\t-]*$")
_TASK = re.compile(r"\[([ xX])\]\s+")


def read(file: InputFile) -> Document:
    """Return the Markdown file as a Document; its title is the front matter's, else the first top heading."""
    decoded, name = file.text(), file.name
    text = decoded.text.replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > LARGEST or _takes_long(text):
        from ragqa.readers.text import read as read_text

        return read_text(file)
    from markdown_it import MarkdownIt

    title, text = split_front(text)
    room = 4 * len(text)
    text, notes = plain_markdown(text)
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    parser.core.ruler.at("inline", find_inline)
    parser.inline.ruler.before("escape", "formula", find_formula)
    builder = DocumentBuilder(name)
    inline = Inline(notes, name, room)
    for label, note in notes.items():
        notes[label] = inline.text(parser.parseInline(note)[0].children or ())
    _Blocks(builder, name, inline).take(parser.parse(text))
    title = clean_metadata_title(title) or builder.first("heading", 1) or builder.first("heading") or ""
    return builder.build(file.data, name, "text/markdown", title, decoded.warnings)


def _takes_long(text: str) -> bool:
    """Say whether the parser would take much more than a few seconds for a million characters."""
    signs = sum(map(text.count, "[*_`<!~&\\>\n"))
    return (signs > MOST_SIGNS and signs * 6 > len(text)) or _missing_cells(text) > MOST_MISSING


def _missing_cells(text: str) -> int:
    """Return how many cells the rows of tables lack, or more: where a table ends is not looked at closely."""
    missing = columns = 0
    for line in text.split("\n") if "|" in text else ():
        if not line.strip():
            columns = 0
            continue
        here = line.count("|")
        missing += max(columns - here, 0)
        if here > columns and _DELIMITERS.match(line):
            columns = here
    return missing


class _Blocks:
    """Markdown's flat stream of tokens turned into blocks."""

    def __init__(self, builder: DocumentBuilder, name: str, inline: Inline) -> None:
        self.builder = builder
        self.name = name
        self.inline = inline
        self.counts: list[int | None] = []  # of each list that is open: the next number; None of a bulleted one
        self.marker: str | None = None
        self.heading = 0
        self.rows: list[list[Cell]] | None = None
        self.header_rows = 0

    def take(self, tokens: Sequence[Token]) -> None:
        at = 0
        while at < len(tokens):
            token = tokens[at]
            at += 1
            if token.type == "html_block":  # one element may be cut in several by its blank lines
                markup = token.content
                while at < len(tokens) and tokens[at].type == "html_block":
                    markup += "\n" + tokens[at].content
                    at += 1
                self._html(markup)
            elif token.type in ("fence", "code_block"):
                self.builder.add("code", token.content)
            elif token.type == "inline":
                self._inline(token)
            else:
                self._structure(token)

    def _structure(self, token: Token) -> None:
        kind = token.type
        if kind == "heading_open":
            self.heading = int(token.tag[1])
        elif kind == "heading_close":
            self.heading = 0
        elif kind == "bullet_list_open":
            self.counts.append(None)
        elif kind == "ordered_list_open":
            self.counts.append(int(token.attrs.get("start", 1)))
        elif kind in ("bullet_list_close", "ordered_list_close"):
            self.counts.pop()
        elif kind == "list_item_open":
            count = self.counts[-1]
            self.marker = "" if count is None else f"{count}. "
            if count is not None:
                self.counts[-1] = count + 1
        elif kind == "table_open":
            self.rows, self.header_rows = [], 0
        elif kind == "tr_open" and self.rows is not None:
            self.rows.append([])
        elif kind == "thead_close" and self.rows is not None:
            self.header_rows = len(self.rows)
        elif kind == "table_close" and self.rows is not None:
            add_table(self.builder, self.rows, self.header_rows)
            self.rows = None
            self._long_notes()

    def _inline(self, token: Token) -> None:
        text = self.inline.text(token.children or ())
        if self.rows is not None:
            self.rows[-1].append(Cell(text))
            return
        if self.heading:
            self.builder.add("heading", text.replace("\n", " "), self.heading)
        elif self.counts and text.strip():
            if self.marker is not None:
                text = (
                    _TASK.sub(lambda task: "☐ " if task[1] == " " else "☑ ", text, count=1)
                    if _TASK.match(text)
                    else text
                )
            self.builder.add("list_item", (self.marker or "") + text, len(self.counts))
            self.marker = None
        else:
            self.builder.add("paragraph", text)
        self._long_notes()

    def _long_notes(self) -> None:
        for note in self.inline.long:
            self.builder.add("paragraph", note)
        self.inline.long.clear()

    def _html(self, markup: str) -> None:
        from ragqa.readers.html import add_fragment

        if re.sub(r"<!--.*?(?:-->|\Z)", "", markup, flags=re.DOTALL).strip():
            add_fragment(self.builder, markup, self.name)
