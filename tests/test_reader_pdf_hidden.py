"""What nobody sees on a page is not read; a scan's text layer is. And one page may not be listed for ever."""

from __future__ import annotations

import pytest

from ragqa.errors import UnreadableFile
from ragqa.readers import files, pdf, read_bytes
from tests.pdf_making import HELVETICA, make_pdf, stream

HIDDEN = "BT 3 Tr /F1 12 Tf 72 700 Td (The cover may be opened under pressure.) Tj ET "
CLIPPED = HIDDEN.replace("3 Tr", "7 Tr")
SHOWN = "BT 0 Tr /F1 12 Tf 72 680 Td (Let the pressure out before you open the cover.) Tj ET "
PICTURE = "q 595 0 0 842 0 0 cm /Image Do Q "


def read(content: str, **more: str) -> str:
    return read_bytes(make_pdf(content, **more), "cover.pdf").text


@pytest.mark.parametrize("hidden", [HIDDEN, CLIPPED])
def test_invisible_text_on_a_page_of_visible_text_is_not_read(hidden: str) -> None:
    assert read(hidden + SHOWN) == read(SHOWN) == "Let the pressure out before you open the cover."


def test_an_invisible_word_inside_a_visible_line_is_not_read() -> None:
    line = "BT /F1 12 Tf 72 700 Td (Do ) Tj 3 Tr (not ) Tj 0 Tr (close the valve.) Tj ET"
    assert "not" not in read(line)


def test_invisible_letters_inside_a_word_are_not_read() -> None:
    assert read("BT /F1 12 Tf 72 700 Td (Valve ) Tj 3 Tr (un) Tj 0 Tr (safe) Tj ET") == "Valve safe"


def test_invisible_text_inside_a_form_is_not_read() -> None:
    form = "/Type/XObject/Subtype/Form/BBox[0 0 595 842]/Resources<</Font<</F1 5 0 R>>>>"
    data = make_pdf(SHOWN + "/Form Do", [HELVETICA, stream(HIDDEN, form)], xobjects="/Form 6 0 R")
    assert read_bytes(data, "cover.pdf").text == "Let the pressure out before you open the cover."


def test_specks_are_not_read_but_small_type_is() -> None:
    assert read(SHOWN + "BT /F1 0.05 Tf 72 300 Td (Open it at once.) Tj ET") == read(SHOWN)
    assert "at once" in read(SHOWN + "BT /F1 1 Tf 72 300 Td (Open it at once.) Tj ET")


def test_a_line_that_runs_off_the_paper_is_read_to_its_end() -> None:
    assert read("BT /F1 12 Tf 500 700 Td (Open the cover slowly and with both hands.) Tj ET").endswith("both hands.")


def test_the_text_layer_of_a_scan_is_read_even_beside_a_visible_stamp() -> None:
    stamp = "BT /F1 8 Tf 500 20 Td (Copy 3 of 10) Tj ET"
    assert read(PICTURE + HIDDEN) == "The cover may be opened under pressure."
    assert "The cover may be opened under pressure." in read(PICTURE + HIDDEN + stamp)


def test_text_beside_the_paper_is_not_read() -> None:
    assert read(SHOWN + "BT /F1 12 Tf 9000 300 Td (Open it at once.) Tj ET") == read(SHOWN)


def test_the_same_page_for_ever_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "MANY_PAGES", 100)
    with pytest.raises(UnreadableFile, match=r"^cover\.pdf lists the same page 100 times: give a copy"):
        read_bytes(make_pdf([SHOWN] * 200), "cover.pdf")


def test_a_page_listed_again_and_again_is_refused_before_it_fills_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LONGEST_TEXT", 1000)
    assert len(read_bytes(make_pdf([SHOWN] * 20), "cover.pdf").pages) == 20
    with pytest.raises(UnreadableFile, match=r"^cover\.pdf holds 1,\d{3} characters of text or more, .* 1,000: split"):
        read_bytes(make_pdf([SHOWN] * 30), "cover.pdf")
