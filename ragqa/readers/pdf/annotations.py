"""What is laid over a page: the values of form fields, typed text, and what a reviewer has struck out.

A form's label without its value is no answer. Scripts of a form never run. Comments and pop-up notes are not the page's
own text, and what is hidden is not read. Knows nothing of lines.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium

from ragqa.readers.encodings import normalise
from ragqa.readers.pdf import calls
from ragqa.readers.pdf.calls import clean
from ragqa.readers.pdf.fonts import NO_FONT
from ragqa.readers.pdf.lines import PageText, Segment

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


class Typed(NamedTuple):
    """A line of a field or of text typed over the page; ``size`` is 0 where the file leaves it open."""

    text: str
    box: Box
    size: float


class Annotations(NamedTuple):
    """What the annotations of a page show: text, and the places of text that is struck out."""

    typed: list[Typed]
    struck: list[Box]


NO_ANNOTATIONS = Annotations([], [])


@contextmanager
def form_of(document: Any) -> Iterator[Any]:
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
        found.typed.append(Typed(_TICKS[on], box, 0.0))
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


def _lines(text: str, box: Box, size: float) -> list[Typed]:
    """Return the lines of a text, one below the other from the top of its box; one line stands in its middle."""
    lines = [line for line in map(str.strip, text.splitlines()) if line]
    left, bottom, right, top = box
    if len(lines) == 1 and not top - bottom > 3 * (size or 12):
        return [Typed(lines[0], box, size)]
    step = min((top - bottom) / max(len(lines), 1), 1.15 * (size or 12))
    return [Typed(line, (left, top - (at + 1) * step, right, top - at * step), size) for at, line in enumerate(lines)]


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


def add_typed(page: PageText, typed: Sequence[Typed], quarters: int) -> PageText:
    """Return the page with a segment for each line typed over it, on the line of the label beside it if it has one.

    What the page itself prints in the same place, as after flattening, is not repeated. ``quarters`` is how often the
    page is turned clockwise to be read.
    """
    printed = page.segments
    line = max((segment.line for segment in printed), default=0)
    added: list[Segment] = []
    for one in typed:
        text, box = clean(one.text), _turned(one.box, quarters) if page.turned else one.box
        inside = " ".join(s.text for s in printed if _within(s, box))
        if not text or text in inside:
            continue
        line += 1
        added.append(_segment(text, box, one.size, _label(printed, box), line))
    characters = page.characters + sum(len(segment.text) for segment in added)
    return page._replace(segments=[*printed, *added], characters=characters)


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
