"""Who answers. A kind of system is a file of this folder; it is imported when it is chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ragqa.compare.records import System, Training
from ragqa.engine import Library
from ragqa.errors import RagqaError
from ragqa.finetune.records import Example
from ragqa.finetune.records import Split as Part
from ragqa.models.record import read_record
from ragqa.settings import Settings

KNOWN = (
    "extractive, retrieve:SPEC, retrieve:train=BASE, closed-book:SPEC, closed-book:scratch, closed-book:train=BASE, "
    "route:PATH, route:train"
)
DEFAULT = "extractive,closed-book:scratch"
TRAIN = "train="


@dataclass(frozen=True, slots=True)
class Bench:
    """What systems are opened with."""

    library: Library
    settings: Settings
    parts: Mapping[Part, Sequence[Example]]
    """What those that are trained here learn from."""
    seed: int = 0
    notice: Callable[[str], None] = lambda line: None


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
        raise RagqaError(f"'{name}' should name what to train from: {name}scratch, or a model's folder")
    return base


def open_system(name: str, bench: Bench) -> System:
    """Return the system ``name``, trained first where it says so. Raises RagqaError and its children."""
    kind, _, spec = name.partition(":")
    if kind in {"extractive", "retrieve"}:
        from ragqa.compare.systems.retrieving import open_retrieving

        return open_retrieving(name, spec or "extractive", bench)
    if kind == "route":
        from ragqa.compare.systems.routing import open_routing

        return open_routing(name, spec, bench)
    from ragqa.compare.systems.closed import open_closed

    return open_closed(name, spec, bench)


def making_of(spec: str) -> tuple[bool, Training | None]:
    """Return whether the model that ``spec`` names was trained from nothing, and what training it took.

    A model's folder tells both where it was trained by ``ragqa finetune``; of any other nobody knows.
    """
    kind, _, place = spec.partition(":")
    record = read_record(Path(place).expanduser()) if kind == "transformers" else {}
    seconds = record.get("train_seconds")
    training = Training(float(seconds), 0.0) if isinstance(seconds, (int, float)) else None
    return bool(record.get("scratch")), training
