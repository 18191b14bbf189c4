"""Tables of PDFs: each cell in its column, whatever is drawn, empty or merged, and overleaf; and no false ones."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence

import pytest
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table

from bench.made_tables import FAULT_SPANS, FAULTS, GROUPS, LONG, SPARSE, WORDY, filled, pdf_of
from ragqa.readers import read_bytes
from ragqa.types import Document
from tests.pdf_making import HELVETICA, make_pdf, stream

STYLES = getSampleStyleSheet()
DRAWN = ("grid", "inner", "lines", "booktabs", "zebra", "bare")


def rows(document: Document) -> list[list[str]]:
    """Return the cells of a document's table rows and headers, empty ones at the end left out, as they are stored."""
    found = [document.text[b.start : b.end] for b in document.blocks if b.kind in ("table_header", "table_row")]
    return [row.split(" | ") for row in found]


def stored(grid: Sequence[Sequence[str]]) -> list[list[str]]:
    return [" | ".join(row).rstrip(" |").split(" | ") for row in grid]


def drawn(draw: Callable[[Canvas], None]) -> Document:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    draw(canvas)
    canvas.save()
    return read_bytes(out.getvalue(), "drawn.pdf")


def table(cells: list[list[str]], *style: tuple[object, ...], width: float = 110) -> Document:
    """Return what is read of a page with one table of paragraphs."""
    out = io.BytesIO()
    body = [[Paragraph(text, STYLES["BodyText"]) for text in row] for row in cells]
    SimpleDocTemplate(out, pagesize=A4, invariant=1).build([Table(body, [width] * len(cells[0]), style=list(style))])
    return read_bytes(out.getvalue(), "table.pdf")


@pytest.mark.parametrize("rules", DRAWN)
def test_empty_cells_keep_their_columns(rules: str) -> None:
    assert rows(read_bytes(pdf_of(SPARSE, rules), "sparse.pdf")) == stored(SPARSE)


@pytest.mark.parametrize("rules", DRAWN)
def test_the_rows_of_a_group_say_what_its_first_cell_says(rules: str) -> None:
    document = read_bytes(pdf_of(FAULTS, rules, down=FAULT_SPANS), "faults.pdf")
    assert rows(document) == stored(filled(FAULTS, FAULT_SPANS))


@pytest.mark.parametrize("rules", DRAWN)
def test_the_lines_of_a_cell_are_one(rules: str) -> None:
    assert rows(read_bytes(pdf_of(WORDY, rules), "wordy.pdf")) == stored(WORDY)


@pytest.mark.parametrize("rules", DRAWN)
def test_a_title_over_all_columns_is_said_in_each_row_below_it(rules: str) -> None:
    document = read_bytes(pdf_of(GROUPS, rules, across=((1, 0, 2), (4, 0, 2))), "groups.pdf")
    assert rows(document)[1:3] == [["Motor: Power", "800", "W"], ["Motor: Speed", "1200", "1/min"]]
    assert rows(document)[3] == ["Bowl: Volume", "4.5", "l"]


@pytest.mark.parametrize("rules", DRAWN)
def test_a_table_over_pages_is_one_table(rules: str) -> None:
    document = read_bytes(pdf_of(LONG, rules), "long.pdf")
    assert len(document.pages) > 1
    assert rows(document) == stored(LONG)


def test_a_first_cell_that_is_drawn_and_empty_stays_empty() -> None:
    cells = [["Step", "Tool", "Torque"], ["Open it", "Key", "4 Nm"], ["", "Lever", "2 Nm"], ["Close it", "Key", "5 Nm"]]
    document = table(cells, ("GRID", (0, 0), (-1, -1), 0.5, colors.black))
    assert rows(document) == cells


def test_a_cell_that_spans_columns_stands_once_and_the_next_keeps_its_place() -> None:
    cells = [["Mode", "Time", "Heat", "Spin"], ["Wool", "see label", "", "400"], ["Silk", "20 min", "30 C", "600"]]
    document = table(cells, ("GRID", (0, 0), (-1, -1), 0.5, colors.black), ("SPAN", (1, 1), (2, 1)))
    assert rows(document)[1:] == cells[1:]


def test_rules_drawn_as_thin_fields_in_a_form_that_is_moved_are_rules_too() -> None:
    bars = "".join(f"0 {30 * y} 300 0.8 re f " for y in range(4)) + "".join(
        f"{100 * x} 0 0.8 90 re f " for x in range(4)
    )
    form = stream(bars, "/Type/XObject/Subtype/Form/BBox[0 0 301 91]/Matrix[1 0 0 1 20 0]")
    words = (("Fuse", "Size", "Use"), ("F1", "5 A", "Lamp"), ("F2", "", "Fan"))
    text = "".join(
        f"BT /F1 9 Tf {94 + 100 * x} {771 - 30 * y} Td ({word}) Tj ET "
        for y, row in enumerate(words)
        for x, word in enumerate(row)
        if word
    )
    data = make_pdf(
        f"q 1 0 0 1 70 700 cm /Rules Do Q {text}", xobjects="/Rules 6 0 R", fonts=(HELVETICA, form), second_font="5 0 R"
    )
    assert rows(read_bytes(data, "form.pdf")) == [list(row) for row in words]


def test_marks_of_narrow_columns_are_parted_where_a_rule_stands_between_them() -> None:
    cells = [["Task", "A", "B", "C"], ["Wipe the lid", "X", "", "X"], ["Rinse the bowl", "X", "X", "X"]]

    def draw(c: Canvas) -> None:
        c.setFont("Helvetica", 8)
        places = (60, 160, 172, 184, 196)
        for x in places:
            c.line(x, 700, x, 745)
        for y in range(4):
            c.line(60, 745 - 15 * y, 196, 745 - 15 * y)
        for y, row in enumerate(cells):
            for x, cell in zip(places, row, strict=False):
                c.drawString(x + 3, 734 - 15 * y, cell)

    assert rows(drawn(draw)) == cells


def test_notes_in_a_margin_are_no_table_and_stay_out_of_the_text() -> None:
    text = (
        "Take the filter out of its frame with both hands and hold it over",
        "the sink before you turn it. The water that is left in it runs out",
        "of the small hole at the back, and takes the dust that is loose",
        "with it. Then rinse the filter from the clean side until the water",
        "that comes out of it is clear, and let it dry for a whole day. The",
        "frame is wiped with a damp cloth and no other means, for those that",
        "smell of lemon make the plastic brittle within a few weeks of use.",
    )

    def draw(c: Canvas) -> None:
        c.setFont("Helvetica", 10)
        for number in range(14):
            c.drawString(60, 760 - 13 * number, text[number % 7])
        c.setFont("Helvetica", 7)
        for number, note in enumerate(("Important", "Never use a brush", "Warranty on page 9", "Wear gloves")):
            c.drawString(420, 757 - 9 * number, note)

    document = drawn(draw)
    assert rows(document) == []
    assert "before you turn it. The water that is left in it runs out of the small hole" in document.text
    assert "Important\nNever use a brush" in document.text.replace(" Never", "\nNever")


def test_a_page_full_of_drawing_takes_little_time_and_is_no_table() -> None:
    strokes = "".join(f"{at % 500} {at // 250} m {at % 500 + 9} {at // 250 + 7} l S " for at in range(60_000))
    words = "".join(f"BT /F1 9 Tf {60 + 150 * (n % 3)} {700 - 14 * (n // 3)} Td (word {n}) Tj ET " for n in range(30))
    data = make_pdf(strokes + words)
    started = time.process_time()
    read_bytes(data, "drawing.pdf")
    assert time.process_time() - started < 5


def test_a_grid_of_very_many_lines_takes_little_time() -> None:
    lines = "".join(f"0 {2 * at} m 595 {2 * at} l S {1.4 * at} 0 m {1.4 * at} 842 l S " for at in range(420))
    words = "".join(f"BT /F1 9 Tf {60 + 150 * (n % 3)} {700 - 14 * (n // 3)} Td (word {n}) Tj ET " for n in range(30))
    data = make_pdf([lines + words] * 5)
    started = time.process_time()
    read_bytes(data, "lines.pdf")
    assert time.process_time() - started < 5
