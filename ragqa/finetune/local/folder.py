"""A model's folder: weights, tokenizer and ``ragqa.json``, which says how it was made.

Trains nothing, and imports no torch: the model writes itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ragqa.finetune.writing import write_json
from ragqa.models.record import RECORD


def preferred_beside(folder: Path) -> Path:
    """Return where the model lies that learned from the one in ``folder`` what people prefer."""
    return folder.with_name(f"{folder.name}-preferred")


def save_model(model: Any, tokenizer: Any, folder: Path, record: Mapping[str, object]) -> None:
    """Write a transformers model (adapters merged), its tokenizer and ``record`` into ``folder``."""
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    write_json(folder / RECORD, record)
