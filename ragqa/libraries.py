"""The libraries of a home: where each lies, which one is meant, what each holds, and how one is removed."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unicodedata import normalize

from ragqa.errors import LibraryError, RagqaError
from ragqa.settings import DEFAULT, Settings, data_folder, libraries_in, load_settings
from ragqa.store import Store
from ragqa.store.database import Database
from ragqa.store.lock import WriterLock
from ragqa.store.sqlite import DERIVED, FILE_NAME
from ragqa.store.sums import LAST
from ragqa.trust import approval_of, revoke

_NAME = re.compile(r"\w[\w .\-]{0,99}")
_NOT_IN_A_NAME = re.compile(r"[^\w .\-]+")
_OURS = re.compile(rf"{re.escape(FILE_NAME)}(-wal|-shm|-journal)?|{LAST}|({'|'.join((*DERIVED, 'writer'))})(\.\w+)?")
"""What lies in the folder of a library, and is removed with it."""

_REMOVED = ".removed-"


@dataclass(frozen=True, slots=True)
class Info:
    """What a library holds, and where."""

    name: str
    path: str
    documents: int
    passages: int
    embedder: str | None
    dim: int | None
    generation: int
    bytes: int
    changed: str
    """When it was changed last, in UTC, as ISO 8601 has it."""
    originals: int = 0
    """How many of the bytes are those of the PDFs themselves."""


@dataclass(frozen=True, slots=True)
class Unopened:
    """A library that can't be listed: one that is damaged, or that nobody approved."""

    name: str
    path: str
    why: str


def library_folder(settings: Settings, name: str) -> Path:
    """Return where the library ``name`` lies. Raises RagqaError for a name that would lead elsewhere."""
    name = normalize("NFC", name)
    if not _NAME.fullmatch(name) or name.endswith((".", " ")):
        raise RagqaError(
            f"a library's name is letters, digits, '-', '_' and '.', beginning with a letter; got {name!r}"
        )
    return settings.indexes() / name


def name_for(archive: Path) -> str:
    """Return what a library that comes as ``archive`` is called: as the file, without what no library's name has."""
    name = _NOT_IN_A_NAME.sub("-", normalize("NFC", archive.stem)).strip(" .-")
    return name[:100] if _NAME.fullmatch(name[:100]) else "imported"


def names_in(settings: Settings) -> list[str]:
    """Return the names of the libraries that are there."""
    return [folder.name for folder in libraries_in(settings.indexes().parent)]


def resolve_library(name: str | None, options: dict[str, Any], create: bool, notice: Callable[[str], None]) -> Settings:
    """Return the settings in force. Where no library is named and there is none by default, the only one is meant."""
    settings = load_settings({"index": name, **options}, notice=notice)
    if name is not None or settings.index != DEFAULT:
        return settings
    held = names_in(settings)
    if DEFAULT in held or not held:
        return settings
    if create:
        notice(f"making a new library '{DEFAULT}' beside {', '.join(held)}: name one with --index to add to it")
    elif len(held) == 1:
        notice(f"library '{held[0]}', the only one there is")
        return replace(settings, index=held[0])
    return settings


def check_known(settings: Settings, folder: Path) -> None:
    """Raise LibraryError for a library that was found in a folder and is neither this user's own nor named."""
    home = folder.parent.parent
    if settings.home is None and home != data_folder() and approval_of(folder) is None:
        raise LibraryError(
            f"library '{folder.name}' in {folder.parent} was not made here by you: to use it, run "
            f"'ragqa trust {home}' once, or name the folder with --home {home}"
        )


def missing(settings: Settings, name: str) -> LibraryError:
    """Return the error for a library that is not there, with those that are."""
    held = names_in(settings)
    there = f"there are {', '.join(held)}" if held else "none has been made"
    return LibraryError(
        f"there is no library '{name}' in {settings.indexes()} ({there}): make it with 'ragqa ingest PATH'"
    )


def info_of(store: Store) -> Info:
    """Return what a library holds."""
    stored, identity, held = store.documents(), store.embedder(), store.info()
    return Info(
        store.folder.name,
        held.place,
        len(stored),
        sum(document.passages for document in stored),
        identity.spec if identity else None,
        identity.dim if identity else None,
        store.stamp().generation,
        held.bytes,
        held.changed.isoformat(timespec="seconds"),
        held.originals,
    )


def list_libraries(settings: Settings) -> list[Info | Unopened]:
    """Return the libraries of a home, by name."""
    found: list[Info | Unopened] = []
    for folder in libraries_in(settings.indexes().parent):
        try:
            check_known(settings, folder)
            with Database.open(folder) as database:
                found.append(info_of(database))
        except RagqaError as error:
            found.append(Unopened(folder.name, str(folder), str(error)))
    return found


def remove_library(settings: Settings, name: str, agree: Callable[[Path], None] = lambda folder: None) -> Path:
    """Remove a library whole, once ``agree`` returned; return where it lay.

    Raises LibraryError where there is none, one that is not this user's, or one with files of others among its own.
    """
    folder = library_folder(settings, name)
    if not (folder / FILE_NAME).is_file():
        raise missing(settings, name)
    check_known(settings, folder)
    others = sorted(entry.name for entry in folder.iterdir() if not _OURS.fullmatch(entry.name))
    if folder.is_symlink() or others:
        what = f"holds files that are none of a library's ({', '.join(others[:3])})" if others else "is a link"
        raise LibraryError(f"{folder} {what}, so nothing was removed: look at it and remove it yourself")
    agree(folder)
    with WriterLock(folder).held(1.0):
        # At once out of sight: a kill in the middle leaves no half of a library.
        gone = folder.with_name(f".{folder.name}{_REMOVED}{secrets.token_hex(4)}")
        folder.rename(gone)
    revoke(folder)
    for left in folder.parent.glob(f".*{_REMOVED}*"):
        shutil.rmtree(left, ignore_errors=True)
    return folder
