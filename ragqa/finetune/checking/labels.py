"""Labels that can't be learned and measured, and labels out of balance."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence

from ragqa.errors import RagqaError
from ragqa.finetune.checking.findings import Checked, Finding, has, some
from ragqa.finetune.reading.questions import Entry
from ragqa.printable import quantity

UNEVEN = 10
"""How many times the median a label's count may be before it is told."""


def check_labels(entries: Sequence[Entry]) -> Checked:
    """Leave out what has no label, and labels with one question. Raises RagqaError where fewer than two remain."""
    bare = [entry for entry in entries if not entry.label]
    counts = Counter(entry.label for entry in entries if entry.label)
    lonely = [entry for entry in entries if entry.label and counts[entry.label] == 1]
    kept = [entry for entry in entries if entry.label and counts[entry.label] > 1]
    remaining = Counter(str(entry.label) for entry in kept)
    if len(remaining) < 2:
        raise RagqaError(
            f"the form route needs two labels or more with two questions each; got {len(remaining)} such "
            f"({len(lonely)} labels with one question, {len(bare)} questions without a label): add questions or a "
            "column 'label'"
        )
    findings = []
    if bare:
        findings.append(Finding(f"{some(bare)}, {has(bare, 'has', 'have')} no label", "left out"))
    if lonely:
        counted = f"{len(lonely):,} labels have" if len(lonely) > 1 else "one label has"
        named = ", ".join(f"'{entry.label}'" for entry in lonely[:3])
        found = f"{counted} one example ({named}{', …' * (len(lonely) > 3)})"
        findings.append(Finding(found, "left out"))
    findings += _balance(remaining)
    return Checked(kept, tuple(findings))


def _balance(counts: Counter[str]) -> list[Finding]:
    (most, high), median = counts.most_common(1)[0], statistics.median(counts.values())
    if high <= UNEVEN * median:
        return []
    return [
        Finding(
            f"the label '{most}' has {high:,} of {quantity(sum(counts.values()), 'question')}, "
            f"a label in the middle has "
            f"{median:g}; macro-F1 counts them alike, accuracy does not"
        )
    ]
