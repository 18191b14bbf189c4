"""Raised and write_subscript text on one line, by hand-made pairs: what a careful reader would type."""

from __future__ import annotations

import pytest

from ragqa.readers.scripts import fraction, index, power, root, write_subscript, write_superscript


@pytest.mark.parametrize(
    ("before", "text", "after", "line"),
    [
        ("rated for 10", "5", " cycles", "rated for 10^5 cycles"),
        ("below 10", "−3", " mbar", "below 10^-3 mbar"),
        ("a dilution of 10", "4", ":1", "a dilution of 10^4:1"),
        ("at most 2", "16", " entries", "at most 2^16 entries"),
        ("an area of 12 m", "2", "", "an area of 12 m²"),
        ("5 N/mm", "2", "", "5 N/mm²"),
        ("5 N/mm ", "2", "", "5 N/mm ²"),
        ("1400 min", "-1", "", "1400 min⁻¹"),
        ("E = mc", "2", "", "E = mc^2"),
        ("x", "n", " grows", "x^n grows"),
        ("x", "n+1", " grows", "x^(n+1) grows"),
        ("2", "1", "/2 l", "2 1/2 l"),
        ("2", "1", "⁄2 l", "2 1⁄2 l"),
        ("2", "1/2", " l", "2 1/2 l"),
        ("up to 12 m", "3", "/h", "up to 12 m³/h"),
        ("up to 10", "5", "/h", "up to 10^5/h"),
        ("half of it is 10", "5", "/2", "half of it is 10^5/2"),
        ("a ", "3", "/4 inch hose", "a 3/4 inch hose"),
        ("stops after 3", "2)", " min", "stops after 3 min"),
        ("stops after 3 min", "2", ".", "stops after 3 min."),
        ("hardness 70", "1)", " Shore", "hardness 70 Shore"),
        ("at most 6 bar", "a", "", "at most 6 bar"),
        ("at most 60 V", "b", " here", "at most 60 V here"),
        ("the 1", "e", " essai", "the 1e essai"),
        ("close the valve", "1", " and", "close the valve and"),
        ("close the valve", "[12]", " and", "close the valve and"),
        ("关闭阀门", "1", "。", "关闭阀门。"),
        ("12", "*", " V", "12 V"),
        ("the 5", "th", " step", "the 5th step"),
        ("Acme", "TM", " pump", "AcmeTM pump"),
        ("at 20", "o", "C", "at 20°C"),
        ("", "1)", "Only with the kit", "1) Only with the kit"),
        ("done\n", "1", "Only with the kit", "done\n1 Only with the kit"),
    ],
)
def test_a_superscript_never_joins_the_number_before_it(before: str, text: str, after: str, line: str) -> None:
    assert before + write_superscript(before, text, after) + after == line


def test_a_subscript_joins_a_name_but_no_number() -> None:
    assert "H" + write_subscript("H", "2") + "O" == "H2O"
    assert "101" + write_subscript("101", "2") == "101_2"


def test_formulas_stand_on_one_line() -> None:
    assert fraction("1", "2") == "1/2"
    assert fraction("a+b", "c") == "(a+b)/c"
    assert fraction("a", "b c") == "a/(b c)"
    assert power("v", "2") == "v^2"
    assert power("a+b", "n+1") == "(a+b)^(n+1)"
    assert power("20", "∘") == "20°"
    assert power("-2", "2") == "(-2)^2"
    assert power("x^2", "3") == "(x^2)^3"
    assert power("(x^2+1)", "3") == "(x^2+1)^3"
    assert index("L", "max") == "L_max"
    assert root("a+b") == "√(a+b)"
    assert root("x", "3") == "root(3, x)"
    assert fraction("x^2", "(a+b)") == "x^2/(a+b)"
