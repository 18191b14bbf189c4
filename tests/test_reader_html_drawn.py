"""HTML as a browser draws it: scripts, strikes, notes, controls and list numbers, in prose, cells and headings."""

from __future__ import annotations

import pytest

from ragqa.readers import read_bytes


def lines(body: str, head: str = "") -> list[str]:
    """Return the text of each block of a page."""
    document = read_bytes(f"<!doctype html><html><head>{head}</head><body>{body}</body></html>".encode(), "x.html")
    return [document.text[block.start : block.end] for block in document.blocks]


def test_scripts_are_kept_apart_everywhere() -> None:
    power = "10<sup>4</sup>"
    assert lines(
        f"<h2>Up to {power} Pa</h2><ul><li>{power}<sup>1)</sup> h</ul><figure><figcaption>{power}</figure>"
    ) == [
        "Up to 10^4 Pa",
        "10^4 h",
        "10^4",
    ]
    table = f"<caption>At {power}</caption><tr><th>m<sup>3</sup>/h<th>Life<tr><td>CO<sub>2</sub><td>2&times;{power}"
    assert lines(f"<table>{table}</table>") == ["At 10^4", "m³/h | Life", "CO2 | 2×10^4"]
    assert lines(
        "<p>3<sup>1</sup>/<sub>2</sub>, &frac12;, 3&frasl;4, 2¹⁄₂ and <sup>5</sup>&frasl;<sub>8</sub> inch"
    ) == ["3 1/2, ½, 3/4, 2 1/2 and 5/8 inch"]
    assert lines("<p>a 10<sup>2<sup>3</sup></sup>, the 5<sup>th</sup>, 20 <sup>o</sup>C") == [
        "a 10^2^3, the 5th, 20 °C"
    ]


def test_styles_raise_and_strike_too() -> None:
    sheet = (
        "<style>.c3, .c8{vertical-align:super;font-size:8pt} span.c4{color:red;text-decoration:line-through}</style>"
    )
    assert lines(
        '<p>10<span class="c1 c3">7</span> or 10<span style="vertical-align: super">2</span>; '
        '<span class=c4>14 Nm</span> <span style="text-decoration-line:line-through">12 Nm</span> 9 Nm',
        sheet,
    ) == ["10^7 or 10^2; 9 Nm"]


def test_struck_out_text_is_not_said() -> None:
    assert lines(
        "<p>Use <del>oil</del> <ins>water</ins>.</p><del><p>Gone.</p></del><p><s>Old.</s> <strike>Odd.</strike> New."
    ) == [
        "Use water.",
        "New.",
    ]
    assert lines("<ol><li>a<li><s>b</s><li>c</ol>") == ["1. a", "3. c"]
    row = '<tr style="text-decoration: line-through"><td>3<td>4'
    assert lines(
        f"<table><tr><th>A<th>B<tr><td><s>1</s><td>2{row}<tr><td><del>5</del><td><s>6</s><tr><td>7<td>8</table>"
    ) == [
        "A | B",
        " | 2",
        "7 | 8",
    ]


def test_a_cell_spans_the_rows_that_are_shown() -> None:
    rows = "<tr><td rowspan=3>A<td>1<tr hidden><td>x<tr><td>2<tr><td>B<td>3"
    assert lines(f"<table><tr><th>a<th>b{rows}</table>") == ["a | b", "A | 1", "A | 2", "B | 3"]
    assert lines("<table><tr><th>a<th>b<tr><td rowspan=0>Z<td>1<tr><td>2</table>")[1:] == ["Z | 1", "Z | 2"]


def test_hidden_words_within_a_cell_or_heading_are_not_said() -> None:
    hidden = '<span style="display:none">004</span>'
    assert lines(f"<h2>T{hidden}</h2><table><tr><th>a<th>b<tr><td>{hidden}4<td>5</table>") == ["T", "a | b", "4 | 5"]


def test_a_short_note_stands_with_its_statement() -> None:
    mark = '<a href="#fn{0}" id="r{0}">'
    body = f"<p>At most 6 bar<sup>{mark.format(1)}1</a></sup>. Stop.</p><p>20 mm.{mark.format(2)}<sup>2</sup></a> Go."
    notes = '<section role="doc-endnotes"><ol><li id="fn1">Only with seal S1. <a href="#r1">↩︎</a>'
    notes += '<li id="fn2"><p>{} <a href="#r2">↩</a></ol>'
    assert lines(body + notes.format("Below 40<sup>o</sup>C.")) == [
        "At most 6 bar (note: Only with seal S1). Stop.",
        "20 mm (note: Below 40°C). Go.",
    ]
    long = "This is said at length. " * 10
    assert lines(body + notes.format(long))[1:] == ["20 mm. Go.", f'Note to "20 mm": {long.strip()}']


def test_a_way_back_makes_a_note_whatever_it_says() -> None:
    mark, note = '<a class="footnote-ref" href="#n1" id="m1">[1]</a>', '<p id="n1">[1] With kit. <a href="#m1">back</a>'
    assert lines(f"<p>At most 6 bar {mark} here.</p>{note}") == ["At most 6 bar (note: With kit) here."]


def test_a_chinese_note_has_chinese_brackets() -> None:
    note = '<ol><li id="f1">仅限密封套件。<a href="#r1">↩</a></ol>'
    assert lines(f'<p>压力为6 bar<sup><a href="#f1" id="r1">1</a></sup>。</p>{note}') == [
        "压力为6 bar（注：仅限密封套件）。"
    ]


def test_literature_stays_where_it_is_and_its_marks_go() -> None:
    mark = '<sup class="reference" id="cite_ref-3"><a href="#cite_note-3">[3]</a></sup>'
    note = '<ol><li id="cite_note-3"><a href="#cite_ref-3">^</a> Pumps, 2003</ol>'
    assert lines(f"<p>It was built in 1975{mark} here.</p>{note}") == ["It was built in 1975 here.", "1. Pumps, 2003"]


def test_controls_within_text_say_what_they_show() -> None:
    assert lines(
        "<p>Mode <select><option>Fast<option selected>Slow</select>, <input value='6 bar'> "
        "<input type=checkbox checked>on <input type=hidden value=no><textarea>a b</textarea> "
        "<meter value=3 max=5></meter> <q>so</q>"
    ) == ['Mode Slow, 6 bar ☑ on a b 3/5 "so"']


def test_drawings_and_ruby() -> None:
    assert lines("<p><svg><title>Wiring</title><text>L1</text><text>12</text></svg></p>") == ["[image: Wiring; L1]"]
    assert lines("<p><ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp>字<rt>ji</rt></ruby>") == ["漢字"]


@pytest.mark.parametrize(
    ("attributes", "markers"),
    [
        ("reversed", ["3.", "2.", "1."]),
        ("reversed start=9", ["9.", "8.", "7."]),
        ("type=a start=26", ["z.", "aa.", "ab."]),
        ("type=I start=48", ["XLVIII.", "XLIX.", "L."]),
        ('style="list-style-type: lower-roman"', ["i.", "ii.", "iii."]),
        ('style="list-style: none"', ["x", "x", "x"]),
    ],
)
def test_items_are_numbered_as_shown(attributes: str, markers: list[str]) -> None:
    items = "<li>x<li>x<li>x"
    assert [line.split()[0] for line in lines(f"<ol {attributes}>{items}</ol>")] == markers
    cell = lines(f"<table><tr><th>a<th>b<tr><td>c<td><ol {attributes}>{items}</ol></table>")[1]
    assert cell.startswith(f"c | {markers[0]}")


def test_a_value_sets_the_count_and_hidden_items_do_not_count() -> None:
    assert lines("<ol><li value=5>a<li>b<li hidden>c<li>d</ol>") == ["5. a", "6. b", "7. d"]


def test_each_definition_has_its_terms() -> None:
    assert lines("<dl><dt>F1<dd>10 A<dd>slow<dt>F2<dt>F3<dd><p>16 A</p><p>more</p><dt>F4</dl>") == [
        "F1: 10 A",
        "F1: slow",
        "F2, F3: 16 A",
        "more",
        "F4",
    ]
    assert lines("<dl><dt>A<dd><dl><dt>B<dd>x</dl><dd>y</dl>") == ["A", "B: x", "A: y"]


def test_a_page_saved_in_one_file_is_that_page() -> None:
    head = (
        'From: <Saved by a browser>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n\ttype="text/html";\r\n'
    )
    page = "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    page += "<html><body><p>Set it to 5=C2=B0C, at most 1=\r\n0 mm.</p></body></html>\r\n"
    picture = "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n"
    whole = f'{head}\tboundary="----b"\r\n\r\n------b\r\n{page}------b\r\n{picture}------b--\r\n'
    assert read_bytes(whole.encode(), "x.mhtml").text == "Set it to 5°C, at most 10 mm."
