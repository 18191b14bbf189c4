"""Each character of a PDF's text knows where it stands on its page: drawn at a known place, found there again."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from ragqa.layout import Layout
from ragqa.readers import read_bytes
from ragqa.types import Box, Document
from tests.pdf_making import make_pdf

WIDTH, HEIGHT = A4
SIZE = 11.0
PROSE = "The pump draws water from the lower tank and lifts it to the roof where it waits for the evening."
Draw = Callable[[Canvas], None]


def read(*pages: Draw, data: bytes = b"") -> tuple[Document, Layout]:
    if not data:
        out = io.BytesIO()
        canvas = Canvas(out, pagesize=A4)
        for draw in pages:
            canvas.setFont("Helvetica", SIZE)
            draw(canvas)
            canvas.showPage()
        canvas.save()
        data = out.getvalue()
    document = read_bytes(data, "manual.pdf")
    return document, Layout.unpack(document.layout, len(document.text), len(document.pages))


def boxes_of(document: Document, layout: Layout, quote: str, which: int = 0) -> tuple[Box, ...]:
    at = -1
    for _ in range(which + 1):
        at = document.text.index(quote, at + 1)
    return layout.boxes(document.text, at, at + len(quote))


def drawn(x: float, y: float, text: str, page: int = 1, font: str = "Helvetica", size: float = SIZE) -> Box:
    """Where text drawn at a baseline stands, from the top left: from a little below it to the height of a letter."""
    return Box(page, x, HEIGHT - y - 0.75 * size, x + pdfmetrics.stringWidth(text, font, size), HEIGHT - y)


def covers(box: Box, place: Box) -> bool:
    """Whether a box holds a place, and reaches no further than a line does."""
    sides = abs(box.left - place.left) < 1.5 and abs(box.right - place.right) < 1.5
    return box.page == place.page and sides and -5 < box.top - place.top < 1 and -1 < box.bottom - place.bottom < 5


def test_a_sentence_said_twice_has_two_places() -> None:
    def draw(canvas: Canvas) -> None:
        for y in (700, 500):
            canvas.drawString(72, y, "Press the red button.")
            canvas.drawString(72, y - 60, f"This is what stands below {y}, in a paragraph of its own.")

    document, layout = read(draw, draw)
    for which, (page, y) in enumerate([(1, 700), (1, 500), (2, 700), (2, 500)]):
        (box,) = boxes_of(document, layout, "Press the red button.", which)
        assert covers(box, drawn(72, y, "Press the red button.", page))


def test_a_part_of_a_line_and_a_quote_of_several_lines_have_a_box_a_line() -> None:
    lines = ["Clean the filter of the pump every month with warm", "water. Never use a solvent, and let the filter dry"]
    document, layout = read(lambda c: [c.drawString(72, 700 - 14 * at, line) for at, line in enumerate(lines)] and None)
    one, other = boxes_of(document, layout, "every month with warm water.")
    before = pdfmetrics.stringWidth("Clean the filter of the pump ", "Helvetica", SIZE)
    assert covers(one, drawn(72 + before, 700, "every month with warm"))
    assert covers(other, drawn(72, 686, "water."))


def test_columns_tables_and_broken_words_keep_their_places() -> None:
    left = [f"Left {at}: {PROSE[at : at + 34].strip()}" for at in range(9)]
    right = [f"Right {at}: {PROSE[at + 20 : at + 54].strip()}" for at in range(9)]

    def columns(canvas: Canvas) -> None:
        for at in range(9):
            canvas.drawString(60, 740 - 14 * at, left[at])
            canvas.drawString(320, 740 - 14 * at, right[at])
        canvas.drawString(60, 560, "The valve of the lower tank is opened by the inter-")
        canvas.drawString(60, 546, "locking device, and by nothing else on this machine.")

    cells = [["Code", "Meaning", "Value"], ["E1", "Too hot", "10"], ["E2", "Too cold", "10"], ["E3", "Too wet", "10"]]

    def table(canvas: Canvas) -> None:
        for row, said in enumerate(cells):
            for column, text in enumerate(said):
                canvas.drawString(80 + 150 * column, 700 - 20 * row, text)
        for row in range(5):
            canvas.line(70, 714 - 20 * row, 500, 714 - 20 * row)
        for x in (70, 220, 370, 500):
            canvas.line(x, 714, x, 634)

    document, layout = read(columns, table)
    for at in range(9):
        assert covers(boxes_of(document, layout, left[at])[0], drawn(60, 740 - 14 * at, left[at]))
        assert covers(boxes_of(document, layout, right[at])[0], drawn(320, 740 - 14 * at, right[at]))
    begins, ends = boxes_of(document, layout, "interlocking")
    shift = pdfmetrics.stringWidth("The valve of the lower tank is opened by the ", "Helvetica", SIZE)
    assert covers(begins, drawn(60 + shift, 560, "inter-")) and covers(ends, drawn(60, 546, "locking"))
    row = boxes_of(document, layout, "E2 | Too cold | 10")
    places = zip(row, [(80, "E2"), (230, "Too cold"), (380, "10")], strict=True)
    assert all(covers(box, drawn(x, 660, text, 2)) for box, (x, text) in places)


@pytest.mark.parametrize("quarters", range(4))
def test_boxes_are_those_of_the_page_as_it_is_shown(quarters: int) -> None:
    """A4, turned clockwise, and shown without its outermost 50 points on the left and 40 below."""
    quote = "Line 3 of the page says what the pump is for."
    lines = [f"BT /F1 11 Tf 1 0 0 1 100 {700 - 14 * at} Tm ({quote.replace('3', str(at))}) Tj ET" for at in range(12)]
    turned = f">>/Rotate {90 * quarters}/CropBox[50 40 595 842]/Nothing<<"
    document, layout = read(data=make_pdf("\n".join(lines), resources=turned))
    wide, high = 545.0, 802.0
    assert layout.size(1) == pytest.approx((wide, high) if quarters % 2 == 0 else (high, wide), abs=0.1)
    (box,) = boxes_of(document, layout, quote)
    right = 50 + pdfmetrics.stringWidth(quote, "Helvetica", 11)
    left, top, right, bottom = 50.0, 842 - 658 - 8.0, right, 842.0 - 658
    for _ in range(quarters):
        left, top, right, bottom, high, wide = high - bottom, left, high - top, right, wide, high
    assert box.left - 1.5 <= left and right <= box.right + 1.5 and box.top - 1.5 <= top and bottom <= box.bottom + 1.5
    assert (box.right - box.left) * (box.bottom - box.top) < 2.5 * (right - left) * (bottom - top)


def test_a_part_of_a_chinese_line_is_lit_and_no_more() -> None:
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))

    def draw(canvas: Canvas) -> None:
        canvas.setFont("STSong-Light", 12)
        canvas.drawString(72, 700, "每月用温水清洗滤网一次。不得使用溶剂，晾干后再装回。")

    document, layout = read(draw)
    (box,) = boxes_of(document, layout, "不得使用溶剂")
    assert (box.left, box.right) == pytest.approx((72 + 12 * 12, 72 + 18 * 12), abs=1)


def test_text_set_upwards_in_the_margin_stands_where_it_is_drawn() -> None:
    def draw(canvas: Canvas) -> None:
        for at in range(8):
            canvas.drawString(100, 700 - 14 * at, f"{at} {PROSE}"[:70])
        canvas.saveState()
        canvas.translate(40, 300)
        canvas.rotate(90)
        canvas.drawString(0, 0, "Keep this manual near the pump")
        canvas.restoreState()

    document, layout = read(draw)
    (box,) = boxes_of(document, layout, "Keep this manual near the pump")
    length = pdfmetrics.stringWidth("Keep this manual near the pump", "Helvetica", SIZE)
    assert 25 < box.left < 33 and 38 < box.right < 46
    assert (box.top, box.bottom) == pytest.approx((HEIGHT - 300 - length, HEIGHT - 300), abs=1.5)
    (part,) = boxes_of(document, layout, "near the pump")
    assert part.top == pytest.approx(box.top, abs=0.1) and part.bottom < box.bottom - 60


def test_every_character_of_the_sample_manuals_but_the_bars_of_tables_has_a_place(sample: Document) -> None:
    layout = Layout.unpack(sample.layout, len(sample.text), len(sample.pages))
    held = bytearray(len(sample.text))
    for start, end in layout.spans.tolist():
        held[start:end] = b"\1" * (end - start)
    without = {char for char, there in zip(sample.text, held, strict=True) if not there}
    assert without <= set(" \n|-:")
    for page, number in zip(layout.pages.tolist(), map(sample.page_at, layout.spans[:, 0].tolist()), strict=True):
        assert page == number


@pytest.fixture(scope="module")
def sample() -> Document:
    from tests.conftest import ENGLISH, MANUALS

    return read_bytes((MANUALS / ENGLISH).read_bytes(), ENGLISH)


def test_a_layout_comes_back_as_it_was_packed_and_is_small(sample: Document) -> None:
    layout = Layout.unpack(sample.layout, len(sample.text), len(sample.pages))
    assert layout.pack() == sample.layout and len(sample.layout) < len(sample.text.encode())
    for length, pages in ((layout.spans.max() - 1, len(sample.pages)), (len(sample.text), len(sample.pages) - 1)):
        with pytest.raises(ValueError, match=r"fit|of its text"):
            Layout.unpack(sample.layout, int(length), pages)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_bytes_make_a_layout_that_does_not_fit_its_text(data: st.DataObject) -> None:
    packed = bytearray(_small())
    for at in data.draw(st.lists(st.integers(0, len(packed) - 1), min_size=1, max_size=4)):
        packed[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(packed)))
    try:
        layout = Layout.unpack(bytes(packed[:cut] if cut % 2 else packed), 200, 1)
    except ValueError:
        return
    assert all(0 <= start < end <= 200 for start, end in layout.spans.tolist())
    assert set(layout.pages.tolist()) <= {1}
    layout.boxes("x" * 200, 0, 200)


_made: list[bytes] = []


def _small() -> bytes:
    if not _made:
        _made.append(read(lambda c: c.drawString(72, 700, PROSE))[0].layout)
    return _made[0]
