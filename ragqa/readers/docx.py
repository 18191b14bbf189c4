"""Read DOCX: paragraphs, headings, lists, tables, notes and text boxes in order. Headers and footers stay out.

Word files know no pages until they are laid out, so the Document has none. Field codes, comments, hidden text, and what
was deleted, moved away or struck out, are not read.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from zipfile import BadZipFile

from ragqa.errors import UnreadableFile
from ragqa.readers.builder import DocumentBuilder, clean_metadata_title
from ragqa.readers.docx_numbering import Numbering
from ragqa.readers.docx_package import Package
from ragqa.readers.docx_paragraphs import ALTERNATE, Notes, ParagraphReader, choose_alternate
from ragqa.readers.docx_styles import Style, Styles, W, is_on
from ragqa.readers.docx_tables import cells_of, read_cells, rows_of
from ragqa.readers.files import InputFile
from ragqa.readers.sniff import is_html, resembles_html, unread_binary, unread_text
from ragqa.readers.tables import add_table
from ragqa.types import BlockKind, Document

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

_CHUNK_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_WRAPPERS = frozenset(f"{W}{name}" for name in ("sdtContent", "ins", "moveTo", "smartTag", "customXml"))
_MAIL_HEADERS = (b"mime-version:", b"from:", b"content-type:", b"message-id:")
"""With one of these begins a web page that is taken in with its pictures (MHTML)."""
_DEEPEST_CHUNK = 3
"""Word files within Word files that are read."""


def _broken() -> tuple[type[Exception], ...]:
    """Return what zipfile and lxml raise over a broken file."""
    from lxml import etree

    named = (BadZipFile, zlib.error, etree.XMLSyntaxError, OSError, NotImplementedError, EOFError)
    return (*named, KeyError, ValueError, AttributeError, TypeError, IndexError)


def read(file: InputFile) -> Document:
    """Return the Word document as a Document. Raises UnreadableFile where it is damaged, or unpacks to too much."""
    data, name = file.data, file.name
    builder = DocumentBuilder(name)
    warnings: list[str] = []
    try:
        package = Package(data, name)
        reader = _Reader(package, builder, warnings)
        reader.read()
        title = _metadata_title(package)
    except _broken() as error:
        said = str(error).strip("'\"").split("\n")[0][:120] or type(error).__name__
        raise UnreadableFile(
            f"{name} is a damaged Word document ({said}): save it anew from Word or LibreOffice"
        ) from None
    title = title or reader.title or builder.first("heading", 1) or builder.first("heading") or ""
    return builder.build(data, name, MEDIA_TYPE, title, warnings)


def _metadata_title(package: Package) -> str:
    """Return the title in the file's properties, '' where Word or the template wrote it."""
    core = package.xml(package.related("core-properties", ""))
    title = clean_metadata_title(core.findtext("{*}title") or "") if core is not None else ""
    about = package.xml(package.related("extended-properties", "")) if title else None
    template = about.findtext("{*}Template") or "" if about is not None else ""
    return "" if title.lower() in (template.lower(), template.rpartition(".")[0].lower()) else title


@dataclass(slots=True)
class _Paragraph:
    """A paragraph as it is shown, and what follows it."""

    text: str
    label: str
    depth: int
    style: Style
    boxes: list[Any] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    is_first_letter: bool = False
    """Whether it is the large letter with which the next one begins."""


class _Reader:
    """Walks the body of one file; the text boxes and long notes of a paragraph follow it."""

    def __init__(self, package: Package, builder: DocumentBuilder, warnings: list[str], depth: int = 0) -> None:
        self.title = ""
        self._package, self._builder, self._warnings, self._depth = package, builder, warnings, depth
        root = package.xml(package.main)
        self._body = root.find(f"{W}body") if root is not None else None
        if self._body is None:
            raise ValueError("it has no body of text")
        styles = package.xml(package.related("styles"))
        self._styles = Styles(styles)
        self._numbering = Numbering(package.xml(package.related("numbering")), styles)
        notes = Notes(package, self._flat, self._may_repeat)
        self._paragraphs = ParagraphReader(self._styles, notes, self._body)
        self._begun: _Paragraph | None = None
        """What goes on in the next paragraph: a large first letter, or text whose end of paragraph was deleted."""

    def read(self) -> None:
        """Append the blocks of the whole text."""
        self._take(self._body)
        self._end()

    def _may_repeat(self, characters: int) -> bool:
        if self._builder.repeatable < characters:
            return False
        self._builder.repeatable -= characters
        return True

    def _take(self, parent: Any, in_contents: bool = False) -> None:
        """Append the blocks of a body, a text box, a cell or a content control."""
        for child, contents in _children(parent, in_contents):
            if child.tag == f"{W}p":
                self._add(self._paragraph(child), contents)
            elif child.tag == f"{W}tbl":
                self._end()
                self._table(child)
            else:
                self._end()
                self._chunk(child)

    def _end(self) -> None:
        """Append what was begun and has no next paragraph."""
        begun, self._begun = self._begun, None
        self._add(begun, False)

    def _paragraph(self, element: Any) -> _Paragraph | None:
        """Return a paragraph; None where the next one goes on with it, or where nothing of it is left."""
        if not len(element):
            return None  # an empty line
        style = self._styles.of(element)
        text, boxes, notes = self._paragraphs.read(element, style)
        begun, self._begun = self._begun, None
        waits = begun is not None and begun.is_first_letter and not text.strip()
        if begun:
            text, boxes, notes = begun.text + text, begun.boxes + boxes, begun.notes + notes
        mark = element.find(f"{W}pPr/{W}rPr")
        frame = element.find(f"{W}pPr/{W}framePr")
        gone = mark is not None and (mark.find(f"{W}del") is not None or mark.find(f"{W}moveFrom") is not None)
        first_letter = frame is not None and frame.get(f"{W}dropCap") in ("drop", "margin") and text.strip() != ""
        if gone or first_letter or waits:
            letter = first_letter or waits
            self._begun = _Paragraph(text.strip() if letter else text, "", 0, style, boxes, notes, letter)
            return None
        hidden = mark.find(f"{W}vanish") if mark is not None and not text.strip() else None
        if hidden is not None and is_on(hidden):
            return _Paragraph("", "", 0, style, boxes, notes)  # not even its number is shown
        return _Paragraph(text, *self._numbering.label(element, style), style, boxes, notes)

    def _add(self, paragraph: _Paragraph | None, in_contents: bool) -> None:
        if paragraph is None:
            return
        text, style, builder = paragraph.text, paragraph.style, self._builder
        numbered = f"{paragraph.label}{text}"
        if not text.strip():
            pass  # an empty numbered paragraph shows its number only
        elif in_contents or style.is_contents:
            builder.add("toc", text.replace("\t", " "))
        elif style.is_title:
            self.title = self.title or text.strip()
            builder.add("heading", text.replace("\n", " "), 1)
        elif style.level:
            builder.add("heading", numbered.replace("\n", " "), style.level)
        elif paragraph.depth:
            builder.add("list_item", numbered, paragraph.depth)
        elif style.is_code:
            builder.add("code", text)
        else:
            builder.add("caption" if style.is_caption else "paragraph", text)
        for box in paragraph.boxes:
            self._take(box)
            self._end()
        for note in paragraph.notes:
            builder.add("paragraph", note)

    def _table(self, table: Any) -> None:
        rows = list(rows_of(table))
        if len(rows) == 1 and len(cells := list(cells_of(rows[0]))) == 1:
            self._take(cells[0])  # a box drawn with a table
            self._end()
            return
        notes: list[str] = []

        read_rows, headers = read_cells(table, lambda cell: self._flat(cell, notes), self._paragraphs.is_bold)
        if not headers and len(read_rows) > 1 and len(read_rows[0]) > 1 and self._styles.heads_first_row(table):
            headers = 1
        add_table(self._builder, read_rows, headers or None)
        for note in notes:
            self._builder.add("paragraph", note)

    def _flat(self, parent: Any, notes: list[str] | None = None) -> str:
        """Return what stands in a cell or a note on one line; long notes in it go to ``notes``, or to its end."""
        after: list[str] = [] if notes is None else notes
        outer, self._begun = self._begun, None
        text = ""
        listed = False
        for child, _ in _children(parent, False):
            if child.tag == f"{W}p":
                paragraph = self._paragraph(child)
                line, is_point = self._flat_paragraph(paragraph, after)
            elif child.tag == f"{W}tbl":
                rows = (
                    " ".join(filter(None, (self._flat(cell, after) for cell in cells_of(row))))
                    for row in rows_of(child)
                )
                line, is_point = "; ".join(filter(None, rows)), False
            else:
                line, is_point = " ".join(text for _, text, _ in self._chunk_blocks(child)), False
            if line:
                text += ("; " if listed and is_point else " " if text else "") + line
                listed = is_point
        line, _ = self._flat_paragraph(self._begun, after)
        self._begun = outer
        return " ".join(filter(None, (text, line, *(after if notes is None else ()))))

    def _flat_paragraph(self, paragraph: _Paragraph | None, notes: list[str]) -> tuple[str, bool]:
        """Return a paragraph with its text boxes on one line, and whether it is a point of a list without numbers."""
        if paragraph is None:
            return "", False
        text = paragraph.text.strip()
        line = f"{paragraph.label}{text}" if text else ""
        notes.extend(paragraph.notes)
        boxes = [self._flat(box, notes) for box in paragraph.boxes]
        return " ".join(filter(None, (line, *boxes))), bool(paragraph.depth and not paragraph.label)

    def _chunk(self, element: Any) -> None:
        """Append the blocks of a file that is taken in here."""
        for kind, text, level in self._chunk_blocks(element):
            self._builder.add(kind, text, level)

    def _chunk_blocks(self, element: Any) -> list[tuple[Any, str, int]]:
        relation = self._package.relations(self._package.main).get(element.get(_CHUNK_ID) or "")
        if relation is None or not relation.part:
            return []
        data = self._package.bytes(relation.part)
        if data.startswith(b"PK"):
            self._nested(data)
            return []
        try:
            return list(_blocks_of_chunk(data, self._package.name, relation.part))
        except UnreadableFile as error:
            self._warnings.append(str(error))
            return []

    def _nested(self, data: bytes) -> None:
        name = self._package.name
        if self._depth >= _DEEPEST_CHUNK:
            self._warnings.append(f"{name} takes in Word files that take in others: the innermost were left out")
            return
        try:
            package = Package(data, name, self._package.budget)
            _Reader(package, self._builder, self._warnings, self._depth + 1).read()
        except _broken():
            self._warnings.append(f"{name} takes in a file that is damaged, which was left out")


def _blocks_of_chunk(data: bytes, name: str, part: str) -> Iterator[tuple[BlockKind, str, int]]:
    """Yield kind, text and level of each block of HTML or text that the document ``name`` takes in as ``part``.

    Raises UnreadableFile where it is something else, with the words for a warning.
    """
    from ragqa.readers.html import read_page, unpack_mhtml
    from ragqa.readers.text import read as read_text

    if data.lstrip()[:200].lower().startswith(_MAIL_HEADERS):
        data = data.lstrip()
        document = read_page(unpack_mhtml(data, name), data, name)
    else:
        file = InputFile(data, name)
        text = file.decoded.text if file.decoded else ""
        suffix = part.rpartition(".")[2]
        as_html = is_html(text) or (suffix != "txt" and resembles_html(text, suffix.startswith(("htm", "xhtm"))))
        what = unread_binary(data) if file.decoded is None else None if as_html else unread_text(text)
        if what or file.decoded is None:
            what = what or "binary data"
            raise UnreadableFile(f"{name} takes in {what}, which was left out: copy it into the document itself")
        document = read_page(file.decoded, data, name) if as_html else read_text(file)
    for block in document.blocks:
        yield block.kind, document.text[block.start : block.end], block.level


def _children(parent: Any, in_contents: bool) -> Iterator[tuple[Any, bool]]:
    """Yield the paragraphs, tables and files taken in, and whether each stands in a table of contents."""
    for child in parent:
        if child.tag in (f"{W}p", f"{W}tbl", f"{W}altChunk"):
            yield child, in_contents
        elif child.tag == f"{W}sdt":
            gallery = child.find(f"{W}sdtPr/{W}docPartObj/{W}docPartGallery")
            contents = gallery is not None and "table of contents" in (gallery.get(f"{W}val") or "").lower()
            yield from _children(child, in_contents or contents)
        elif child.tag in _WRAPPERS:
            yield from _children(child, in_contents)
        elif child.tag == ALTERNATE:
            yield from _children(choose_alternate(child), in_contents)
