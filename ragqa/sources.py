"""Files to read into a library: where they lie and what they are called. Knows nothing of what a library holds.

A name is composed (NFC): what macOS writes decomposed is the same name.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from unicodedata import normalize

from ragqa.errors import UnreadableFile
from ragqa.printable import printable_name


@dataclass(frozen=True, slots=True)
class Source:
    """A file to ingest: the name it gets in the library, and its bytes on demand."""

    name: str
    path: Path | None
    data: bytes | None = None
    refused: str = ""
    """Why there is nothing to read: a path that is not there, a folder without manuals."""
    root: Path | None = None
    """The folder below which it was found, or in which it lies."""
    inner: str = ""
    """Its path in that folder."""

    @property
    def origin(self) -> str:
        """A hash of where the file lies: a library that travels names nobody's folders."""
        return origin_of(self.path) if self.path else ""

    @property
    def place(self) -> str:
        """Where the file lies, links in its folders followed and that of its own name not; empty where it has none."""
        if self.root:
            return str(self.root / self.inner)
        return str(self.path) if self.path else ""

    @property
    def size(self) -> int:
        """How many bytes it has, about; 0 where that can't be seen."""
        if self.data is not None or self.path is None:
            return len(self.data or b"")
        try:
            return self.path.stat().st_size
        except (OSError, ValueError):
            return 0

    def read_bytes(self) -> bytes:
        if self.refused:
            raise UnreadableFile(self.refused)
        if self.data is not None:
            return self.data
        assert self.path is not None
        from ragqa.readers.files import read_file

        return read_file(self.path)


def origin_of(path: Path) -> str:
    """Return the hash that stands for a path."""
    return hashlib.sha256(str(path).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def name_sources(roots: Sequence[Path], files_of: Callable[[Path], Iterable[Path]]) -> list[Source]:
    """Name each file by its path below the folder given (or its own name); equal names get their folders in front."""
    found: dict[Path, tuple[Path, str]] = {}
    refused = []
    for root in roots:
        try:
            files = list(files_of(root))
        except UnreadableFile as error:
            refused.append(Source(stored_name(str(root)), None, refused=str(error)))
            continue
        folder = root if root.is_dir() else root.parent
        for path in files:
            found.setdefault(path.resolve(), (folder.resolve(), path.relative_to(folder).as_posix()))
    names = _told_apart({path: normalize("NFC", inner) for path, (_, inner) in found.items()})
    return refused + [Source(stored_name(names[path]), path, None, "", *found[path]) for path in names]


def _told_apart(names: dict[Path, str]) -> dict[Path, str]:
    """Return the files' names, those that several files have with as many folders in front as tell them apart."""
    while True:
        counts = Counter(names.values())
        deeper = {path: with_folder(path, name) for path, name in names.items() if counts[name] > 1}
        if all(names[path] == name for path, name in deeper.items()):
            return names
        names = names | deeper


def with_folder(path: Path, name: str) -> str:
    """Return the name with one more of the path's folders in front, while there are any."""
    depth = len(PurePath(name).parts) + 1
    return normalize("NFC", "/".join(path.parts[-depth:])) if depth < len(path.parts) else name


def stored_name(name: str) -> str:
    r"""Return what a library calls a file: its name, with what is unseen or no text in it escaped: ``caf\xe9.pdf``.

    No two files share a name: a backslash is doubled, and a character that has the number of a byte is told from it.
    """
    name = normalize("NFC", name).replace("\\", r"\\")
    return printable_name(re.sub(r"[\x80-\x9f\xad]", lambda match: f"\\u{ord(match.group()):04x}", name))
