"""What ``show --units`` prints: each unit of a document with its kind, place and first words."""

from __future__ import annotations

from collections.abc import Sequence

from ragqa.cli.output import pages, print_json, say, styled
from ragqa.printable import printable_name
from ragqa.types import Document, Unit

FIRST_WORDS = 100
"""Characters of a unit's text that are shown."""


def print_units(document: Document, units: Sequence[Unit], as_json: bool) -> None:
    """Print the units of a document, in reading order: for people two lines each, as JSON whole."""
    if as_json:
        print_json({"document": document.name, "units": [_json(document, unit) for unit in units]})
        return
    for unit in units:
        text = " ".join(document.text[unit.start : unit.end].split())
        steps = f", {unit.steps} steps" if unit.steps > 1 else ""
        section = printable_name(" ".join(unit.section[-1].split())) if unit.section else ""
        say(f"{styled(unit.kind, '1')}{steps}{pages(unit.page, unit.page_end)}{f' ({section})' if section else ''}")
        say(f"  {text[:FIRST_WORDS]}{'…' if len(text) > FIRST_WORDS else ''}")


def _json(document: Document, unit: Unit) -> dict[str, object]:
    return {
        "kind": unit.kind,
        "start": unit.start,
        "end": unit.end,
        "page": unit.page,
        "page_end": unit.page_end,
        "section": " > ".join(unit.section),
        "steps": unit.steps or None,
        "warning": document.text[slice(*unit.warning)],
        "text": document.text[unit.start : unit.end],
    }
