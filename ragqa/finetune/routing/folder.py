"""The folder of a trained classifier: a sentence-transformers model, its head, and ``route.json`` with the labels.

Loads no weights and no torch.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from ragqa.errors import ModelError

RECORD = "route.json"
HEAD = "head.safetensors"


@dataclass(frozen=True, slots=True)
class RouteRecord:
    """What is needed beside the weights."""

    labels: tuple[str, ...]
    """In the order of the head's rows."""
    base: str
    max_tokens: int
    """Of a question; what is longer is cut."""


def write_record(folder: Path, record: RouteRecord) -> None:
    """Write ``route.json``, last of all: a folder without it is not finished."""
    text = json.dumps(asdict(record), ensure_ascii=False, indent=1)
    (folder / RECORD).write_text(f"{text}\n", encoding="utf-8")


def read_record(folder: Path) -> RouteRecord:
    """Return what ``folder`` says of itself. Raises ModelError where it is no trained classifier."""
    expected = f"{folder} should be the folder of a classifier that 'ragqa finetune' trained (form route)"
    try:
        row = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        record = RouteRecord(tuple(map(str, row["labels"])), str(row["base"]), int(row["max_tokens"]))
    except FileNotFoundError:
        raise ModelError(f"{expected}; it holds no {RECORD}") from None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ModelError(f"{expected}; its {RECORD} can't be read ({type(error).__name__}): train it anew") from None
    if not record.labels or not (folder / HEAD).is_file():
        raise ModelError(f"{expected}; it lacks {HEAD if record.labels else 'labels'}: train it anew")
    return record
