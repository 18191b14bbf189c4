"""Footnotes and endnotes of a Word file. Knows nothing of their wording or look."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ragqa.readers.docx_package import Package
from ragqa.readers.docx_styles import W
from ragqa.readers.note_wording import SHORT


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
