"""Questions with answers, in whatever form they come: each form is a file of this folder and gives entries.

The form is told by what a file holds, not by its name; only question sets with pages are known by theirs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ragqa.errors import RagqaError
from ragqa.evaluation.datasets.beir import is_beir
from ragqa.evaluation.datasets.questions import SUFFIX
from ragqa.finetune.reading.dialogues import is_dialogue, read_dialogue, read_messages
from ragqa.finetune.reading.questions import (
    Entry,
    Reading,
    SourceRow,
    csv_rows,
    is_squad,
    json_rows,
    list_rows,
    read_columns,
    read_generated,
    read_judged,
    read_paged,
    read_squad,
    read_text,
)

__all__ = ["Entry", "Reading", "read_generated", "read_sources"]


def read_sources(sources: Sequence[Path]) -> Reading:
    """Return what all ``sources`` hold, each entry with an id of its own. Raises RagqaError, one line."""
    readings = [_read(file) for source in sources for file in _files(source)]
    entries = [entry for reading in readings for entry in reading.entries]
    notes = tuple(note for reading in readings for note in reading.notes)
    return Reading(list(_named(entries)), notes)


def _files(source: Path) -> list[Path]:
    """Return what a source stands for: itself, or the question sets of a folder of manuals."""
    if not source.exists():
        raise RagqaError(f"there is no {source}: name a file of questions with answers, or a folder in BEIR form")
    if not source.is_dir() or is_beir(source):
        return [source]
    sets = sorted(source.glob(f"*{SUFFIX}"))
    if not sets:
        raise RagqaError(
            f"{source} is a folder without questions: expected BEIR form (corpus.jsonl, queries.jsonl with answers) or "
            f"files *{SUFFIX}"
        )
    return sets


def _read(source: Path) -> Reading:
    if source.is_dir():
        return read_judged(source)
    if source.name.endswith(SUFFIX):
        return read_paged(source)
    text, notes = read_text(source)
    reading = _of_text(text, source.name)
    if not reading.entries:
        raise RagqaError(f"{source} holds no question: expected at least a line below the columns' names")
    return Reading(reading.entries, (*notes, *reading.notes))


def _of_text(text: str, name: str) -> Reading:
    opening = text.lstrip()[:1]
    if opening and opening in "{[":
        whole = _whole(text)
        if is_squad(whole):
            return read_squad(whole, name)
        if isinstance(whole, (list, dict)):
            return _of_rows(list(list_rows(whole if isinstance(whole, list) else [whole], name)), name)
        return _of_rows(list(json_rows(text, name)), name)
    if is_dialogue(text):
        return read_dialogue(text, name)
    return _of_rows(list(csv_rows(text, name)), name)


def _whole(text: str) -> object:
    """Return the one JSON document that a text is; None where it is several, a line each, or broken."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _of_rows(rows: Sequence[SourceRow], name: str) -> Reading:
    if rows and "messages" in rows[0].fields:
        return read_messages(rows, name)
    return read_columns(rows, name) if rows else Reading([])


def _named(entries: Sequence[Entry]) -> Iterator[Entry]:
    taken: set[str] = set()
    for number, entry in enumerate(entries, 1):
        name = entry.id or str(number)
        if name in taken:
            name = f"{name}-{number}"
        taken.add(name)
        yield entry if entry.id == name else replace(entry, id=name)
