"""The formats that are read: one record each, those of this project and those that other installed packages add.

A new format is a module with a function ``read(file: InputFile) -> Document`` and a line in ``FORMATS``. Another
package names its ``Format`` in the entry-point group ``ragqa.readers``; its module is imported in every process that
reads, so it imports its reader only when ``load`` is called.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Protocol

from ragqa.errors import RagqaError
from ragqa.plugins import entry_points, load
from ragqa.readers.files import InputFile
from ragqa.readers.sniff import (
    is_html,
    is_mhtml,
    is_pdf,
    is_word,
    resembles_html,
    resembles_markdown,
    unread_text,
)
from ragqa.types import Document

logger = logging.getLogger(__name__)

GROUP = "ragqa.readers"
"""The entry-point group in which other packages name a ``Format``."""


class Reader(Protocol):
    """Reads a file of one format."""

    def __call__(self, file: InputFile, /) -> Document:
        """Return the document. Raises UnreadableFile, in one line for a person, where there is none."""


class Match(IntEnum):
    """How sure it is that a file is of a format."""

    NO = 0
    FALLBACK = 1
    """It can be read so, if no other format fits."""
    LIKELY = 2
    """Its content looks like it."""
    NAMED = 3
    """Its name says so and its content does not deny it."""
    CERTAIN = 4
    """Its content says so, whatever its name."""


class Matcher(Protocol):
    """Compares a file with one format."""

    def __call__(self, file: InputFile, named: bool, /) -> Match:
        """Return how well ``file`` fits; ``named`` says whether its suffix is one of the format's."""


def match_name(file: InputFile, named: bool) -> Match:
    """Return NAMED for a file with a suffix of the format, whatever it holds."""
    return Match.NAMED if named else Match.NO


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file that is read."""

    name: str
    """With its article, for people: 'a PDF'."""
    suffixes: tuple[str, ...]
    """Small letters, with the dot; a walk through a folder takes files with these."""
    load: Callable[[], Reader]
    """Imports the reader and returns it."""
    match: Matcher = match_name
    rare_suffixes: tuple[str, ...] = ()
    """Suffixes of files that are read when they are named, and passed over in a folder."""

    def compare(self, file: InputFile) -> Match:
        """Return how well ``file`` fits this format."""
        return self.match(file, file.suffix in self.suffixes or file.suffix in self.rare_suffixes)


def _match_pdf(file: InputFile, named: bool) -> Match:
    return Match.CERTAIN if is_pdf(file.data, named) else Match.NO


def _match_word(file: InputFile, named: bool) -> Match:
    return Match.CERTAIN if is_word(file.data) else Match.NO


def _match_html(file: InputFile, named: bool) -> Match:
    if file.decoded is None:
        return Match.NO
    text = file.decoded.text
    if is_mhtml(text) or is_html(text):
        return Match.CERTAIN
    if not resembles_html(text, named):
        return Match.NO
    return Match.NAMED if named else Match.LIKELY


def _match_markdown(file: InputFile, named: bool) -> Match:
    if named or file.decoded is None:
        return _match_named_text(file, named)
    text = file.decoded.text
    return Match.LIKELY if resembles_markdown(text) and unread_text(text) is None else Match.NO


def _match_text(file: InputFile, named: bool) -> Match:
    if named or file.decoded is None:
        return _match_named_text(file, named)
    return Match.FALLBACK if unread_text(file.decoded.text) is None else Match.NO


def _match_named_text(file: InputFile, named: bool) -> Match:
    return Match.NAMED if named and file.decoded is not None else Match.NO


def _pdf() -> Reader:
    from ragqa.readers.pdf import read

    return read


def _word() -> Reader:
    from ragqa.readers.docx import read

    return read


def _html() -> Reader:
    from ragqa.readers.html import read

    return read


def _markdown() -> Reader:
    from ragqa.readers.markdown import read

    return read


def _csv() -> Reader:
    from ragqa.readers.csv_table import read

    return read


def _text() -> Reader:
    from ragqa.readers.text import read

    return read


FORMATS = (
    Format("a PDF", (".pdf",), _pdf, _match_pdf),
    Format("a Word document", (".docx", ".docm", ".dotx", ".dotm"), _word, _match_word),
    Format("HTML", (".html", ".htm", ".xhtml", ".mht", ".mhtml"), _html, _match_html, (".xht", ".shtml")),
    Format("Markdown", (".md", ".markdown"), _markdown, _match_markdown, (".mkd", ".mdown", ".mdx")),
    Format("text", (".txt", ".text", ".rst"), _text, _match_text, (".log",)),
    Format("CSV", (".csv", ".tsv"), _csv, _match_named_text, (".tab",)),
)
"""The formats of this project. Of two that fit a file as well, the first reads it."""


def all_formats() -> tuple[Format, ...]:
    """Return the formats of this project, then those that other packages add."""
    return (*FORMATS, *added_formats())


@cache
def added_formats() -> tuple[Format, ...]:
    """Return the formats of other packages. One that can't be imported is logged in a line and left out."""
    found = []
    for name, point in entry_points(GROUP).items():
        try:
            added = load(GROUP, name)
        except RagqaError as error:
            logger.warning("%s", error)
            continue
        if isinstance(added, Format):
            found.append(added)
        else:
            logger.warning("the entry point %s of %s is not a Format of ragqa.readers.formats", point.value, GROUP)
    return tuple(found)


def walked_suffixes() -> tuple[str, ...]:
    """Return the suffixes of the files that a walk through a folder takes."""
    return tuple(suffix for known in all_formats() for suffix in known.suffixes)


def promised_by(suffix: str) -> str | None:
    """Return the name of the format that a suffix promises, or None."""
    return next((known.name for known in all_formats() if suffix in known.suffixes), None)


def list_formats() -> str:
    """Return what is read, for people: 'a PDF (.pdf), a Word document (.docx, …), … or CSV (.csv, .tsv)'."""
    *most, last = [f"{known.name} ({', '.join(known.suffixes)})" for known in all_formats()]
    return f"{', '.join(most)} or {last}"


def identify(file: InputFile) -> Format | None:
    """Return the format of ``file``, by its content before its name; None where no format fits.

    A format of another package is chosen only where none of ours is certain by content or by name.
    """
    ours, best = _best(FORMATS, file)
    if best >= Match.NAMED:
        return ours
    added, better = _best(added_formats(), file)
    return added if better > best else ours


def _best(formats: tuple[Format, ...], file: InputFile) -> tuple[Format | None, Match]:
    best: tuple[Format | None, Match] = (None, Match.NO)
    for one in formats:
        match = one.compare(file)
        if match > best[1]:
            best = (one, match)
        if match is Match.CERTAIN:
            break
    return best


def open_reader(chosen: Format) -> Reader:
    """Return the reader of a format. Raises RagqaError, in one line, where another package's can't be imported."""
    try:
        return chosen.load()
    except Exception as error:  # another's code, which may raise anything
        if chosen in FORMATS:
            raise
        said = f"{type(error).__name__}: {error}".split("\n", 1)[0][:200]
        raise RagqaError(
            f"the reader of {chosen.name} can't be loaded ({said}): upgrade or uninstall the package that adds it"
        ) from error
