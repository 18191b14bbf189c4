"""Find what other installed packages add through entry points. Knows nothing of readers, embedders or answerers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from ragqa.errors import RagqaError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


@cache
def entry_points(group: str) -> Mapping[str, EntryPoint]:
    """Return the entry points of ``group`` by name, in order of name; the first package found has a name.

    Looks through the metadata of all installed packages once for each group, and imports none of them.
    """
    from importlib import metadata  # takes longer to import than most commands need

    found: dict[str, EntryPoint] = {}
    for point in metadata.entry_points(group=group):
        found.setdefault(point.name, point)
    return MappingProxyType(dict(sorted(found.items())))


def load(group: str, name: str) -> object:
    """Return the object that the entry point ``name`` of ``group`` names; its package is imported now.

    Raises RagqaError, in one line that names the package, where there is none of that name or its import fails.
    """
    point = entry_points(group).get(name)
    if point is None:
        raise RagqaError(f"no installed package has an entry point {name!r} in {group}: install the one that adds it")
    try:
        return point.load()
    except Exception as error:  # another's code, which may raise anything
        said = f"{type(error).__name__}: {error}".split("\n", 1)[0][:200]
        raise RagqaError(
            f"{package_of(point)} can't be loaded as an addition to ragqa ({said}): upgrade it, or uninstall it"
        ) from error


def load_function(group: str, name: str) -> Callable[..., object]:
    """Return the function that the entry point ``name`` of ``group`` names. Raises RagqaError where it is none."""
    added = load(group, name)
    if not callable(added):
        package = package_of(entry_points(group)[name])
        raise RagqaError(f"{package} adds '{name}', which should be a function; got {added!r:.40}")
    return added


def package_of(point: EntryPoint) -> str:
    """Return the package of an entry point for a message: "the package ragqa-epub 1.0"."""
    return f"the package {point.dist.name} {point.dist.version}" if point.dist else f"the module {point.module}"
