"""An open PDF as pdfium gives it: pages of segments, the outline, the printed labels. Judges nothing of the text.

pdfium is not safe for threads: whoever opens a PdfSource holds LOCK until it is closed.
"""

from __future__ import annotations

import ctypes
import re
import struct
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, cached_property
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium

from ragqa.errors import UnreadableFile
from ragqa.readers.encodings import normalise
from ragqa.readers.pdf import calls
from ragqa.readers.pdf.calls import NO_FONT, clean
from ragqa.readers.pdf.lines import PageText, Segment, read_text

Box = tuple[float, float, float, float]
"""Left, bottom, right, top."""

MAX_ANNOTATIONS = 5000
"""Of a page."""
MAX_LENGTH = 100_000
"""Characters of one field."""
MAX_OPTIONS = 1000

_UNSEEN = 2 | 32  # hidden, no view
_PASSWORD = 1 << 13
_TICKS = {True: "☑", False: "☐"}


class TypedText(NamedTuple):
    """A line of a field or of text typed over the page; ``size`` is 0 where the file leaves it open."""

    text: str
    box: Box
    size: float


class Annotations(NamedTuple):
    """What the annotations of a page show: text, and the places of text that is struck out."""

    typed: list[TypedText]
    struck: list[Box]


NO_ANNOTATIONS = Annotations([], [])


@contextmanager
def open_form(document: Any) -> Iterator[Any]:
    """Open a document's form, if it has one, until the block ends; gives pdfium's handle or None."""
    if pdfium.FPDF_GetFormType(document) <= pdfium.FORMTYPE_NONE:
        yield None
        return
    info = pdfium.FPDF_FORMFILLINFO(version=2, xfa_disabled=1)  # without callbacks: nothing of the form can act
    form = pdfium.FPDFDOC_InitFormFillEnvironment(document, info)
    try:
        yield form or None
    finally:
        if form:
            pdfium.FPDFDOC_ExitFormFillEnvironment(form)


def read_annotations(form: Any, page: Any) -> Annotations:
    """Return what is typed over a page and what is struck out on it, in the file's order."""
    found, address = Annotations([], []), ctypes.cast(page, ctypes.c_void_p).value
    for at in range(min(pdfium.FPDFPage_GetAnnotCount(page), MAX_ANNOTATIONS)):
        pointer = calls.annotation(address, at)
        if not pointer:
            continue
        kind = calls.annotation_kind(pointer)
        if kind in _READ:
            one = ctypes.cast(pointer, pdfium.FPDF_ANNOTATION)
            if not pdfium.FPDFAnnot_GetFlags(one) & _UNSEEN:
                _READ[kind](form, one, found)
        calls.close_annotation(pointer)
    return found


def _read_strike(_form: Any, one: Any, found: Annotations) -> None:
    quad = pdfium.FS_QUADPOINTSF()
    for at in range(min(pdfium.FPDFAnnot_CountAttachmentPoints(one), MAX_ANNOTATIONS)):
        if pdfium.FPDFAnnot_GetAttachmentPoints(one, at, quad):
            xs, ys = (quad.x1, quad.x2, quad.x3, quad.x4), (quad.y1, quad.y2, quad.y3, quad.y4)
            found.struck.append((min(xs), min(ys), max(xs), max(ys)))


def _read_free_text(_form: Any, one: Any, found: Annotations) -> None:
    text = _string(pdfium.FPDFAnnot_GetStringValue, one, b"Contents")
    if box := _box(one):
        found.typed.extend(_lines(text, box, 0.0))


def _read_widget(form: Any, one: Any, found: Annotations) -> None:
    box = _box(one)
    if not form or not box:
        return
    kind = pdfium.FPDFAnnot_GetFormFieldType(form, one)
    if kind in (pdfium.FPDF_FORMFIELD_CHECKBOX, pdfium.FPDF_FORMFIELD_RADIOBUTTON):
        shown = _string(pdfium.FPDFAnnot_GetStringValue, one, b"AS")  # what is drawn, whatever the field's value says
        on = shown != "Off" if shown else bool(pdfium.FPDFAnnot_IsChecked(form, one))
        found.typed.append(TypedText(_TICKS[on], box, 0.0))
        return
    if kind in (pdfium.FPDF_FORMFIELD_COMBOBOX, pdfium.FPDF_FORMFIELD_LISTBOX):
        text = _chosen(form, one) or _string(pdfium.FPDFAnnot_GetFormFieldValue, form, one)
    elif kind == pdfium.FPDF_FORMFIELD_TEXTFIELD and not pdfium.FPDFAnnot_GetFormFieldFlags(form, one) & _PASSWORD:
        text = _string(pdfium.FPDFAnnot_GetFormFieldValue, form, one)
    else:
        return
    size = ctypes.c_float()
    pdfium.FPDFAnnot_GetFontSize(form, one, size)
    found.typed.extend(_lines(text, box, size.value))


_READ = {
    pdfium.FPDF_ANNOT_STRIKEOUT: _read_strike,
    pdfium.FPDF_ANNOT_FREETEXT: _read_free_text,
    pdfium.FPDF_ANNOT_WIDGET: _read_widget,
}


def _chosen(form: Any, one: Any) -> str:
    """Return the labels of the options that are selected."""
    count = min(pdfium.FPDFAnnot_GetOptionCount(form, one), MAX_OPTIONS)
    chosen = [at for at in range(count) if pdfium.FPDFAnnot_IsOptionSelected(form, one, at)]
    return ", ".join(_string(pdfium.FPDFAnnot_GetOptionLabel, form, one, at) for at in chosen)


def _lines(text: str, box: Box, size: float) -> list[TypedText]:
    """Return the lines of a text, one below the other from the top of its box; one line stands in its middle."""
    lines = [line for line in map(str.strip, text.splitlines()) if line]
    left, bottom, right, top = box
    if len(lines) == 1 and not top - bottom > 3 * (size or 12):
        return [TypedText(lines[0], box, size)]
    step = min((top - bottom) / max(len(lines), 1), 1.15 * (size or 12))
    return [
        TypedText(line, (left, top - (at + 1) * step, right, top - at * step), size) for at, line in enumerate(lines)
    ]


def _box(one: Any) -> Box | None:
    rect = pdfium.FS_RECTF()
    if not pdfium.FPDFAnnot_GetRect(one, rect):
        return None
    left, right = sorted((rect.left, rect.right))
    bottom, top = sorted((rect.bottom, rect.top))
    return (left, bottom, right, top) if -1e6 < left < right < 1e6 and -1e6 < bottom < top < 1e6 else None


def _string(function: Any, *arguments: Any) -> str:
    """Return the text of a pdfium getter that fills a buffer of UTF-16 and ends it with a zero."""
    size = function(*arguments, None, 0)
    if not 2 < size < 1 << 20:
        return ""
    buffer = (ctypes.c_ushort * (size // 2 + 1))()
    function(*arguments, buffer, size)
    return normalise(bytes(buffer)[: size - 2].decode("utf-16-le", "replace"))[:MAX_LENGTH]


SIZE = 10.0
"""Points, where neither the field nor a label beside it says how large the type is."""


def add_typed(page: PageText, typed: Sequence[TypedText], quarters: int) -> PageText:
    """Return the page with a segment for each line typed over it, on the line of the label beside it if it has one.

    What the page itself prints in the same place, as after flattening, is not repeated. ``quarters`` is how often the
    page is turned clockwise to be read.
    """
    printed, known = page.segments, len(page.placed.first)
    line = max((segment.line for segment in printed), default=0)
    added: list[Segment] = []
    boxes: list[Box] = []
    for one in typed:
        text, box = clean(one.text), _turned(one.box, quarters) if page.turned else one.box
        inside = " ".join(s.text for s in printed if _within(s, box))
        if not text or text in inside:
            continue
        line += 1
        segment = _segment(text, box, one.size, _label(printed, box), line)
        added.append(segment._replace(number=known + len(added)))
        boxes.append(one.box)
    placed = page.placed.with_lines([segment.text for segment in added], boxes) if added else page.placed
    characters = page.characters + sum(len(segment.text) for segment in added)
    return page._replace(segments=[*printed, *added], characters=characters, placed=placed)


def _turned(box: Box, quarters: int) -> Box:
    """Return the box as it stands when the page is turned to be read."""
    left, bottom, right, top = box
    for _ in range(quarters % 4):
        left, bottom, right, top = bottom, -right, top, -left
    return left, bottom, right, top


def _within(segment: Segment, box: Box) -> bool:
    middle, centre = (segment.x0 + segment.x1) / 2, (segment.y0 + segment.y1) / 2
    return box[0] - 2 < middle < box[2] + 2 and box[1] - 2 < centre < box[3] + 2


def _label(printed: Sequence[Segment], box: Box) -> Segment | None:
    """Return the nearest segment left or right of a field's line whose middle lies level with it."""
    best, nearest = None, 300.0
    for segment in printed:
        centre = (segment.y0 + segment.y1) / 2
        away = max(box[0] - segment.x1, 1.5 * (segment.x0 - box[2]))  # rather the one before it
        if box[1] < centre < box[3] and -3 < away < nearest:
            best, nearest = segment, away
    return best


def _segment(text: str, box: Box, size: float, label: Segment | None, line: int) -> Segment:
    left, bottom, right, top = box
    if label:
        return Segment(text, left, label.y0, right, label.y1, label.size, label.line, NO_FONT, NO_FONT)
    size = size if 2 < size < 100 else min(SIZE, max(top - bottom, 2))
    base = (bottom + top) / 2 - size / 2
    return Segment(text, left, base, max(right, left + 1), base + size, size, line, NO_FONT, NO_FONT)


MAX_PACKED = 50_000_000
"""Bytes of packed objects that are looked through."""

_NAMES = re.compile(
    rb"/(?:(StrikeOut|FreeText|Widget)\b|(?:[A-Z]{6}\+)?(Wingdings|Webdings|Symbol|Zapf|ITCZapf|Monotype))"
)
_PACKED = re.compile(rb"/ObjStm\b")


class PdfFeatures(NamedTuple):
    """Whether a PDF may have anything typed or struck out over its pages, and letters that a symbol font shows."""

    marks: bool
    symbols: bool


def find_features(data: bytes) -> PdfFeatures:
    """Return what a PDF may hold; everything where its objects can't be looked through."""
    if b"/Encrypt" in data:
        return PdfFeatures(True, True)
    marks = symbols = False
    unpacked = 0
    for part in _parts(data):
        unpacked += len(part)
        if not part or unpacked > MAX_PACKED + len(data):
            return PdfFeatures(True, True)
        for match in _NAMES.finditer(part):
            marks, symbols = marks or bool(match[1]), symbols or bool(match[2])
            if marks and symbols:
                return PdfFeatures(True, True)
    return PdfFeatures(marks, symbols)


def _parts(data: bytes) -> Iterator[bytes]:
    """Yield the file and each of its packed streams of objects, empty where one can't be unpacked."""
    yield data
    for match in _PACKED.finditer(data):
        start = data.find(b"stream", match.end()) + 6
        start += 2 if data[start : start + 2] == b"\r\n" else 1
        try:
            yield zlib.decompressobj().decompress(data[start : data.find(b"endstream", start)], MAX_PACKED)
        except zlib.error:
            yield b""


_CJK = frozenset(
    (
        pdfium.FXFONT_SHIFTJIS_CHARSET,
        pdfium.FXFONT_HANGEUL_CHARSET,
        pdfium.FXFONT_GB2312_CHARSET,
        pdfium.FXFONT_CHINESEBIG5_CHARSET,
    )
)
_EM = 1000
_ASCENT, _DESCENT = 880, -120  # as in most CJK fonts: together the em
_CODES = ((0x20, 0xD7FF), (0xE000, 0xFFFD), (0x10000, 0x10FFFD))


def use_standin_font() -> None:
    """Let PDFium take the stand-in for every CJK font that a file does not carry, and no font of the machine.

    To be called after ``FPDF_InitLibrary`` and before a document is loaded; once or again, which costs nothing.
    """
    pdfium.FPDF_SetSystemFontInfo(_font_info())


@cache
def _font_info() -> Any:
    """Return the callbacks. PDFium keeps their address until the process ends, and so do we."""
    data = standin_font()
    buffer = ctypes.create_string_buffer(data, len(data))
    handle = ctypes.addressof(buffer)

    def map_font(_info: Any, _weight: int, _italic: int, charset: int, *_rest: Any) -> int | None:
        return handle if charset in _CJK else None

    def get_font_data(_info: Any, _font: int, table: int, target: Any, size: int) -> int:
        if table:  # asked first for the table of a font collection, which this is not
            return 0
        if target and size >= len(data):
            ctypes.memmove(target, buffer, len(data))
        return len(data)

    types = dict(pdfium.FPDF_SYSFONTINFO._fields_)
    info = pdfium.FPDF_SYSFONTINFO(version=1)  # what stays NULL, PDFium does not call
    info.MapFont = types["MapFont"](map_font)
    info.GetFontData = types["GetFontData"](get_font_data)
    return info


def standin_font() -> bytes:
    """Return a TrueType font of two glyphs, .notdef and a box; every code point of Unicode has the box."""
    box = struct.pack(">5h", 1, 50, -70, 950, 830)  # one contour, and its bounds
    box += struct.pack(">2H4B", 3, 0, 1, 1, 1, 1)  # its last point, no instructions, four points on the curve
    box += struct.pack(">8h", 50, 0, 900, 0, -70, 900, 0, -900)  # steps in x, then in y
    groups = b"".join(struct.pack(">3L", first, last, 1) for first, last in _CODES)
    many_to_one = struct.pack(">2H3L", 13, 0, 16 + len(groups), 0, len(_CODES)) + groups
    tables = {
        b"cmap": struct.pack(">4HL", 0, 1, 3, 10, 12) + many_to_one,  # one map, Windows's of all Unicode
        b"glyf": box,
        b"head": struct.pack(
            ">4L2H2Q4h2H3h", 0x10000, 0x10000, 0, 0x5F0F3CF5, 0, _EM, 0, 0, 50, -70, 950, 830, 0, 8, 2, 1, 0
        ),
        b"hhea": struct.pack(">L3hH3h3h4hhH", 0x10000, _ASCENT, _DESCENT, 0, _EM, 50, 50, 950, 1, 0, 0, *[0] * 5, 1),
        b"hmtx": struct.pack(">Hhh", _EM, 50, 50),
        b"loca": struct.pack(">3L", 0, 0, len(box)),  # .notdef is empty
        b"maxp": struct.pack(">L14H", 0x10000, 2, 4, 1, 0, 0, 1, *[0] * 8),
    }
    start = 12 + 16 * len(tables)
    directory, body = struct.pack(">L4H", 0x10000, len(tables), 64, 2, 48), b""
    for tag, table in tables.items():
        directory += tag + struct.pack(">3L", 0, start + len(body), len(table))  # no reader checks the sums
        body += table + b"\0" * (-len(table) % 4)
    return directory + body


LOCK = threading.Lock()

MAX_PAGES = 50_000
MAX_BOOKMARKS = 50_000

_PASSWORD_ERROR = 4
_SECURITY_ERROR = 5


class Bookmark(NamedTuple):
    """An entry of the outline. ``page`` counts from 0 and is None where it leads nowhere in this file."""

    title: str
    depth: int
    page: int | None
    y: float | None


class RawPage(NamedTuple):
    """What a page says, and its size in points."""

    text: PageText
    width: float
    height: float
    label: str | None
    has_images: bool
    broken: bool
    """Whether pdfium could not load it."""


class PdfSource:
    """A loaded PDF. Use ``open_pdf``, which closes it."""

    def __init__(self, handle: Any, form: Any, count: int, data: bytes) -> None:
        self.handle = handle
        self.form = form
        self.count = count
        self._data = data

    @cached_property
    def _holds(self) -> PdfFeatures:
        return find_features(self._data)

    def page(self, index: int) -> RawPage:
        label = self._label(index)
        page = pdfium.FPDF_LoadPage(self.handle, index)
        if not page:
            return RawPage(PageText([]), 612.0, 792.0, label, has_images=False, broken=True)
        try:
            width, height = pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page)
            text_page = pdfium.FPDFText_LoadPage(page)
            if not text_page:
                return RawPage(PageText([]), width, height, label, has_images=False, broken=True)
            try:
                over = read_annotations(self.form, page) if self._holds.marks else NO_ANNOTATIONS
                text = read_text(page, text_page, over.struck, self._holds.symbols)
                quarters = pdfium.FPDFPage_GetRotation(page)
                if over.typed:
                    text = add_typed(text, over.typed, quarters)
                placed = text.placed._replace(page_box=page_box(page), quarters=quarters)
                text = text._replace(placed=placed)
            finally:
                pdfium.FPDFText_ClosePage(text_page)
            has_images = not text.segments and _has_images(page)
            return RawPage(text, width, height, label, has_images, broken=False)
        finally:
            pdfium.FPDF_ClosePage(page)

    def title(self) -> str:
        """Return the title that the file's own metadata names, or ''."""
        size = pdfium.FPDF_GetMetaText(self.handle, b"Title", None, 0)
        return _utf16(pdfium.FPDF_GetMetaText, size, self.handle, b"Title")

    def bookmarks(self) -> list[Bookmark]:
        """Return the outline from top to bottom. Loops and absurd depths in a damaged one are cut off."""
        found: list[Bookmark] = []
        seen: set[int] = set()
        stack = [(pdfium.FPDFBookmark_GetFirstChild(self.handle, None), 0)]
        while stack and len(found) < MAX_BOOKMARKS:
            item, depth = stack.pop()
            address = ctypes.cast(item, ctypes.c_void_p).value
            if not address or address in seen:
                continue
            seen.add(address)
            stack.append((pdfium.FPDFBookmark_GetNextSibling(self.handle, item), depth))
            if depth < 32:
                stack.append((pdfium.FPDFBookmark_GetFirstChild(self.handle, item), depth + 1))
            size = pdfium.FPDFBookmark_GetTitle(item, None, 0)
            title = " ".join(_utf16(pdfium.FPDFBookmark_GetTitle, size, item).split())
            if title:
                found.append(Bookmark(title, depth, *self._destination(item)))
        return found

    def _destination(self, item: Any) -> tuple[int | None, float | None]:
        target = pdfium.FPDFBookmark_GetDest(self.handle, item)
        if not target:
            action = pdfium.FPDFBookmark_GetAction(item)
            if action and pdfium.FPDFAction_GetType(action) == pdfium.PDFACTION_GOTO:
                target = pdfium.FPDFAction_GetDest(self.handle, action)
        if not target:
            return None, None
        page = pdfium.FPDFDest_GetDestPageIndex(self.handle, target)
        if not 0 <= page < self.count:
            return None, None
        has_x, has_y, has_zoom = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
        x, y, zoom = ctypes.c_float(), ctypes.c_float(), ctypes.c_float()
        placed = pdfium.FPDFDest_GetLocationInPage(target, has_x, has_y, has_zoom, x, y, zoom)
        return page, float(y.value) if placed and has_y.value else None

    def _label(self, index: int) -> str | None:
        size = pdfium.FPDF_GetPageLabel(self.handle, index, None, 0)
        return _utf16(pdfium.FPDF_GetPageLabel, size, self.handle, index) or None


@contextmanager
def open_pdf(
    data: bytes, name: str, password: str | None, use_fonts: Callable[[], None] = use_standin_font
) -> Iterator[PdfSource]:
    """Load a PDF from memory, alone in pdfium until the block ends. Raises UnreadableFile.

    ``use_fonts`` says which fonts stand for those that the file does not carry.
    """
    secret = None if password is None else password.encode("utf-8")
    with LOCK:
        pdfium.FPDF_InitLibrary()
        use_fonts()
        handle = pdfium.FPDF_LoadMemDocument64(data, len(data), secret)
        if not handle:
            raise UnreadableFile(_why(name, data, pdfium.FPDF_GetLastError(), password))
        try:
            count = pdfium.FPDF_GetPageCount(handle)
            if count <= 0:
                raise UnreadableFile(f"{name} is a PDF without pages: it may be damaged; give a whole copy of it")
            with open_form(handle) as form:
                yield PdfSource(handle, form, min(count, MAX_PAGES), data)
        finally:
            pdfium.FPDF_CloseDocument(handle)


def _why(name: str, data: bytes, code: int, password: str | None) -> str:
    if code == _PASSWORD_ERROR:
        if password is None:
            return f"{name} is protected by a password: give it with --password"
        return f"{name} does not open with this password: give the right one with --password"
    if code == _SECURITY_ERROR:
        return f"{name} is encrypted in a way that is not read: give a copy without encryption"
    if b"%PDF-" not in data[:1024]:
        return f"{name} is not a PDF, or its beginning is lost: give a whole copy of it"
    return f"{name} is a damaged PDF (corrupt or cut off): give a whole copy of it"


def page_box(page: Any) -> Box:
    """Return the part of a page that is shown, as the file draws it."""
    rect = pdfium.FS_RECTF()
    if pdfium.FPDF_GetPageBoundingBox(page, rect):
        return rect.left, rect.bottom, rect.right, rect.top
    return 0.0, 0.0, pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page)


def _has_images(page: Any) -> bool:
    count = pdfium.FPDFPage_CountObjects(page)
    for at in range(min(count, 500)):
        kind = pdfium.FPDFPageObj_GetType(pdfium.FPDFPage_GetObject(page, at))
        if kind in (pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_FORM):
            return True
    return False


def _utf16(function: Any, size: int, *arguments: Any) -> str:
    """Return the text of a pdfium getter that fills a buffer of UTF-16 and ends it with a zero."""
    if not 2 < size < 1 << 20:
        return ""
    buffer = ctypes.create_string_buffer(size)
    function(*arguments, buffer, size)
    return normalise(buffer.raw[: size - 2].decode("utf-16-le", "replace")).strip()
