"""Read what a Word paragraph shows: its runs, symbols, equations and fields. Knows nothing of blocks."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ragqa.readers import scripts
from ragqa.readers.docx_equations import M, equation_text
from ragqa.readers.docx_package import Package
from ragqa.readers.docx_styles import Look, Style, Styles, W
from ragqa.readers.note_wording import SHORT, insert_note, write_long_note
from ragqa.readers.scripts import write_subscript, write_superscript
from ragqa.readers.symbol_fonts import replace_symbols


class Notes:
    """The notes of a document. Each is read once; what repeats it is paid from ``allow``."""

    def __init__(self, package: Package, read: Callable[[Any], str], allow: Callable[[int], bool]) -> None:
        """``read`` gives the text of a note's element; ``allow`` says whether so many characters may be repeated."""
        self._elements: dict[tuple[str, str], Any] = {}
        self._texts: dict[tuple[str, str], str] = {}
        self._read, self._allow = read, allow
        for kind in ("footnote", "endnote"):
            root = package.xml(package.related(f"{kind}s"))
            for note in root.iterchildren(f"{W}{kind}") if root is not None else ():
                if note.get(f"{W}type") in (None, "normal"):  # the others are lines that Word draws
                    self._elements[kind, note.get(f"{W}id") or ""] = note

    def text(self, mark: tuple[str, str]) -> str:
        """Return the note that a mark stands for; '' where it was read before and is too long to be said again."""
        if mark in self._elements:
            note = self._elements.pop(mark)
            self._texts[mark] = ""  # a note that cites itself
            self._texts[mark] = " ".join(self._read(note).split())
            return self._texts[mark]
        text = self._texts.get(mark, "")
        return text if len(text) <= SHORT and self._allow(len(text)) else ""


_TAIL = 600
"""Characters before a place that decide how it is written; more of a huge paragraph is not looked at again."""
_AFTER = 40

_LATIN = re.compile(r"[A-Za-z0-9(]")


@dataclass(frozen=True, slots=True)
class _Piece:
    kind: str
    """'superscript', 'subscript', 'note', or '' for words."""
    text: str


class Line:
    """Pieces in the order of reading. Runs that go on with a superscript become one: '1' and '0' are an exponent 10."""

    def __init__(self, inline_notes: bool = True) -> None:
        """``inline_notes``: whether short notes may stand in the sentence; in a heading they follow it."""
        self._inline_notes = inline_notes
        self._kinds: list[str] = []
        self._texts: list[list[str]] = []

    def add(self, text: str, kind: str = "") -> None:
        """Append words, or what is set as a 'superscript' or 'subscript'; a 'note' is what its mark stands for."""
        if not text:
            return
        if self._kinds and self._kinds[-1] == kind and kind != "note":
            self._texts[-1].append(text)
        else:
            self._kinds.append(kind)
            self._texts.append([text])

    def finish(self) -> tuple[str, list[str]]:
        """Return the text, and the paragraphs that long notes make after it."""
        if not self._kinds or self._kinds == [""]:
            return "".join(self._texts[0]) if self._texts else "", []
        pieces = [_Piece(kind, "".join(texts)) for kind, texts in zip(self._kinds, self._texts, strict=True)]
        written = _Written()
        after: list[str] = []
        for at, piece in enumerate(pieces):
            if piece.kind == "superscript":
                written.add(write_superscript(written.tail(), piece.text, _following(pieces, at)))
            elif piece.kind == "subscript":
                written.add(write_subscript(written.tail(), piece.text))
            elif piece.kind == "":
                written.add(piece.text)
            elif self._inline_notes and len(piece.text) <= SHORT and written.tail().strip():
                written.replace_tail(insert_note(written.tail(), piece.text))
                if _LATIN.match(_following(pieces, at)):
                    written.add(" ")
            else:
                after.append(write_long_note(written.tail(), piece.text))
        return written.text(), after


def _following(pieces: list[_Piece], at: int) -> str:
    """Return some characters of what comes behind a piece."""
    text = ""
    for piece in pieces[at + 1 : at + 9]:
        text += piece.text[:_AFTER] if piece.kind != "note" else ""
        if len(text) >= _AFTER:
            break
    return text


class _Written:
    """Text that grows at its end, whose last characters may be looked at and changed without copying the rest."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    def add(self, text: str) -> None:
        self._parts.append(text)

    def tail(self) -> str:
        gathered: list[str] = []
        length = 0
        while self._parts and length < _TAIL:
            gathered.append(self._parts.pop())
            length += len(gathered[-1])
        end = "".join(reversed(gathered))
        if len(end) > 2 * _TAIL:
            self._parts.append(end[:-_TAIL])
            end = end[-_TAIL:]
        self._parts.append(end)
        return end

    def replace_tail(self, text: str) -> None:
        self.tail()
        self._parts[-1] = text

    def text(self) -> str:
        return "".join(self._parts)


_LONGEST_FORMULA = 500
"""Characters of a field's code that are read as a formula."""
_DEEPEST_FORMULA = 20
_CIRCLES = frozenset("○◯〇O0Oo")
_CIRCLED = "⓪①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"
_FORMULA = re.compile(r"\s*EQ\s+(?=.*\\)", re.IGNORECASE | re.DOTALL)
_SWITCH = re.compile(r"\\([a-z]+)[^(\\]*((?:\\[^(\\]*)*)\(", re.IGNORECASE)
"""What an EQ field does to the arguments behind it, and its options."""
_NOTE = re.compile(r"\s*(?:NOTEREF|FTNREF)\s+\"?(\w{1,60})", re.IGNORECASE)


class Fields:
    """The fields that are open at a place of a paragraph."""

    def __init__(self) -> None:
        self._codes: list[list[str] | None] = []
        """The code so far of each open field, None once its result has begun."""
        self._hiding = 0
        self._dropped: set[int] = set()
        self._cited = ""

    @property
    def hide(self) -> bool:
        """Whether what stands here is part of a code."""
        return self._hiding > 0

    def take(self, node: Any) -> str:
        """Go on to a field's character or code; return what a field shows that has no result."""
        if node.tag == f"{W}instrText":
            if self._codes and self._codes[-1] is not None:
                self._codes[-1].append(node.text or "")
            return ""
        kind = node.get(f"{W}fldCharType")
        if kind == "begin":
            shown = "" if self.hide else _form_field(node)
            self._codes.append([])
            self._hiding += 1
            return shown
        shown = ""
        if kind == "separate" and self._codes and self._codes[-1] is not None:
            shown = self._finish_code()
            if len(self._codes) not in self._dropped:
                self._hiding -= 1
            self._codes[-1] = None
        elif kind == "end" and self._codes:
            if self._codes[-1] is not None:
                shown = self._finish_code()
                self._hiding -= 1
            elif len(self._codes) in self._dropped:
                self._hiding -= 1
            self._dropped.discard(len(self._codes))
            self._codes.pop()
        return shown

    def cited(self) -> str:
        """Return the bookmark of a note that a field which was just read refers to, '' if none; tells it once."""
        name, self._cited = self._cited, ""
        return name

    @staticmethod
    def cited_by(code: str) -> str:
        """Return the bookmark of a note that a field's code refers to, '' if it does not."""
        match = _NOTE.match(code)
        return match[1] if match else ""

    def _finish_code(self) -> str:
        """Return the formula that the code of the innermost field draws, if it does."""
        code = "".join((self._codes[-1] or [])[:_LONGEST_FORMULA])[:_LONGEST_FORMULA]
        if self._hiding > 1:
            return ""
        formula = _FORMULA.match(code)
        if formula:
            self._dropped.add(len(self._codes))
            return _draw(code[formula.end() :].strip(), 0)
        if name := self.cited_by(code):
            self._cited = name
            self._dropped.add(len(self._codes))  # its result is the number of the mark
        return ""


def _draw(code: str, depth: int) -> str:
    r"""Return the text of an EQ field's code: \f(1,2) is 1/2, \r(3,x) a root, \o\ac(○,1) is ①."""
    parts: list[str] = []
    at = 0
    while at < len(code):
        switch = _SWITCH.match(code, at)
        if not switch or depth > _DEEPEST_FORMULA:
            parts.append(code[at])
            at += 1
            continue
        inner, at = _arguments(code, switch.end())
        parts.append(_drawn(switch[1].lower()[:1], switch[2].lower(), [_draw(one.strip(), depth + 1) for one in inner]))
    return "".join(parts).replace("\\", "")


def _arguments(code: str, start: int) -> tuple[list[str], int]:
    """Return the arguments that begin behind a bracket, and the place behind the bracket that closes them."""
    arguments = [""]
    depth = 1
    for at in range(start, len(code)):
        char = code[at]
        depth += (char == "(") - (char == ")")
        if not depth:
            return arguments, at + 1
        if char in ",;" and depth == 1:
            arguments.append("")
        else:
            arguments[-1] += char
    return arguments, len(code)


def _drawn(switch: str, options: str, arguments: list[str]) -> str:
    first, last = arguments[0], arguments[-1]
    if switch == "f" and len(arguments) == 2:
        return scripts.fraction(first, last)
    if switch == "r":
        return scripts.root(last, first if len(arguments) == 2 else "")
    if switch == "s" and len(arguments) == 1:
        return (
            f"^{scripts.bracket_operand(first)}"
            if "up" in options or not options
            else f"_{scripts.bracket_operand(first)}"
        )
    if switch == "o" and len(arguments) == 2 and first in _CIRCLES:
        number = int(last) if re.fullmatch(r"\d{1,2}", last) else -1
        return _CIRCLED[number] if 0 <= number < len(_CIRCLED) else f"({last})"
    if switch == "b":
        return f"({first})"
    return ", ".join(filter(None, arguments))


def _form_field(begin: Any) -> str:
    """Return what a tick box or a list of choices of a form shows; those have no result."""
    ticked = begin.find(f"{W}ffData/{W}checkBox")
    if ticked is not None:
        state = ticked.find(f"{W}checked")
        state = ticked.find(f"{W}default") if state is None else state
        return "☒" if state is not None and (state.get(f"{W}val") or "1").lower() in ("1", "true", "on") else "☐"
    choices = begin.find(f"{W}ffData/{W}ddList")
    if choices is not None:
        entries = [entry.get(f"{W}val") or "" for entry in choices.iterchildren(f"{W}listEntry")]
        result = choices.find(f"{W}result")
        at = result.get(f"{W}val") or "0" if result is not None else "0"
        return entries[int(at)] if re.fullmatch(r"\d{1,3}", at) and int(at) < len(entries) else ""
    return ""


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
            stack.extend((child, look) for child in reversed(choose_alternate(node) if tag == ALTERNATE else node))
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


def choose_alternate(alternate: Any) -> Any:
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
        return replace_symbols(ascii_font, text)
    return "".join(replace_symbols(ascii_font if char.isascii() else other_font, char) for char in text)


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
        sign = replace_symbols(node.get(f"{W}font") or "", chr(int(code, 16)))
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
