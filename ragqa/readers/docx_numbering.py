"""Count the numbered paragraphs of a Word file as Word does, and say what it shows before each. Reads no text.

Lists that share a definition go on counting together; a list restarts the first time that it is used where it says so.
A numbered paragraph whose text is empty or struck out still counts.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ragqa.readers.docx_numerals import numeral
from ragqa.readers.docx_styles import Style, W, depth_of, is_on, numbering_of, value_of

_LONGEST_LABEL = 100
"""Characters that stand around the numbers of a list's level."""
_LINKS_FOLLOWED = 4
"""Styles of lists through which a list may get its levels; Word writes one."""


@dataclass(frozen=True, slots=True)
class _Level:
    form: str = "decimal"
    shown: str = ""
    start: int = 1
    restart: int | None = None
    """Levels from the top that restart this one; None for all above it, 0 for none."""
    legal: bool = False
    """Whether the levels above are shown in digits, whatever their own format."""
    style: str = ""
    """The style of paragraph that stands on this level."""


@dataclass(frozen=True, slots=True)
class _List:
    levels: Mapping[int, _Level]
    definition: str
    """What it counts together with."""
    restarts: Mapping[int, int]
    """Levels that begin with another number the first time that this list is used."""


class Numbering:
    """The lists of a document, and how far each has been counted."""

    def __init__(self, root: Any, styles: Any) -> None:
        """``root`` and ``styles`` are those of the parts for numbering and styles, None where there is none."""
        self._lists: dict[str, _List] = {}
        self._counts: dict[str, dict[int, int]] = defaultdict(dict)
        self._restarted: set[tuple[str, int]] = set()
        if root is not None:
            for number, levels, definition in _lists(root, styles):
                identity = number.get(f"{W}numId") or ""
                self._lists[identity] = _overridden(number, levels, definition)

    def label(self, paragraph: Any, style: Style) -> tuple[str, int]:
        """Return what stands before a paragraph ('2.1 ', '' of a bullet) and its depth from 1, 0 outside lists."""
        properties = paragraph.find(f"{W}pPr")
        number, depth = numbering_of(properties) if properties is not None else (None, None)
        listed = self._lists.get(number if number is not None else style.numbered[0] or "")
        if listed is None:
            return "", 0
        if depth is not None:
            at = depth
        elif number is not None:
            at = 0
        else:
            at = _level_of(style, listed)
        self._count(number or style.numbered[0] or "", listed, at)
        return self._shown(listed, at), max(at, style.indent) + 1

    def _count(self, number: str, listed: _List, at: int) -> None:
        counts = self._counts[listed.definition]
        for above in range(at):
            counts.setdefault(above, _level(listed, above).start)
        if at in listed.restarts and (number, at) not in self._restarted:
            counts[at] = listed.restarts[at]
        else:
            counts[at] = counts.get(at, _level(listed, at).start - 1) + 1
        self._restarted.add((number, at))
        for deeper in [other for other in counts if other > at]:
            restart = _level(listed, deeper).restart
            if restart is None or at < restart:
                del counts[deeper]

    def _shown(self, listed: _List, at: int) -> str:
        level = _level(listed, at)
        counts = self._counts[listed.definition]

        def written(match: re.Match[str]) -> str:
            above = int(match[1]) - 1
            form = _level(listed, above).form
            number = counts.get(above, _level(listed, above).start)
            if level.legal and above < at and form not in ("none", "bullet"):
                form = "decimal"
            return _padded(number, form) if form.startswith("0") else numeral(number, form)

        if level.form == "bullet" and not re.search(r"[^\W_]{2}", level.shown):
            return ""  # a sign; words are part of what is read: 'Note:'
        shown = re.sub(r"%([1-9])", written, level.shown).strip()
        shown = shown.lstrip(".") if level.shown.startswith("%") else shown
        return f"{shown} " if re.search(r"\w|[①-⑳㉑-㊿㊀-㊉⑴-⒛]", shown) else ""


def _lists(root: Any, styles: Any) -> list[tuple[Any, dict[int, _Level], str]]:
    """Return each list with the levels of its definition, those of a style of lists looked up there."""
    definitions = {
        definition.get(f"{W}abstractNumId") or "": definition for definition in root.iterchildren(f"{W}abstractNum")
    }
    styled = {
        name: identity for identity, definition in definitions.items() if (name := value_of(definition, "styleLink"))
    }
    of_number = {
        number.get(f"{W}numId") or "": value_of(number, "abstractNumId") or ""
        for number in root.iterchildren(f"{W}num")
    }
    for style in styles.iterchildren(f"{W}style") if styles is not None else ():
        name = style.get(f"{W}styleId") or ""
        if style.get(f"{W}type") == "numbering" and name not in styled:
            properties = style.find(f"{W}pPr")
            number, _ = numbering_of(properties) if properties is not None else (None, None)
            styled[name] = of_number.get(number or "", "")
    levels: dict[str, dict[int, _Level]] = {}
    found = []
    for number in root.iterchildren(f"{W}num"):
        identity = value_of(number, "abstractNumId") or ""
        if identity in definitions:
            if identity not in levels:
                levels[identity] = _levels(definitions, styled, identity)
            found.append((number, levels[identity], identity))
    return found


def _levels(definitions: Mapping[str, Any], styled: Mapping[str, str], identity: str) -> dict[int, _Level]:
    levels: dict[int, _Level] = {}
    for _ in range(_LINKS_FOLLOWED):
        definition = definitions.get(identity)
        if definition is None:
            break
        for element in definition.iterchildren(f"{W}lvl"):
            levels.setdefault(depth_of(element.get(f"{W}ilvl")), _read_level(element))
        identity = styled.get(value_of(definition, "numStyleLink") or "", "")
    return levels


def _overridden(number: Any, levels: dict[int, _Level], definition: str) -> _List:
    """Return a list with the levels that it has of its own, and the numbers with which it restarts."""
    restarts = {}
    for override in number.iterchildren(f"{W}lvlOverride"):
        depth = depth_of(override.get(f"{W}ilvl"))
        own = override.find(f"{W}lvl")
        if own is not None:
            levels = {**levels, depth: _read_level(own)}
        start = value_of(override, "startOverride")
        if start is not None:
            restarts[depth] = _int(start, 1)
            if depth in levels:
                levels = {**levels, depth: replace(levels[depth], start=restarts[depth])}
    return _List(levels, definition, restarts)


def _read_level(element: Any) -> _Level:
    restart = value_of(element, "lvlRestart")
    legal = element.find(f"{W}isLgl")
    return _Level(
        form=_form(element),
        shown=(value_of(element, "lvlText") or "")[:_LONGEST_LABEL],
        start=_int(value_of(element, "start"), 1),
        restart=None if restart is None else _int(restart, 0),
        legal=legal is not None and is_on(legal),
        style=value_of(element, "pStyle") or "",
    )


def _form(element: Any) -> str:
    """Return the format of a level's numbers; one that a person drew up, '001, 002, …', by its first number."""
    form = next(element.iter(f"{W}numFmt"), None)
    if form is None:
        return "decimal"
    if form.get(f"{W}val") == "custom":
        first = (form.get(f"{W}format") or "").partition(",")[0].strip()
        return first if re.fullmatch(r"0\d{1,8}", first) else "decimal"
    return form.get(f"{W}val") or "decimal"


def _padded(number: int, first: str) -> str:
    return str(number).zfill(len(first))


def _level(listed: _List, at: int) -> _Level:
    return listed.levels.get(at) or _Level(form="bullet")


def _level_of(style: Style, listed: _List) -> int:
    """Return the level of a paragraph whose style numbers it: that which names the style, else what the style says."""
    linked = {level.style: at for at, level in listed.levels.items() if level.style}
    own = next((linked[style_id] for style_id in style.chain[:1] if style_id in linked), None)
    if own is not None:
        return own
    if style.numbered[1] is not None:
        return style.numbered[1]
    return next((linked[style_id] for style_id in style.chain if style_id in linked), 0)


def _int(text: str | None, otherwise: int) -> int:
    return int(text) if text and re.fullmatch(r"\d{1,6}", text) else otherwise
