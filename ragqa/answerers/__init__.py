"""Turn the passages found into an answer. A kind of answerer is a file of this folder and a line of the table below.

What every kind meets is in ``base.py``. Other packages add kinds by entry points of the group ``ENTRY_POINTS``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol, cast

from ragqa import plugins
from ragqa.answerers.base import Answerer, ChatOptions, Chosen, Turn
from ragqa.errors import ModelError

if TYPE_CHECKING:
    from ragqa.prompts import Prompts

__all__ = ["Answerer", "ChatOptions", "Chosen", "Opener", "Turn", "open_answerer"]


class Opener(Protocol):
    """Opens an answerer of one kind: what an entry point of ``ENTRY_POINTS`` names."""

    def __call__(self, model: str, options: ChatOptions, prompts: Prompts, /) -> Answerer:
        """Return the answerer for ``model``, which stands behind the colon of a spec. Raises ModelError."""


def _openai() -> Opener:
    from ragqa.answerers.openai import open_chat

    return open_chat


def _transformers() -> Opener:
    from ragqa.answerers.transformers import open_transformers

    return open_transformers


_OPENERS: Mapping[str, Callable[[], Opener]] = {"openai": _openai, "transformers": _transformers}
"""What stands before the colon of a spec → what imports its opener."""

ENTRY_POINTS = "ragqa.answerers"
"""The group of entry points through which another package adds a kind of answerer: name = its ``Opener``."""


def open_answerer(spec: str | None, options: ChatOptions, prompts: Prompts) -> Answerer:
    """Return the answerer that ``spec`` names, 'extractive' or KIND:MODEL; the extractive one, which uses no model, for
    None. Raises ModelError."""
    spec = (spec or "extractive").strip()
    if spec == "extractive":
        from ragqa.answerers.extractive import ExtractiveAnswerer

        return ExtractiveAnswerer()
    kind, _, model = (part.strip() for part in spec.partition(":"))
    opener = _opener(kind) if kind and model else None
    if opener is None:
        added = "".join(f", {name}:MODEL" for name in plugins.entry_points(ENTRY_POINTS))
        raise ModelError(
            "an answerer should be named extractive, openai:MODEL (such as openai:gpt-4.1-mini)"
            f"{added} or transformers:PATH (a model's folder); got '{spec}'"
        )
    return opener(model, options, prompts)


def _opener(kind: str) -> Opener | None:
    """Return what opens answerers of ``kind``: one of ours, else one that a package adds; None where there is none."""
    if kind in _OPENERS:
        return _OPENERS[kind]()
    point = plugins.entry_points(ENTRY_POINTS).get(kind)
    if point is None:
        return None
    added = plugins.load(ENTRY_POINTS, kind)
    if not callable(added):
        raise ModelError(f"{plugins.package_of(point)} adds '{kind}', which should be a function; got {added!r:.40}")
    return cast(Opener, added)
