"""The pages of a library's PDFs as people see them: pictures, figures, and the boxes of what is quoted from them.

Draws nothing itself: a guarded process does (``readers.guard``), for a PDF is not to be trusted. What was drawn is kept
in memory, the last pictures first. Safe for any number of threads.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ragqa.document_names import find_document, unknown_page
from ragqa.errors import LibraryError, UnreadableFile
from ragqa.types import PDF, Box, Citation

if TYPE_CHECKING:
    from ragqa.layout import Layout
    from ragqa.pages.cited import CitedPage
    from ragqa.readers.guard import Guard
    from ragqa.store import Store, StoredDocument

__all__ = ["DPI", "Box", "Original", "Pages"]

DPI = 100
"""Pixels an inch where none are asked for: a page of A4 is 827 by 1169."""
LEAST_DPI, MOST_DPI = 20, 400

KEPT_PICTURES = 64_000_000
"""Bytes of pictures in memory, some hundreds of pages."""
KEPT_DOCUMENTS = 8
"""Documents whose words' places are in memory."""
KEPT_FIGURES = 2000
"""Pages whose figures' places are in memory."""
MOST_FIGURES, MOST_FIGURE_PAGES = 6, 4
"""Of a stretch of text, and the pages of it that are looked at."""


@dataclass(frozen=True, slots=True)
class Original:
    """The file that a document was read from, byte for byte."""

    name: str
    media_type: str
    data: bytes


_Edges = tuple[float, float, float, float]
_Drawn = tuple[str, int, int, tuple[_Edges, ...], _Edges | None]


class Pages:
    """The pages of one library. ``close`` it to end the process that draws."""

    def __init__(self, store: Store, notice: Callable[[str], None]) -> None:
        self._store = store
        self._notice = notice
        self._lock = threading.Lock()
        self._guard: Guard | None = None
        self._pictures: OrderedDict[_Drawn, bytes] = OrderedDict()
        self._held = 0
        self._places: OrderedDict[StoredDocument, tuple[Layout, str]] = OrderedDict()
        self._figures: OrderedDict[tuple[str, int], tuple[Box, ...]] = OrderedDict()
        self._said: set[str] = set()

    def close(self) -> None:
        """End the process that draws, if it was started."""
        with self._lock:
            if self._guard:
                self._guard.close()
            self._guard = None

    def original(self, name: str) -> Original:
        """Return the file of a document. Raises LibraryError where it is not kept."""
        stored = self._stored(name)
        return Original(stored.name, stored.media_type, self._data(stored))

    def size(self, name: str, page: int) -> tuple[float, float]:
        """Return width and height of a page, from 1, as it is shown, in points.

        Raises LibraryError where there is no such page, and where the document was read before sizes were noted.
        """
        stored = self._with_page(name, page)
        places = self._layout(stored)
        size = places[0].size(page) if places else None
        if size is None:
            raise LibraryError(self._read_before(stored))
        return size

    def boxes(self, name: str, start: int, end: int) -> tuple[Box, ...]:
        """Return where the characters from ``start`` to ``end`` of a document's text stand: a box a line and run.

        Nothing where the document has no pages; and where it was read before places were noted, which is said once.
        Raises LibraryError where there is no such document, or the span is not within its text.
        """
        stored = self._stored(name)
        if stored.media_type != PDF:
            return ()
        places = self._layout(stored)
        if places is None:
            if stored.name not in self._said:
                self._said.add(stored.name)
                self._notice(self._read_before(stored))
            return ()
        layout, text = places
        if not 0 <= start <= end <= len(text):
            raise LibraryError(
                f"{stored.name} has {len(text):,} characters; those from {start:,} to {end:,} were asked for"
            )
        return layout.boxes(text, start, end)

    def figures(self, name: str, start: int, end: int) -> tuple[Box, ...]:
        """Return the figures that belong to the characters from ``start`` to ``end`` of a document's text.

        Those between or beside its lines, directly above or below them, or under whose caption the number stands that
        the text names, page by page; at most ``MOST_FIGURES``. Raises as ``boxes`` does, and LibraryError where the
        document's file is not kept or can't be read.
        """
        from ragqa.pages.figures import LABEL, captioned, select_figures

        stored, cited = self._stored(name), self.boxes(name, start, end)
        places = self._layout(stored) if cited else None
        if not places:
            return ()
        layout, text = places
        named = {match[1] for match in LABEL.finditer(text, start, end)}
        found: list[Box] = []
        for page in list(dict.fromkeys(box.page for box in cited))[:MOST_FIGURE_PAGES]:
            figures = self._figures_on(stored, page)
            if not figures:
                continue
            first, last = layout.span(page)
            parts = ((first, min(start, last)), (max(end, first), last))
            others = [box for part in parts for box in layout.boxes(text, *part) if box.page == page]
            chosen = select_figures(figures, [box for box in cited if box.page == page], others)
            for match in LABEL.finditer(text, first, last) if named else ():
                if match[1] in named and (match.start() == first or text[match.start() - 1] == "\n"):
                    line = layout.boxes(text, *match.span())[:1]
                    chosen += [one for caption in line if (one := captioned(figures, caption))]
            found += dict.fromkeys(chosen)
        return tuple(found[:MOST_FIGURES])

    def _figures_on(self, stored: StoredDocument, page: int) -> tuple[Box, ...]:
        """Return the figures of a page, from 1, from the top."""
        key = (stored.sha256, page)
        with self._lock:
            if (held := self._figures.get(key)) is not None:
                return held
        try:
            edges = self._drawer().figures(stored.sha256, lambda: self._data(stored), stored.name, page, None)
        except UnreadableFile as error:
            raise LibraryError(str(error)) from None
        width, height = self.size(stored.name, page)
        cut = [(max(left, 0.0), max(top, 0.0), min(right, width), min(low, height)) for left, top, right, low in edges]
        found = tuple(Box(page, *one) for one in cut if one[0] < one[2] and one[1] < one[3])
        with self._lock:
            self._figures[key] = found
            while len(self._figures) > KEPT_FIGURES:
                self._figures.popitem(last=False)
        return found

    def image(
        self,
        name: str,
        page: int,
        *,
        dpi: int = DPI,
        highlight: Sequence[Box] = (),
        crop: Box | None = None,
        password: str | None = None,
    ) -> bytes:
        """Return the picture of a page, from 1, or of what of it lies in ``crop``, as PNG, with those of the boxes lit
        that stand on it.

        A page that would be larger than ``readers.pdf.drawing`` draws comes in fewer ``dpi``. Raises LibraryError where
        there is no such page, no PDF, or its file is not kept or can't be drawn.
        """
        from ragqa.readers.guard import PageToDraw

        stored = self._with_page(name, page)
        if not LEAST_DPI <= dpi <= MOST_DPI:
            raise LibraryError(f"expected {LEAST_DPI} to {MOST_DPI} pixels an inch for a picture; got {dpi}")
        lit = tuple(dict.fromkeys(box.edges for box in highlight if box.page == page))
        drawn = PageToDraw(page, dpi, lit, crop.edges if crop else None)
        key = (stored.sha256, *drawn)
        with self._lock:
            if picture := self._pictures.get(key):
                self._pictures.move_to_end(key)
                return picture
        try:
            found = self._drawer().draw(stored.sha256, lambda: self._data(stored), stored.name, drawn, password)
        except UnreadableFile as error:
            raise LibraryError(str(error)) from None
        if found.lacks_fonts and stored.sha256 not in self._said:
            self._said.add(stored.sha256)
            self._notice(
                f"{stored.name} names fonts for Chinese, Japanese or Korean that neither it nor this machine has, so "
                "its pages show boxes or nothing for them: pip install 'ragqa[cjk]'"
            )
        self._keep(key, found.png)
        return found.png

    def cited(self, citations: Sequence[Citation], dpi: int = DPI) -> tuple[CitedPage, ...]:
        """Return the pages on which the quotes of citations stand, in their order, with all of their quotes lit.

        What can't be shown, as a page of a document whose file is not kept, is said and left out.
        """
        from ragqa.pages.cited import CitedPage

        lit: dict[tuple[str, int], list[Box]] = {}
        markers: dict[tuple[str, int], list[int]] = {}
        for one in citations:
            try:
                boxes = self.boxes(one.document, one.start, one.end)
            except LibraryError as error:
                self._notice(str(error))
                continue
            for page in dict.fromkeys(box.page for box in boxes) or ([one.page] if one.page else ()):
                lit.setdefault((one.document, page), []).extend(boxes)
                markers.setdefault((one.document, page), []).append(one.marker)
        found, failed = [], set()
        for (document, page), boxes_lit in lit.items():
            try:
                picture = self.image(document, page, dpi=dpi, highlight=boxes_lit)
                found.append(CitedPage(document, page, tuple(markers[document, page]), picture))
            except LibraryError as error:
                if document not in failed:
                    self._notice(str(error))
                failed.add(document)
        return tuple(found)

    def _keep(self, key: _Drawn, picture: bytes) -> None:
        with self._lock:
            self._held += len(picture) - len(self._pictures.pop(key, b""))
            self._pictures[key] = picture
            while self._held > KEPT_PICTURES:
                self._held -= len(self._pictures.popitem(last=False)[1])

    def _drawer(self) -> Guard:
        from ragqa.readers.guard import Guard

        with self._lock:
            if self._guard is None:
                self._guard = Guard([".pdf"])
            return self._guard

    def _stored(self, name: str) -> StoredDocument:
        stored = self._store.stored(find_document(self._store, name))
        if stored is None:
            raise LibraryError(f"{name} was removed just now: see 'ragqa list'")
        return stored

    def _with_page(self, name: str, page: int) -> StoredDocument:
        stored = self._stored(name)
        if stored.media_type != PDF:
            raise LibraryError(f"{stored.name} is no PDF but {stored.media_type}: only the pages of PDFs can be shown")
        if not 1 <= page <= stored.pages:
            raise unknown_page(stored.name, stored.pages, page)
        return stored

    def _data(self, stored: StoredDocument) -> bytes:
        data = self._store.original(stored.name)
        if data is None:
            raise LibraryError(
                f"the file of {stored.name} is not kept in library '{self._store.folder.name}': run 'ragqa ingest' on "
                "it again, without --no-originals"
            )
        return data

    def _layout(self, stored: StoredDocument) -> tuple[Layout, str] | None:
        """Return where the words of a document stand, and its text; None where that was not noted."""
        from ragqa.layout import Layout

        with self._lock:
            if held := self._places.get(stored):
                self._places.move_to_end(stored)
                return held
        packed = self._store.layout(stored.name)
        if packed is None:
            return None
        text = self._store.document(stored.name).text
        try:
            layout = Layout.unpack(packed, len(text), stored.pages)
        except ValueError:  # it was replaced between the two reads, or somebody else's library holds it
            raise LibraryError(self._read_before(stored)) from None
        with self._lock:
            self._places[stored] = layout, text
            while len(self._places) > KEPT_DOCUMENTS:
                self._places.popitem(last=False)
        return layout, text

    def _read_before(self, stored: StoredDocument) -> str:
        return (
            f"where the words of {stored.name} stand on its pages is not known, so nothing is lit: run 'ragqa ingest' "
            "on it again"
        )
