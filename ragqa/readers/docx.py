"""Read DOCX: paragraphs, headings, lists, tables, footnotes and text boxes in order. Headers and footers stay out.

Word files know no pages until they are laid out, so the Document has none. Field codes, comments, deleted and hidden
text are not shown, and so not read.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import Any
from zipfile import BadZipFile

from ragqa.errors import UnreadableFile
from ragqa.readers.docx_package import text_parts
from ragqa.readers.docx_styles import Numbering, Styles
from ragqa.readers.draft import Draft
from ragqa.readers.tables import Cell, add_table
from ragqa.types import Document

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_UNSHOWN = frozenset(
    (f"{W}del", f"{W}moveFrom", f"{W}pPr", f"{W}rPr", f"{W}instrText", f"{W}delText", f"{W}sectPr", _FALLBACK)
)


def _broken() -> tuple[type[Exception], ...]:
    """Return what zipfile, lxml and python-docx raise over a broken file."""
    from lxml import etree

    named = (BadZipFile, zlib.error, etree.XMLSyntaxError, OSError, NotImplementedError, EOFError)
    return (*named, KeyError, ValueError, AttributeError, TypeError, IndexError)


def read_docx(data: bytes, name: str) -> Document:
    """Return the Word document as a Document. Raises UnreadableFile where it is damaged, or unpacks to too much."""
    import docx

    try:
        package = docx.Document(text_parts(data, name))
        body = package.element.body
        reader = _Reader(package, name)
        reader.take(body)
        title = package.core_properties.title or ""
    except _broken() as error:
        said = str(error).strip("'\"").split("\n")[0][:120] or type(error).__name__
        raise UnreadableFile(
            f"{name} is a damaged Word document ({said}): save it anew from Word or LibreOffice"
        ) from None
    draft = reader.draft
    title = title.strip() or reader.title or draft.first("heading", 1) or draft.first("heading") or ""
    return draft.document(data, name, MEDIA_TYPE, title)


class _Reader:
    """Walks the body; what a paragraph carries along (text boxes, footnotes) follows it."""

    def __init__(self, package: Any, name: str) -> None:
        self.draft = Draft(name)
        self.title = ""
        self.styles = Styles(package)
        self.numbering = Numbering(package)
        self.notes = {kind: _notes(package, kind) for kind in ("footnote", "endnote")}
        self.boxes: list[Any] = []
        self.cited: list[tuple[str, str]] = []

    def take(self, parent: Any, in_contents: bool = False) -> None:
        """Append the blocks of a body, a text box or a content control."""
        for child in parent:
            if child.tag == f"{W}p":
                if len(child):
                    self._paragraph(child, in_contents)
            elif child.tag == f"{W}tbl":
                self._table(child)
            elif child.tag == f"{W}sdt":
                gallery = child.find(f"{W}sdtPr/{W}docPartObj/{W}docPartGallery")
                contents = gallery is not None and "table of contents" in (gallery.get(f"{W}val") or "").lower()
                for content in child.iterchildren(f"{W}sdtContent"):
                    self.take(content, in_contents or contents)
            elif child.tag in (f"{W}ins", f"{W}moveTo", f"{W}smartTag", f"{W}customXml"):
                self.take(child, in_contents)

    def _paragraph(self, paragraph: Any, in_contents: bool) -> None:
        text = self._text(paragraph)
        style = self.styles.of(paragraph)
        label, depth = self.numbering.label(paragraph, style)
        if not text.strip():
            pass  # an empty numbered paragraph shows its number only
        elif in_contents or style.is_contents:
            self.draft.add("toc", text.replace("\t", " "))
        elif style.is_title:
            self.title = self.title or text.strip()
            self.draft.add("heading", text.replace("\n", " "), 1)
        elif style.level:
            self.draft.add("heading", f"{label}{text}".replace("\n", " "), style.level)
        elif depth:
            self.draft.add("list_item", f"{label}{text}", depth)
        elif style.is_code:
            self.draft.add("code", text)
        else:
            self.draft.add("caption" if style.is_caption else "paragraph", text)
        self._carried()

    def _carried(self) -> None:
        boxes, self.boxes = self.boxes, []
        for box in boxes:
            self.take(box)
        cited, self.cited = self.cited, []
        for kind, number in cited:
            if note := self.notes[kind].pop(number, ""):  # once, however often it is cited
                self.draft.add("paragraph", f"[{number}] {note}")

    def _text(self, element: Any) -> str:
        """Return the shown text of a paragraph; text boxes and notes met are kept for after it."""
        parts: list[str] = []
        stack = [element]
        while stack:
            node = stack.pop()
            tag = node.tag
            if tag in _UNSHOWN or not isinstance(tag, str):  # a comment, or an entity that is not expanded
                continue
            if tag == f"{W}txbxContent":
                self.boxes.append(node)
                continue
            if tag == f"{W}r" and _is_hidden(node):
                continue
            if tag == f"{W}t":
                parts.append(node.text or "")
            elif tag == f"{W}tab":
                parts.append("\t")
            elif tag in (f"{W}br", f"{W}cr"):
                parts.append("\n" if node.get(f"{W}type") in (None, "textWrapping") else " ")
            elif tag == f"{W}noBreakHyphen":
                parts.append("-")
            elif tag in (f"{W}footnoteReference", f"{W}endnoteReference"):
                number = node.get(f"{W}id") or ""
                parts.append(f"[{number}]")
                self.cited.append((tag[len(W) : -len("Reference")], number))
            elif tag.endswith("}docPr") and (alt := (node.get("descr") or "").strip()):
                parts.append(_image(alt))
            stack.extend(reversed(node))
        return "".join(parts)

    def _table(self, table: Any) -> None:
        if len(list(table.iterchildren(f"{W}tr"))) == 1 and len(list(_cells(table.find(f"{W}tr")))) == 1:
            self.take(next(_cells(table.find(f"{W}tr"))))  # a box drawn with a table
            return
        rows: list[list[Cell]] = []
        headers = 0
        open_cells: dict[int, tuple[int, int]] = {}  # column → row and place of the cell that spans down over it
        for row in table.iterchildren(f"{W}tr"):
            cells: list[Cell] = []
            column = 0
            for cell in _cells(row):
                span = _number(cell.find(f"{W}tcPr/{W}gridSpan"))
                merge = cell.find(f"{W}tcPr/{W}vMerge")
                if merge is not None and merge.get(f"{W}val") != "restart" and column in open_cells:
                    above, place = open_cells[column]
                    spanning = rows[above][place]
                    rows[above][place] = Cell(spanning.text, spanning.columns, len(rows) - above + 1, spanning.heads)
                else:
                    open_cells.pop(column, None)
                    if merge is not None:
                        open_cells[column] = (len(rows), len(cells))
                    text = self._cell_text(cell)
                    cells.append(Cell(text, span, 1, bool(text) and _is_bold(cell)))
                column += span
            if headers == len(rows) and row.find(f"{W}trPr/{W}tblHeader") is not None:
                headers += 1
            rows.append(cells)
        add_table(self.draft, rows, headers or None)
        self._carried()

    def _cell_text(self, cell: Any) -> str:
        """Return a cell on one line; a table within it is read as its words."""
        lines = []
        for paragraph in cell.iter(f"{W}p"):
            text = self._text(paragraph).strip()
            label, _ = self.numbering.label(paragraph, self.styles.of(paragraph))
            lines.append(f"{label}{text}" if text else "")
        return " ".join(filter(None, lines))


def _cells(row: Any) -> Iterator[Any]:
    for child in row:
        if child.tag == f"{W}tc":
            yield child
        elif child.tag == f"{W}sdt":
            yield from child.iterfind(f"{W}sdtContent/{W}tc")


def _notes(package: Any, kind: str) -> dict[str, str]:
    """Return the text of each foot- or endnote by its number; those below 1 are separators that Word draws."""
    from lxml import etree

    for relation in package.part.rels.values():
        if not relation.is_external and relation.reltype.endswith(f"/{kind}s"):
            parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
            root = etree.fromstring(relation.target_part.blob, parser)
            texts = {
                note.get(f"{W}id"): "".join(t.text or "" for t in note.iter(f"{W}t"))
                for note in root.iter(f"{W}{kind}")
            }
            return {number: text.strip() for number, text in texts.items() if number and int(number) > 0}
    return {}


def _is_hidden(run: Any) -> bool:
    vanish = run.find(f"{W}rPr/{W}vanish")
    return vanish is not None and vanish.get(f"{W}val") not in ("0", "false", "off")


def _is_bold(cell: Any) -> bool:
    runs = [run for run in cell.iter(f"{W}r") if "".join(t.text or "" for t in run.iter(f"{W}t")).strip()]
    return bool(runs) and all(_on(run.find(f"{W}rPr/{W}b")) for run in runs)


def _on(switch: Any) -> bool:
    return switch is not None and switch.get(f"{W}val") not in ("0", "false", "off")


def _number(element: Any) -> int:
    value = element.get(f"{W}val") if element is not None else None
    return int(value) if value and re.fullmatch(r"\d{1,4}", value) else 1


def _image(alt: str) -> str:
    """Word writes its own guesses there; a person's words are kept."""
    guessed = "generated" in alt.lower() or re.fullmatch(r"(?i)(picture|image|图片|圖片)?\s*\d*", alt) or len(alt) > 300
    return "" if guessed else f" [image: {alt}] "
