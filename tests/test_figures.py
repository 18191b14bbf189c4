"""Figures of a PDF's pages: where they stand, which belong to a stretch of text, and what is none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ragqa.engine import Library
from ragqa.errors import LibraryError, UnreadableFile
from ragqa.pages.figures import select_figures
from ragqa.readers.guard import Guard, figures_from
from ragqa.types import Box
from tests.pdf_making import make_pdf, stream
from tests.server_making import CURVES, DRAWING, PICTURE, kettle_pdf
from tests.test_pages import pixels_of

Edges = tuple[float, float, float, float]


@pytest.fixture(scope="module")
def guard() -> Iterator[Guard]:
    with Guard([".pdf"]) as opened:
        yield opened


def figures(guard: Guard, data: bytes, page: int = 1) -> list[Edges]:
    return list(guard.figures(str(hash(data)), lambda: data, "manual.pdf", page, None))


def alike(found: list[Edges], *expected: Edges) -> bool:
    return len(found) == len(expected) and all(
        one == pytest.approx(other, abs=2) for one, other in zip(found, expected, strict=True)
    )


def test_pictures_and_drawings_are_found_and_no_logo_table_or_box(guard: Guard) -> None:
    assert alike(figures(guard, kettle_pdf(), 1), PICTURE)
    assert alike(figures(guard, kettle_pdf(), 2), DRAWING)
    assert figures(guard, kettle_pdf(), 3) == []
    with pytest.raises(UnreadableFile, match="has pages 1 to 3; page 4 was asked for"):
        figures(guard, kettle_pdf(), 4)


@pytest.mark.parametrize("quarters", range(4))
def test_figures_stand_on_the_page_as_it_is_shown(guard: Guard, quarters: int) -> None:
    """A4, turned clockwise, and shown without its outermost 50 points on the left and 40 below."""
    turned = f">>/Rotate {90 * quarters}/CropBox[50 40 595 842]/Nothing<<"
    left, top, right, bottom, wide, high = PICTURE[0] - 50, PICTURE[1], PICTURE[2] - 50, PICTURE[3], 545.0, 802.0
    for _ in range(quarters):
        left, top, right, bottom, high, wide = high - bottom, left, high - top, right, wide, high
    data = make_pdf("q 120 0 0 80 60 540 cm /Image Do Q\n", resources=turned)
    assert alike(figures(guard, data), (left, top, right, bottom))


def test_what_is_clipped_away_or_lies_in_forms_counts_as_it_is_seen(guard: Guard) -> None:
    clipped = "q 100 500 100 60 re W n 400 0 0 600 50 150 cm /Image Do Q\n"
    assert alike(figures(guard, make_pdf(clipped)), (100, 842 - 560, 200, 842 - 500))
    form = stream(
        "120 0 0 80 10 20 cm /Image Do",
        "/Type/XObject/Subtype/Form/BBox[0 0 600 900]/Matrix[1 0 0 1 5 5]/Resources<</XObject<</Image 3 0 R>>>>",
    )
    nested = make_pdf(
        "q 2 0 0 2 100 300 cm /Form Do Q",
        fonts=["<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>", form],
        second_font="5 0 R",
        xobjects="/Form 6 0 R",
    )
    left, low = 100 + 2 * 15, 300 + 2 * 25
    assert alike(figures(guard, nested), (left, 842 - low - 160, left + 240, 842 - low))


def test_a_scan_white_paths_and_small_marks_are_no_figures(guard: Guard) -> None:
    white = f"1 1 1 rg 1 1 1 RG {CURVES.replace(' S', ' f')}"
    for content in ("q 595 0 0 842 0 0 cm /Image Do Q", white, "q 30 0 0 30 60 540 cm /Image Do Q"):
        assert figures(guard, make_pdf(content)) == [], content


def test_too_many_paths_end_in_time_and_hidden_ones_in_nothing(guard: Guard) -> None:
    many = "".join(f"{x % 500} {x % 700} m {x % 490 + 20} {x % 650 + 30} {x % 333} 40 5 9 c S\n" for x in range(60_000))
    assert len(figures(guard, make_pdf(many))) <= 30
    assert figures(guard, make_pdf("q 0 0 0 0 re W n 400 0 0 600 50 150 cm /Image Do Q\n")) == []


def test_what_comes_of_the_process_is_checked() -> None:
    assert figures_from([[0, 1.5, 2, 3]]) == ((0, 1.5, 2, 3),)
    for wrong in (
        None,
        {},
        [[1, 2, 3]],
        [[1, 2, "3", 4]],
        [[float("nan"), 0, 1, 1]],
        [[5, 0, 1, 1]],
        [[0, 0, 1, 1e9]],
        [[0, 0, 1, 1]] * 1000,
        [[True, 0, 1, 1]],
    ):
        with pytest.raises(ValueError, match="expected"):
            figures_from(wrong)


@pytest.fixture
def kettle(home: object) -> Iterator[Library]:
    with Library.open(create=True) as library:
        library.ingest_bytes(kettle_pdf(), "kettle.pdf")
        yield library


def test_a_stretch_of_text_has_the_figures_between_and_beside_its_lines(kettle: Library) -> None:
    text = kettle.show("kettle.pdf").text

    def of(first: str, last: str) -> list[tuple[int, Edges]]:
        start, end = text.index(first), text.index(last) + len(last)
        return [(box.page, box.edges) for box in kettle.figures("kettle.pdf", start, end)]

    assert of("1. Fill", "rinse the kettle twice.") == [(1, pytest.approx(PICTURE, abs=2))]
    assert of("2. Let it boil", "for an hour.") == [(1, pytest.approx(PICTURE, abs=2))], "directly below"
    assert of("1. Press", "take it off.") == [(2, pytest.approx(DRAWING, abs=2))]
    assert of("1. Fill", "citric acid to descale it.") == [], "another step stands between"
    assert of("Store the kettle", "lid open.") == []
    assert of("Setting 0", "may scald.") == []
    with pytest.raises(LibraryError, match="characters; those from"):
        kettle.figures("kettle.pdf", 0, 10**9)


def test_a_figure_is_cut_out_of_its_page(kettle: Library) -> None:
    whole = pixels_of(kettle.page_image("kettle.pdf", 1, dpi=72))
    part = pixels_of(kettle.page_image("kettle.pdf", 1, dpi=72, crop=Box(1, *PICTURE)))
    left, top, right, bottom = map(round, PICTURE)
    assert (part == whole[top:bottom, left:right]).all() and part.shape == (80, 120, 3) and (part == 127).all()


def test_of_two_columns_a_figure_belongs_to_the_text_of_its_own() -> None:
    figure = Box(1, 320, 200, 500, 300)
    left = [Box(1, 60, 200 + 14 * at, 290, 212 + 14 * at) for at in range(8)]
    right = [Box(1, 320, 150 + 14 * at, 500, 162 + 14 * at) for at in range(3)]
    heading = Box(1, 60, 180, 500, 196)
    assert select_figures([figure], left, [heading]) == [figure], "beside the steps below a heading over both"
    assert select_figures([figure], left, [heading, *right]) == []
    assert select_figures([figure], right[-1:], left) == [figure]


def test_a_caption_leads_to_the_figure_that_the_text_names(home: object) -> None:
    lines = [
        (700, "The valve sits behind the cover, see Figure 2."),
        (640, "The cover is held by a screw of its own."),
        (370, "Figure 2 The valve behind the cover, seen from the left"),
        (100, "Keep the cover closed at all times."),
    ]
    text = "".join(f"BT /F1 11 Tf 1 0 0 1 60 {y} Tm ({line}) Tj ET\n" for y, line in lines)
    with Library.open(create=True) as library:
        library.ingest_bytes(make_pdf(text + "q 200 0 0 180 60 390 cm /Image Do Q"), "valve.pdf")
        said = library.show("valve.pdf").text
        start = said.index("The valve sits")
        (box,) = library.figures("valve.pdf", start, start + len(lines[0][1]))
        assert box.edges == pytest.approx((60, 842 - 570, 260, 842 - 390), abs=2)
