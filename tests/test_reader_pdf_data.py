"""Real PDFs: evidence stands on its page, outlines are found, and no file crashes or hangs the reader."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from ragqa.errors import UnreadableFile
from ragqa.readers import read_bytes
from ragqa.readers.pdf.source import open_pdf

DATA = Path(__file__).parents[1].parent / "shared/data"
MANUALS = ("gnuplot", "developers-reference", "debmake-doc.zh-cn")


def letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).lower()


@pytest.mark.skipif(not (DATA / "manuals").is_dir(), reason="needs ../shared/data/manuals")
@pytest.mark.parametrize("manual", MANUALS)
def test_evidence_stands_on_its_page_and_the_outline_is_found(manual: str) -> None:
    data = (DATA / f"manuals/{manual}.pdf").read_bytes()
    document = read_bytes(data, manual)
    pages = [letters(document.text[page.start : page.end]) for page in document.pages]
    questions = (DATA / f"manuals/{manual}.questions.jsonl").read_text("utf-8").splitlines()
    found = [
        any(letters(piece) in pages[number - 1] for number in question["pages"])
        for question in map(json.loads, questions)
        for piece in question["evidence"]
    ]
    assert sum(found) >= 0.97 * len(found)
    headings = {letters(document.text[b.start : b.end]) for b in document.blocks if b.kind == "heading"}
    with open_pdf(data, manual, None) as source:
        titles = [letters(mark.title) for mark in source.bookmarks() if mark.page is not None]
    lost = [title for title in titles if title not in headings and not any(h.endswith(title) for h in headings)]
    assert len(lost) <= 0.01 * len(titles)


@pytest.mark.skipif(not (DATA / "pdfs").is_dir(), reason="needs ../shared/data/pdfs")
def test_every_file_gives_text_or_one_honest_line_and_none_takes_long() -> None:
    for path in sorted((DATA / "pdfs").rglob("*.pdf")):
        started = time.process_time()
        try:
            document = read_bytes(path.read_bytes(), path.name)
        except UnreadableFile as error:
            assert "\n" not in str(error)
        else:
            assert document.text.strip()
            at = 0
            for block in document.blocks:
                assert at <= block.start < block.end and not document.text[at : block.start].strip(), path.name
                at = block.end
            assert not document.text[at:].strip(), path.name
        assert time.process_time() - started < 20, path.name
