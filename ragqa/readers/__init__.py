"""Read a file into a Document. A format is a file of this folder; it is imported when its content is met.

Content decides, not the name: the suffix only tells Markdown, CSV and plain text apart. Nothing in a file is executed
and nothing it names is fetched. Whatever gives no text raises UnreadableFile with one line for a person.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Protocol, cast

from ragqa.errors import UnreadableFile
from ragqa.readers.files import LONGEST_TEXT, is_folder, read_file
from ragqa.types import Document

if TYPE_CHECKING:
    from ragqa.readers.encodings import Decoded

SUFFIXES = {
    ".pdf": "a PDF",
    ".docx": "a Word document",
    ".docm": "a Word document",
    ".dotx": "a Word document",
    ".dotm": "a Word document",
    ".html": "HTML",
    ".htm": "HTML",
    ".xhtml": "HTML",
    ".mht": "HTML",
    ".mhtml": "HTML",
    ".md": "Markdown",
    ".markdown": "Markdown",
    ".txt": "text",
    ".text": "text",
    ".rst": "text",
    ".csv": "CSV",
    ".tsv": "CSV",
}
"""What a walk through a folder takes, and what those names promise. A file named outright may have any name."""

MOST_PER_CHARACTER = 4
"""Bytes of a text file for a character of the longest text, markup included."""

READABLE = "PDF, Word (.docx, .docm, .dotx, .dotm), HTML, Markdown, plain text and CSV"

_TEXT_MODULES = {"html": "html", "mhtml": "mhtml", "markdown": "markdown", "csv": "csv_table", "text": "text"}
_MODULES = {"a PDF": "pdf", "a Word document": "docx", "HTML": "html", "Markdown": "markdown", "CSV": "csv_table"}
LIBRARY = "library.db"
"""By this file a folder is known for a library of ours."""

_VCS_FOLDERS = {"CVS", "SCCS", "RCS", "_darcs"}  # the others begin with a dot


class _TextReader(Protocol):
    def read(self, decoded: Decoded, data: bytes, name: str) -> Document: ...


def read(path: Path, *, name: str | None = None, password: str | None = None) -> Document:
    """Read the file at ``path``; ``name`` is what the library calls it, by default the path as given."""
    data = read_file(path)
    return read_bytes(data, name if name is not None else path.as_posix(), password=password)


def read_bytes(data: bytes, name: str, password: str | None = None) -> Document:
    """Read the bytes of a file called ``name`` ('-' for standard input). ``password`` is for an encrypted PDF."""
    try:
        return _read_bytes(data, name, password)
    except RecursionError:
        raise UnreadableFile(
            f"{name} is nested too deeply to be read: save it anew from the program that made it"
        ) from None


def prepare(suffixes: Sequence[str]) -> None:
    """Import now what files with such names need to be read."""
    kinds = {_MODULES.get(SUFFIXES.get(suffix, ""), "text") for suffix in suffixes}
    for module in sorted({"sniff", "encodings"} | kinds):
        import_module(f"ragqa.readers.{module}")


def _read_bytes(data: bytes, name: str, password: str | None) -> Document:
    from ragqa.readers.sniff import identify_binary, identify_text

    if not data.strip():
        raise UnreadableFile(f"{name} is empty" if not data else f"{name} holds nothing but white space")
    suffix = PurePath(name).suffix.lower()
    kind = identify_binary(data)
    if kind == "pdf" or (kind is None and suffix == ".pdf" and b"startxref" in data[-4096:]):
        from ragqa.readers.pdf import read_pdf

        return read_pdf(data, name, password)
    if kind == "docx":
        from ragqa.readers.docx import read_docx

        return read_docx(data, name)
    if kind is not None:
        raise _not_read(name, suffix, kind)
    if len(data) > MOST_PER_CHARACTER * LONGEST_TEXT:
        raise UnreadableFile(
            f"{name} has {len(data) / 1e6:,.0f} MB, text may have {MOST_PER_CHARACTER * LONGEST_TEXT // 1_000_000}: "
            "split it into several files"
        )
    decoded = _decode(data)
    if decoded is None:
        raise _not_read(name, suffix, "binary data of an unknown kind")
    if not decoded.text.strip("\ufeff\0 \t\r\n\f\v"):
        raise UnreadableFile(f"{name} holds nothing but white space")
    kind = identify_text(decoded.text, suffix)
    if kind not in _TEXT_MODULES:
        raise _not_read(name, suffix, kind)
    reader = cast("_TextReader", import_module(f"ragqa.readers.{_TEXT_MODULES[kind]}"))
    return reader.read(decoded, data, name)


def find_files(paths: Sequence[Path], passed_over: Callable[[Path], None] = lambda path: None) -> list[Path]:
    """Return the files that ``paths`` name: files as given, folders searched through for SUFFIXES, sorted, each once.

    Hidden files, those of version control and those of other kinds are ``passed_over``. A folder that may not be
    listed comes back itself, so that reading it names the trouble and the others go on. Raises UnreadableFile for a
    path that is not there, and for a folder with nothing to read.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        folder = is_folder(path)
        if folder:
            files = sorted(_walk(path, passed_over))
            if not files:
                raise UnreadableFile(
                    f"{path} holds no file that is read ({' '.join(SUFFIXES)}): name a file, or another folder"
                )
        elif folder is not None:
            files = [path]
        else:
            raise UnreadableFile(f"{path} is not there: check the path")
        for file in files:
            found.setdefault(file.resolve(), file)
    return list(found.values())


def _walk(root: Path, passed_over: Callable[[Path], None]) -> Iterator[Path]:
    """Yield what has the name of a readable file below ``root``, each folder once: links may lead in circles.

    Pipes and devices are among it, so that reading them says what they are.
    """
    seen: set[tuple[int, int]] = set()
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            status = folder.stat()
            entries = list(os.scandir(folder))
        except OSError:
            yield folder
            continue
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        if any(entry.name == LIBRARY for entry in entries):  # a library of ours: nothing to read
            continue
        for entry in entries:
            path = folder / entry.name
            if is_hidden(path):
                passed_over(path)
                continue
            inner = is_folder(path)
            if inner:
                waiting.append(path)
            elif inner is not None and path.suffix.lower() in SUFFIXES:
                yield path
            elif inner is not None:
                passed_over(path)


def is_hidden(path: Path) -> bool:
    """Say whether a walk through a folder passes this over for its name, whatever kind it is of."""
    return path.name.startswith((".", "~$")) or path.name in _VCS_FOLDERS


def _decode(data: bytes) -> Decoded | None:
    from ragqa.readers.encodings import declared_encoding, decode

    return decode(data, declared_encoding(data))


def _not_read(name: str, suffix: str, what: str) -> UnreadableFile:
    promised = SUFFIXES.get(suffix)
    said = f"{name} is not {promised} but {what}" if promised else f"{name} is {what}"
    return UnreadableFile(f"{said}, which is not read: give {READABLE}")
