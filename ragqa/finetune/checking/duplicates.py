"""The same question with the same answer, and the same question answered otherwise. Knows no paraphrases."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from ragqa.analysis import compatible
from ragqa.errors import RagqaError
from ragqa.finetune.checking.findings import Checked, Finding, has, some
from ragqa.finetune.reading.questions import Entry
from ragqa.finetune.records import Form


def check_duplicates(entries: Sequence[Entry], form: Form) -> Checked:
    """Keep the first of what is the same. Raises RagqaError where all entries are one."""
    kept: dict[Hashable, Entry] = {}
    answers: dict[Hashable, Entry] = {}
    again, otherwise = [], []
    for entry in entries:
        asked = (normal(entry.question), _before(entry), entry.document, entry.passage)
        said = normal(entry.label or "") if form == "route" and entry.label else answer_of(entry)
        if (asked, said) in kept:
            again.append(entry)
            continue
        if asked in answers:
            otherwise.append(entry)
            if form == "route":
                continue
        answers.setdefault(asked, entry)
        kept[asked, said] = entry
    if len(kept) == 1 and len(entries) > 1:
        raise RagqaError(
            f"all {len(entries):,} entries ask and answer the same, the first at {entries[0].source}: "
            "give questions that differ"
        )
    return Checked(list(kept.values()), _duplicate_findings(again, otherwise, form))


def _duplicate_findings(again: Sequence[Entry], otherwise: Sequence[Entry], form: Form) -> tuple[Finding, ...]:
    findings = []
    if again:
        findings.append(
            Finding(f"{some(again)}, {has(again, 'stands', 'stand')} there already, word for word", "left out")
        )
    if otherwise:
        found = f"{some(otherwise)}, {has(otherwise, 'gives', 'give')} a question another {_said(form)} than before"
        mend = "the first is kept" if form == "route" else "kept, on one side of the split; look at them"
        findings.append(Finding(found, mend))
    return tuple(findings)


def _said(form: Form) -> str:
    return "label" if form == "route" else "answer"


def _before(entry: Entry) -> tuple[str, ...]:
    return tuple(message.content for message in entry.before if message.role != "system")


def answer_of(entry: Entry) -> str:
    """Return what is learned as the answer, as ``normal`` writes it."""
    return normal(entry.answers[0]) if entry.answers else ""


def normal(text: str) -> str:
    """Return a text in small letters without signs, width or spacing that change nothing; '-5' and '5 %' stay so."""
    folded = " ".join(compatible(text).casefold().split())
    return folded.strip("?？.。!！ ") or folded
