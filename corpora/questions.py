"""Put page numbers to questions: a page is an answer's page when a string of its evidence stands on it.

Knows the PDF only as a reader sees it, through pypdfium2; guesses nothing, and raises where evidence is not found.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pypdfium2

_SPACES = re.compile(r"[\s\u00ad\u0002\ufffe-]+")


def folded(text: str) -> str:
    """Return ``text`` without white space and hyphens, so that line ends and table cells do not matter."""
    return _SPACES.sub("", text)


def page_texts(pdf: Path) -> list[str]:
    """Return the folded text of each page of ``pdf``."""
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
    """Yield the questions of ``source`` (one JSON object a line, no pages) as lines with their pages."""
    texts, pages = page_texts(pdf), body(pdf, chapters)
    for line in source.read_text(encoding="utf-8").splitlines():
        question = json.loads(line)
        found = {text: [page for page in pages if folded(text) in texts[page - 1]] for text in question["evidence"]}
        for text, where in found.items():
            if not 1 <= len(where) <= 2:
                raise ValueError(f"{question['_id']}: evidence should stand on one or two pages, got {where}: {text!r}")
        record = {
            "_id": question["_id"],
            "text": question["text"],
            "pages": sorted({page for where in found.values() for page in where}),
            "answer": question["answer"],
            "evidence": question["evidence"],
            "type": question["type"],
            "answerable": bool(found),
        }
        yield json.dumps(record, ensure_ascii=False)
