"""The text of one paragraph, put together from what stands in it: words, what is raised or lowered, marks of notes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ragqa.readers.note_wording import SHORT, insert_note, note_after
from ragqa.readers.scripts import lowered, raised

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
                written.add(raised(written.tail(), piece.text, _following(pieces, at)))
            elif piece.kind == "subscript":
                written.add(lowered(written.tail(), piece.text))
            elif piece.kind == "":
                written.add(piece.text)
            elif self._inline_notes and len(piece.text) <= SHORT and written.tail().strip():
                written.replace_tail(insert_note(written.tail(), piece.text))
                if _LATIN.match(_following(pieces, at)):
                    written.add(" ")
            else:
                after.append(note_after(written.tail(), piece.text))
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
