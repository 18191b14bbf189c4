"""What a person or a program sees: JSON on stdout, notes and progress on stderr, colour only on a terminal."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import unicodedata
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TextIO

from ragqa.printable import printable, printable_json, printable_line, printable_name
from ragqa.types import Answer, Correction
from ragqa.wording import labels_for

if TYPE_CHECKING:
    from rich.table import Table

    from ragqa.metrics import Difference, Interval
    from ragqa.retrieval import Found


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


NEAREST = 3
"""How many places a refusal names."""

SHOWN = 400
"""Characters of a passage that a search prints."""


def print_json(value: object) -> None:
    """Print one JSON document on one line, in whatever encoding standard output has."""
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    print_json_line(json.dumps(value, ensure_ascii=encoding != "utf8"))


def print_json_line(document: str) -> None:
    """Print JSON that is on one line already; what is unseen in its strings is written as escapes."""
    sys.stdout.write(printable_json(document) + "\n")
    sys.stdout.flush()


def say(line: str = "") -> None:
    """Print one line of the result, whatever names are in it."""
    print(printable_name(line))


def note(line: str) -> None:
    """Say something beside the result, on one line."""
    print(printable_line(line), file=sys.stderr, flush=True)


def styled(text: str, code: str) -> str:
    """Return ``text`` in an ANSI style where standard output is a terminal that wants colour."""
    text = printable(text)
    return f"\033[{code}m{text}\033[0m" if _takes_styles() else text


def _takes_styles() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def linked(text: str, file: Path | None, page: int | None = None) -> str:
    """Return ``text``, printable already, as a link to a file where standard output is a terminal that has links."""
    if file is None or not shows_links():
        return text
    at = f"#page={page}" if page is not None else ""
    return f"\033]8;;{file.absolute().as_uri()}{at}\033\\{text}\033]8;;\033\\"


def shows_links() -> bool:
    """Whether standard output is a terminal that shows links."""
    return _takes_styles() and _knows_links()


def _knows_links() -> bool:
    """Whether the terminal says that it is one of those that show links (OSC 8); others may show them as rubbish."""
    told = os.environ
    vte = told.get("VTE_VERSION", "")
    return (
        (vte.isdigit() and int(vte) >= 5000)
        or any(name in told for name in ("WT_SESSION", "KONSOLE_VERSION", "KITTY_WINDOW_ID"))
        or told.get("TERM_PROGRAM", "") in ("iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper")
        or told.get("TERM", "").startswith(("alacritty", "foot", "xterm-kitty", "xterm-ghostty"))
    )


_NARROWEST = 12
"""Columns that words of a table are folded to at most, so that something is left to know them by."""


def print_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    best: Sequence[Sequence[bool]] = (),
    *,
    words: Collection[int] = (0,),
) -> None:
    """Print rows below their columns: those of ``words`` to the left, figures to the right, cells of ``best`` marked.

    On a terminal that has too few columns words go on in further lines; where even then figures have no room beside
    one another, each row stands below the other, a line for each of its cells.
    """
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    cells = [[Text(printable_name(cell)) for cell in row] for row in (columns, *rows)]
    for head in cells[0]:
        head.stylize("dim")
    for row, marks in zip(cells[1:], best, strict=False):
        for cell, is_best in zip(row, marks, strict=True):
            cell.stylize("bold green" if is_best else "")
    widths = [max(cell_len(row[at].plain) for row in cells) for at in range(len(columns))]
    width = terminal_width(sys.stdout)
    least = sum(min(one, _NARROWEST) if at in words else one for at, one in enumerate(widths)) + 2 * (len(widths) - 1)
    if width is not None and least > width:
        for row in cells[1:]:
            turned = Table.grid(padding=(0, 2, 0, 0))
            turned.add_column(no_wrap=True)
            turned.add_column(overflow="fold")
            for head, cell in zip(cells[0], row, strict=True):
                turned.add_row(head, cell)
            _print_rich(turned, width)
            print()
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    for at in range(len(columns)):
        table.add_column(justify="left" if at in words else "right", no_wrap=at not in words, overflow="fold")
    for row in cells:
        table.add_row(*row)
    _print_rich(table, width or sum(widths) + 2 * len(widths))


def _print_rich(table: Table, width: int) -> None:
    """Print a table of rich's in lines of at most ``width`` columns, without the white space at their ends."""
    from io import StringIO

    from rich.console import Console

    out = StringIO()
    colours: Literal["standard"] | None = "standard" if _takes_styles() else None
    Console(file=out, width=width, color_system=colours, force_terminal=True, legacy_windows=False).print(table)
    print("\n".join(line.rstrip() for line in out.getvalue().rstrip("\n").split("\n")))


def interval_json(of: Interval | Difference) -> dict[str, float]:
    """Return a mean with its interval."""
    return {"mean": round(of.mean, 6), "low": round(of.low, 6), "high": round(of.high, 6)}


def pages(page: int | None, page_end: int | None) -> str:
    """Return pages as they stand behind a name: ', page 12', ', pages 12-13', nothing where there are none."""
    if page is None:
        return ""
    return f", page {page}" if page_end in (None, page) else f", pages {page}-{page_end}"


def where(
    document: str,
    page: int | None,
    section: tuple[str, ...] = (),
    *,
    page_end: int | None = None,
    printed: str | None = None,
) -> str:
    """Return a place as a person names it: 'pump.pdf, page 12, printed 8 (Care > Filters)', 'pump.pdf, pages 12-13'."""
    page_part = pages(page, page_end)
    page_part += f", printed {printed}" if page is not None and printed else ""
    path = f" ({' '.join(' > '.join(section[-2:]).split())})" if section else ""
    return printable_name(f"{document}{page_part}{path}")


def print_page(place: str, text: str) -> None:
    """Print a page's text under its place, as ``where`` names it, and an empty line."""
    print(styled(place, "1") + "\n\n" + printable(text).strip("\n") + "\n")


class Written:
    """Prints an answer as it is written, then what it stands on. Give ``piece`` to ``Library.ask`` as ``on_text``.

    ``file_of`` returns where the file of a document lies, for links to it; None where it is not known.
    """

    def __init__(self, file_of: Callable[[str], Path | None]) -> None:
        self._file_of = file_of
        self._wrapper = stdout_wrapper(lambda marker: styled(marker, "36"))

    def piece(self, text: str) -> None:
        """Take the next piece of the answer."""
        self._wrapper.write(printable(text))

    def close(self) -> None:
        """End the line that was begun, as when an answer breaks off."""
        self._wrapper.finish()
        if self._wrapper.in_line:
            print(flush=True)

    def sources(self, answer: Answer) -> None:
        """End the answer; then an empty line and its sources, or for a refusal where to look all the same."""
        self.close()
        width = terminal_width(sys.stdout)
        if answer.corrections:
            print(wrapped(_corrections_line(answer.question, answer.corrections), width, 2))
        if answer.unsupported:
            print(wrapped(_unsupported_line(answer), width, 2))
        if answer.abstained:
            places = dict.fromkeys(where(hit.passage.document, hit.passage.page) for hit in answer.hits[:NEAREST])
            if places:
                print("\n" + styled(wrapped(f"Nearest passages: {'; '.join(places)}", width, 2), "2"))
        elif answer.citations:
            print()
        for citation in answer.citations:
            marker = f"[{citation.marker}]"
            place = where(
                citation.document,
                citation.page,
                citation.section,
                page_end=citation.page_end,
                printed=citation.printed,
            )
            place = wrapped(f"{marker} {place}", width, 4)
            file = self._file_of(citation.document) if shows_links() else None
            print(styled(marker, "36") + linked(place[len(marker) :], file, citation.page))
            if answer.answerer != "extractive":  # whose answer is the quotes themselves
                quote = " ".join(printable(citation.quote).split())
                print(styled(wrapped(f"    “{quote}”", width, 4), "2"))
        for warning in answer.warnings:
            note(f"note: {warning}")


def _corrections_line(question: str, corrections: Sequence[Correction]) -> str:
    labels = labels_for(question)
    said = (labels.corrected.format(word=one.word, taken_for=one.taken_for) for one in corrections)
    return labels.semicolon.join(said)


def _unsupported_line(answer: Answer) -> str:
    labels = labels_for(answer.question)
    return labels.unsupported + printable_line(labels.comma.join(answer.unsupported))


def print_found(found: Found) -> None:
    """Print passages for reading."""
    width = terminal_width(sys.stdout)
    if found.corrections:
        print(wrapped(_corrections_line(found.question, found.corrections), width, 2) + "\n")
    if not found.hits:
        print("No passage holds any of that.")
    for hit in found.hits:
        passage = hit.passage
        print(f"{styled(f'{hit.rank}.', '36')} {styled(where(passage.document, passage.page, passage.section), '1')}")
        text = " ".join(printable(passage.text).split())
        print(wrapped(f"   {text[:SHOWN]}{'…' if len(text) > SHOWN else ''}\n", width, 3))
