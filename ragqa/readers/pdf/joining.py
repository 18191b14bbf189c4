"""How the end of one line meets the beginning of the next: hyphens, spaces, Chinese without spaces."""

from __future__ import annotations

import re
from collections.abc import Callable

from ragqa.readers.pdf.characters import CJK, SOFT_HYPHEN

Knows = Callable[[str], bool]
"""Whether the document has a word, in lower case, somewhere inside a line."""

_HYPHENS = ("-", "\u2010", SOFT_HYPHEN)
_TAIL = re.compile(r"[^\W\d_]+$")
_HEAD = re.compile(r"[^\W\d_]+")
_WIDE = re.compile(r"[\u3000-\u303f\uff00-\uffef]")


def join(first: str, second: str, knows: Knows) -> tuple[str, str]:
    """Return ``first`` as it stands before ``second``, and what comes between them: nothing or a space."""
    if not first.endswith(_HYPHENS):
        return first, "" if _touches(first[-1:], second[:1]) else " "
    stem = first[:-1]
    tail, head = _TAIL.search(stem), _HEAD.match(second)
    if not tail or not head:  # '1-' + '2', '--' + 'option', a dash at a line's end
        between = "" if stem[-1:].isalnum() and second[:1].isalnum() else " "
        return stem + "-", between
    compound = stem[: tail.start()].endswith("-") and stem[: tail.start() - 1][-1:].isalnum()
    before, after = tail[0].lower(), head[0].lower()
    if knows(before + after):
        return stem, ""
    shouted = len(before) > 1 and (tail[0] + head[0]).isupper()
    known_apart = knows(before) and knows(after) and min(len(before), len(after)) > 3
    if compound or knows(f"{before}-{after}") or not (head[0].islower() or shouted) or known_apart:
        return stem + "-", ""
    return stem, ""


def finish(text: str) -> str:
    """Return a last line as it stands at the end of its block."""
    return text[:-1] + "-" if text.endswith(SOFT_HYPHEN) else text


def _touches(last: str, first: str) -> bool:
    """Whether two characters meet without a space over a line break."""
    if not last or not first or (last.isascii() and first.isascii()):
        return False
    if _WIDE.match(last) or _WIDE.match(first):
        return True
    return bool(CJK.match(last)) and bool(CJK.match(first))
