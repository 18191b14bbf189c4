"""Characters that can't be read are told by page, never passed over, and never guessed."""

from __future__ import annotations

import pytest

from ragqa.errors import UnreadableFile
from ragqa.readers import read_bytes
from tests.pdf_making import HELVETICA, make_pdf, stream

GOOD = "Open valve V3 for thirty seconds to bleed the pump"


def mapped_font(entries: str) -> list[str]:
    """Return Helvetica with a ToUnicode map of ``entries``, and a plain one as /F2."""
    cmap = f"begincmap 1 begincodespacerange <00> <FF> endcodespacerange {entries} endcmap"
    return [f"{HELVETICA[:-2]}/ToUnicode 6 0 R>>", stream(cmap), HELVETICA]


def glyph_numbers() -> list[str]:
    """Return a font of which nothing says what its codes, the numbers of glyphs, stand for."""
    return [
        "<</Type/Font/Subtype/Type0/BaseFont/Arial/Encoding/Identity-H/DescendantFonts[6 0 R]>>",
        "<</Type/Font/Subtype/CIDFontType2/BaseFont/Arial/DW 600/FontDescriptor 8 0 R"
        "/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>>>",
        HELVETICA,
        "<</Type/FontDescriptor/FontName/Arial/Flags 4/Ascent 900/Descent -200/FontBBox[0 -200 1000 900]"
        "/ItalicAngle 0/StemV 80/CapHeight 700>>",
    ]


def page(shown: str, good: str = "") -> str:
    rest = f" BT /F2 12 Tf 72 600 Td ({good}) Tj ET" if good else ""
    return f"BT /F1 12 Tf 72 700 Td {shown} Tj ET{rest}"


def read(shown: list[str], fonts: list[str]) -> tuple[str, tuple[str, ...]]:
    data = make_pdf(shown, fonts, second_font="7 0 R")
    document = read_bytes(data, "pump.pdf")
    return document.text, document.warnings


BIDI = "1 beginbfrange <00> <FF> [" + "<202E>" * 256 + "] endbfrange"
LOST = "1 beginbfrange <00> <FF> [" + "<FFFD>" * 256 + "] endbfrange"
PRIVATE = "1 beginbfrange <00> <FF> <E000> endbfrange"


@pytest.mark.parametrize("entries", [BIDI, LOST, PRIVATE])
def test_a_broken_map_is_told_with_its_page_and_the_rest_is_read(entries: str) -> None:
    text, warnings = read([page("(Shut it)", GOOD), page("", GOOD)], mapped_font(entries))
    assert warnings == (f"page 1: 7 of {len(GOOD) + 9} characters could not be read",)
    assert text == f"{GOOD} {GOOD}"


def test_glyph_numbers_of_a_font_without_a_map_are_no_text() -> None:
    codes = "".join(f"{ord(char) - 29:04X}" for char in GOOD)  # as fonts are usually numbered: a space is glyph 3
    text, warnings = read([page(f"<{codes}>", GOOD)], glyph_numbers())
    assert text == GOOD
    assert warnings == (f"page 1: {len(GOOD)} of {2 * len(GOOD) + 2} characters could not be read",)


def test_codes_that_are_the_characters_themselves_are_believed() -> None:
    for said in (GOOD, "Zawór otworzyć na trzy minuty, potem zamknąć", "初效滤网每天清洗一次"):
        codes = "".join(f"{ord(char):04X}" for char in said)
        assert read([page(f"<{codes}>")], glyph_numbers()) == (said, ())


def test_many_pages_have_one_warning() -> None:
    _, warnings = read([page("(Shut it)", GOOD)] * 5, mapped_font(BIDI))
    assert warnings == (f"pages 1-5: 35 of {5 * (len(GOOD) + 9)} characters could not be read",)


def test_a_warning_names_a_dozen_ranges_of_pages_at_most() -> None:
    _, warnings = read([page("(Shut it)", GOOD), page("", GOOD)] * 20, mapped_font(BIDI))
    (warning,) = warnings
    assert warning.startswith("pages 1, 3, 5, ") and "21, 23 and 8 more: 140 of " in warning


def test_a_document_of_nothing_else_is_refused_with_the_reason() -> None:
    with pytest.raises(UnreadableFile, match=r"^pump\.pdf: 7 of 7 characters could not be read, .*: give a copy"):
        read([page("(Shut it)")], mapped_font(BIDI))


def test_characters_beyond_the_first_plane_are_read() -> None:
    entries = "2 beginbfchar <41> <D835DC5D> <42> <D840DC00> endbfchar"
    text, warnings = read([page("(A B)", GOOD)], mapped_font(entries))
    assert "\U0001d45d" in text and "\U00020000" in text and not warnings
