"""Whether the documents and pages that questions name are in the library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import PurePath
from typing import TYPE_CHECKING
from unicodedata import normalize

from ragqa.finetune.checking.findings import Checked, Finding, has, some
from ragqa.finetune.reading.questions import Entry

if TYPE_CHECKING:
    from ragqa.engine import Library


def check_places(entries: Sequence[Entry], library: Library) -> Checked:
    """Name documents as the library does; leave out what names pages that are not there."""
    names = [stored.name for stored in library.documents()]
    exact = set(names)
    by_end = {
        normalize("NFC", end): name
        for name in reversed(names)
        for end in (PurePath(name).stem, PurePath(name).name, name)
    }

    @cache
    def pages_of(name: str) -> frozenset[int]:
        return frozenset(page.number for page in library.show(name).pages)

    kept, outside = [], []
    for entry in entries:
        document = entry.document or (names[0] if entry.pages and len(names) == 1 else None)
        name = document if document in exact else by_end.get(normalize("NFC", document or ""))
        if entry.pages and (name is None or not set(entry.pages) <= pages_of(name)):
            outside.append(entry)
        else:
            kept.append(replace(entry, document=name) if name and name != entry.document else entry)
    found = (
        f"{some(outside)}, {has(outside, 'names', 'name')} pages that library '{library.name}' does not hold"
        if outside
        else ""
    )
    return Checked(kept, (Finding(found, "left out"),) * bool(outside))
