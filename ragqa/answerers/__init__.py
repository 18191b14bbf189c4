"""Turn the passages found into an answer. A kind of answerer is a file of this folder and a line of the table below.

What every kind takes and does is in ``base.py``. Other packages add kinds by entry points of the group ``PLUGINS``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from ragqa.answerers.base import Answerer, ChatOptions, Chosen, Turn
from ragqa.errors import ModelError
from ragqa.models.causal import SMOLLM2
from ragqa.plugins import entry_points, load_function

if TYPE_CHECKING:
    from ragqa.prompts import Prompts

__all__ = ["Answerer", "ChatOptions", "Chosen", "Opener", "Turn", "open_answerer"]

PLUGINS = "ragqa.answerers"
"""The group of entry points by which other packages add a kind: the name of each is the kind, its object an Opener."""

Opener = Callable[[str, ChatOptions, "Prompts"], Answerer]
"""Takes what stands behind the colon of a spec, a language model's options, and the prompts."""


def _openai() -> Opener:
    from ragqa.answerers.openai import open_chat

    return open_chat


def _transformers() -> Opener:
    from ragqa.answerers.transformers import open_transformers

    return open_transformers


_KINDS: dict[str, Callable[[], Opener]] = {"openai": _openai, "transformers": _transformers}
"""What stands before the colon of a spec → what imports its opener."""


def open_answerer(spec: str | None, options: ChatOptions, prompts: Prompts) -> Answerer:
    """Return the answerer that ``spec`` names, 'extractive' or KIND:MODEL; the extractive one, which uses no model, for
    None. Raises ModelError."""
    spec = (spec or "extractive").strip()
    if spec == "extractive":
        from ragqa.answerers.extractive import ExtractiveAnswerer

        return ExtractiveAnswerer()
    kind, _, model = (part.strip() for part in (f"transformers:{spec}" if spec == SMOLLM2 else spec).partition(":"))
    opener = _opener(kind) if kind and model else None
    if opener is None:
        added = "".join(f", {name}:MODEL" for name in entry_points(PLUGINS))
        raise ModelError(
            "an answerer should be named extractive, openai:MODEL (such as openai:gpt-4.1-mini)"
            f"{added}, transformers:PATH (a model's folder or GGUF file) or {SMOLLM2}; got '{spec}'"
        )
    return opener(model, options, prompts)


def _opener(kind: str) -> Opener | None:
    """Return what opens answerers of ``kind``: one of ours, else one that a package adds; None where there is none."""
    if kind in _KINDS:
        return _KINDS[kind]()
    return cast(Opener, load_function(PLUGINS, kind)) if kind in entry_points(PLUGINS) else None
