"""Text that was read in a wrong encoding: 'cafÃ©' is mended, a character that is lost (U+FFFD) can't be.

Text of another script than it looks is not guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from ragqa.finetune.checking.findings import Checked, Finding, has, some
from ragqa.finetune.reading.questions import Entry
from ragqa.readers.encodings import normalise

LOST = "\ufffd"

_TWICE = re.compile("[ÂÃ][\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|â[€‚][\x80-\xbf™œ“”˜¦“”¢]|[åæçèé][\x80-\xbf€-™]{2}")
"""What UTF-8 looks like when it was taken for windows-1252."""


def check_encoding(entries: Sequence[Entry]) -> Checked:
    """Mend what was decoded twice, take out control characters, leave out what has lost characters."""
    lost = [entry for entry in entries if any(LOST in text for text in (entry.question, *entry.answers))]
    gone = {entry.id for entry in lost}
    kept = [_mended(entry) for entry in entries if entry.id not in gone]
    before = {entry.id: entry for entry in entries}
    twice = [entry for entry in kept if _is_twice(before[entry.id])]
    findings = []
    if lost:
        findings.append(Finding(f"{some(lost)}, {has(lost, 'has', 'have')} lost characters (U+FFFD)", "left out"))
    if twice:
        found = f"{some(twice)}, {has(twice, 'is', 'are')} UTF-8 that was read as windows-1252"
        findings.append(Finding(found, "read as first meant"))
    return Checked(kept, tuple(findings))


def _is_twice(entry: Entry) -> bool:
    return any(read_once(text) != text for text in (entry.question, *entry.answers))


def _mended(entry: Entry) -> Entry:
    question, answers = _clean(entry.question), tuple(_clean(text) for text in entry.answers)
    if question == entry.question and answers == entry.answers:
        return entry
    return replace(entry, question=question, answers=tuple(text for text in answers if text))


def _clean(text: str) -> str:
    return normalise(read_once(text)).strip()


def read_once(text: str) -> str:
    """Return text that was UTF-8, read as windows-1252, as it was meant; any other text as it is."""
    if text.isascii() or not _TWICE.search(text):
        return text
    try:
        return text.encode("cp1252").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return text
