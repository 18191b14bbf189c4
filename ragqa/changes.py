"""Which document of a library a file is, and which documents' files are gone from the folders that are looked through.

A file is known by its place, then by its name and its content. Looks at names, places and hashes only; a drive that is
not there and a folder that can't be read hide files, and nothing hidden counts as gone.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING
from unicodedata import normalize

from ragqa.errors import LibraryError, UnreadableFile
from ragqa.printable import quantity
from ragqa.readers.files import is_folder
from ragqa.sources import Source, origin_of, stored_name, with_folder

if TYPE_CHECKING:
    from ragqa.store import Store, StoredDocument

FEW = 0.1
"""A folder that has nothing of what it had, and fewer files than this share of it, may be a drive that is not there."""


@dataclass(frozen=True, slots=True)
class Gone:
    """A document whose file is no longer where it was."""

    name: str
    renamed_to: str | None = None
    """The document of the same content whose file is there: it was renamed or moved."""


@dataclass(frozen=True, slots=True)
class FolderReport:
    """What an ingest of folders found beside the files that it read."""

    passed_over: tuple[Path, ...]
    """Files and folders below them that are not read: of another kind, or hidden."""
    gone: tuple[Gone, ...]
    """Documents whose files are no longer there."""
    removed: bool
    """Whether those were removed from the library."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a file is: ``source`` under the name of its document, known before or new."""

    source: Source
    duplicate_of: str | None = None
    """The document of the same content, whose own file is another: nothing to read."""
    renamed_from: str | None = None


@dataclass(frozen=True, slots=True)
class FolderScope:
    """What was named to be looked through: a folder with all below it, or only what lies in it."""

    folder: str
    deep: bool

    @classmethod
    def of(cls, root: Path) -> FolderScope:
        """Return the scope of a folder; of a file, what lies beside it: a shell's ``*.md`` then misses what is gone."""
        if is_folder(root):
            return cls(str(root.resolve()), True)
        folder = root.parent.resolve()
        return cls(str(folder), False) if os.path.lexists(root) else cls(str(folder / root.name), True)

    def covers(self, place: str) -> bool:
        if self.deep:
            return place == self.folder or place.startswith(self.folder.rstrip(os.sep) + os.sep)
        return str(Path(place).parent) == self.folder


class FileChanges:
    """The files of a library against what it holds. To be used by its one writer."""

    def __init__(self, store: Store, roots: Sequence[Path], sources: Sequence[Source], *, sync: bool) -> None:
        self._store = store
        self._scopes = [FolderScope.of(root) for root in roots]
        self._sync = sync
        self._follow_moves(sources)
        self._drop_missing_places()
        self._gone = {one.sha256: one for one in _gone(store, self._scopes)}
        lost = {one.name for one in self._gone.values()}
        self._contents = {
            one.sha256: one.name for one in reversed(store.documents()) if one.sha256 and one.name not in lost
        }

    def recognise(self, source: Source, sha256: str) -> Recognised:
        """Return which document a file of this content is; one that was renamed is renamed here, where it is synced."""
        held = self._held(source, sha256)
        if held is not None:
            if source.place and held.sha256 == sha256:
                self._update_places(held, source)
            elif self._contents.get(held.sha256) == held.name:
                del self._contents[held.sha256]
            self._contents[sha256] = held.name
            return Recognised(replace(source, name=held.name))
        twin = self._contents.get(sha256)
        if twin is not None and source.place:
            return Recognised(source, duplicate_of=twin)
        source = replace(source, name=self._free_name(source))
        before = self._gone.get(sha256) if source.place else None
        self._contents[sha256] = source.name
        # A title that is the file's name is a part of what was embedded: such a text is read again.
        if before is None or not self._sync or before.title == PurePath(before.name).stem:
            return Recognised(source)
        self._store.rename(before.name, source.name, source.origin, source.place)
        del self._gone[sha256]
        return Recognised(source, renamed_from=before.name)

    def forget(self, sha256: str) -> None:
        """Take back that a document has this content: it could not be read."""
        self._contents.pop(sha256, None)

    def _held(self, source: Source, sha256: str) -> StoredDocument | None:
        """Return the document that the file was before, by its place or its name; None where it is another now."""
        named = self._store.stored(source.name)
        if not source.place:
            return named
        name = self._store.name_at(source.place)
        at_place = self._store.stored(name) if name else None
        if at_place is not None and self._store.file_places_of(at_place.name)[0] == source.place:
            return at_place
        if named is None:
            return None
        places = self._store.file_places_of(named.name)
        lost = any(one.name == named.name for one in self._gone.values())
        known = not places and named.source in ("", source.origin)
        return named if known or lost or named.sha256 == sha256 else None

    def _update_places(self, held: StoredDocument, source: Source) -> None:
        """Have an unchanged document lie where its file is now, and at its other places that are there."""
        places = self._store.file_places_of(held.name)
        if source.place in places:
            return
        there = [place for place in places if not is_missing(place)]
        if there:
            self._store.add_place(held.name, source.place)
        else:
            self._store.set_places(held.name, source.origin, [source.place])

    def _free_name(self, source: Source) -> str:
        """Return a name that no other document has: the file's folders come in front where one has its own."""
        name, plain = source.name, source.name
        while source.path and self._store.stored(name):
            deeper = with_folder(source.path, plain)
            if deeper == plain:
                break
            plain, name = deeper, stored_name(deeper)
        return name

    def _follow_moves(self, sources: Sequence[Source]) -> None:
        """Find the folders that were moved as a whole to where the sources lie, and have their documents lie there."""
        places = self._store.file_places()
        for source in sources:
            before = places.get(source.name, [""])[0]
            if not (before and source.root and before != source.place) or self._store.name_at(source.place):
                continue
            folder = before.removesuffix(os.sep + os.path.normpath(source.inner))
            if folder == before or is_missing(str(Path(folder).parent)) or not is_missing(folder):
                continue
            held = self._store.stored(source.name)
            try:
                same = held is not None and hashlib.sha256(source.read_bytes()).hexdigest() == held.sha256
            except UnreadableFile:
                continue
            if same:
                self._store.move_places(folder, str(source.root))
                places = self._store.file_places()

    def _drop_missing_places(self) -> None:
        """Let go of places that are gone, where a document has others; find those of libraries that kept none."""
        places = self._store.file_places()
        for held in self._store.documents():
            own = places.get(held.name)
            if own is None:
                place = next(filter(None, (_recovered(held, scope) for scope in self._scopes)), None)
                if place:
                    self._store.add_place(held.name, place)
                continue
            lost = [place for place in own if _covered(self._scopes, place) and is_missing(place)]
            left = [place for place in own if place not in lost]
            if lost and left and (own[0] in left or not all(_covered(self._scopes, place) for place in left)):
                elsewhere = sorted(left, key=lambda place: place != own[0] and _covered(self._scopes, place))
                source = held.source if own[0] in left else origin_of(Path(elsewhere[0]).resolve())
                self._store.set_places(held.name, source, elsewhere)


def find_gone(store: Store, roots: Sequence[Path]) -> list[Gone]:
    """Return the documents whose files are gone from the folders ``roots``, by name."""
    gone = _gone(store, [FolderScope.of(root) for root in roots])
    lost = {one.name for one in gone}
    there = {one.sha256: one.name for one in store.documents() if one.name not in lost}
    return [Gone(one.name, there.get(one.sha256)) for one in gone]


def confirm_emptied_folders(
    store: Store, roots: Sequence[Path], sources: Sequence[Source], agree: Callable[[str], bool]
) -> list[Source]:
    """Return the sources, without the errors of folders that the user confirmed are empty.

    Raises LibraryError where a folder has nothing of what was read from it, and ``agree`` does not say yes.
    """
    kept = list(sources)
    for root in roots:
        lost = _count_emptied(store, root, kept)
        if not lost:
            continue
        if not agree(f"{root} has none of the {lost} documents that were read from it. Remove them all?"):
            raise LibraryError(
                f"{root} has none of the {quantity(lost, 'document')} that were read from it, and nothing was "
                "removed: if it is a drive, connect it; if they are to go, add --yes"
            )
        kept = [one for one in kept if not one.refused or one.name != stored_name(str(root))]
    return kept


def _count_emptied(store: Store, root: Path, sources: Sequence[Source]) -> int:
    """Return how many documents came from a folder that holds none of them now and next to nothing else; 0 if not so.

    A drive that is not there looks like that, and so does a folder that was given by mistake.
    """
    scope = FolderScope.of(root)
    if not scope.deep:
        return 0
    known = {name for name, places in store.file_places().items() if scope.covers(places[0])}
    gone = {one.name for one in _gone(store, [scope])}
    there = sum(scope.covers(source.place) for source in sources if source.place)
    return len(known) if known and known == gone and there < FEW * len(known) else 0


def is_missing(place: str) -> bool:
    """Say whether nothing lies there; False where that can't be seen."""
    try:
        Path(place).stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False
    return False


def _gone(store: Store, scopes: Sequence[FolderScope]) -> list[StoredDocument]:
    """Return the documents whose own place is in ``scopes`` and gone, and that lie nowhere outside of these."""
    places = store.file_places()
    return [
        held
        for held in store.documents()
        if held.name in places
        and is_missing(places[held.name][0])
        and all(_covered(scopes, place) for place in places[held.name])
    ]


def _covered(scopes: Sequence[FolderScope], place: str) -> bool:
    return any(scope.covers(place) for scope in scopes)


def _recovered(held: StoredDocument, scope: FolderScope) -> str | None:
    """Return where a document lies that an older ragqa, or an archive, knows by the hash of its place only."""
    parts = PurePath(held.name).parts
    folder = Path(scope.folder)
    inner = [PurePath(*parts[at:]) for at in range(len(parts))] if held.source and "\\" not in held.name else []
    tried = [folder, *(folder / normalize(form, str(path)) for path in inner for form in ("NFC", "NFD"))]
    return next((str(place) for place in tried if held.source and origin_of(place) == held.source), None)
