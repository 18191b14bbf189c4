"""Fields of a Word paragraph: their codes are not shown, their results are. Knows nothing of runs.

A field is open from its 'begin' to its 'end'; what stands between 'separate' and 'end' is its result. Fields may stand
in the codes of others. One that has no end hides no more than its own paragraph. Three kinds have no result that says
what they show: references to a note, form fields, and formulas of the time before Word had equations (EQ), with which
Chinese and Japanese writers still draw a number in a circle.
"""

from __future__ import annotations

import re
from typing import Any

from ragqa.readers import scripts
from ragqa.readers.docx_styles import W

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
        return f"^{scripts.grouped(first)}" if "up" in options or not options else f"_{scripts.grouped(first)}"
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
