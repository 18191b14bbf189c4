"""The values on a PDF's pages are read as a careful person reads them: exponents, signs, fields, what is struck out."""

from __future__ import annotations

import time

import pytest

from ragqa.readers import read_bytes
from tests.pdf_making import HELVETICA, make_pdf, stream, write_objects

LINE = "BT /F1 12 Tf 72 700 Td "
UP, DOWN, BACK = "/F1 7 Tf 4 Ts ", "/F1 7 Tf -2 Ts ", "/F1 12 Tf 0 Ts "
SYMBOLS = "<</Type/FontDescriptor/FontName/{0}/Flags 4/FontBBox[0 -200 1000 800]/Ascent 800/Descent -200/StemV 80>>"


def read(content: str, **more: object) -> str:
    return read_bytes(make_pdf(content, **more), "page.pdf").text  # type: ignore[arg-type]


def put(x: float, y: float, text: str, size: float = 12) -> str:
    return f"BT /F1 {size} Tf {x} {y} Td ({text}) Tj ET "


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        (f"(made for 10) Tj {UP}(5) Tj {BACK}( cycles) Tj", "made for 10^5 cycles"),
        (f"(made for 10) Tj {UP}(5) Tj {BACK}(, not more) Tj", "made for 10^5, not more"),
        (f"(dilute 10) Tj {UP}(4) Tj {BACK}(:1 in water) Tj", "dilute 10^4:1 in water"),
        (f"(leak below 10) Tj {UP}(-3) Tj {BACK}( mbar) Tj", "leak below 10^-3 mbar"),
        (f"(fill in 2) Tj {UP}(1) Tj {BACK}(/) Tj /F1 7 Tf (2) Tj {BACK}( l of oil) Tj", "fill in 2 1/2 l of oil"),
        (f"(area 12 m) Tj {UP}(2) Tj {BACK}( in all) Tj", "area 12 m² in all"),
        (f"(area 12 m) Tj {UP}(2) Tj", "area 12 m²"),
        (f"(wait 3) Tj {UP}(2\\)) Tj {BACK}( min) Tj", "wait 3 min"),
        (f"(close the valve) Tj {UP}(1) Tj {BACK}( and wait) Tj", "close the valve and wait"),
        (f"(the 1) Tj {UP}(st) Tj {BACK}( step) Tj", "the 1st step"),
        (f"(rinse with H) Tj {DOWN}(2) Tj {BACK}(O for CO) Tj {DOWN}(2) Tj {BACK}(.) Tj", "rinse with H2O for CO2."),
        (f"(free of Ca) Tj {UP}(2+) Tj {BACK}( ions) Tj", "free of Ca2+ ions"),
        (f"(cos) Tj {UP}(2) Tj {BACK}( of the angle) Tj", "cos^2 of the angle"),
        ("(W) Tj /F1 9 Tf (ARNING) Tj /F1 12 Tf ( H) Tj /F1 9 Tf (OT) Tj", "WARNING HOT"),  # small capitals
    ],
)
def test_what_is_raised_or_lowered_keeps_apart_from_the_number_before_it(parts: str, said: str) -> None:
    assert read(f"{LINE}{parts} ET") == said


def test_an_exponent_in_a_cell_is_one() -> None:
    rows = [("Setting", "Value", "Unit"), ("Cycles", "10", "1"), ("Speed", "1400", "rpm"), ("Load", "25", "kg")]
    page = ""
    for at, (name, value, unit) in enumerate(rows):
        y = 700 - 20 * at
        exponent = put(213.6, y + 4.5, "5", 7) if name == "Cycles" else ""
        page += put(72, y, name) + put(200, y, value) + exponent + put(320, y, unit)
    assert "Cycles | 10^5 | 1" in read(page)


def test_a_drop_cap_is_no_base() -> None:
    page = put(72, 676, "T", 40) + put(98, 700, "he pump runs day and night and it is quiet.")
    assert "^" not in read(page + put(98, 686, "It may be put up in any room that is dry and"))


def test_sizes_of_a_text_layer_make_no_exponents() -> None:
    layer = "q 595 0 0 842 0 0 cm /Image Do Q BT 3 Tr /F1 12 Tf 72 700 Td (made in 19) Tj /F1 8 Tf 3 Ts (98) Tj ET"
    assert read(layer) == "made in 1998"


def test_a_turned_page_has_exponents_too() -> None:
    line = (
        "BT 0 12 -12 0 100 100 Tm /F1 1 Tf (Runs 10) Tj 0 7 -7 0 95.5 144 Tm (5) Tj 0 12 -12 0 100 148 Tm ( times) Tj "
    )
    line += "0 12 -12 0 120 100 Tm (and then it stops) Tj ET"
    assert read(line, resources=">>/Rotate 90/More<<") == "Runs 10^5 times and then it stops"


def test_the_parts_of_a_fraction_stay_apart() -> None:
    page = put(72, 700, "p =") + put(100, 707, "3,5", 8) + "99 703 m 114 703 l S " + put(103, 693, "47", 8)
    said = read(page).split()
    assert "3,5" in said
    assert "47" in said


@pytest.mark.parametrize(
    ("font", "codes", "said"),
    [
        ("Symbol", "\\263", "≥"),
        ("Symbol", "W", "Ω"),
        ("Symbol", "\\261", "±"),
        ("ZapfDingbats", "4", "✔"),
        ("Wingdings", "\\374", "✓"),
        ("Wingdings", "\\340", "→"),
    ],
)
def test_letters_of_a_symbol_font_are_signs(font: str, codes: str, said: str) -> None:
    kind = "Type1" if font != "Wingdings" else f"TrueType/FirstChar 32/LastChar 255/Widths[{'900 ' * 224}]"
    described = "/FontDescriptor 7 0 R" if font == "Wingdings" else ""
    fonts = [HELVETICA, f"<</Type/Font/Subtype/{kind}/BaseFont/{font}{described}>>", SYMBOLS.format(font)]
    line = f"{LINE}(Signed ) Tj /F2 12 Tf ({codes}) Tj /F1 12 Tf ( here) Tj ET"
    assert read(line, fonts=fonts, second_font="6 0 R") == f"Signed {said} here"


def test_struck_text_is_left_out_and_the_rest_stays_one_line() -> None:
    assert read(put(72, 700, "Torque 40 Nm 25 Nm") + "112 704 m 150 704 l S") == "Torque 25 Nm"
    assert read(put(72, 700, "Torque 40 Nm, 25 Nm") + "112 703.6 37 0.8 re f") == "Torque , 25 Nm"


@pytest.mark.parametrize(
    "line",
    [
        "112 698 m 150 698 l S",  # below: underlined
        "20 704 m 500 704 l S",  # through a chart, with the text on it
        "72 715 m 300 715 l S",  # a rule above
        "90 704 m 104 704 l S",  # through a part of a word
    ],
)
def test_other_lines_strike_nothing(line: str) -> None:
    assert read(put(72, 700, "Torque 40 Nm 25 Nm") + line) == "Torque 40 Nm 25 Nm"


def test_a_page_of_many_lines_is_read_in_time() -> None:
    page = put(72, 700, "Torque 40 Nm") + "".join(f"0 {at % 800} m 400 {at % 800} l S " for at in range(60_000))
    start = time.process_time()
    assert read(page) == "Torque 40 Nm"
    assert time.process_time() - start < 5


def form(*widgets: str, more: str = "", content: str = "") -> str:
    """Return what is read of a page with a label for each of the fields, and these annotations."""
    labels = "".join(put(72, 700 - 30 * at, f"Label {at}:") for at in range(len(widgets)))
    first = 6
    refs = " ".join(f"{first + at} 0 R" for at in range(len(widgets)))
    objects = [
        f"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[{refs}]/DA(/F1 10 Tf)>>{more}>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Annots[{refs}]"
        "/Resources<</Font<</F1 5 0 R>>>>>>",
        stream(labels + content),
        HELVETICA,
        *(
            f"<</Type/Annot/Rect[150 {695 - 30 * at} 300 {713 - 30 * at}]{widget}>>"
            for at, widget in enumerate(widgets)
        ),
    ]
    return read_bytes(write_objects(objects), "form.pdf").text


FIELD = "/Subtype/Widget/F 4"


def test_a_fields_value_stands_beside_its_label() -> None:
    text = form(
        f"{FIELD}/FT/Tx/T(a)/V(4.5 bar)",
        f"{FIELD}/FT/Ch/T(b)/Ff 131072/Opt[[(x)(Series X)][(y)(Series Y)]]/V(y)",
        f"{FIELD}/FT/Btn/T(c)/V/Yes/AS/Yes",
        f"{FIELD}/FT/Btn/T(d)/V/Off/AS/Off",
    )
    for line in ("Label 0: 4.5 bar", "Label 1: Series Y", "Label 2: ☑", "Label 3: ☐"):
        assert line in text.replace(" | ", " ")


def test_what_a_form_does_not_show_is_not_read() -> None:
    text = form(
        "/Subtype/Widget/F 2/FT/Tx/T(a)/V(hidden)",
        "/Subtype/Widget/F 32/FT/Tx/T(b)/V(unseen)",
        f"{FIELD}/FT/Tx/Ff 8192/T(c)/V(secret)",
        "/Subtype/Text/Contents(a comment)",
        "/Subtype/Popup/Contents(a note)",
    )
    assert not {"hidden", "unseen", "secret", "comment", "note"} & set(text.split())


def test_a_value_that_the_page_prints_itself_comes_once() -> None:
    assert form(f"{FIELD}/FT/Tx/T(a)/V(4.5)", content=put(155, 700, "4.5")).count("4.5") == 1


def test_a_form_runs_no_script() -> None:
    script = "/OpenAction<</S/JavaScript/JS(this.getField\\('a'\\).value='wrong')>>"
    assert "right" in form(f"{FIELD}/FT/Tx/T(a)/V(right)", more=script)


def test_typed_text_is_read_and_a_reviewers_strike_obeyed() -> None:
    text = form("/Subtype/FreeText/F 4/DA(/F1 10 Tf)/Contents(see sheet 7)", f"{FIELD}/FT/Tx/T(b)/V(x)")
    assert "see sheet 7" in text
    quad = "/Subtype/StrikeOut/F 4/QuadPoints[72 712 103 712 72 698 103 698]"
    assert "Label" not in form(quad).split()


def test_text_drawn_twice_is_read_once() -> None:
    shadow = put(72, 700, "Hot surface", 24) + put(72, 640, "Wait for it to cool.") + put(74, 698, "Hot surface", 24)
    assert read(shadow).count("Hot surface") == 1
    assert read(put(72, 700, "had had 11 1 1") + put(72, 680, "had had 11 1 1")).count("had") == 4
    over = put(72, 700, "Form A") + put(72, 660, "Other text") + put(74, 700, "John")
    assert {"Form", "John"} <= set(read(over).split())


def test_letterspaced_headings_are_words() -> None:
    x, page = 72.0, put(72, 660, "Let it cool.")
    widths = {"W": 944, "A": 667, "R": 722, "N": 722, "I": 278, "G": 778, "H": 722, "O": 778, "T": 611, " ": 278}
    for char in "WARNING HOT":
        page += put(x, 700, char) if char != " " else ""
        x += 12 * widths[char] / 1000 + 6
    assert read(page).startswith("WARNING HOT")
    assert read(put(72, 700, "A B C D E F") + put(72, 660, "Let it cool.")).startswith("A B C D E F")


HEBREW = "לחץ עבודה 4.5 bar עם מים מתח"


def hebrew(*placed: tuple[float, float, str], drawn: str = "") -> str:
    """Return what is read of words drawn letter by letter from left to right at (x, y), as PDF files have them."""
    codes = {char: 33 + at for at, char in enumerate(sorted(set(HEBREW)))}
    table = "".join(f"<{code:02X}> <{ord(char):04X}>\n" for char, code in codes.items())
    cmap = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def "
        f"1 begincodespacerange <00> <FF> endcodespacerange {len(codes)} beginbfchar\n{table}endbfchar endcmap end end"
    )
    widths = f"/FirstChar 33/LastChar 120/Widths[{'500 ' * 88}]"
    font = f"<</Type/Font/Subtype/Type1/BaseFont/Helvetica{widths}/ToUnicode 6 0 R>>"
    for x, y, words in placed:
        line = "".join(f"{codes[char]:02X}" for char in words)
        drawn += f"BT /F1 12 Tf {x} {y} Td <{line}> Tj ET "
    return read(drawn, fonts=[font, stream(cmap)])


def test_lines_from_right_to_left_are_read_so() -> None:
    assert hebrew((72, 700, "םימ םע 4.5 bar הדובע ץחל")) == "לחץ עבודה 4.5 bar עם מים"
    parted = hebrew((72, 700, "םימ םע"), (200, 700, "4.5 bar הדובע ץחל"))  # a wide gap changes no order
    assert " ".join(parted.replace("|", " ").split()) == "לחץ עבודה 4.5 bar עם מים"


def test_a_table_from_right_to_left_begins_with_its_rightmost_column() -> None:
    rows = [("םע", "םימ", "ץחל"), ("5", "4.5", "הדובע"), ("4", "55", "חתמ"), ("5", "44", "םע")]
    placed = [
        (x, 700 - 20 * at, text) for at, row in enumerate(rows) for x, text in zip((72, 200, 330), row, strict=True)
    ]
    level = [f"60 {y} m 450 {y} l S " for y in range(635, 720, 20)]
    upright = [f"{x} 635 m {x} 715 l S " for x in (60, 190, 320, 450)]
    assert "עבודה | 4.5 | 5" in hebrew(*placed, drawn="".join(level + upright))
