"""Approve a folder as it is now: its settings by their hash, each of its libraries by the embedder that it asks for."""

from __future__ import annotations

from pathlib import Path

from ragqa.errors import LibraryError, RagqaError
from ragqa.settings import FILE_NAME, guarded_options, libraries_in, settings_hash
from ragqa.store import Store
from ragqa.trust import approval_of, approvals, approve, remember_library, revoke


def approve_folder(folder: Path) -> list[str]:
    """Approve a home's ``ragqa.toml`` and libraries, or one library by its own folder; return a line for each.

    Raises RagqaError where there is nothing to approve, or something that can't be read.
    """
    folder = folder.expanduser().resolve()
    file = folder / FILE_NAME
    lines = []
    if file.is_file():
        guarded = [f"{name} = {value}" for name, value in guarded_options(file).items()]
        approve(folder, settings=settings_hash(file))
        lines.append(f"{file} ({', '.join(guarded) or 'no option that needs it'})")
    for library in [folder] if (folder / "library.db").is_file() else libraries_in(folder):
        embedder = _embedder_of(library)
        approve(library, embedder=embedder)
        lines.append(f"{library} (embedder {embedder})" if embedder else str(library))
    if not lines:
        raise RagqaError(f"{folder} should hold {FILE_NAME} or indexes/ with a library; it holds neither")
    return lines


def revoke_folder(folder: Path) -> list[str]:
    """Take back the approval of a folder and of all libraries in it; return the folders. Raises RagqaError if none."""
    folder = folder.expanduser().resolve()
    held = [Path(one.folder) for one in approvals()]
    gone = [one for one in held if one == folder or one.parent == folder / "indexes"]
    if not gone:
        raise RagqaError(f"{folder} was not approved: 'ragqa trust --list' shows what was")
    return [str(one) for one in gone if revoke(one)]


def renew(file: Path, before: str | None) -> None:
    """Approve a settings file that we have changed ourselves, if what it held ``before``, a hash, was approved."""
    approval = approval_of(file.parent)
    if before is not None and approval is not None and approval.settings == before:
        approve(file.parent, settings=settings_hash(file))


def approved_embedder(store: Store) -> str | None:
    """Return the spec of the embedder that a library was made with, None for the bundled one or before the first.

    Those that packages carry need no approval: their files are known.
    Raises LibraryError where the user never agreed to it: a library may come from anybody.
    """
    from ragqa.embedders import BUNDLED_SPEC, MULTILINGUAL_SPEC

    held = store.embedder()
    if held is None or held.spec == BUNDLED_SPEC:
        return None
    if held.spec == MULTILINGUAL_SPEC:
        return held.spec
    approval = approval_of(store.folder)
    if approval is None or approval.embedder != held.spec:
        raise LibraryError(
            f"library '{store.folder.name}' came with the embedder {held.spec}, which you have not agreed to: to use "
            f"it, say --embedder {held.spec}, or run 'ragqa trust {store.folder}'"
        )
    return held.spec


def remember_embedder(store: Store, spec: str) -> None:
    """Keep that the user chose an embedder for this library, so that it need not be named each time."""
    from ragqa.embedders import BUNDLED_SPEC

    held = store.embedder()
    if spec != BUNDLED_SPEC and held is not None and held.spec == spec:
        remember_library(store.folder, spec)


def _embedder_of(library: Path) -> str | None:
    from ragqa.embedders import BUNDLED_SPEC
    from ragqa.store.database import Database

    database = Database.open(library)
    try:
        held = database.embedder()
    finally:
        database.close()
    return None if held is None or held.spec == BUNDLED_SPEC else held.spec
