"""Put page numbers to questions: a page is an answer's page when a string of its evidence stands on it.

Two kinds of questions: `labelled` reads those with one short answer each, `whole` those whose right answer is a whole
procedure, list, table row, piece of code or condition. Knows the PDF only as a reader sees it, through pypdfium2 with
no font of the machine; guesses nothing, and raises where evidence is not found.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pypdfium2

from ragqa.readers.pdf.source import use_standin_font

LONGEST_RUN = 3
"""On how many consecutive pages the parts of one whole answer may stand."""

_IN_LANGUAGE = re.compile("([a-z]{2}): (.+)")
_SPACES = re.compile(r"[\s\u00ad\u0002\ufffe-]+")


def folded(text: str) -> str:
    """Return ``text`` without white space and hyphens, so that line ends and table cells do not matter."""
    return _SPACES.sub("", text)


def page_texts(pdf: Path) -> list[str]:
    """Return the folded text of each page of ``pdf``."""
    use_standin_font()
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [folded(page.get_textpage().get_text_bounded()) for page in document]
    finally:
        document.close()


def body(pdf: Path, chapters: int) -> range:
    """Return the physical pages, from 1, of the numbered chapters: front matter and index prove nothing."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        tops = [mark.get_dest().get_index() + 1 for mark in document.get_toc() if mark.level == 0]
        end = tops[chapters] if len(tops) > chapters else len(document) + 1
        return range(tops[0], end)
    finally:
        document.close()


def labelled(source: Path, pdf: Path, chapters: int) -> Iterator[str]:
    """Yield the questions of ``source`` as JSON lines with their pages.

    A question is a line '? type | text', then 'de: text' for the same in another language, '= answer' and one
    '@ evidence' or more; one that the manual does not answer has neither of these two. Blank lines separate.
    """
    texts, pages = page_texts(pdf), body(pdf, chapters)
    for at, (kind, text, rest) in enumerate(_entries(source), 1):
        answer = " ".join(_marked(rest, "= "))
        evidence = _marked(rest, "@ ")
        found = [_standing(proof, texts, pages) for proof in evidence]
        for proof, where in zip(evidence, found, strict=True):
            if not 1 <= len(where) <= 2:
                raise ValueError(f"question {at}: evidence should stand on one or two pages, got {where}: {proof!r}")
        record = {
            "_id": f"{pdf.stem}-{at:03d}",
            "text": text,
            "pages": sorted({page for where in found for page in where}),
            "document": pdf.name,
            "answer": answer,
            "evidence": evidence,
            "type": kind,
            "answerable": bool(evidence),
            "in_other_languages": {match[1]: match[2] for match in map(_IN_LANGUAGE.fullmatch, rest) if match},
        }
        yield json.dumps(record, ensure_ascii=False)


def whole(source: Path, pdf: Path, chapters: int) -> Iterator[str]:
    """Yield the questions of ``source`` whose answer is a whole unit of the manual, as JSON lines with their pages.

    A question is a line '? kind | text', then one '@ part' or more: what must all stand in a good answer; and a line
    '- string' for each string of the manual that must not. Blank lines separate. Raises ValueError where a string does
    not stand in the manual, or where the parts do not stand together in one place of at most LONGEST_RUN pages.
    """
    texts, pages = page_texts(pdf), body(pdf, chapters)
    for at, (kind, text, rest) in enumerate(_entries(source), 1):
        parts, wrong = _marked(rest, "@ "), _marked(rest, "- ")
        found = {part: _standing(part, texts, pages) for part in (*parts, *wrong)}
        if absent := [part for part, where in found.items() if not where]:
            raise ValueError(f"whole question {at}: these do not stand in the manual: {absent}")
        places = _places([found[part] for part in parts])
        if len(places) != 1:
            raise ValueError(f"whole question {at}: its parts should stand together in one place, got pages {places}")
        record = {
            "_id": f"{pdf.stem}-whole-{at:02d}",
            "manual": pdf.name,
            "text": text,
            "kind": kind,
            "pages": places[0],
            "parts": parts,
            "not": wrong,
        }
        yield json.dumps(record, ensure_ascii=False)


def _entries(source: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Yield what stands before the bar, the question and the lines below it, for each question of ``source``."""
    for part in source.read_text(encoding="utf-8").split("\n\n"):
        head, *rest = part.strip().splitlines()
        kind, _, text = head.removeprefix("? ").partition(" | ")
        yield kind, text, rest


def _marked(lines: list[str], mark: str) -> list[str]:
    return [line.removeprefix(mark) for line in lines if line.startswith(mark)]


def _standing(string: str, texts: list[str], pages: range) -> list[int]:
    return [page for page in pages if folded(string) in texts[page - 1]]


def _places(found: list[list[int]]) -> list[list[int]]:
    """Return each shortest run of pages on which every string stands; ``found`` holds the pages of each string."""
    standing = sorted({page for where in found for page in where})
    for length in range(1, LONGEST_RUN + 1):
        runs = [range(first, first + length) for first in standing]
        if full := [run for run in runs if all(set(run) & set(where) for where in found)]:
            return [[page for page in run if page in standing] for run in full]
    return []
