"""The bytes of a file that somebody names: only a regular file's, and never more than a manual has."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from ragqa.errors import UnreadableFile

if TYPE_CHECKING:
    from ragqa.readers.encodings import Decoded

LARGEST_FILE = 500_000_000
"""Bytes; a manual of thousands of scanned pages has half of it."""

LONGEST_TEXT = 20_000_000
"""Characters of one document, some 7,000 pages: more takes hours to embed, and is a collection rather than a manual."""

MOST_BLOCKS = 1_000_000
"""Headings, paragraphs, rows and the like of one document."""

MOST_PER_CHARACTER = 4
"""Bytes of a text file for a character of the longest text, markup included."""

_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)

_KINDS = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


@dataclass(frozen=True)
class InputFile:
    """What a reader gets: the bytes of a file called ``name`` ('-' for standard input)."""

    data: bytes
    name: str
    password: str | None = None
    """Opens an encrypted file."""

    @property
    def suffix(self) -> str:
        """The end of its name in small letters: '.pdf', or ''."""
        return PurePath(self.name).suffix.lower()

    @cached_property
    def decoded(self) -> Decoded | None:
        """Its text; None where it is binary data. Raises UnreadableFile where it is too much."""
        from ragqa.readers.encodings import declared_encoding, decode
        from ragqa.readers.sniff import unread_binary

        if unread_binary(self.data):
            return None
        if len(self.data) > MOST_PER_CHARACTER * LONGEST_TEXT:
            raise UnreadableFile(
                f"{self.name} has {len(self.data) / 1e6:,.0f} MB, text may have "
                f"{MOST_PER_CHARACTER * LONGEST_TEXT // 1_000_000}: split it into several files"
            )
        return decode(self.data, declared_encoding(self.data))

    def text(self) -> Decoded:
        """Return its text. Raises UnreadableFile where it is binary data, blank or too much."""
        if self.decoded is None:
            raise UnreadableFile(f"{self.name} is binary data, not text")
        if not self.decoded.text.strip("\ufeff\0 \t\r\n\f\v"):
            raise UnreadableFile(f"{self.name} holds nothing but white space")
        return self.decoded


def is_folder(path: Path) -> bool | None:
    """Return whether a folder lies at ``path``; None where nothing does, or nothing that may be seen."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except (OSError, ValueError):  # not there, a link in circles, a name too long or with a NUL in it
        return None


def read_file(path: Path) -> bytes:
    """Return what the regular file at ``path`` holds. Raises UnreadableFile for all else, without opening it."""
    try:
        _check(path, path.stat())
        # What lies there may be another thing by now: a pipe must not make us wait.
        with os.fdopen(os.open(path, _READ), "rb") as file:
            status = os.fstat(file.fileno())
            _check(path, status)
            data = file.read(status.st_size + 1) or b""
            if len(data) > status.st_size:  # files of /proc have no size, others grow
                data += file.read(LARGEST_FILE + 1 - len(data)) or b""
    except OSError as error:
        raise UnreadableFile(_why_not(path, error)) from None
    except ValueError:  # a NUL in the name
        raise UnreadableFile(f"{path} is not there: check the path") from None
    if len(data) > LARGEST_FILE:
        raise _too_large(path, len(data))
    return data


def _check(path: Path, status: os.stat_result) -> None:
    if kind := next((kind for is_kind, kind in _KINDS if is_kind(status.st_mode)), None):
        raise UnreadableFile(f"{path} is {kind}, not a file: save what comes out of it, and give that file")
    if stat.S_ISREG(status.st_mode) and status.st_size > LARGEST_FILE:
        raise _too_large(path, status.st_size)


def _too_large(path: Path, size: int) -> UnreadableFile:
    most = LARGEST_FILE // 1_000_000
    return UnreadableFile(f"{path} has {max(size // 1_000_000, most + 1):,} MB, a file may have {most}: split it")


def _why_not(path: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"{path} is not there: check the path"
    if isinstance(error, PermissionError):
        return f"{path} may not be read: permission denied"
    if isinstance(error, IsADirectoryError):
        return f"{path} is a folder, not a file"
    return f"{path} can't be read: {error.strerror or error}"


def check_length(name: str, characters: int) -> None:
    """Raise UnreadableFile where a document holds more text than ``LONGEST_TEXT``."""
    if characters > LONGEST_TEXT:
        raise UnreadableFile(
            f"{name} holds {characters:,} characters of text or more, a document may have {LONGEST_TEXT:,}: "
            "split it into several files"
        )


def check_blocks(name: str, blocks: int) -> None:
    """Raise UnreadableFile where a document has more blocks than ``MOST_BLOCKS``."""
    if blocks > MOST_BLOCKS:
        raise UnreadableFile(
            f"{name} holds {blocks:,} paragraphs, rows and other blocks or more, a document may have {MOST_BLOCKS:,}: "
            "split it into several files"
        )
