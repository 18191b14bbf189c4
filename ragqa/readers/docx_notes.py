"""Footnotes and endnotes of a Word file, and how they stand in the text. Knows nothing of the look of characters.

A note limits what is said before its mark ('6 bar³ … ³ only with kit GK-2'), so it must not be parted from it. Up to
``LONGEST_INLINE`` characters it takes the place of its mark, in brackets: '6 bar (note: Only with kit GK-2)', its
sentences parted by semicolons, so that they stay in the sentence. A longer one, and that of a heading, follows as a
paragraph that says what it belongs to: 'Note to "withstands 6 bar": …'. The mark itself is not written: a number in
brackets would look like one of our citations. In Chinese text the word is 注.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ragqa.readers.docx_package import Package
from ragqa.readers.docx_styles import W
from ragqa.sentences import sentences

LONGEST_INLINE = 200
"""Characters of a note that stands in the sentence itself."""
_QUOTED = 60
"""Characters of what a long note belongs to that are quoted before it."""

_CHINESE = re.compile(r"[\u3400-\u9fff]")
_KANA = re.compile(r"[\u3040-\u30ff]")
_ENDS = re.compile(r"[.!?…。！？；;]+[\"”’」』)）]*\s*$")


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
        return text if len(text) <= LONGEST_INLINE and self._allow(len(text)) else ""


def insert_note(line: str, note: str) -> str:
    """Return ``line`` with a short note put behind its last word, before the full stop that may end it."""
    line = line.rstrip()
    end = _ENDS.search(line)
    at = end.start() if end and end.start() else len(line)
    inner = _one_sentence(note)
    if _is_chinese(line + note):
        return f"{line[:at].rstrip()}（注：{inner}）{line[at:]}"
    return f"{line[:at].rstrip()} (note: {inner}){line[at:]}"


def note_after(line: str, note: str) -> str:
    """Return the paragraph that says a note after the one whose text up to the note's mark is ``line``."""
    said = sentences(line[-500:])
    quoted = line[-500:][said[-1][0] : said[-1][1]].strip() if said else ""
    if _is_chinese(line + note):
        quoted = quoted[-_QUOTED // 3 :].lstrip("，、；：,; ").rstrip("。！？；，、")
        return f"注（“{quoted}”）：{note}" if quoted else f"注：{note}"
    if len(quoted) > _QUOTED:
        quoted = quoted[-_QUOTED:].partition(" ")[2] or quoted[-_QUOTED:]
    quoted = quoted.rstrip(" .;:,!?").replace('"', "'")
    return f'Note to "{quoted}": {note}' if quoted else f"Note: {note}"


def _one_sentence(note: str) -> str:
    parts = [note[start:end] for start, end in sentences(note)]
    chinese = _is_chinese(note)
    return ("；" if chinese else "; ").join(part.rstrip(" .。；;") or part for part in parts)


def _is_chinese(text: str) -> bool:
    return _CHINESE.search(text) is not None and _KANA.search(text) is None
