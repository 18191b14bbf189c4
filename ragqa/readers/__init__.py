"""Read a file into a Document. A format is a module of this folder, imported when its content is met.

Content decides, not the name: the suffix only tells Markdown, CSV and plain text apart. Nothing in a file is executed
and nothing it names is fetched. Whatever gives no text raises UnreadableFile with one line for a person.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from ragqa.errors import RagqaError, UnreadableFile
from ragqa.readers.files import InputFile, is_folder, read_file
from ragqa.types import Document

LIBRARY = "library.db"
"""By this file a folder is known for a library of ours."""

_VCS_FOLDERS = {"CVS", "SCCS", "RCS", "_darcs"}  # the others begin with a dot


def read(path: Path, *, name: str | None = None, password: str | None = None) -> Document:
    """Read the file at ``path``; ``name`` is what the library calls it, by default the path as given."""
    data = read_file(path)
    return read_bytes(data, name if name is not None else path.as_posix(), password=password)


def read_bytes(data: bytes, name: str, password: str | None = None) -> Document:
    """Read the bytes of a file called ``name`` ('-' for standard input). ``password`` opens an encrypted PDF."""
    try:
        return _read(InputFile(data, name, password))
    except RecursionError:
        raise UnreadableFile(
            f"{name} is nested too deeply to be read: save it anew from the program that made it"
        ) from None


def prepare(suffixes: Sequence[str]) -> None:
    """Import now what files with such suffixes need to be read."""
    from ragqa.readers.formats import all_formats, open_reader

    for known in all_formats():
        if set(known.suffixes) & set(suffixes):
            with suppress(RagqaError):  # it is said when a file of this format is read
                open_reader(known)


def _read(file: InputFile) -> Document:
    from ragqa.readers.formats import identify, open_reader

    if not file.data.strip():
        raise UnreadableFile(f"{file.name} {'holds nothing but white space' if file.data else 'is empty'}")
    chosen = identify(file)
    if chosen is None:
        raise _not_read(file)
    return open_reader(chosen)(file)


def _not_read(file: InputFile) -> UnreadableFile:
    from ragqa.readers.formats import list_formats, promised_by
    from ragqa.readers.sniff import unread_binary, unread_text

    what = unread_binary(file.data)
    if what is None:
        what = unread_text(file.decoded.text) if file.decoded else "binary data of an unknown kind"
    promised = promised_by(file.suffix)
    said = f"{file.name} is not {promised} but {what}" if promised else f"{file.name} is {what}"
    return UnreadableFile(f"{said}, which is not read: give {list_formats()}")


def find_files(paths: Sequence[Path], passed_over: Callable[[Path], None] = lambda path: None) -> list[Path]:
    """Return the files that ``paths`` name: files as given, folders searched for suffixes of ours, sorted, each once.

    Hidden files, those of version control and those of other kinds are ``passed_over``. A folder that may not be
    listed comes back itself, so that reading it names the trouble and the others go on. Raises UnreadableFile for a
    path that is not there, and for a folder with nothing to read.
    """
    from ragqa.readers.formats import walked_suffixes

    suffixes = walked_suffixes()
    found: dict[Path, Path] = {}
    for path in paths:
        folder = is_folder(path)
        if folder:
            files = sorted(_walk(path, suffixes, passed_over))
            if not files:
                raise UnreadableFile(
                    f"{path} holds no file that is read ({' '.join(suffixes)}): name a file, or another folder"
                )
        elif folder is not None:
            files = [path]
        else:
            raise UnreadableFile(f"{path} is not there: check the path")
        for file in files:
            found.setdefault(file.resolve(), file)
    return list(found.values())


def _walk(root: Path, suffixes: Sequence[str], passed_over: Callable[[Path], None]) -> Iterator[Path]:
    """Yield what has one of the ``suffixes`` below ``root``, each folder once: links may lead in circles.

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
            elif inner is not None and path.suffix.lower() in suffixes:
                yield path
            elif inner is not None:
                passed_over(path)


def is_hidden(path: Path) -> bool:
    """Say whether a walk through a folder passes this over for its name, whatever kind it is of."""
    return path.name.startswith((".", "~$")) or path.name in _VCS_FOLDERS
