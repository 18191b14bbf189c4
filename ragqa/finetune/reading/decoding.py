"""A file → its text, whatever its encoding. Knows no form."""

from __future__ import annotations

from pathlib import Path

from ragqa.errors import RagqaError
from ragqa.readers.encodings import decode


def read_text(file: Path) -> tuple[str, tuple[str, ...]]:
    """Return a file's text and what had to be mended in it. Raises RagqaError where it holds none."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise RagqaError(f"{file} can't be read: {error.strerror or error}; name a file of questions") from None
    if not data.strip():
        raise RagqaError(f"{file} is empty: expected questions with answers, as CSV, JSONL, JSON or a dialogue")
    decoded = decode(data)
    if decoded is None:
        raise RagqaError(f"{file} is no text: expected questions with answers, as CSV, JSONL, JSON or a dialogue")
    notes = tuple(f"{file.name}: {warning}" for warning in decoded.warnings)
    if decoded.encoding not in ("utf-8", "ascii"):
        notes = (f"{file.name} was read as {decoded.encoding}", *notes)
    return decoded.text, notes
