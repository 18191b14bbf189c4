"""Find where sentences end, in every language of ``wording``. Knows nothing of documents or passages."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ragqa.cjk import HANGUL
from ragqa.types import Span
from ragqa.wording import document_words

_END = re.compile(
    rf"""[。！？][”’」』）】》"')\]]*            # full-width ends need no space after them
      | (?<![.!?…])[.!?…]+["'”’“»«)\]]*(?:\s»)?(?=\s+["'“‘„(\[]*[^\sa-zß-öø-ÿ])  # Latin: then no small letter
      | (?<=[{HANGUL}])[.!?]+(?=[{HANGUL}])   # Korean ends with a Latin stop, and may leave out the space
      | \n{{2,}}""",
    re.VERBOSE,
)
_ABBREVIATION = re.compile(
    rf"""(?:^|[\s("'“‘„«\[])(?:
        (?:[A-Z]\.)*[A-Z]                      # initials: J. R. R.
      | (?i:e\.g|i\.e|cf|vs|approx|etc|fig|figs|no|nos|vol|ch|sec|eq|ref|refs|p|pp|dr|mr|mrs|ms|prof|st|jr|sr|inc|ltd|co
          |corp|dept|min|max|gen|col|sgt|capt|lt|rev|hon|al|u\.s|u\.k|a\.m|p\.m|jan|feb|mar|apr|jun|jul|aug|sept|sep
          |oct|nov|dec|resp|art|ver|mt|ca|tel)
      | (?:{document_words("abbreviations").replace(" ", "[ ]")})
      )\.$""",
    re.VERBOSE,
)
_SPACED_ABBREVIATION = re.compile(document_words("spaced_abbreviations"))
_ENUMERATION = re.compile(r"\n\s*(?:\d+|[A-Za-z]|[ivx]+)[.)]$")
_LONGEST_NUMBER = 60
"""Characters before a full stop that are looked at for the number of a list item and its indent."""


def sentences(text: str) -> list[Span]:
    """Return the spans of the sentences of ``text``, in order; white space between them belongs to none."""
    return [span for start, end in _cuts(text) if (span := _trim(text, start, end))]


def _cuts(text: str) -> Iterator[Span]:
    start = 0
    for match in _END.finditer(text):
        end = match.end()
        if match.group()[0] == ".":
            head = text[max(start, end - 24) : match.start() + 1]
            if _ABBREVIATION.search(head) or _is_enumeration(text, start, match.start() + 1):
                continue
            if _SPACED_ABBREVIATION.match(text, match.start() - 1):
                continue
        yield start, end
        start = end
    yield start, len(text)


def _is_enumeration(text: str, start: int, end: int) -> bool:
    """Say whether nothing but a number, '1.', stands on the line that ends at ``end``."""
    begin = max(start, end - _LONGEST_NUMBER)
    return _ENUMERATION.search(("\n" if begin == start else "") + text[begin:end]) is not None


def _trim(text: str, start: int, end: int) -> Span | None:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return (start, end) if end > start else None
