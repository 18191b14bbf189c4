"""Put page numbers to questions: a page is an answer's page when a string of its evidence stands on it.

Knows the PDF only as a reader sees it, through pypdfium2 with no font of the machine; guesses nothing, and raises where
evidence is not found.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pypdfium2

from ragqa.readers.pdf.standin import use_standin_font

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

    A question is a line '? type | text', then '= answer' and one '@ evidence' or more; one that the manual does not
    answer has neither. Blank lines separate.
    """
    texts, pages = page_texts(pdf), body(pdf, chapters)
    for at, part in enumerate(source.read_text(encoding="utf-8").split("\n\n"), 1):
        head, *rest = part.strip().splitlines()
        kind, _, text = head.removeprefix("? ").partition(" | ")
        answer = " ".join(line[2:] for line in rest if line.startswith("= "))
        evidence = [line[2:] for line in rest if line.startswith("@ ")]
        found = [[page for page in pages if folded(proof) in texts[page - 1]] for proof in evidence]
        for proof, where in zip(evidence, found, strict=True):
            if not 1 <= len(where) <= 2:
                raise ValueError(f"question {at}: evidence should stand on one or two pages, got {where}: {proof!r}")
        record = {
            "_id": f"{pdf.stem}-{at:03d}",
            "text": text,
            "pages": sorted({page for where in found for page in where}),
            "answer": answer,
            "evidence": evidence,
            "type": kind,
            "answerable": bool(evidence),
        }
        yield json.dumps(record, ensure_ascii=False)
