"""Tell tables of data from tables that only lay out a page, and read the former."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

from ragqa.readers.builder import DocumentBuilder
from ragqa.readers.html_page import Content, outermost
from ragqa.readers.html_text import text_of
from ragqa.readers.tables import Cell, add_table


def is_data_table(table: Any, content: Content) -> bool:
    """Say whether a table's cells are data in rows; else they are stretches of a page laid side by side."""
    if table.get("role") in ("presentation", "none"):
        return False
    rows = [list(_cells(row)) for group in _groups(table) for row in group]
    width = max(map(len, rows), default=0)
    if width < 2:
        return False
    weight = content.weights[table]
    if weight.heads:
        return False
    marked = any(cell.tag == "th" for row in rows for cell in row) or table.find("caption") is not None
    if marked:
        return True
    if len(rows) < 2 or weight.holds:
        return False
    longest = max(len(" ".join(cell.itertext())) for row in rows for cell in row)
    return longest <= 1000


def read_table(builder: DocumentBuilder, table: Any, content: Content) -> None:
    """Append a table of data, its caption before it."""
    for caption in table.iterchildren("caption"):
        builder.add("caption", text_of(caption))
    rows: list[list[Cell]] = []
    headers = 0
    for group in _groups(table):
        shown = _without_empty([_shown_cells(row, content) for row in group])
        if group and group[0].getparent().tag == "thead" and headers == len(rows):
            headers += len(shown)
        rows += shown
    add_table(builder, rows, headers or None)


def _shown_cells(row: Any, content: Content) -> list[Cell]:
    if content.verdict(row) == "skip":
        return []
    return [_cell(cell) for cell in _cells(row) if content.verdict(cell) != "skip"]


def _without_empty(rows: list[list[Cell]]) -> list[list[Cell]]:
    """Drop a group's rows without text; a cell that spans rows then spans those that are left, within its group."""
    filled = [any(cell.text for cell in row) for row in rows]
    left = [0, *accumulate(filled)]
    kept = []
    for at, row in enumerate(rows):
        if filled[at]:
            ends = (min(at + cell.rows, len(rows)) if cell.rows else len(rows) for cell in row)
            kept.append(
                [
                    replace(cell, rows=left[end] - left[at]) if cell.rows != 1 else cell
                    for cell, end in zip(row, ends, strict=True)
                ]
            )
    return kept


def _groups(table: Any) -> Iterator[list[Any]]:
    """Yield the rows of <thead>, <tbody> and the like, and those that stand between such."""
    loose: list[Any] = []
    for child in table:
        if child.tag == "tr":
            loose.append(child)
        elif child.tag in ("thead", "tbody", "tfoot", "form", "div"):
            if loose:
                yield loose
                loose = []
            yield list(child.iterchildren("tr"))
    if loose:
        yield loose


def _cells(row: Any) -> Iterator[Any]:
    return row.iterchildren("td", "th")  # type: ignore[no-any-return]


def _cell(element: Any) -> Cell:
    text = text_of(element)
    if not text:  # a tick or a cross drawn as an image is what the cell says
        text = " ".join(filter(None, (image.get("alt") for image in element.iter("img"))))
    heads = element.tag == "th" or (bool(text) and _all_bold(element, text))
    return Cell(text, _span(element.get("colspan")), _span(element.get("rowspan")), heads)


def _all_bold(element: Any, text: str) -> bool:
    return sum(len(text_of(bold)) for bold in outermost(element, ("b", "strong"))) >= len(text)


def _span(value: str | None) -> int:
    return int(value) if value and value.isdecimal() and len(value) < 6 else 1


_LONGEST = 3000
MOST_ELEMENTS = 60
"""Of a note; what is larger is a part of the page."""

_MARKED = re.compile(r"foot-?note|noteref|(?<![a-z])fn-?(?:ref)?(?![a-z])|endnote|doc-noteref", re.IGNORECASE)
_NOTE = re.compile(r"foot-?note|endnote|(?<![a-z])fn(?![a-z])", re.IGNORECASE)
_CITED = re.compile(r"cite|(?<![a-z])bib|literature", re.IGNORECASE)
_BLOCKS = frozenset(("li", "p", "div", "aside", "dd", "section"))
_ARROWS = re.compile(r"[\s\u21a9\u21b5\u2191\u2934\u2b06\u2b0f\ufe0e\ufe0f^↑⤴]*")


@dataclass
class Note:
    """A note that can be told where its marks stand. ``text`` once it was read."""

    element: Any
    label: str
    text: str = ""


def find_notes(tree: Any) -> tuple[dict[Any, Note | None], set[Any]]:
    """Return each mark's link with its note (None: the note stays where it stands), and the links back from notes."""
    marks: dict[Any, str] = {}
    back: set[Any] = set()
    seen: set[str] = set()
    wanted: set[str] = set()
    marked: set[str] = set()  # the names of marks, to which notes lead back
    for element in tree.iter():
        if name := element.get("id") or (element.get("name") if element.tag == "a" else None):
            seen.add(name)
        target = (element.get("href") or "") if element.tag == "a" else ""
        if len(target) > 1 and target[0] == "#":
            text = "".join(element.itertext()).strip() if len(element) < 4 else ""
            if target[1:] in seen:
                if target[1:] in marked or _ARROWS.fullmatch(text) or _is_mark(element, text):
                    back.add(element)
            elif _is_mark(element, text):
                marks[element] = target[1:]
                wanted.add(target[1:])
                parent = element.getparent()
                marked |= {place.get("id") for place in (element, parent) if place is not None and place.get("id")}
    if not marks:
        return {}, back
    places = {element.get("id") or element.get("name"): element for element in tree.iter() if _name(element) in wanted}
    blocks: dict[Any, Note | None] = {}
    found: dict[Any, Note | None] = {}
    for mark, target in marks.items():
        block = _block(places.get(target))
        if block is not None and block not in blocks:
            label = "".join(mark.itertext()).strip().strip("[]()")
            blocks[block] = Note(block, label) if _is_note(block, target, back) else None
        found[mark] = blocks.get(block) if block is not None else None
    return found, back


def is_arrow(link: Any) -> bool:
    """Say whether a link only points back."""
    return bool(_ARROWS.fullmatch("".join(link.itertext())))


def without_label(text: str, label: str) -> str:
    """Return a note's text without the mark that it begins with."""
    match = re.match(r"[\[(]?(\d{1,3}|[a-z]|[*†‡§#]{1,3})[\])]?[.:)]?\s+", text)
    return text[match.end() :] if match and match[1] == label else text


def _name(element: Any) -> str | None:
    return element.get("id") or (element.get("name") if element.tag == "a" else None)


def _is_mark(link: Any, text: str) -> bool:
    """Say whether a link within the page is a note's mark: short, and raised or called one."""
    if not 0 < len(text) <= 8:
        return False
    parent = link.getparent()
    raised = len(link) == 1 and link[0].tag == "sup" and not (link.text or "").strip()
    raised = raised or (parent is not None and parent.tag == "sup")
    return raised or bool(_MARKED.search(f"{link.get('class') or ''} {link.get('role') or ''}"))


def _block(place: Any) -> Any:
    """Return the block that a note's place is, or begins."""
    while place is not None and place.tag not in _BLOCKS:
        parent = place.getparent()
        if parent is None or (parent.text or "").strip() or place.getprevious() is not None:
            return None
        place = parent
    return place


def _is_note(block: Any, target: str, back: set[Any]) -> bool:
    """Say whether a block is a note that can be moved: small, of text alone, called one or leading back."""
    marks = f"{target} {block.get('class') or ''}"
    if _CITED.search(marks):
        return False
    leads_back, length = False, 0
    for count, inner in enumerate(block.iter()):
        length += len(inner.text or "") + len(inner.tail or "")
        if count > MOST_ELEMENTS or length > _LONGEST or inner.tag in ("table", "img", "pre"):
            return False
        leads_back |= inner in back
    called = (block.get("role") or "") in ("doc-footnote", "doc-endnote") or _NOTE.search(marks)
    return leads_back or bool(called)
