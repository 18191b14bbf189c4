"""Write text as it comes, wrapped at a terminal's width. Knows wide characters; knows nothing of answers."""

from __future__ import annotations

import re
import shutil
import sys
import unicodedata
from collections.abc import Callable
from typing import TextIO

WIDEST = 100
"""Columns: a longer line is hard to read."""

_MARKER = re.compile(r"\[\d+\]")
_BULLET = re.compile(r"[-*•]|\d{1,2}[.)]")
_NOT_FIRST = frozenset("，。、；：？！）》」』】〕”’…—·%")
"""Characters that may not begin a line in Chinese."""


def terminal_width(stream: TextIO) -> int | None:
    """Return the columns to write in; None where ``stream`` is no terminal and lines stay as they are."""
    return min(shutil.get_terminal_size().columns, WIDEST) if stream.isatty() else None


def columns_of(text: str) -> int:
    """Return how many columns of a terminal ``text`` takes."""
    return sum(0 if unicodedata.combining(c) else 2 if _wide(c) else 1 for c in text)


def shortened(text: str, columns: int) -> str:
    """Return ``text`` in at most ``columns`` columns: of a longer one the beginning and the end, where names differ."""
    if columns_of(text) <= columns:
        return text
    head, tail = "", ""
    for begin, end in zip(text, reversed(text), strict=True):
        if columns_of(head + begin + tail) >= columns:
            break
        head += begin
        if columns_of(head + tail + end) >= columns:
            break
        tail = end + tail
    return f"{head}…{tail}"


def wrapped(text: str, width: int | None, indent: int = 0) -> str:
    """Return ``text`` in lines of at most ``width`` columns, each but the first begun with ``indent`` spaces."""
    pieces: list[str] = []
    wrapper = Wrapper(pieces.append, width, indent=indent)
    wrapper.write(text)
    wrapper.finish()
    return "".join(pieces)


class Wrapper:
    """Takes text in pieces of any size and passes it on in whole words, with line ends where the width asks for them.

    Code between ``` fences is left as it is; what follows a bullet is indented under it. ``mark`` styles [1] markers.
    """

    def __init__(
        self,
        out: Callable[[str], object],
        width: int | None,
        *,
        indent: int = 0,
        mark: Callable[[str], str] = str,
    ) -> None:
        self._out = out
        self._width = width
        self._base = self._indent = indent
        self._mark = mark
        self._column = 0
        self._spaces = 0
        self._word = ""
        self._code = False

    def write(self, piece: str) -> None:
        """Take the next piece."""
        if self._width is None:
            self._out(piece)
            self._column = 0 if piece.endswith("\n") else self._column + len(piece)
            return
        for c in piece:
            if c == "\n":
                self._end_line()
            elif c in " \t":
                self._flush()
                self._spaces += 1
            else:
                if self._word and (_wide(c) or _wide(self._word[-1])) and c not in _NOT_FIRST:
                    self._flush()
                self._word += c

    def finish(self) -> None:
        """Write what is held back."""
        self._flush()

    @property
    def in_line(self) -> bool:
        """Whether the last line has no end yet."""
        return self._column > 0

    def _end_line(self) -> None:
        self._flush()
        self._out("\n")
        self._column = self._spaces = 0
        self._indent = self._base

    def _flush(self) -> None:
        if not self._word:
            return
        word, self._word = self._word, ""
        if word.startswith("```"):
            self._code = not self._code
        room = (self._width or 0) - self._column - self._spaces
        if self._column and not self._code and columns_of(word) > room:
            self._out("\n" + " " * self._indent)
            self._column, self._spaces = self._indent, 0
        begins = not self._column
        self._out(" " * self._spaces + _MARKER.sub(lambda found: self._mark(found[0]), word))
        self._column += self._spaces + columns_of(word)
        self._spaces = 0
        if begins and _BULLET.fullmatch(word):
            self._indent = self._base + self._column + 1


def _wide(c: str) -> bool:
    return c >= "ᄀ" and unicodedata.east_asian_width(c) in "WF"


def stdout_wrapper(mark: Callable[[str], str]) -> Wrapper:
    """Return what writes to standard output piece by piece, flushed so that it is seen as it comes."""

    def out(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    return Wrapper(out, terminal_width(sys.stdout), mark=mark)
