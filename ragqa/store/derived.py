"""Keep what is derived from the database beside it: checksummed, swapped atomically, caught up or rebuilt when opened.

``<library>/<name>/manifest.json`` names the folder of the current state, the state of the database that it holds, and
the size and CRC-32 of each of its files. A new state is written into a folder of its own and becomes current by one
``os.replace`` of the manifest, so that a crash leaves the old or the new. Knows nothing of what the files mean.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from ragqa.errors import LibraryError
from ragqa.plain_files import open_plain
from ragqa.store import Stamp
from ragqa.store.lock import Locked, WriterLock

MANIFEST = "manifest.json"

BUILDER_WAIT = 0.2
"""Seconds to wait for another process that builds the same index before this one does without."""

_STATE = re.compile(r"[0-9]+-[0-9a-f]{8}")
_FILE = re.compile(r"[A-Za-z0-9_.-]+")
_MOST_CHANGES = 2**62

Index = TypeVar("Index", covariant=True)


class FolderStore(Protocol):
    """A store that lies in a folder, beside which indexes of it can be kept."""

    folder: Path
    path: Path

    @property
    def writable(self) -> bool: ...

    def snapshot(self) -> AbstractContextManager[object]: ...

    def stamp(self) -> Stamp: ...

    def descends_from(self, stamp: Stamp) -> bool: ...


Source = TypeVar("Source", bound=FolderStore, contravariant=True)
Held = TypeVar("Held", bound=FolderStore)


class Recipe(Protocol[Source, Index]):
    """How one kind of index is made. ``into`` is an empty folder to leave its files in, or None: in memory only."""

    name: str
    """The folder's name."""
    title: str
    """What a person calls it."""

    def form(self, database: Source) -> str | None:
        """Return what must be equal for a state to be of use: format, embedder. None: not worth keeping yet."""

    def build(self, database: Source, into: Path | None) -> Index:
        """Make the index from the database alone."""

    def load(self, state: Path, stamp: Stamp, writable: bool) -> Index:
        """Open a state whose checksums are right."""

    def update(self, database: Source, state: Path, stamp: Stamp, into: Path) -> Index:
        """Make the new state from the old one, which stays as it is."""


@dataclass(frozen=True, slots=True)
class State:
    """A complete state on disk."""

    folder: Path
    stamp: Stamp


class Torn(Exception):
    """A state that can't be used, and why, in a few words."""


def open_derived(database: Held, recipe: Recipe[Held, Index], notice: Callable[[str], None]) -> Index:
    """Return the index, caught up with the database or made anew; ``notice`` gets one line when it was repaired."""
    root = database.folder / recipe.name
    if root.is_symlink() and database.writable:
        root.unlink()  # the link itself: what it leads to is nobody's business here
    with database.snapshot():
        stamp, form = database.stamp(), recipe.form(database)
        if form is None:
            return recipe.build(database, None)
        state, why = _look(root, form, database)
        if state and state.stamp == stamp:
            with suppress(OSError, ValueError, RuntimeError):
                return recipe.load(state.folder, stamp, database.writable)
        if not database.writable:
            if why or state:
                notice(f"the {recipe.title} {why or 'is behind'} and its folder is read-only: building it in memory")
            return recipe.build(database, None)
    try:
        with WriterLock(database.folder, recipe.name).held(BUILDER_WAIT), database.snapshot():
            return _renew(database, recipe, root, recipe.form(database) or form, notice)
    except Locked:
        # Another process is renewing it: the last complete state serves meanwhile, ids that are gone drop out later.
        if state:
            with suppress(OSError, ValueError, RuntimeError):
                return recipe.load(state.folder, state.stamp, True)
        with database.snapshot():
            return recipe.build(database, None)


def _renew(database: Held, recipe: Recipe[Held, Index], root: Path, form: str, notice: Callable[[str], None]) -> Index:
    stamp = database.stamp()
    state, why = _look(root, form, database)  # afresh: another process may have renewed it while this one waited
    try:
        if state and state.stamp == stamp:
            return recipe.load(state.folder, stamp, True)
        if state:
            held = state
            return _swap_in(root, form, stamp, lambda into: recipe.update(database, held.folder, held.stamp, into))
    except (OSError, ValueError, RuntimeError) as error:
        if _disk_full(error):
            raise _full(root) from None
        why = f"can't be read ({_first_line(error)})"
    if why:
        notice(f"the {recipe.title} {why}: rebuilding it from {database.path.name}")
    try:
        return _swap_in(root, form, stamp, lambda into: recipe.build(database, into))
    except (OSError, ValueError) as error:
        if _disk_full(error):
            raise _full(root) from None
        raise LibraryError(
            f"{root} can't be written ({_first_line(error)}): look at the folder's permissions"
        ) from None


def check_state(root: Path) -> State:
    """Return the current state, every byte of it checked. Raises Torn."""
    return _read(root)[0]


def _look(root: Path, form: str, database: FolderStore) -> tuple[State | None, str | None]:
    """Return a usable state, or None and what is wrong with it; None and None before the first build."""
    if root.is_dir() and not any(root.iterdir()):
        return None, None
    try:
        state, found = _read(root)
    except Torn as torn:
        return None, str(torn)
    if found != form:
        return None, "was made for another embedder or format"
    if not database.descends_from(state.stamp):
        return None, "belongs to another state of the library"
    return state, None


def _read(root: Path) -> tuple[State, str]:
    try:
        if root.is_symlink() or (root / MANIFEST).is_symlink():
            raise Torn("is a link")
        with open_plain(root / MANIFEST) as stream:
            manifest = json.loads(stream.read())
        stamp = Stamp(int(manifest["generation"]), str(manifest["token"]))
        files = {str(name): (int(size), int(crc)) for name, (size, crc) in manifest["files"].items()}
        form = str(manifest["form"])
        if not _STATE.fullmatch(manifest["state"]) or not all(map(_FILE.fullmatch, files)):
            raise ValueError
        if not 0 <= stamp.generation < _MOST_CHANGES or not stamp.token.isascii():
            raise ValueError
        state = State(root / manifest["state"], stamp)
    except FileNotFoundError:
        raise Torn("is missing") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        raise Torn("has a garbled manifest") from None
    for name, (size, crc) in files.items():
        try:
            file = state.folder / name
            if state.folder.is_symlink() or file.is_symlink():
                raise Torn(f"is torn ({name} is a link)")
            if file.stat().st_size != size:
                raise Torn(f"is torn ({name} has {file.stat().st_size} bytes, not {size})")
            if _crc(file) != crc:
                raise Torn(f"is garbled ({name})")
        except OSError:
            raise Torn(f"is torn ({name} is missing)") from None
    return state, form


def _swap_in(root: Path, form: str, stamp: Stamp, make: Callable[[Path], Index]) -> Index:
    root.mkdir(exist_ok=True, mode=0o700)
    folder = root / f"{stamp.generation}-{secrets.token_hex(4)}"
    folder.mkdir(mode=0o700)
    try:
        index = make(folder)
        files = {}
        for file in sorted(folder.iterdir()):
            file.chmod(0o600)
            if not file.name.startswith("."):  # tantivy's locks and its list of files to collect: it makes them anew
                files[file.name] = (file.stat().st_size, _crc(file))
                sync(file)
        manifest = {
            "form": form,
            "generation": stamp.generation,
            "token": stamp.token,
            "state": folder.name,
            "files": files,
        }
        draft = folder / f".{MANIFEST}"
        draft.touch(0o600)
        draft.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        sync(draft)
        sync(folder)
        draft.replace(root / MANIFEST)
        sync(root)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    for other in root.iterdir():  # states before, and what a killed process left; nothing that is not of our making
        if other != folder and _STATE.fullmatch(other.name) and other.is_dir() and not other.is_symlink():
            shutil.rmtree(other, ignore_errors=True)
    return index


def sync(path: Path) -> None:
    """Have a file, or a folder's list of files, written to the disk itself."""
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDWR if path.is_file() and os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _crc(file: Path) -> int:
    crc = 0
    with open_plain(file) as stream:
        while chunk := stream.read(1 << 20):
            crc = zlib.crc32(chunk, crc)
    return crc


def _disk_full(error: Exception) -> bool:
    return "No space left" in str(error) or "os error 28" in str(error)


def _full(root: Path) -> LibraryError:
    return LibraryError(f"{root}: the disk is full, the library itself is unharmed: free some space and run it again")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:120]
