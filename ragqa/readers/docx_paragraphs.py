"""Read what a Word paragraph shows: its runs, symbols, equations and fields. Knows nothing of blocks."""

from __future__ import annotations

import re
from typing import Any

from ragqa.readers.docx_equations import M, equation_text
from ragqa.readers.docx_fields import Fields
from ragqa.readers.docx_line import Line
from ragqa.readers.docx_notes import Notes
from ragqa.readers.docx_styles import Look, Style, Styles, W
from ragqa.readers.symbol_fonts import symbol_text

ALTERNATE = "{http://schemas.openxmlformats.org/markup-compatibility/2006}AlternateContent"

_UNSHOWN = frozenset(
    f"{W}{name}"
    for name in (
        "del",
        "moveFrom",
        "pPr",
        "rPr",
        "sdtPr",
        "sdtEndPr",
        "delText",
        "delInstrText",
        "sectPr",
        "rt",
        "rubyPr",
    )
)
_REFERENCES = {f"{W}footnoteReference": "footnote", f"{W}endnoteReference": "endnote"}
_SIGNS = {f"{W}tab": "\t", f"{W}ptab": "\t", f"{W}cr": "\n", f"{W}noBreakHyphen": "-"}
_PRIVATE = re.compile("[\ue000-\uf8ff]")


class ParagraphReader:
    """Reads the paragraphs of one document."""

    def __init__(self, styles: Styles, notes: Notes, body: Any) -> None:
        self._styles, self._notes, self._body = styles, notes, body
        self._bookmarks: dict[str, tuple[str, str]] | None = None

    def read(self, paragraph: Any, style: Style) -> tuple[str, list[Any], list[str]]:
        """Return the shown text of a paragraph, its text boxes, and the paragraphs that its long notes make."""
        line = Line(inline_notes=not (style.level or style.is_title or style.is_code))
        boxes: list[Any] = []
        fields = Fields()
        cited: set[tuple[str, str]] = set()
        stack: list[tuple[Any, Look | None]] = [(child, None) for child in reversed(paragraph)]
        while stack:
            node, look = stack.pop()
            tag = node.tag
            if tag in _UNSHOWN or not isinstance(tag, str):  # a comment, or an entity that is not expanded
                continue
            if tag == f"{W}r":
                look = self._styles.look(node.find(f"{W}rPr"), style)
            elif tag in (f"{W}fldChar", f"{W}instrText"):
                shown, mark = fields.take(node), self._bookmarked(fields.cited())
                if look is None or look.is_read:
                    line.add(shown)
                    self._cite(line, mark, cited)
                continue
            elif fields.hide or not (look is None or look.is_read):
                if look is not None:
                    continue
            elif tag == f"{W}t":
                line.add(_shown(node.text or "", look), look.script if look else "")
                continue
            elif tag == f"{W}txbxContent":
                boxes.append(node)
                continue
            elif tag in _REFERENCES:
                self._cite(line, (_REFERENCES[tag], node.get(f"{W}id") or ""), cited)
                if (node.get(f"{W}customMarkFollows") or "0").lower() in ("1", "true", "on"):
                    _drop_mark(stack, node)
                continue
            elif tag == f"{M}oMath":
                line.add(equation_text(node))
                continue
            elif tag == f"{M}oMathPara":
                line.add("".join(f"\n{equation_text(one)}\n" for one in node.iterchildren(f"{M}oMath")))
                continue
            else:
                line.add(_sign(node, tag), look.script if look else "")
            if tag == f"{W}fldSimple" and (name := Fields.cited_by(node.get(f"{W}instr") or "")):
                self._cite(line, self._bookmarked(name), cited)
                continue
            stack.extend((child, look) for child in reversed(chosen(node) if tag == ALTERNATE else node))
        text, after = line.finish()
        return text, boxes, after

    def is_bold(self, cell: Any) -> bool:
        """Say whether all words in a cell are bold."""
        bold = False
        for paragraph in cell.iter(f"{W}p"):
            style = self._styles.of(paragraph)
            for run in paragraph.iter(f"{W}r"):
                if any((text.text or "").strip() for text in run.iterchildren(f"{W}t")):
                    bold = self._styles.look(run.find(f"{W}rPr"), style).bold
                    if not bold:
                        return False
        return bold

    def _cite(self, line: Line, mark: tuple[str, str] | None, cited: set[tuple[str, str]]) -> None:
        """Append the note that a mark stands for, once in a paragraph."""
        if mark and mark not in cited:
            cited.add(mark)
            line.add(self._notes.text(mark), "note")

    def _bookmarked(self, name: str) -> tuple[str, str] | None:
        """Return the note whose mark a bookmark names; Word refers to a note a second time so."""
        if not name:
            return None
        if self._bookmarks is None:
            self._bookmarks = {}
            waiting: list[str] = []
            for node in self._body.iter(f"{W}bookmarkStart", *_REFERENCES):
                if node.tag in _REFERENCES:
                    mark = (_REFERENCES[node.tag], node.get(f"{W}id") or "")
                    self._bookmarks.update((bookmark, mark) for bookmark in waiting)
                    waiting.clear()
                else:
                    waiting.append(node.get(f"{W}name") or "")
        return self._bookmarks.get(name)


def chosen(alternate: Any) -> Any:
    """Return that version of alternate content which has text: the first choice, else the fallback."""
    versions = [version for version in alternate if isinstance(version.tag, str)]
    return next((version for version in versions if _has_text(version)), versions[0] if versions else ())


def _has_text(element: Any) -> bool:
    return next(element.iter(f"{W}t", f"{M}t", f"{W}sym"), None) is not None


def _shown(text: str, look: Look | None) -> str:
    """Return what letters show in the fonts that they are set in."""
    if look is None or look.fonts == ("", ""):
        return text
    ascii_font, other_font = look.fonts
    if ascii_font == other_font:
        return symbol_text(ascii_font, text)
    return "".join(symbol_text(ascii_font if char.isascii() else other_font, char) for char in text)


def _sign(node: Any, tag: str) -> str:
    """Return the text of an element that holds none itself: a tab, a line break, a symbol, what an image shows."""
    if tag in _SIGNS:
        return _SIGNS[tag]
    if tag == f"{W}br":
        return "\n" if node.get(f"{W}type") in (None, "textWrapping") else " "
    if tag == f"{W}sym":
        code = node.get(f"{W}char") or ""
        if not re.fullmatch(r"[0-9A-Fa-f]{1,4}", code):
            return ""
        sign = symbol_text(node.get(f"{W}font") or "", chr(int(code, 16)))
        return "" if _PRIVATE.match(sign) else sign  # a font that we do not know
    if tag.endswith("}docPr") and (alt := (node.get("descr") or "").strip()):
        return _image(alt)
    return ""


def _drop_mark(stack: list[tuple[Any, Look | None]], reference: Any) -> None:
    """Drop the sign that an author chose as the mark of a note, which stands behind it in the same run."""
    run = reference.getparent()
    while stack and stack[-1][0].getparent() is run and stack[-1][0].tag in (f"{W}t", f"{W}sym"):
        stack.pop()


def _image(alt: str) -> str:
    """Word writes its own guesses there; a person's words are kept."""
    guessed = "generated" in alt.lower() or re.fullmatch(r"(?i)(picture|image|图片|圖片)?\s*\d*", alt) or len(alt) > 300
    return "" if guessed else f" [image: {alt}] "
