"""Check the data before anything is trained on it: entries by themselves, and beside each other.

A check returns what it found with what it proposes, and the entries as they are once that is agreed to; nothing is
changed in the sources.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ragqa.finetune.reading.questions import Entry


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a person should know before training on the data."""

    found: str
    mend: str = ""
    """What is done about it once agreed; empty where it is only told."""

    def told(self) -> str:
        """Return it as a line."""
        return f"{self.found}: {self.mend}" if self.mend else self.found


@dataclass(frozen=True, slots=True)
class Checked:
    """The entries with the mends of a check made."""

    entries: Sequence[Entry]
    findings: tuple[Finding, ...] = ()


def some(entries: Sequence[Entry]) -> str:
    """Return how many, and where the first of them stands: '3 entries, the first at faq.csv, line 12'."""
    count = f"{len(entries):,} entries, the first at" if len(entries) > 1 else "one entry, at"
    return f"{count} {entries[0].source}"


def has(entries: Sequence[Entry], one: str, several: str) -> str:
    """Return the verb that fits their number."""
    return one if len(entries) == 1 else several
