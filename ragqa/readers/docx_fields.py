"""Fields of a Word paragraph: their codes are not shown, their results are. Knows nothing of runs.

A field is open from its 'begin' to its 'end'; what stands between 'separate' and 'end' is its result. Fields may stand
in the codes of others. One that has no end hides no more than its own paragraph.
"""

from __future__ import annotations

import re
from typing import Any

from ragqa.readers.docx_styles import W

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
        """Go on to a field's character or code; return what a form field shows."""
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
        if kind == "separate" and self._codes and self._codes[-1] is not None:
            self._finish_code()
            if len(self._codes) not in self._dropped:
                self._hiding -= 1
            self._codes[-1] = None
        elif kind == "end" and self._codes:
            if self._codes[-1] is not None:
                self._finish_code()
                self._hiding -= 1
            elif len(self._codes) in self._dropped:
                self._hiding -= 1
            self._dropped.discard(len(self._codes))
            self._codes.pop()
        return ""

    def cited(self) -> str:
        """Return the bookmark of a note that a field which was just read refers to, '' if none; tells it once."""
        name, self._cited = self._cited, ""
        return name

    @staticmethod
    def cited_by(code: str) -> str:
        """Return the bookmark of a note that a field's code refers to, '' if it does not."""
        match = _NOTE.match(code)
        return match[1] if match else ""

    def _finish_code(self) -> None:
        code = self._codes[-1] or []
        if self._hiding == 1 and (name := self.cited_by("".join(code[:20])[:200])):
            self._cited = name
            self._dropped.add(len(self._codes))  # its result is the number of the mark


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
