"""A page's tree made to say in words what a browser draws: scripts, formulas, strikes, notes, controls, quotes.

Run once, before anything is weighed or read, so that paragraphs, cells and headings all say the same. Knows nothing of
blocks, nor of what belongs to the page's frame.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Any

from lxml import etree

from ragqa.readers.html_page import SILENT, Styles
from ragqa.readers.html_tables import (
    MOST_ELEMENTS,
    Note,
    find_notes,
    is_arrow,
    without_label,
)
from ragqa.readers.html_text import (
    PARTING,
    become,
    blank,
    formula_text,
    is_drawn_twice,
    show_maths,
    text_of,
    was_rendered,
)
from ragqa.readers.note_wording import SHORT, bracket_note, write_long_note
from ragqa.readers.scripts import write_subscript, write_superscript

_LONGEST_SCRIPT = 40
"""Characters past which what is raised or lowered is text like any other."""
_LINE = 64
"""Characters before a script that say how it is read."""
_CONTROLS = frozenset(("input", "select", "textarea", "progress", "meter"))
_SPEAKING = frozenset(
    ("p", "li", "td", "th", "dd", "dt", "span", "b", "strong", "label", "h1", "h2", "h3", "h4", "h5", "h6")
)
_MATHS = re.compile(r"(?<![\w-])(?:arithmatex|math|math-inline|math-display)(?![\w-])")
_SUPERIOR = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉", "01234567890123456789")
_FRACTION = re.compile(r"(?<=(\d))?([⁰¹²³⁴-⁹]{1,9})⁄([₀-₉]{1,9})")


def draw(tree: Any) -> None:
    """Change the tree: each element that draws more than its text, or less, becomes its words."""
    drawing = _Drawing(tree)
    drawing.walk(tree)
    drawing.add_long_notes()


class _Drawing:
    def __init__(self, tree: Any) -> None:
        self.styles = Styles(tree)
        self.notes, self.back = find_notes(tree)
        self.long: list[tuple[Any, str]] = []
        self.read: set[Any] = set()
        for note in {id(note): note for note in self.notes.values() if note}.values():
            self._read(note)

    def _read(self, note: Note) -> None:
        """Take a note out of its place, to stand where its marks do."""
        element = note.element
        if any(above in self.read for above in islice(element.iterancestors(), MOST_ELEMENTS)):
            return
        self.read.add(element)
        for link in [link for link in element.iter("a") if link in self.back]:
            blank(link)
        self.walk(element)
        note.text = without_label(text_of(element), note.label)
        blank(element)

    def walk(self, root: Any) -> None:
        walk = etree.iterwalk(root, events=("start", "end"))
        line = ""
        scripts: list[tuple[Any, str, list[str]]] = []  # open ones: what stood before, and notes within
        skipped = None
        for event, element in walk:
            tag = element.tag
            if event == "start":
                if tag in PARTING:
                    line = "" if tag != "br" else f"{line}\n"
                how = self.styles.drawn(element)
                if how in ("raised", "lowered"):
                    scripts.append((element, line, []))
                if how == "struck" or self._is_done(element, line, scripts):
                    if how == "struck":
                        blank(element)
                    skipped = element
                    walk.skip_subtree()
                elif tag == "q":
                    element.text = f'"{element.text or ""}'
                if element.text and (element is not skipped or tag == "span"):
                    line = (line + _plain(element))[-_LINE:]
                continue
            if element is skipped:
                skipped = None
            if scripts and scripts[-1][0] is element:
                _, before, notes = scripts.pop()
                line = (before + self._script(element, before, notes))[-_LINE:]
            if tag == "q":
                _append(element, '"')
            if tag in PARTING and tag != "br":
                line = ""
            if element is not root and element.tail:
                if "⁄" in element.tail:
                    element.tail = _slashed(element.tail)
                line = (line + element.tail)[-_LINE:]

    def _script(self, element: Any, before: str, notes: list[str]) -> str:
        """Return what a raised or lowered element says, which it becomes."""
        text = text_of(element)
        if notes:
            text = "".join(notes)
        elif "reference" in (element.get("class") or "").split():
            text = ""  # to literature, or to its page
        elif len(text) > _LONGEST_SCRIPT or element.tag in PARTING:
            return text
        elif self.styles.drawn(element) == "raised":
            text = write_superscript(before, text, _after(element))
        else:
            text = write_subscript(before, text)
        blank(element)  # and keeps its class, which may take it out of the page
        element.text = text
        return text

    def _is_done(self, element: Any, line: str, scripts: list[tuple[Any, str, list[str]]]) -> bool:
        """Turn an element into its words where it is of a kind to be; say whether its inside is done with."""
        tag = element.tag
        if tag == "a":
            if element in self.back and is_arrow(element):
                blank(element)
                return True
            if element not in self.notes:
                return False
            text = self._noted(element, self.notes[element], line)
            if scripts:
                scripts[-1][2].append(text)
            become(element, text)
        elif tag == "math" or tag.endswith(":math"):
            show_maths(element)
        elif tag == "script":
            if not (element.get("type") or "").startswith("math/tex") or was_rendered(element):
                return True
            become(element, formula_text(element.text or ""))
        elif tag == "svg":
            become(element, _labels(element))
        elif tag == "img" and "mwe-math-fallback" in (element.get("class") or ""):
            drawn = element.getprevious() is not None
            become(element, "" if drawn else formula_text(element.get("alt") or ""))
        elif tag in _CONTROLS:
            parent = element.getparent()
            if parent is not None and parent.tag in _SPEAKING and (value := _value(element)):
                become(element, value)
        elif element.attrib and is_drawn_twice(element):
            blank(element)
        elif tag in ("span", "div") and _MATHS.search(element.get("class") or "") and not len(element):
            written = element.text or ""
            if written.strip().startswith(("\\(", "\\[", "$")):
                become(element, formula_text(written))
        else:
            return tag in SILENT
        return True

    def _noted(self, mark: Any, note: Note | None, line: str) -> str:
        """Return what stands in place of a note's mark."""
        if note is None or not note.text:
            return ""
        if len(note.text) > SHORT:
            self.long.append((mark, write_long_note(line, note.text)))
            note.text = ""  # once is enough
            return ""
        return bracket_note(line, note.text) + _take_stop(mark)

    def add_long_notes(self) -> None:
        """Put each long note behind the paragraph of its mark."""
        for mark, text in reversed(self.long):
            block = mark
            while block.getparent() is not None and block.tag not in PARTING:
                block = block.getparent()
            while (
                block.tag in ("td", "th", "tr", "tbody", "thead", "tfoot", "caption") and block.getparent() is not None
            ):
                block = block.getparent()
            new = etree.Element("p")
            new.text = text
            if block.tag in ("p", "h1", "h2", "h3", "h4", "h5", "h6", "table") and block.getparent() is not None:
                block.addnext(new)
            else:
                block.append(new)


def _append(element: Any, text: str) -> None:
    if len(element):
        element[-1].tail = f"{element[-1].tail or ''}{text}"
    else:
        element.text = f"{element.text or ''}{text}"


def _plain(element: Any) -> str:
    """Return an element's own text, its fraction slashes plain."""
    if "⁄" in element.text:
        element.text = _slashed(element.text)
    return str(element.text)


def _slashed(text: str) -> str:
    def fraction(match: re.Match[str]) -> str:
        return f"{' ' if match[1] else ''}{match[2]}/{match[3]}".translate(_SUPERIOR)

    return _FRACTION.sub(fraction, text).replace("⁄", "/")


def _after(element: Any) -> str:
    """Return the beginning of what follows an element on its line."""
    text = ""
    for _ in range(4):
        text += (element.tail or "")[:_LINE]
        if len(text.strip()) > 1:
            break
        following = element.getnext()
        if following is None:
            element = element.getparent()
            if element is None or element.tag in PARTING:
                break
        elif following.tag in PARTING:
            break
        else:
            text += (following.text or "")[:_LINE]
            element = following
    return text


def _take_stop(mark: Any) -> str:
    """Return the full stop before a mark, taken from there: the note belongs to the sentence that it ends."""
    parent = mark.getparent()
    if parent is not None and parent.tag == "sup" and len(parent) == 1:
        mark, parent = parent, parent.getparent()
    if parent is None:
        return ""
    before = mark.getprevious()
    text = (parent.text if before is None else before.tail) or ""
    if not text.endswith((".", "。", "!", "?")):
        return ""
    if before is None:
        parent.text = text[:-1]
    else:
        before.tail = text[:-1]
    return text[-1]


def _labels(svg: Any) -> str:
    """Return the words of a drawing, as of an image."""
    words = [" ".join("".join(text.itertext()).split()) for text in svg.iter("title", "text")]
    words = [svg.get("aria-label") or "", *words]
    words = [word for word in dict.fromkeys(words) if re.search(r"[^\W\d_]", word)]
    return f" [image: {'; '.join(words)}] " if words and svg.get("aria-hidden") != "true" else ""


def _value(control: Any) -> str:
    """Return what a form's control shows."""
    tag, kind = control.tag, (control.get("type") or "text").lower()
    if tag == "select":
        options = list(control.iter("option"))
        chosen = [option for option in options if option.get("selected") is not None]
        return ", ".join(" ".join("".join(option.itertext()).split()) for option in chosen or options[:1])
    if tag == "input":
        if kind in ("checkbox", "radio"):
            return "☑ " if control.get("checked") is not None else "☐ "
        return (
            (control.get("value") or "")
            if kind not in ("hidden", "password", "image", "file", "color", "range")
            else ""
        )
    text = " ".join("".join(control.itertext()).split())
    if tag == "textarea" or text:
        return text
    value, most = control.get("value") or "", control.get("max") or ""
    return f"{value}/{most}" if value and most else value
