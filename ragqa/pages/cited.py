"""The pages that an answer cites, as one file of HTML to look at; and a quote's place on a page. Draws nothing."""

from __future__ import annotations

import difflib
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import escape

from ragqa.errors import LibraryError
from ragqa.printable import printable_line
from ragqa.sentences import sentences
from ragqa.types import Document, Page, Span

SHOWN = 80
"""Characters of a quote that an error names."""
LONGEST = 500
"""Characters of a sentence, and of a quote, by which the nearest is found."""

_HEAD = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>The pages cited</title>
<style>
body { margin: 2em auto; max-width: 56em; font-family: sans-serif; background: #eee; color: #222 }
figure { margin: 0 0 2em } img { width: 100%; background: #fff; box-shadow: 0 1px 4px #888 }
</style>
"""


@dataclass(frozen=True, slots=True)
class CitedPage:
    """A page that an answer cites: the markers of its quotes, and its picture as PNG with these lit."""

    document: str
    page: int
    markers: tuple[int, ...]
    picture: bytes


def html_of(pages: Sequence[CitedPage]) -> bytes:
    """Return the pages below one another as a file of HTML that needs no other, in UTF-8."""
    parts = [_HEAD]
    for one in pages:
        marks = " ".join(f"[{marker}]" for marker in one.markers)
        title = escape(printable_line(f"{marks} {one.document}, page {one.page}"))
        picture = b64encode(one.picture).decode("ascii")
        parts.append(f'<figure><figcaption><p>{title}</p></figcaption><img alt="{title}" src="data:image/png;base64,')
        parts.append(f'{picture}"></figure>\n')
    return "".join(parts).encode()


def find_quote(document: Document, page: int, quote: str) -> Span:
    """Return where a quote stands that begins on a page, from 1, however its white space is set.

    Raises LibraryError where it does not stand there, naming the sentence that comes nearest.
    """
    held = document.page(page)
    sought = "".join(quote.split())
    if held is None or not sought:
        raise LibraryError(f"expected a quote from one of the {len(document.pages)} pages of {document.name}; got none")
    reach = document.text[held.start : held.end + 2 * len(quote)]
    places = [at for at, char in enumerate(reach) if not char.isspace()]
    said = "".join(reach[at] for at in places)
    at = said.find(sought)
    at = said.casefold().find(sought.casefold()) if at < 0 and len(said) == len(said.casefold()) else at
    if at < 0 or places[at] >= held.end - held.start:
        nearest = _nearest(document, held, " ".join(quote.split()))
        near = f"; the nearest there is {nearest[:SHOWN]!r}" if nearest else ", which has no text"
        raise LibraryError(f"{document.name} does not say {quote[:SHOWN]!r} on page {page}{near}")
    return held.start + places[at], held.start + places[at + len(sought) - 1] + 1


def _nearest(document: Document, page: Page, quote: str) -> str:
    """Return the sentence or row of a page that shares the longest stretches with a quote; '' on an empty page."""
    lines: list[str] = []
    for block in document.blocks:
        if block.start < page.end and block.end > page.start:
            text = document.text[max(block.start, page.start) : min(block.end, page.end)]
            lines += [" ".join(text[start:end].split()) for start, end in sentences(text)]
    matcher = difflib.SequenceMatcher(b=quote[:LONGEST], autojunk=False)

    def shared(line: str) -> float:
        matcher.set_seq1(line[:LONGEST])
        return sum(block.size**2 for block in matcher.get_matching_blocks()) / max(len(line), len(quote))

    return max(lines, key=shared, default="")
