"""Turn text into vectors. A kind of embedder is a file of this folder and a line of the table below.

What every kind gives is in ``base.py``. Other packages add kinds by entry points of the group ``PLUGINS``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from ragqa.embedders.base import Embedded, EmbeddedQuestion, Embedder, TokenStates
from ragqa.errors import ModelError
from ragqa.plugins import entry_points, load_function

if TYPE_CHECKING:
    from ragqa.models.files import Progress

__all__ = ["Embedded", "EmbeddedQuestion", "Embedder", "Opener", "TokenStates", "open_embedder"]

BUNDLED_SPEC, MULTILINGUAL_SPEC = "local:all-MiniLM-L6-v2", "local:multilingual"
"""Both are carried by packages and known by their hash."""

PLUGINS = "ragqa.embedders"
"""The group of entry points by which other packages add a kind: the name of each is the kind, its object an Opener."""

Opener = Callable[[str, "Progress | None"], Embedder]
"""Takes what stands behind the colon of a spec, and where one-line messages go."""


def _local() -> Opener:
    from ragqa.embedders.local import open_local

    return open_local


def _openai() -> Opener:
    from ragqa.embedders.openai import open_openai

    return open_openai


_KINDS: dict[str, Callable[[], Opener]] = {"local": _local, "openai": _openai}
"""What stands before the colon of a spec → what opens it, imported when it is chosen."""


def open_embedder(spec: str | None = None, *, progress: Progress | None = None) -> Embedder:
    """Return the embedder that ``spec`` names; the bundled one for None. Raises ModelError.

    It is cheap: models are loaded, and compiled where that was not done before, when the first text comes or at
    ``warm()``. ``progress`` then gets one-line messages.
    """
    kind, colon, model = (spec or BUNDLED_SPEC).strip().partition(":")
    opener = _opener(kind) if colon and model.strip() else None
    if opener is None:
        more = "".join(f", {name}:MODEL" for name in entry_points(PLUGINS))
        raise ModelError(
            f"an embedder should be named local:MODEL (a folder or a hub name, such as {BUNDLED_SPEC}) or "
            f"openai:MODEL (such as openai:text-embedding-3-small){more}; got '{spec}'"
        )
    return opener(model.strip(), progress)


def _opener(kind: str) -> Opener | None:
    if kind in _KINDS:
        return _KINDS[kind]()
    return cast(Opener, load_function(PLUGINS, kind)) if kind in entry_points(PLUGINS) else None
