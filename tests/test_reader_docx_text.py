"""What a Word paragraph says: exponents, symbols, formulas, notes; nothing that was struck out."""

from __future__ import annotations

import pytest

from tests.docx_making import cell, down, kinds, lines, para, row, run, table, up

STYLES = (
    '<w:docDefaults><w:rPrDefault><w:rPr><w:sz w:val="22"/></w:rPr></w:rPrDefault></w:docDefaults>'
    '<w:style w:type="character" w:styleId="High"><w:name w:val="High"/>'
    '<w:rPr><w:vertAlign w:val="superscript"/></w:rPr></w:style>'
    '<w:style w:type="character" w:styleId="Higher"><w:name w:val="Higher"/><w:basedOn w:val="High"/></w:style>'
    '<w:style w:type="character" w:styleId="Greek"><w:name w:val="Greek"/>'
    '<w:rPr><w:rFonts w:ascii="Symbol" w:hAnsi="Symbol"/></w:rPr></w:style>'
    '<w:style w:type="paragraph" w:styleId="Gone"><w:name w:val="Gone"/><w:rPr><w:strike/></w:rPr></w:style>'
    '<w:style w:type="character" w:styleId="Out"><w:name w:val="Out"/><w:rPr><w:strike/></w:rPr></w:style>'
    '<w:style w:type="paragraph" w:styleId="H1"><w:name w:val="heading 1"/></w:style>'
)


def one(inner: str, **parts: str) -> str:
    """The text of a paragraph of its own."""
    (line,) = lines(para(inner), **{"styles": STYLES, **parts})
    return line


def test_raised_and_lowered_runs_keep_their_meaning() -> None:
    assert one(run("at 10") + up("5") + run(" cycles")) == "at 10^5 cycles"
    assert one(run("at 10") + up("1") + up("2") + run(" cycles")) == "at 10^12 cycles"
    assert one(run("below 10") + up("-3") + run(" mbar")) == "below 10^-3 mbar"
    assert one(run("fill 2") + up("1") + run("/") + down("2") + run(" l")) == "fill 2 1/2 l"
    assert one(run("5 m") + up("2") + run(" of H") + down("2") + run("O")) == "5 m² of H2O"
    assert one(run("after 3") + up("2)") + run(" min")) == "after 3 min"
    assert one(run("10") + run("6", '<w:rStyle w:val="Higher"/>') + run(" Pa")) == "10^6 Pa"
    assert one(run("10") + run("6", '<w:position w:val="6"/><w:sz w:val="14"/>') + run(" Pa")) == "10^6 Pa"
    assert one(run("10") + run("6", '<w:position w:val="6"/>') + run(" Pa")) == "106 Pa"  # a line set higher
    heading = para(run("Up to 10") + up("4") + run(" h"), '<w:pStyle w:val="H1"/>')
    assert kinds(heading, styles=STYLES) == [("heading", "Up to 10^4 h")]
    cells = table(row("Life", cell(para(run("10") + up("5")))), row("Area", cell(para(run("3 m") + up("2")))))
    assert lines(cells) == ["Life | 10^5", "Area | 3 m²"]


def test_symbol_fonts_are_read_as_the_signs_that_they_show() -> None:
    sym = '<w:r><w:sym w:font="{}" w:char="{}"/></w:r>'
    assert one(sym.format("Symbol", "F0B3") + run(" 2 M") + sym.format("Symbol", "F057")) == "≥ 2 MΩ"
    assert one(run("5 ") + sym.format("Symbol", "B1") + run(" 1")) == "5 ± 1"
    assert one(sym.format("Wingdings", "F0FC") + sym.format("Wingdings", "F0FB")) == "✓✗"
    assert one(sym.format("Wingdings 2", "F050") + sym.format("Wingdings 3", "F070")) == "✓▲"
    assert one(run("a") + sym.format("Unheard Of", "F041") + run("b")) == "ab"
    fonts = '<w:rFonts w:ascii="Symbol" w:hAnsi="Symbol"/>'
    assert one(run("20 ") + run("\uf0b0", fonts) + run("C, ") + run("DT", fonts)) == "20 °C, ΔΤ"
    assert one(run("2 k") + run("W", '<w:rStyle w:val="Greek"/>')) == "2 kΩ"
    only_others = '<w:rFonts w:ascii="Arial" w:hAnsi="Symbol"/>'
    assert one(run("W \uf0b1", only_others)) == "W ±"


@pytest.mark.parametrize("switch", ["<w:strike/>", "<w:dstrike/>", '<w:strike w:val="1"/>', '<w:rStyle w:val="Out"/>'])
def test_what_is_struck_out_is_not_read(switch: str) -> None:
    assert one(run("to ") + run("40 Nm", switch) + run(" 25 Nm")) == "to 25 Nm"
    assert lines(para(run("Every 500 hours.", switch)) + para("End."), styles=STYLES) == ["End."]


def test_what_is_no_longer_struck_out_is_read() -> None:
    assert one(run("25 Nm", '<w:strike w:val="false"/>')) == "25 Nm"
    assert one(run("25 Nm", '<w:rStyle w:val="Out"/><w:strike w:val="0"/>')) == "25 Nm"
    struck = para("40 Nm", '<w:pStyle w:val="Gone"/>')
    twice = para(run("25 Nm", '<w:rStyle w:val="Out"/>'), '<w:pStyle w:val="Gone"/>')  # two switches are none
    assert lines(struck + twice, styles=STYLES) == ["25 Nm"]


def test_moved_and_deleted_text_stands_where_it_is_now() -> None:
    old = f"<w:moveFrom>{run('Open it. ')}</w:moveFrom>"
    new = f"<w:moveTo>{run('Open it.')}</w:moveTo>"
    assert lines(para(old + run("Close it.")) + para(new)) == ["Close it.", "Open it."]
    joined = para(run("Close "), "<w:rPr><w:del/></w:rPr>") + para("the valve.")
    assert lines(joined) == ["Close the valve."]
    rows = table(row("E1", "jam"), row("E2", "leak", properties="<w:del/>"), row("E3", "end"))
    assert lines(rows) == ["E1 | jam", "E3 | end"]


def test_a_large_first_letter_belongs_to_its_word() -> None:
    letter = para(run("D", '<w:sz w:val="112"/>'), '<w:framePr w:dropCap="drop" w:lines="3"/>')
    assert lines(letter + "<w:p/>" + para("") + para("rain it.")) == ["Drain it."]
    assert lines(letter + para("rain the tank.") + para("End.")) == ["Drain the tank.", "End."]
    assert lines(para("Start.") + letter) == ["Start.", "D"]


def m(name: str, *inner: str, **properties: str) -> str:
    """An element of Office Math; its arguments are its parts, its properties what it is."""
    values = "".join(f'<m:{key} m:val="{value}"/>' for key, value in properties.items())
    return f"<m:{name}><m:{name}Pr>{values}</m:{name}Pr>{''.join(inner)}</m:{name}>"


def t(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


def p(name: str, *inner: str) -> str:
    return f"<m:{name}>{''.join(part if part.startswith('<') else t(part) for part in inner)}</m:{name}>"


def fraction(above: str, below: str, **properties: str) -> str:
    return m("f", p("num", above), p("den", below), **properties)


def squared(base: str) -> str:
    return m("sSup", p("e", base), p("sup", "2"))


@pytest.mark.parametrize(
    ("equation", "line"),
    [
        (t("P=ρ·g·Q·H"), "P = ρ·g·Q·H"),
        (t("p=") + fraction("1", "2") + t("k") + squared("v"), "p = 1/2 k v^2"),
        (t("2") + fraction("1", "2"), "2 1/2"),
        (fraction("a+b", "c"), "(a+b)/c"),
        (fraction("a", "b", type="lin"), "a/b"),
        (m("d", p("e", fraction("n", "k", type="noBar"))), "(n choose k)"),
        (squared("(−2)"), "(−2)^2"),
        (squared("−2"), "(−2)^2"),
        (m("sSup", p("e", squared("x")), p("sup", "3")), "(x^2)^3"),
        (m("sSub", p("e", "L"), p("sub", "max")), "L_max"),
        (m("sSubSup", p("e", "x"), p("sub", "i"), p("sup", "2")), "x_i^2"),
        (m("sPre", p("sub", "6"), p("sup", "14"), p("e", "C")), "^14_6 C"),
        (m("rad", p("deg"), p("e", "a+b"), degHide="1"), "√(a+b)"),
        (m("rad", p("deg", "3"), p("e", "x")), "root(3, x)"),
        (
            m("nary", p("sub", "i=1"), p("sup", "n"), p("e", m("sSub", p("e", "x"), p("sub", "i"))), chr="∑"),
            "∑_(i=1)^n x_i",
        ),
        (m("nary", p("sub", "0"), p("sup", "T"), p("e", "f(t)dt")), "∫_0^T f(t)dt"),
        (m("d", p("e", "a"), p("e", "b"), begChr="[", endChr="]", sepChr=";"), "[a;b]"),
        (m("d", p("e", "x"), begChr="|", endChr="|"), "|x|"),
        (m("d", p("e", m("eqArr", p("e", "a,&amp;x&gt;0"), p("e", "b"))), begChr="{", endChr=""), "{a,x>0; b"),
        (m("func", p("fName", "sin"), p("e", "θ")), "sin θ"),
        (m("func", p("fName", m("limLow", p("e", "lim"), p("lim", "x→0"))), p("e", "f")), "lim_(x→0) f"),
        (m("limUpp", p("e", "a"), p("lim", "n")), "a^n"),
        (m("acc", p("e", "v"), chr="\u20d7"), "v\u20d7"),
        (m("bar", p("e", "x"), pos="top"), "x̄"),
        (m("d", p("e", m("m", p("mr", p("e", "1"), p("e", "2")), p("mr", p("e", "3"), p("e", "4"))))), "(1, 2; 3, 4)"),
        (m("m", p("mr", p("e", "1"), p("e", "2"))), "[1, 2]"),
        (m("groupChr", p("e", "a+b")), "a+b"),
        (m("box", p("e", "a")) + m("borderBox", p("e", "=b")), "a = b"),
        (t("a") + m("phant", p("e", "b"), show="0"), "a"),
        (t("𝑃"), "P"),
        (f"<w:del>{t('a')}</w:del>" + t("b"), "b"),
    ],
)
def test_an_equation_stands_on_one_line(equation: str, line: str) -> None:
    assert one(run("It is ") + f"<m:oMath>{equation}</m:oMath>" + run(" here.")) == f"It is {line} here."


def test_equations_of_their_own_and_in_cells() -> None:
    shown = f"<w:p><m:oMathPara><m:oMath>{t('a=b')}</m:oMath></m:oMathPara></w:p>"
    assert kinds(para("So:") + shown) == [("paragraph", "So:"), ("paragraph", "a = b")]
    half = f"<m:oMath>{fraction('1', '2')}</m:oMath>"
    assert lines(table(row("Part", cell(f"<w:p>{half}</w:p>")))) == ["Part | 1/2"]


def test_a_deep_or_endless_equation_takes_no_time() -> None:
    nested = t("x")
    for _ in range(40):
        nested = fraction(nested, "2")
    assert one(f"<m:oMath>{nested}</m:oMath>").count("/2") == 40
    assert len(one(f"<m:oMath>{fraction('_' * 300_000, '2')}</m:oMath>")) == 300_001


NOTES = (
    '<w:footnote w:type="separator" w:id="0"><w:p/></w:footnote>'
    f'<w:footnote w:id="3">{para("Only with kit K-2.")}</w:footnote>'
    f'<w:footnote w:id="4">{para(run("At 10") + up("5") + run(" Pa. See below."))}{para("Then half.")}</w:footnote>'
    f'<w:footnote w:id="5">{para("Long. " * 60)}</w:footnote>'
    f'<w:footnote w:id="6">{para("仅限配件K-2。")}</w:footnote>'
)


def mark(number: int) -> str:
    return f'<w:r><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:footnoteReference w:id="{number}"/></w:r>'


def noted(inner: str) -> list[str]:
    return lines(para(inner), footnotes=NOTES, styles=STYLES)


def test_a_note_stays_with_what_it_limits() -> None:
    assert noted(run("It holds 6 bar") + mark(3) + run(" at rest.")) == [
        "It holds 6 bar (note: Only with kit K-2) at rest."
    ]
    assert noted(run("It holds 9 bar.") + mark(4) + run(" Stop.")) == [
        "It holds 9 bar (note: At 10^5 Pa; See below; Then half). Stop."
    ]
    assert noted(run("耐压6 bar") + mark(6) + run("。")) == ["耐压6 bar（注：仅限配件K-2）。"]
    long = " ".join(["Long."] * 60)
    assert noted(run("Stop. It holds 6 bar") + mark(5) + run(" at rest.")) == [
        "Stop. It holds 6 bar at rest.",
        f'Note to "It holds 6 bar": {long}',
    ]
    heading = para(run("Seals") + mark(3), '<w:pStyle w:val="H1"/>')
    assert lines(heading, footnotes=NOTES, styles=STYLES) == ["Seals", 'Note to "Seals": Only with kit K-2.']
    cells = table(row("Seal", cell(para(run("6 bar") + mark(3)))), row("Ring", "2 bar"))
    assert lines(cells, footnotes=NOTES) == ["Seal | 6 bar (note: Only with kit K-2)", "Ring | 2 bar"]


def test_a_sign_of_the_author_s_own_marks_a_note() -> None:
    own = '<w:r><w:footnoteReference w:customMarkFollows="1" w:id="3"/><w:t>*</w:t></w:r>'
    assert noted(run("6 bar") + own) == ["6 bar (note: Only with kit K-2)"]


def test_a_second_reference_to_a_note_says_it_again() -> None:
    first = '<w:bookmarkStart w:id="1" w:name="_Ref1"/>' + mark(3) + '<w:bookmarkEnd w:id="1"/>'
    char = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'
    code = "<w:r><w:instrText> NOTEREF _Ref1 \\f \\h </w:instrText></w:r>"
    second = char.format("begin") + code + char.format("separate") + up("1") + char.format("end")
    said = lines(para(run("6 bar") + first) + para(run("9 bar 12") + second + run(" hot")), footnotes=NOTES)
    assert said == ["6 bar (note: Only with kit K-2)", "9 bar 12 (note: Only with kit K-2) hot"]


def test_codes_of_fields_are_not_read_and_results_are() -> None:
    char = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'
    begin, separate, end = map(char.format, ("begin", "separate", "end"))
    page = begin + "<w:r><w:instrText>PAGE</w:instrText></w:r>" + separate + run("7") + end
    chosen = begin + "<w:r><w:instrText>IF </w:instrText></w:r>" + page + separate + run("yes") + end
    assert one(run("say ") + chosen + run(" now")) == "say yes now"
    assert lines(para(run("before ") + begin + run("lost")) + para("after")) == ["before", "after"]
    for code, shown in (
        (r"eq \o\ac(○,3)", "③"),
        (r"EQ \f(1,2)", "1/2"),
        (r"EQ \r(3,x)", "root(3, x)"),
        (r"EQ x\s\up6(2)", "x^2"),
        (r"EQ \f(a+b,\r(c))", "(a+b)/(√c)"),
    ):
        assert one(run("at ") + begin + f"<w:r><w:instrText>{code}</w:instrText></w:r>" + end) == f"at {shown}"
    box = "<w:ffData><w:checkBox><w:checked/></w:checkBox></w:ffData>"
    ticked = f'<w:r><w:fldChar w:fldCharType="begin">{box}</w:fldChar></w:r>'
    assert one(ticked + end + run(" fitted")) == "☒ fitted"
