"""``ragqa.json``, beside a model that was trained here: how it was made. Trains nothing, and imports no torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ragqa.plain_files import open_plain

RECORD = "ragqa.json"
"""A model from elsewhere has none."""

_LONGEST = 1 << 20
"""Bytes of a record that are read: ours are a few thousand, and the folder may be somebody else's."""


def read_record(folder: Path) -> dict[str, Any]:
    """Return what ``ragqa.json`` says of the model in ``folder``; nothing for a model that was not made here."""
    try:
        with open_plain(folder / RECORD) as file:
            record = json.loads(file.read(_LONGEST).decode("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def is_closed_book(folder: Path) -> bool:
    """Say whether the model in ``folder`` was trained to answer from memory, without passages before the question."""
    return read_record(folder).get("form") == "closed-book"
