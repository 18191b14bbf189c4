"""Read HTML: the page's own content as blocks. What is content, ``html_page`` decides; nothing is fetched or run.

So are pages that browsers save in one file (MHTML, RFC 2557): the first part of HTML in it is read.
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from lxml import etree

from ragqa.errors import UnreadableFile
from ragqa.readers.builder import DocumentBuilder, clean_metadata_title, collapse_blanks
from ragqa.readers.encodings import Decoded, declared_encoding, decode
from ragqa.readers.files import InputFile
from ragqa.readers.html_drawn import draw
from ragqa.readers.html_page import HEADINGS, Content, outermost, parse
from ragqa.readers.html_tables import is_data_table, read_table
from ragqa.readers.html_text import WHITE, Definition, alt_text, list_marker, text_of
from ragqa.readers.sniff import is_mhtml
from ragqa.types import Block, Document

# fmt: off
_BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "dialog", "dir", "div", "dl",
    "dt", "fieldset", "figcaption", "figure", "footer", "form", "frame", "h1", "h2", "h3", "h4", "h5", "h6",
    "header", "hgroup", "hr", "html", "legend", "li", "main", "menu", "nav", "ol", "option", "p", "pre", "section",
    "summary", "table", "caption", "thead", "tbody", "tfoot", "tr", "td", "th", "ul",
))
# fmt: on
_LISTS = frozenset(("ul", "ol", "dl", "menu", "dir"))
_LONGEST_HEADING = 250
_NEAR = 2000
"""Characters before an image in which its alternative text may stand already."""
_SENTENCE_END = re.compile(r"[.,;:!?。，；：！？]\s*$")


def read(file: InputFile) -> Document:
    """Return the page as a Document. Raises UnreadableFile where nothing on it can be read."""
    decoded = file.text()
    if is_mhtml(decoded.text):
        decoded = unpack_mhtml(file.data, file.name)
    return read_page(decoded, file.data, file.name)


def read_page(decoded: Decoded, data: bytes, name: str) -> Document:
    """Return the page ``decoded``, found in the bytes ``data`` of the file ``name``, as ``read`` does."""
    tree = parse(decoded.text, name)
    builder = DocumentBuilder(name)
    if tree is not None:
        draw(tree)
        content = Content(tree)
        walker = _Walker(builder, content)
        walker.walk()
        if not builder.blocks:
            _Walker(builder, replace(content, strict=False)).walk()
        elif "heading" not in builder.kinds:
            builder.retag(_bold_headings(builder, walker.bold_blocks))
        _links_as_content(builder)
    title = text_of(tree.find(".//title")) if tree is not None and tree.find(".//title") is not None else ""
    title = clean_metadata_title(title) or builder.first("heading", 1) or builder.first("heading") or ""
    return builder.build(data, name, "text/html", title, decoded.warnings)


_LONGEST_HEAD = 65_536
_BOUNDARY = re.compile(rb"boundary\s*=\s*(?:\"([^\"\r\n]{1,200})\"|([^\s;]{1,200}))", re.IGNORECASE)
_BLANK = re.compile(rb"\r?\n\r?\n")


def unpack_mhtml(data: bytes, name: str) -> Decoded:
    """Return the first HTML in a web page saved as MHTML. Raises UnreadableFile where it holds none."""
    head = data[:_LONGEST_HEAD]
    boundary = _BOUNDARY.search(head)
    parts = data.split(b"--" + (boundary[1] or boundary[2]))[1:] if boundary else [data]
    for part in parts:
        end = _BLANK.search(part[:_LONGEST_HEAD])
        if not end or not re.search(
            rb"content-type:\s*(?:text/html|application/xhtml)", part[: end.start()], re.IGNORECASE
        ):
            continue
        page = _body(part[: end.start()].lower(), part[end.end() :])
        named = re.search(rb"charset\s*=\s*\"?([\w.:-]{2,40})", part[: end.start()], re.IGNORECASE)
        text = decode(page, declared_encoding(b"<meta charset=" + named[1] + b">" if named else page))
        if text is not None:
            return text
    raise UnreadableFile(f"{name} holds no page: save it anew from the browser, as one file or as HTML")


def _body(head: bytes, body: bytes) -> bytes:
    """Return what a part holds, its transfer encoding undone."""
    if b"quoted-printable" in head:
        return quopri.decodestring(body)
    if b"base64" in head:
        try:
            return base64.b64decode(body)
        except (binascii.Error, ValueError):
            return b""
    return body


def add_fragment(builder: DocumentBuilder, markup: str, name: str) -> None:
    """Append a stretch of HTML found in another format: all of it that would be shown."""
    tree = parse(markup, name)
    if tree is not None:
        draw(tree)
        _Walker(builder, Content(tree, whole=True)).walk()


def inline_text(markup: str, name: str) -> str:
    """Return what is shown of a stretch of HTML within a paragraph of another format."""
    tree = parse(f"<p>{markup}</p>", name)
    if tree is None:
        return ""
    draw(tree)
    return text_of(tree)


def _links_as_content(builder: DocumentBuilder) -> None:
    """Where a page is hardly more than lists of links, they are what it has to say."""
    kinds = builder.kinds
    if kinds.get("toc", 0) > 4 * sum(size for kind, size in kinds.items() if kind not in ("toc", "heading")):
        tocs = {at: block for at, block in enumerate(builder.blocks) if block.kind == "toc"}
        builder.retag({at: replace(block, kind="list_item", level=max(block.level, 1)) for at, block in tocs.items()})


def _bold_headings(builder: DocumentBuilder, bold: Sequence[int]) -> dict[int, Block]:
    """Where a page marks no heading, the short lines all in bold that plain text follows are its headings."""
    blocks = builder.blocks
    places = set(bold)
    found = [at for at in bold if at + 1 < len(blocks) and at + 1 not in places]
    if len(found) < 2 or len(bold) * 5 > len(blocks) * 2:
        return {}
    return {at: replace(blocks[at], kind="heading", level=2) for at in found}


class _Walker:
    """One pass over the content; text gathers until an element that makes a block begins or ends."""

    def __init__(self, builder: DocumentBuilder, content: Content) -> None:
        self.builder = builder
        self.content = content
        self.gathered: list[str] = []
        self.roles: list[str] = []  # what the innermost text is: heading, li, dt, dd, caption
        self.heading_level = 0
        self.lists = 0
        self.tocs = 0
        self.marker = ""
        self.definitions: list[Definition] = [Definition()]  # of the <dl> elements that are open
        self.bold = 0
        self.bold_size = 0  # characters in bold since the last block
        self.bold_blocks: list[int] = []

    def walk(self) -> None:
        walk = etree.iterwalk(self.content.root, events=("start", "end"))
        skipped = None
        for event, element in walk:
            if event == "start":
                if not self._begin(element):
                    skipped = element
                    walk.skip_subtree()
            else:
                if element is skipped:
                    skipped = None
                else:
                    self._end(element)
                if element is not self.content.root:
                    self._gather(element.tail)
        self._flush()
        self._flush_terms()

    def _begin(self, element: Any) -> bool:
        """Take up an element; False where its inside is done with."""
        tag = element.tag
        verdict = self.content.verdict(element)
        if verdict in ("skip", "headings"):
            if tag in _BLOCKS:
                self._flush()
            if verdict == "headings":
                self._headings_only(element)
            return False
        if tag == "pre" or (tag == "table" and is_data_table(element, self.content)):
            self._flush()
            self._flush_terms()
            if tag == "pre":
                self._preformatted(element)
            else:
                read_table(self.builder, element, self.content)
            return False
        if tag in _BLOCKS or _heading_level(element):
            self._begin_block(element, tag)
        elif tag == "br":
            self.gathered.append(" " if self.heading_level else "\n")
        elif tag == "img":
            self._image(element)
        elif tag in ("b", "strong"):
            self.bold += 1
        if verdict == "toc":
            self.tocs += 1
            element.set("data-ragqa-toc", "")
        self._gather(element.text)
        return True

    def _begin_block(self, element: Any, tag: str) -> None:
        level = _heading_level(element)
        if self.heading_level:
            self.gathered.append(" ")
            return
        self._flush()
        if level:
            self.heading_level = level
            self.roles.append("heading")
        elif tag in _LISTS:
            self._flush_terms()
            self.lists += 1
            if tag == "dl":
                self.definitions.append(Definition())
        elif tag == "li":
            self.marker = list_marker(element)
            self.roles.append("li")
        elif tag in ("dt", "dd"):
            self.definitions[-1].begin(tag)
            self.roles.append(tag)
        elif tag in ("caption", "figcaption"):
            self.roles.append("caption")

    def _end(self, element: Any) -> None:
        tag = element.tag
        if tag in ("b", "strong"):
            self.bold -= 1
        if tag in _BLOCKS or _heading_level(element):
            self._end_block(element, tag)
        if "data-ragqa-toc" in element.attrib:
            self._flush()
            self.tocs -= 1

    def _end_block(self, element: Any, tag: str) -> None:
        if self.heading_level and not _heading_level(element):
            self.gathered.append(" ")
            return
        self._flush()
        if _heading_level(element):
            if self.heading_level:
                self.heading_level = 0
                self.roles.pop()
        elif tag in _LISTS:
            self._flush_terms()
            self.lists -= 1
            if tag == "dl" and len(self.definitions) > 1:  # one within a heading was not taken up
                self.definitions.pop()
        elif tag in ("li", "dt", "dd", "caption", "figcaption") and self.roles:
            self.roles.pop()
            self.marker = ""

    def _gather(self, text: str | None) -> None:
        if text:
            self.gathered.append(WHITE.sub(" ", text))
            self.bold_size += len("".join(text.split())) if self.bold else 0

    def _image(self, element: Any) -> None:
        alt = alt_text(element)
        if alt and alt.casefold() not in "".join(text[-_NEAR:] for text in self.gathered[-4:]).casefold():
            self.gathered.append(f" [image: {alt}] ")

    def _preformatted(self, element: Any) -> None:
        """Take <pre>: code, unless a whole manual was put between its tags."""
        text = text_of(element, verbatim=True)
        weights, whole = self.content.weights, self.content.tree
        if len(text) > 4000 and weights[element].text * 10 > weights[whole].text * 6:
            from ragqa.readers.text import add_text
            from ragqa.readers.text_lines import looks_like_code

            if not looks_like_code([line for line in text.split("\n") if line.strip()]):
                add_text(self.builder, text)
                return
        self.builder.add("toc" if self.tocs else "code", text)

    def _headings_only(self, element: Any) -> None:
        for heading in outermost(element, HEADINGS):
            self.builder.add("heading", text_of(heading), _heading_level(heading))

    def _flush(self) -> None:
        text = "".join(self.gathered)
        self.gathered.clear()
        bold, self.bold_size = self.bold_size, 0
        all_bold = bold and bold == len("".join(text.split()))
        if (
            all_bold
            and not (self.roles or self.definitions[-1].waiting)
            and len(text) <= 80
            and not _SENTENCE_END.search(text)
        ):
            self.bold_blocks.append(len(self.builder.blocks))
        for part in re.split(r"\n[ \n]*\n", text) if "\n" in text else (text,):
            if part := collapse_blanks(part):
                self._add(part)

    def _add(self, text: str) -> None:
        role = self.roles[-1] if self.roles else ""
        definition = self.definitions[-1]
        if role == "dt":
            definition.waiting.append(text)
            return
        if role == "dd" and not self.tocs:
            text = definition.of(text)
        self._flush_terms()
        depth = max(self.lists, 1)
        if self.tocs and role != "heading":
            self.builder.add("toc", self.marker + text, depth)
        elif role == "heading" and len(text) <= _LONGEST_HEADING:
            self.builder.add("heading", text.replace("\n", " "), self.heading_level)
        elif role in ("li", "dd"):
            self.builder.add("list_item", self.marker + text, depth)
        else:
            self.builder.add("caption" if role == "caption" else "paragraph", text)
        self.marker = ""

    def _flush_terms(self) -> None:
        """Append the terms that no definition followed."""
        for term in self.definitions[-1].take():
            self.builder.add("toc" if self.tocs else "list_item", term, max(self.lists, 1))


def _heading_level(element: Any) -> int:
    tag = element.tag
    if len(tag) == 2 and tag in HEADINGS:
        return int(tag[1])
    if element.get("role") == "heading":
        level = element.get("aria-level") or "2"
        return min(int(level), 9) if level.isdecimal() and int(level) else 2
    return 0
