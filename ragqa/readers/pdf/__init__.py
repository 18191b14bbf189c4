"""Read a PDF into a Document: text in reading order, headings, lists, tables, code, and the page of each.

Text only: scanned pages are said, not recognised. One PDF is read at a time in a process, for pdfium allows no more.
"""

from __future__ import annotations

import gc
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from ragqa.errors import UnreadableFile
from ragqa.printable import quantity
from ragqa.readers.files import InputFile, check_length
from ragqa.readers.pdf.blocks import BuiltBlock, assemble, build_blocks, find_code
from ragqa.readers.pdf.columns import read_in_order
from ragqa.readers.pdf.furniture import find_contents, find_footnotes, find_furniture
from ragqa.readers.pdf.headings import choose_title, find_headings
from ragqa.readers.pdf.placed_words import layout_of
from ragqa.readers.pdf.rows import IsWord, TextRow, make_rows, split_run_ins
from ragqa.readers.pdf.ruled import RuledTable, find_ruled
from ragqa.readers.pdf.rules import Rules
from ragqa.readers.pdf.source import Bookmark, PdfSource, RawPage, open_pdf
from ragqa.readers.pdf.tables import find_tables
from ragqa.types import PDF, Document

MAX_PAGES_NAMED = 3
"""Pages with unreadable characters that have a warning each; more have one together."""

MAX_RANGES = 12
"""Ranges of pages that a warning names."""

MANY_PAGES, FEWEST_DIFFERENT = 1000, 0.02
"""Of so many pages with text at least this part must differ."""


def read(file: InputFile) -> Document:
    """Return the PDF as a Document. Raises UnreadableFile where it gives no text, and says why."""
    with _collector_paused():
        return _read(file)


def _read(file: InputFile) -> Document:
    name = file.name
    with open_pdf(file.data, name, file.password) as source:
        pages = _pages(source, name)
        bookmarks = source.bookmarks()
        meta_title = source.title()
    if not any(page.text.segments for page in pages):
        raise UnreadableFile(_no_text(name, pages))
    rows, furniture, ruled = _rows(pages)
    rows = split_run_ins(rows, bookmarks)
    if not rows:
        raise UnreadableFile(_no_text(name, pages))
    blocks = _blocks(rows, bookmarks, ruled, [page.text.rules for page in pages])
    made = assemble(blocks, [page.label for page in pages], furniture)
    layout = layout_of(made.lines, [page.text.placed for page in pages], [(page.width, page.height) for page in pages])
    return Document(
        name=name,
        title=choose_title(meta_title, rows, name),
        media_type=PDF,
        sha256=hashlib.sha256(file.data).hexdigest(),
        text=made.text,
        blocks=made.blocks,
        pages=made.pages,
        warnings=_warnings(pages),
        layout=layout.pack(),
    )


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Keep Python's cycle collector from running: what a reader makes has no cycles, and to look takes a tenth more."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _pages(source: PdfSource, name: str) -> list[RawPage]:
    """Return all pages, or stop where they hold more than a document may, or only the same page again and again."""
    pages: list[RawPage] = []
    characters = said = 0
    different: set[int] = set()
    for index in range(source.count):
        page = source.page(index)
        pages.append(page)
        if page.text.segments:
            said += 1
            different.add(hash(tuple(segment.text for segment in page.text.segments)))
            if said >= MANY_PAGES and len(different) < FEWEST_DIFFERENT * said:
                raise UnreadableFile(
                    f"{name} lists the same page {said:,} times: give a copy that holds each page once"
                )
        characters += page.text.characters
        check_length(name, characters)
    return pages


def _rows(pages: Sequence[RawPage]) -> tuple[list[TextRow], list[list[str]], dict[int, RuledTable]]:
    """Return all rows of the body in reading order, what was taken off each page, and the stretches that are tables."""
    flat = [make_rows(number, page.text.segments) for number, page in enumerate(pages)]
    taken = find_furniture(flat, [page.height for page in pages])
    rows: list[TextRow] = []
    furniture: list[list[str]] = []
    ruled: dict[int, RuledTable] = {}
    column = 0
    for number, page in enumerate(pages):
        away = taken[number]
        furniture.append([flat[number][at].text for at in sorted(away)])
        body = [row for at, row in enumerate(flat[number]) if at not in away] if away else flat[number]
        drawn = page.text.rules
        tables = find_ruled(number, [s for row in body for s in row.segments], drawn) if drawn.upright else []
        ordered, tabled = read_in_order(number, body, tables, column)
        rows += ordered
        ruled |= tabled
        column = max((row.column for row in ordered), default=column - 1) + 1
    return rows, furniture, ruled


def _blocks(
    rows: list[TextRow], bookmarks: Sequence[Bookmark], ruled: Mapping[int, RuledTable], rules: Sequence[Rules]
) -> list[BuiltBlock]:
    is_word = _vocabulary(rows)
    tabled = {at for at, row in enumerate(rows) if row.column in ruled}
    contents = find_contents(rows) - tabled
    code = find_code(rows, contents | tabled)
    headings = find_headings(rows, bookmarks, contents | code | tabled)
    inside = {at + step for at, (count, _) in headings.items() for step in range(count)}
    tables = find_tables(rows, contents | inside, is_word, ruled, rules)
    notes = find_footnotes(rows, contents | inside | code | tabled)
    return build_blocks(rows, headings, contents, tables, code, notes, is_word)


def _vocabulary(rows: Sequence[TextRow]) -> IsWord:
    """Return whether the document has a word inside a line. Made when the first broken word is met."""
    words: set[str] = set()

    def is_word(word: str) -> bool:
        if not words:
            words.add("")
            for row in rows:
                text = row.text.translate(_BLANKS) if row.text.isascii() else _PUNCTUATION.sub(" ", row.text)
                words.update(text.lower().split()[:-1])
        return word in words

    return is_word


_PUNCTUATION = re.compile(r"[^\w-]+")
_BLANKS = {code: " " for code in range(128) if _PUNCTUATION.match(chr(code))}  # the same for ASCII, in half the time


def _no_text(name: str, pages: Sequence[RawPage]) -> str:
    if all(page.broken for page in pages):
        return f"{name} is a damaged PDF: none of its pages can be loaded; give a whole copy of it"
    unreadable, characters = _unreadable(pages), sum(page.text.characters for page in pages)
    if unreadable:
        return (
            f"{name}: {unreadable:,} of {characters:,} characters could not be read, for its fonts do not say what "
            "they are: give a copy made with text that can be copied, or one that OCR has read"
        )
    if any(page.has_images for page in pages):
        return f"{name} holds no text, only images: it looks scanned, and OCR is not built yet; give a copy with text"
    return f"{name} holds no text on any of its {quantity(len(pages), 'page')}: give a copy with text"


def _warnings(pages: Sequence[RawPage]) -> tuple[str, ...]:
    """Say which pages gave no text, or not all of it."""
    found = []
    for said, flags in (
        ("could not be loaded: the file is damaged there", [page.broken for page in pages]),
        ("without text, only images: scanned, it seems, and OCR is not built yet", [page.has_images for page in pages]),
        ("with more text than is read of one page: the rest was left out", [page.text.cut for page in pages]),
    ):
        which = [number for number, flag in enumerate(flags, 1) if flag]
        if which:
            found.append(f"{'page' if len(which) == 1 else 'pages'} {_ranges(which)} {said}")
    return (*found, *_say_unreadable(pages))


def _say_unreadable(pages: Sequence[RawPage]) -> list[str]:
    """Say how much could not be read of each page; in one line for all where they are more than a few."""
    which = [(number, page) for number, page in enumerate(pages, 1) if page.text.unreadable]
    groups = [which] if len(which) > MAX_PAGES_NAMED else [[one] for one in which]
    return [
        f"{'page' if len(group) == 1 else 'pages'} {_ranges([number for number, _ in group])}: "
        f"{_unreadable([page for _, page in group]):,} of {sum(page.text.characters for _, page in group):,} "
        "characters could not be read"
        for group in groups
        if group
    ]


def _unreadable(pages: Sequence[RawPage]) -> int:
    return sum(page.text.unreadable for page in pages)


def _ranges(numbers: Sequence[int]) -> str:
    """Return '1-3, 7' for 1, 2, 3, 7; where that would be long, how many more there are."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    shown = ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in spans[:MAX_RANGES])
    more = sum(b - a + 1 for a, b in spans[MAX_RANGES:])
    return f"{shown} and {more:,} more" if more else shown
