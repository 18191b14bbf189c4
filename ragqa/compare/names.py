"""How systems are named in --systems, and what a name stands for. Opens nothing."""

from __future__ import annotations

from ragqa.answerers import PLUGINS
from ragqa.errors import RagqaError
from ragqa.plugins import entry_points

KNOWN = (
    "extractive, retrieve:SPEC, retrieve:train=BASE, closed-book:SPEC, closed-book:scratch, closed-book:train=BASE, "
    "route:PATH, route:train"
)
TRAIN = "train="
_HOSTED, _LOCAL = "openai", "transformers"


def names_of(text: str) -> tuple[str, ...]:
    """Return the systems of a list with commas between. Raises RagqaError for one that is none."""
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    for name in names:
        kind, _, spec = name.partition(":")
        if name != "extractive" and not (kind in {"retrieve", "closed-book", "route"} and spec.strip()):
            raise RagqaError(f"--systems takes {KNOWN}, with commas between; got '{name}'")
    if not names:
        raise RagqaError(f"--systems takes {KNOWN}, with commas between; got none")
    return names


def trains(name: str) -> bool:
    """Say whether a system is trained before it is asked."""
    _, _, spec = name.partition(":")
    return spec in {"scratch", "train"} or spec.startswith(TRAIN)


def base_of(name: str, spec: str) -> str:
    """Return what the system is trained from. Raises RagqaError where it does not say."""
    base = spec.removeprefix(TRAIN)
    if not base:
        raise RagqaError(f"'{name}' should name what to train from: {name}smollm2, {name}scratch, or a model's folder")
    return base


def answerer_spec(spec: str) -> str:
    """Return the spec of an answerer: what names no kind, such as smollm2 or a folder, is a model on this machine."""
    kind, _, place = spec.partition(":")
    if spec == "extractive" or (place and kind in {_HOSTED, _LOCAL, *entry_points(PLUGINS)}):
        return spec
    return f"{_LOCAL}:{spec}"


def model_on_this_machine(name: str) -> str | None:
    """Return the causal model that a system asks or is trained from, as ``find_causal`` takes it; None of others."""
    kind, _, spec = name.partition(":")
    if kind not in {"retrieve", "closed-book"} or spec == "scratch" or spec == f"{TRAIN}scratch":
        return None
    place = answerer_spec(spec.removeprefix(TRAIN))
    return place.partition(":")[2] if place.startswith(f"{_LOCAL}:") else None
