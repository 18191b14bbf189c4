"""Which document of a library a person means: by name, by how it looks, by a glob. Changes nothing."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from unicodedata import normalize

from ragqa.errors import LibraryError, UnknownPage
from ragqa.sources import stored_name
from ragqa.store import Store


def find_document(store: Store, name: str) -> str:
    """Return the name of the document that ``name`` means. Raises LibraryError naming the nearest one."""
    for spelled in (name, stored_name(name)):
        stored = store.stored(spelled.encode("utf-8", "replace").decode())
        if stored:
            return stored.name
    held = {stored.name: _folded(stored.name) for stored in store.documents()}
    looked_for = _folded(name)
    for same in (
        [known for known, folded in held.items() if folded.rsplit("/", 1)[-1] == looked_for],
        [known for known, folded in held.items() if folded == looked_for],
    ):
        if len(same) == 1:
            return same[0]
    near = difflib.get_close_matches(looked_for, held.values(), n=1, cutoff=0.4)
    meant = next((known for known, folded in held.items() if [folded] == near), None)
    hint = f"did you mean '{meant}'?" if meant else "'ragqa list' shows what it holds"
    raise LibraryError(f"library '{store.folder.name}' holds no document '{name}': {hint}")


def match_documents(store: Store, names: Sequence[str]) -> list[str]:
    """Return the documents that ``names`` mean, each a name or a glob such as '*.pdf', by name and each once.

    Raises LibraryError for a name that no document has, and for a glob that none matches.
    """
    found: set[str] = set()
    for name in names:
        if set(name).isdisjoint("*?[") or any(map(store.stored, (name, stored_name(name)))):
            found.add(find_document(store, name))
            continue
        check_glob(store, name)
        found.update(held.name for held in store.matching(name))
    return sorted(found)


def check_glob(store: Store, document: str | None) -> None:
    """Raise LibraryError where no document of the library matches the glob."""
    if document is not None and not len(store.passage_ids(document)):
        names = ", ".join(stored.name for stored in store.documents()[:5])
        raise LibraryError(f"no document matches '{document}': the library holds {names or 'none'}")


def unknown_page(name: str, pages: int, page: int) -> UnknownPage:
    """Return the error for a page that a document of so many ``pages`` does not have."""
    has = f"pages 1 to {pages}" if pages else "no pages"
    return UnknownPage(f"{name} has {has}; page {page} was asked for")


def _folded(name: str) -> str:
    """Return what names that look the same, but for the case of letters, have in common."""
    return normalize("NFC", normalize("NFC", name).casefold())
