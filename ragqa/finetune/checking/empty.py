"""Entries with nothing to ask, or nothing to answer though they are said to be answerable."""

from __future__ import annotations

from collections.abc import Sequence

from ragqa.finetune.checking.findings import Checked, Finding, has, some
from ragqa.finetune.reading.questions import Entry
from ragqa.finetune.records import Form


def check_empty(entries: Sequence[Entry], form: Form) -> Checked:
    """Leave out what lacks a question or, but for labels, an answer."""
    unasked = [entry for entry in entries if not _says(entry.question)]
    unanswered = [entry for entry in entries if _says(entry.question) and not _answered(entry, form)]
    findings = [
        Finding(f"{some(lacking)}, {has(lacking, 'has', 'have')} no {what}", "left out")
        for lacking, what in ((unasked, "question"), (unanswered, "answer"))
        if lacking
    ]
    bad = {entry.id for entry in (*unasked, *unanswered)}
    return Checked([entry for entry in entries if entry.id not in bad], tuple(findings))


def _says(text: str) -> bool:
    return any(c.isalnum() for c in text)


def _answered(entry: Entry, form: Form) -> bool:
    return form == "route" or not entry.answerable or any(text.strip() for text in entry.answers)
