"""How a footnote stands in the text, the same way for every format. Knows no markup.

A note limits what is said before its mark ('6 bar³ … ³ only with kit GK-2'), so it must not be parted from it. Up to
``SHORT`` characters it takes the place of its mark, in brackets, its own full stops made semicolons, so that the
sentence stays one; a longer one follows the paragraph and quotes what it belongs to.
"""

from __future__ import annotations

import re

from ragqa.cjk import HAN, KANA
from ragqa.sentences import sentences

SHORT = 200
"""Characters of a note that stands in the sentence itself."""
_QUOTED = 60
"""Characters of what a long note belongs to that are quoted before it."""

_HAN = re.compile(f"[{HAN}]")
_KANA = re.compile(f"[{KANA}]")
_ENDS = re.compile(r"[.!?…。！？；;]+[\"”’」』)）]*\s*$")


def bracket_note(line: str, note: str) -> str:
    """Return what stands where the mark of a short note was, behind ``line``."""
    inner = _one_sentence(note)
    return f"（注：{inner}）" if _is_chinese(line + note) else f" (note: {inner})"


def insert_note(line: str, note: str) -> str:
    """Return ``line`` with a short note put behind its last word, before the full stop that may end it."""
    line = line.rstrip()
    end = _ENDS.search(line)
    at = end.start() if end and end.start() else len(line)
    return f"{line[:at].rstrip()}{bracket_note(line, note)}{line[at:]}"


def write_long_note(line: str, note: str) -> str:
    """Return the paragraph that says a note after the one whose text up to the note's mark is ``line``."""
    said = sentences(line[-500:])
    quoted = line[-500:][said[-1][0] : said[-1][1]].strip() if said else ""
    if _is_chinese(line + note):
        quoted = quoted[-_QUOTED // 3 :].lstrip("，、；：,; ").rstrip("。！？；，、")
        return f"注（“{quoted}”）：{note}" if quoted else f"注：{note}"
    if len(quoted) > _QUOTED:
        quoted = quoted[-_QUOTED:].partition(" ")[2] or quoted[-_QUOTED:]
    quoted = quoted.rstrip(" .;:,!?").replace('"', "'")
    return f'Note to "{quoted}": {note}' if quoted else f"Note: {note}"


def _one_sentence(note: str) -> str:
    parts = [note[start:end] for start, end in sentences(note)]
    chinese = _is_chinese(note)
    return ("；" if chinese else "; ").join(part.rstrip(" .。；;") or part for part in parts)


def _is_chinese(text: str) -> bool:
    return _HAN.search(text) is not None and _KANA.search(text) is None
