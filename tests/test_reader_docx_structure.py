"""Word's tables, text boxes and lists: each value below its header, each text once, the numbers that Word shows."""

from __future__ import annotations

import pytest

from ragqa.readers.docx_numbering import numeral
from tests.docx_making import cell, kinds, lines, para, row, run, table

HEAD = row("Filter", "Class", "Order", properties="<w:tblHeader/>")


def test_a_row_that_begins_further_right_goes_on_with_what_stands_above() -> None:
    one, two = (f'<w:gridBefore w:val="{columns}"/>' for columns in (1, 2))
    after = row("Out", "M5", properties='<w:gridAfter w:val="1"/>')
    rows = row("Air", "M5", "K-0"), row("F7", "K-1", properties=one), row("K-2", properties=two), after
    assert lines(table(HEAD, *rows)) == [
        "Filter | Class | Order",
        "Air | M5 | K-0",
        "Air | F7 | K-1",
        "Air | F7 | K-2",
        "Out | M5",
    ]
    assert lines(table(HEAD, row("F7", "K-1", properties=one))) == ["Filter | Class | Order", " | F7 | K-1"]
    wide = row(cell("Air", '<w:gridSpan w:val="2"/>'), "K-0")
    assert lines(table(HEAD, wide, row("F7", "K-1", properties=one))) == [
        "Filter | Class | Order",
        "Air |  | K-0",
        " | F7 | K-1",
    ]


def test_a_column_too_narrow_for_text_is_none() -> None:
    grid = "<w:tblGrid>" + "".join(f'<w:gridCol w:w="{width}"/>' for width in (73, 900, 900)) + "</w:tblGrid>"
    aside = row("E1", "jam", properties='<w:gridBefore w:val="1"/>')
    wide = row(cell("E2", '<w:gridSpan w:val="2"/>'), "leak")
    assert lines(table(grid, aside, wide)) == ["E1 | jam", "E2 | leak"]


def test_spans_and_empty_cells_keep_their_columns() -> None:
    down = cell("Air", '<w:vMerge w:val="restart"/>'), cell("", "<w:vMerge/>")
    assert lines(table(HEAD, row(down[0], "M5", "K-1"), row(down[1], "F7", "K-2"), row("", "G4", "K-3"))) == [
        "Filter | Class | Order",
        "Air | M5 | K-1",
        "Air | F7 | K-2",
        " | G4 | K-3",
    ]
    across = cell("Air", '<w:hMerge w:val="restart"/>'), cell("", "<w:hMerge/>")
    assert lines(table(HEAD, row(*across, "K-1")))[1] == "Air |  | K-1"


def test_rows_and_cells_in_content_controls_are_read() -> None:
    control = "<w:sdt><w:sdtPr/><w:sdtContent>{}</w:sdtContent></w:sdt>".format
    inner = row("Air", control(cell("M5")), "K-1")
    assert lines(table(HEAD, control(control(inner)))) == ["Filter | Class | Order", "Air | M5 | K-1"]
    assert lines(control(para("One.") + control(para("Two.")))) == ["One.", "Two."]


def test_a_table_in_a_cell_is_read_as_its_rows() -> None:
    inner = table(row("M5", "6 Nm"), row("M6", "10 Nm"))
    assert lines(table(row("Bolt", cell(inner + para("dry"))), row("Nut", "none"))) == [
        "Bolt | M5 6 Nm; M6 10 Nm dry",
        "Nut | none",
    ]


def test_the_first_row_is_a_header_where_its_style_shows_it_so() -> None:
    style = (
        '<w:style w:type="table" w:styleId="Grid"><w:name w:val="Grid"/>'
        '<w:tblStylePr w:type="firstRow"><w:rPr><w:b/></w:rPr></w:tblStylePr></w:style>'
    )
    look = '<w:tblPr><w:tblStyle w:val="Grid"/><w:tblLook w:val="{}"/></w:tblPr>'
    rows = row("Code", "2"), row("E1", "jam")
    assert kinds(table(look.format("04A0"), *rows), styles=style)[0] == ("table_header", "Code | 2")
    assert kinds(table(look.format("0480"), *rows), styles=style)[0] == ("table_row", "Code | 2")


BOX = "<w:txbxContent>" + para("Danger: 400 V.") + "</w:txbxContent>"
BOTH = (
    f'<w:r><mc:AlternateContent><mc:Choice Requires="wps"><w:drawing><wps:txbx>{BOX}</wps:txbx></w:drawing>'
    f"</mc:Choice><mc:Fallback><w:pict><v:textbox>{BOX}</v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r>"
)
OLD = f"<w:r><w:pict><v:shape><v:textbox>{BOX}</v:textbox></v:shape></w:pict></w:r>"
EMPTY_CHOICE = (
    '<w:r><mc:AlternateContent><mc:Choice Requires="x"><w:drawing/></mc:Choice>'
    f"<mc:Fallback><w:pict>{BOX}</w:pict></mc:Fallback></mc:AlternateContent></w:r>"
)


@pytest.mark.parametrize("box", [BOTH, OLD, EMPTY_CHOICE])
def test_a_text_box_is_read_once(box: str) -> None:
    assert lines(para(run("Remove it.") + box)) == ["Remove it.", "Danger: 400 V."]
    assert lines(table(row("Cover", cell(para(run("Remove it. ") + box))), row("Lid", "none"))) == [
        "Cover | Remove it. Danger: 400 V.",
        "Lid | none",
    ]


def level(at: int, shown: str, form: str = "decimal", more: str = "", start: int = 1) -> str:
    return (
        f'<w:lvl w:ilvl="{at}"><w:start w:val="{start}"/><w:numFmt w:val="{form}"/>{more}'
        f'<w:lvlText w:val="{shown}"/></w:lvl>'
    )


def abstract(identity: int, *inner: str) -> str:
    return f'<w:abstractNum w:abstractNumId="{identity}">{"".join(inner)}</w:abstractNum>'


def num(identity: int, of: int, inner: str = "") -> str:
    return f'<w:num w:numId="{identity}"><w:abstractNumId w:val="{of}"/>{inner}</w:num>'


def item(text: str, number: int, at: int = 0, more: str = "") -> str:
    return para(text, f'<w:numPr><w:ilvl w:val="{at}"/><w:numId w:val="{number}"/></w:numPr>{more}')


def test_lists_of_one_definition_count_together_and_restart_once() -> None:
    restart = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride>'
    lists = abstract(0, level(0, "%1.")) + num(1, 0) + num(2, 0, restart)
    body = item("a", 1) + item("b", 1) + item("c", 2) + item("d", 1) + item("e", 2)
    assert lines(body, numbering=lists) == ["1. a", "2. b", "1. c", "2. d", "3. e"]


def test_a_list_gets_its_levels_from_a_style_or_has_its_own() -> None:
    own = f'<w:lvlOverride w:ilvl="0">{level(0, "%1)")}</w:lvlOverride>'
    lists = (
        abstract(1, '<w:numStyleLink w:val="Steps"/>')
        + abstract(2, '<w:styleLink w:val="Steps"/>', level(0, "Step %1:"))
        + abstract(3, level(0, "-", "bullet"))
        + num(1, 1)
        + num(3, 3, own)
    )
    body = item("Open.", 1) + item("Close.", 1) + item("Stop.", 3) + item("No number.", 0)
    assert kinds(body, numbering=lists) == [
        ("list_item", "Step 1: Open."),
        ("list_item", "Step 2: Close."),
        ("list_item", "1) Stop."),
        ("paragraph", "No number."),
    ]


def test_levels_restart_below_those_that_they_are_told_to() -> None:
    never = '<w:lvlRestart w:val="0"/>'
    lists = abstract(0, level(0, "%1"), level(1, "%1.%2"), level(2, "(%3)", "lowerLetter", never)) + num(1, 0)
    body = "".join(item("x", 1, at) for at in (0, 1, 2, 1, 2, 0, 1, 2))
    assert lines(body, numbering=lists) == ["1 x", "1.1 x", "(a) x", "1.2 x", "(b) x", "2 x", "2.1 x", "(c) x"]


def test_legal_numbers_words_as_numbers_and_bullets() -> None:
    lists = (
        abstract(0, level(0, "Part %1", "upperRoman"), level(1, "%1.%2", more="<w:isLgl/>"))
        + abstract(1, level(0, "WARNING:", "none"))
        + abstract(2, level(0, "\uf0b7", "bullet"))
        + num(1, 0)
        + num(2, 1)
        + num(3, 2)
    )
    body = item("a", 1) + item("b", 1, 1) + item("Hot.", 2) + item("point", 3)
    assert lines(body, numbering=lists) == ["Part I a", "1.1 b", "WARNING: Hot.", "point"]


def test_numbers_come_from_styles_and_those_they_are_based_on() -> None:
    styles = (
        '<w:style w:type="paragraph" w:styleId="S1"><w:name w:val="heading 1"/>'
        '<w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
        '<w:style w:type="paragraph" w:styleId="S2"><w:name w:val="heading 2"/><w:basedOn w:val="S1"/></w:style>'
        '<w:style w:type="paragraph" w:styleId="S3"><w:name w:val="Plain"/><w:basedOn w:val="S1"/>'
        '<w:pPr><w:numPr><w:numId w:val="0"/></w:numPr></w:pPr></w:style>'
    )
    lists = abstract(
        0, level(0, "%1", more='<w:pStyle w:val="S1"/>'), level(1, "%1.%2", more='<w:pStyle w:val="S2"/>')
    ) + num(1, 0)
    body = "".join(para("x", f'<w:pStyle w:val="{style}"/>') for style in ("S1", "S2", "S2", "S3", "S1"))
    assert lines(body, numbering=lists, styles=styles) == ["1 x", "1.1 x", "1.2 x", "x", "2 x"]


def test_a_struck_item_counts_and_a_deleted_one_does_not() -> None:
    lists = abstract(0, level(0, "%1.")) + num(1, 0)
    struck = item(run("b", "<w:strike/>"), 1)
    deleted = item(f"<w:del>{run('c')}</w:del>", 1, more="<w:rPr><w:del/></w:rPr>")
    assert lines(item("a", 1) + struck + deleted + item("d", 1), numbering=lists) == ["1. a", "3. d"]


@pytest.mark.parametrize(
    ("form", "numbers"),
    [
        ("decimalZero", {1: "01", 12: "12"}),
        ("lowerLetter", {1: "a", 26: "z", 27: "aa", 28: "bb"}),
        ("upperRoman", {4: "IV", 49: "XLIX", 1994: "MCMXCIV"}),
        ("chineseCounting", {1: "一", 10: "十", 11: "十一", 20: "二十", 101: "一百零一"}),
        ("chineseLegalSimplified", {3: "叁", 10: "壹拾"}),
        ("japaneseCounting", {11: "十一", 110: "百十"}),
        ("ideographTraditional", {1: "甲", 10: "癸", 11: "11"}),
        ("ideographDigital", {10: "一〇"}),
        ("decimalEnclosedCircle", {1: "①", 20: "⑳", 21: "㉑", 51: "51"}),
        ("decimalFullWidth", {12: "１２"}),
        ("ordinal", {1: "1st", 12: "12th", 22: "22nd"}),
        ("none", {1: ""}),
        ("unheardOf", {7: "7"}),
    ],
)
def test_numbers_are_written_as_word_writes_them(form: str, numbers: dict[int, str]) -> None:
    assert {number: numeral(number, form) for number in numbers} == numbers


def test_numbers_of_an_author_s_own_format() -> None:
    custom = (
        '<mc:AlternateContent><mc:Choice Requires="w14"><w:numFmt w:val="custom" w:format="001, 002, 003, ..."/>'
        '</mc:Choice><mc:Fallback><w:numFmt w:val="decimal"/></mc:Fallback></mc:AlternateContent>'
    )
    lists = abstract(0, f'<w:lvl w:ilvl="0">{custom}<w:lvlText w:val="R%1"/></w:lvl>') + num(1, 0)
    assert lines(item("a", 1) + item("b", 1), numbering=lists) == ["R001 a", "R002 b"]
