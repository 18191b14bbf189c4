"""What a Word paragraph is, by its style, and the number that Word shows before it. Reads no text."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"

_HEADING = re.compile(
    r"(?:heading|überschrift|titre|título|titulo|titolo|rubrik|kop|otsikko|overskrift|nagłówek|заголовок|标题|標題|見出し|제목)\s*([1-9])"
)
_TITLES = frozenset(("title", "titel", "标题", "標題", "表題", "titre", "título", "titolo", "заголовок"))
_CONTENTS = re.compile(r"(?:toc|table of figures|index|verzeichnis|目录|目錄)(?:\s*\d|$)")
_CODE = re.compile(r"(?:html )?(?:code|preformatted|source|listing|macro|plain text|代码)")


_DEEPEST = 8
"""Word's lists have nine levels, from 0."""
_LONGEST_CHAIN = 12
"""Styles that one may be based on, one upon the other; Word itself makes far fewer."""
_LONGEST_LABEL = 100
"""Characters that stand around the numbers of a list's level."""


@dataclass(frozen=True, slots=True)
class Style:
    """A paragraph's role. ``level`` is that of a heading, from 1; ``numbered``: its list and depth, if any."""

    level: int = 0
    is_title: bool = False
    is_contents: bool = False
    is_caption: bool = False
    is_code: bool = False
    numbered: tuple[str | None, int | None] = (None, None)


class Styles:
    """The styles of a document, each told once, through what it is based on."""

    def __init__(self, package: Any) -> None:
        styles = package.styles.element.iterchildren(f"{W}style")
        self._styles = {style.get(f"{W}styleId"): style for style in styles if style.get(f"{W}type") == "paragraph"}
        self._told: dict[str | None, Style] = {}

    def of(self, paragraph: Any) -> Style:
        """Return the role of a paragraph; an outline level set on it directly makes it a heading too."""
        properties = paragraph.find(f"{W}pPr")
        if properties is None:
            return self._tell(None)
        style = self._tell(_value(properties, "pStyle"))
        outline = _value(properties, "outlineLvl")
        if outline and outline.isdecimal() and int(outline) < 9 and not style.level and not style.is_title:
            return Style(level=int(outline) + 1, numbered=style.numbered)
        return style

    def _tell(self, style_id: str | None) -> Style:
        if style_id not in self._told:
            self._told[style_id] = self._look(style_id)
        return self._told[style_id]

    def _look(self, style_id: str | None) -> Style:
        level = 0
        numbered: tuple[str | None, int | None] = (None, None)
        names: list[str] = []
        seen: set[str | None] = set()
        while style_id in self._styles and style_id not in seen and len(seen) < _LONGEST_CHAIN:
            seen.add(style_id)
            element = self._styles[style_id]
            name = (_value(element, "name") or style_id or "").lower()
            names.append(name)
            if not level and (match := _HEADING.match(name) or _HEADING.match((style_id or "").lower())):
                level = int(match[1])
            properties = element.find(f"{W}pPr")
            if properties is not None:
                outline = _value(properties, "outlineLvl")
                if not level and outline and outline.isdecimal() and int(outline) < 9:
                    level = int(outline) + 1
                number, depth = _numbering_of(properties)
                numbered = (numbered[0] or number, numbered[1] if numbered[1] is not None else depth)
            style_id = _value(element, "basedOn")
        own = names[0] if names else ""
        if numbered[0] and (match := re.match(r"list (?:bullet|number|continue) ([2-9])$", own)):
            numbered = (numbered[0], max(numbered[1] or 0, int(match[1]) - 1))
        return Style(
            level=level,
            is_title=own in _TITLES,
            is_contents=_CONTENTS.match(own) is not None,
            is_caption=own in ("caption", "beschriftung", "题注", "題注", "légende"),
            is_code=any(_CODE.match(name) for name in names),
            numbered=numbered,
        )


class Numbering:
    """Counts the numbered paragraphs as Word does, and says what it shows before each."""

    def __init__(self, package: Any) -> None:
        self._levels: dict[str, dict[int, tuple[str, str, int]]] = {}  # list → depth → (format, text, start)
        self._abstract: dict[str, str] = {}  # lists of the same definition go on counting together
        self._counts: dict[str, dict[int, int]] = defaultdict(dict)
        try:
            root = package.part.numbering_part.element
        except (KeyError, NotImplementedError):
            return
        definitions = {
            definition.get(f"{W}abstractNumId"): {
                _depth(lvl.get(f"{W}ilvl")): _level(lvl) for lvl in definition.iterchildren(f"{W}lvl")
            }
            for definition in root.iterchildren(f"{W}abstractNum")
        }
        for number in root.iterchildren(f"{W}num"):
            abstract = _value(number, "abstractNumId")
            identity = number.get(f"{W}numId")
            if abstract in definitions and identity:
                levels = dict(definitions[abstract])
                restarts = False
                for override in number.iterchildren(f"{W}lvlOverride"):
                    depth = _depth(override.get(f"{W}ilvl"))
                    start = _value(override, "startOverride")
                    if start is not None and depth in levels:
                        levels[depth] = (*levels[depth][:2], _int(start, 1))
                        restarts = True
                self._levels[identity] = levels
                self._abstract[identity] = f"num {identity}" if restarts else f"abstract {abstract}"

    def label(self, paragraph: Any, style: Style) -> tuple[str, int]:
        """Return what stands before a paragraph ('2.1 ', '' of a bullet) and its depth from 1, 0 outside lists."""
        properties = paragraph.find(f"{W}pPr")
        number, depth = _numbering_of(properties) if properties is not None else (None, None)
        number = number if number is not None else style.numbered[0]
        at = depth if depth is not None else style.numbered[1] or 0
        if number is None or number == "0" or number not in self._levels:
            return "", 0
        levels = self._levels[number]
        kind, shown, start = levels.get(at, ("bullet", "", 1))
        counts = self._counts[self._abstract[number]]
        counts[at] = counts.get(at, start - 1) + 1
        for deeper in [other for other in counts if other > at]:
            del counts[deeper]
        if kind in ("bullet", "none") or "%" not in shown:
            return "", at + 1
        for above in range(at + 1):
            form, _, first = levels.get(above, ("decimal", "", 1))
            shown = shown.replace(f"%{above + 1}", _numeral(counts.get(above, first), form))
        return f"{shown} ", at + 1


def _level(element: Any) -> tuple[str, str, int]:
    shown = (_value(element, "lvlText") or "")[:_LONGEST_LABEL]
    return _value(element, "numFmt") or "decimal", shown, _int(_value(element, "start"), 1)


def _depth(text: str | None) -> int:
    return min(_int(text, 0), _DEEPEST)


def _numbering_of(properties: Any) -> tuple[str | None, int | None]:
    numbered = properties.find(f"{W}numPr")
    if numbered is None:
        return None, None
    depth = _value(numbered, "ilvl")
    return _value(numbered, "numId"), _depth(depth) if depth is not None else None


def _numeral(number: int, form: str) -> str:
    if form in ("lowerLetter", "upperLetter") and 1 <= number <= 26:
        return chr((97 if form == "lowerLetter" else 65) + number - 1)
    if form in ("lowerRoman", "upperRoman") and 1 <= number < 40:
        roman = "x" * (number // 10) + ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")[number % 10]
        return roman if form == "lowerRoman" else roman.upper()
    if form.startswith(("chinese", "japanese", "taiwanese", "ideograph")) and 1 <= number < 100:
        ten, one = divmod(number, 10)
        return ("" if not ten else "十" if ten == 1 else f"{'一二三四五六七八九'[ten - 1]}十") + (
            "" if not one else "一二三四五六七八九"[one - 1]
        )
    return str(number)


def _value(parent: Any, child: str) -> str | None:
    element = parent.find(f"{W}{child}")
    return element.get(f"{W}val") if element is not None else None


def _int(text: str | None, otherwise: int) -> int:
    return int(text) if text and re.fullmatch(r"\d{1,6}", text) else otherwise
