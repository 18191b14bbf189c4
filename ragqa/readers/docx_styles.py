"""What a Word paragraph is, and how its characters look, by their styles. Reads no text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ragqa.readers.symbol_fonts import is_symbol_font

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"

_HEADING = re.compile(
    r"(?:heading|überschrift|titre|título|titulo|titolo|encabezado|cabeçalho|intestazione"
    r"|rubrik|kop|otsikko|overskrift|nagłówek|заголовок|标题|標題|見出し|제목)\s*([1-9])"
)
_TITLES = frozenset(("title", "titel", "标题", "標題", "表題", "titre", "título", "titolo", "заголовок"))
_CONTENTS = re.compile(
    r"(?:toc|table of figures|index|verzeichnis|tdc|tdm|tm|sommario|sumário|índice|目录|目錄|目次|목차|차례)(?:\s*\d|$)"
)
_CAPTIONS = frozenset(
    [
        "caption",
        "beschriftung",
        "题注",
        "題注",
        "légende",
        "descripción",
        "epígrafe",
        "didascalia",
        "legenda",
        "bijschrift",
        "図表番号",
        "캡션",
    ]
)
_CODE = re.compile(r"(?:html )?(?:code|preformatted|source|listing|macro|plain text|代码)")

_DEEPEST = 8
"""Word's lists have nine levels, from 0."""
_LONGEST_CHAIN = 12
"""Styles that one may be based on, one upon the other; Word itself makes far fewer."""
_MOST_LOOKS = 10_000
"""Looks of characters that are kept; a document has some dozens."""
_SMALL = 0.8
"""What is raised and smaller than this part of the text around it is a superscript."""
_RAISED_BY = 3
"""Half-points by which a superscript is raised at least."""
_DEFAULT_SIZE = 20
"""Half-points, where a document names no size."""


@dataclass(frozen=True, slots=True)
class Style:
    """A paragraph's role. ``level`` is that of a heading, from 1; ``numbered``: its list and depth, if any."""

    level: int = 0
    is_title: bool = False
    is_contents: bool = False
    is_caption: bool = False
    is_code: bool = False
    numbered: tuple[str | None, int | None] = (None, None)
    indent: int = 0
    """How deep the style's name says that its list stands."""
    chain: tuple[str, ...] = ()
    """The style and those that it is based on."""


@dataclass(frozen=True, slots=True)
class Look:
    """How characters are shown."""

    struck: bool = False
    hidden: bool = False
    bold: bool = False
    script: str = ""
    """'superscript', 'subscript' or ''."""
    fonts: tuple[str, str] = ("", "")
    """The symbol fonts of ASCII and of other characters, '' where that font shows letters as letters."""
    placeholder: bool = False
    """Whether it only says where something is to be filled in."""

    @property
    def is_read(self) -> bool:
        """Whether such characters say anything to a reader."""
        return not (self.struck or self.hidden or self.placeholder)


class Styles:
    """The styles of a document, each looked up once, through what it is based on."""

    def __init__(self, root: Any) -> None:
        """``root`` is that of the part for styles, None where there is none."""
        self._styles: dict[str, Any] = {}
        self._default = ""
        self._base: dict[str, str] = {}
        for style in root.iterchildren(f"{W}style") if root is not None else ():
            identity = style.get(f"{W}styleId") or ""
            self._styles.setdefault(identity, style)
            if style.get(f"{W}type") == "paragraph" and style.get(f"{W}default") in ("1", "true", "on"):
                self._default = identity
        if root is not None:
            self._base = _characters(root.find(f"{W}docDefaults/{W}rPrDefault/{W}rPr"))
        self._roles: dict[str, Style] = {}
        self._inherited: dict[str, dict[str, str]] = {}
        self._looks: dict[tuple[str, tuple[tuple[str, str], ...]], Look] = {}

    def of(self, paragraph: Any) -> Style:
        """Return the role of a paragraph; an outline level set on it directly makes it a heading too."""
        properties = paragraph.find(f"{W}pPr")
        if properties is None:
            return self._role("")
        style = self._role(value_of(properties, "pStyle") or "")
        outline = value_of(properties, "outlineLvl")
        if outline and outline.isdecimal() and int(outline) < 9 and not style.level and not style.is_title:
            return Style(level=int(outline) + 1, numbered=style.numbered, chain=style.chain)
        return style

    def look(self, run_properties: Any, style: Style) -> Look:
        """Return how the characters of a run look in a paragraph of ``style``; ``run_properties`` may be None."""
        own = _characters(run_properties)
        key = (style.chain[0] if style.chain else "", tuple(own.items()))
        if key not in self._looks:
            if len(self._looks) >= _MOST_LOOKS:
                self._looks.clear()
            self._looks[key] = self._resolve(key[0] or self._default, own)
        return self._looks[key]

    def heads_first_row(self, table: Any) -> bool:
        """Say whether a table shows its first row as a header, by its style and its own choice."""
        properties = table.find(f"{W}tblPr")
        chosen = properties.find(f"{W}tblLook") if properties is not None else None
        if chosen is None:
            return False
        flags = chosen.get(f"{W}val") or "0"
        by_flags = re.fullmatch(r"[0-9A-Fa-f]{1,8}", flags) is not None and int(flags, 16) & 0x20 > 0
        first_row = chosen.get(f"{W}firstRow")
        if not (first_row in ("1", "true", "on") if first_row is not None else by_flags):
            return False
        for identity in self._chain(value_of(properties, "tblStyle") or ""):
            for part in self._styles[identity].iterchildren(f"{W}tblStylePr"):
                bold = part.find(f"{W}rPr/{W}b")
                if part.get(f"{W}type") == "firstRow" and bold is not None:
                    return is_on(bold)
        return False

    def _resolve(self, paragraph_style: str, own: dict[str, str]) -> Look:
        of_paragraph = self._inherit(paragraph_style)
        of_characters = self._inherit(own.get("rStyle", ""))
        around = {**self._base, **of_paragraph}
        found = {**around, **of_characters, **own}

        def toggled(name: str) -> bool:
            """A property that styles switch over: on in both is off, as the specification says (17.7.3)."""
            if name in own:
                return own[name] == "1"
            both = (of_paragraph.get(name) == "1") != (of_characters.get(name) == "1")
            return both or self._base.get(name) == "1"

        script = found.get("vertAlign", "")
        if not script:
            raised, size = _int(found.get("position")), _int(found.get("sz")) or _DEFAULT_SIZE
            if abs(raised) >= _RAISED_BY and size <= _SMALL * (_int(around.get("sz")) or _DEFAULT_SIZE):
                script = "superscript" if raised > 0 else "subscript"
        fonts = [font if is_symbol_font(font) else "" for font in (found.get("ascii", ""), found.get("hAnsi", ""))]
        return Look(
            struck=toggled("strike") or found.get("dstrike") == "1",
            hidden=toggled("vanish"),
            bold=toggled("b"),
            script=script if script in ("superscript", "subscript") else "",
            fonts=(fonts[0], fonts[1] or fonts[0]),
            placeholder=own.get("rStyle", "").lower() == "placeholdertext",
        )

    def _inherit(self, style_id: str) -> dict[str, str]:
        """Return the properties of characters of a style and of all that it is based on."""
        if style_id not in self._inherited:
            merged: dict[str, str] = {}
            for identity in reversed(self._chain(style_id)):
                merged |= _characters(self._styles[identity].find(f"{W}rPr"))
            self._inherited[style_id] = merged
        return self._inherited[style_id]

    def _chain(self, style_id: str) -> list[str]:
        chain: list[str] = []
        while style_id in self._styles and style_id not in chain and len(chain) < _LONGEST_CHAIN:
            chain.append(style_id)
            style_id = value_of(self._styles[style_id], "basedOn") or ""
        return chain

    def _role(self, style_id: str) -> Style:
        if style_id not in self._roles:
            self._roles[style_id] = self._look_up(style_id)
        return self._roles[style_id]

    def _look_up(self, style_id: str) -> Style:
        level = 0
        numbered: tuple[str | None, int | None] = (None, None)
        chain = self._chain(style_id)
        names = []
        for identity in chain:
            element = self._styles[identity]
            name = (value_of(element, "name") or identity).lower()
            names.append(name)
            if not level and (match := _HEADING.match(name) or _HEADING.match(identity.lower())):
                level = int(match[1])
            properties = element.find(f"{W}pPr")
            if properties is not None:
                outline = value_of(properties, "outlineLvl")
                if not level and outline and outline.isdecimal() and int(outline) < 9:
                    level = int(outline) + 1
                number, depth = numbering_of(properties)
                numbered = (numbered[0] or number, numbered[1] if numbered[1] is not None else depth)
        own = names[0] if names else ""
        indented = re.match(r"list (?:bullet|number|continue) ([2-9])$", own)
        return Style(
            level=level,
            is_title=own in _TITLES,
            is_contents=_CONTENTS.match(own) is not None,
            is_caption=own in _CAPTIONS,
            is_code=any(_CODE.match(name) for name in names),
            numbered=numbered,
            indent=int(indented[1]) - 1 if indented else 0,
            chain=tuple(chain),
        )


_SWITCHES = frozenset(f"{W}{name}" for name in ("strike", "dstrike", "vanish", "b"))
_VALUES = frozenset(f"{W}{name}" for name in ("vertAlign", "position", "sz", "rStyle"))


def _characters(properties: Any) -> dict[str, str]:
    """Return those properties of characters that change what is read; switches as '1' and '0'."""
    found: dict[str, str] = {}
    for element in properties if properties is not None else ():
        tag = element.tag
        if tag in _SWITCHES:
            found[tag[len(W) :]] = "1" if is_on(element) else "0"
        elif tag in _VALUES:
            found[tag[len(W) :]] = element.get(f"{W}val") or ""
        elif tag == f"{W}rFonts":
            for script in ("ascii", "hAnsi"):
                if font := element.get(f"{W}{script}"):
                    found[script] = font
    return found


def is_on(switch: Any) -> bool:
    """Say whether an element that is there switches its property on."""
    return (switch.get(f"{W}val") or "1").lower() not in ("0", "false", "off")


def depth_of(text: str | None) -> int:
    """Return a level of a list, from 0, as one that Word has."""
    return min(int(text), _DEEPEST) if text and re.fullmatch(r"\d{1,6}", text) else 0


def numbering_of(properties: Any) -> tuple[str | None, int | None]:
    """Return the list and the level that a paragraph's or a style's properties name, None where they don't."""
    numbered = properties.find(f"{W}numPr")
    if numbered is None:
        return None, None
    depth = value_of(numbered, "ilvl")
    return value_of(numbered, "numId"), depth_of(depth) if depth is not None else None


def value_of(parent: Any, child: str) -> str | None:
    """Return the value of a child element, None where there is none."""
    element = parent.find(f"{W}{child}")
    return element.get(f"{W}val") if element is not None else None


def _int(text: str | None) -> int:
    """Return a size in half-points; Strict files may say '3pt'."""
    match = re.fullmatch(r"(-?\d{1,4})(?:\.\d+)?(pt)?", text or "")
    return int(match[1]) * (2 if match[2] else 1) if match else 0
