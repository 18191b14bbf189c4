"""CSV and TSV: one table, cut where a person would cut it, whatever program wrote it."""

from __future__ import annotations

import pytest

from ragqa.readers import read_bytes


def rows(source: str | bytes, name: str = "x.csv") -> list[tuple[str, str]]:
    """Return the kind and the text of each block."""
    document = read_bytes(source if isinstance(source, bytes) else source.encode(), name)
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_delimiter_makes_a_table(delimiter: str) -> None:
    source = "\n".join(
        delimiter.join(row) for row in (["Code", "What"], ["E1", '"jam, or; leak"'], ["E2", '"two\nlines"'])
    )
    assert rows(source) == [
        ("table_header", "Code | What"),
        ("table_row", "E1 | jam, or; leak"),
        ("table_row", "E2 | two lines"),
    ]


def test_decimal_commas_do_not_cut_and_stay_as_written() -> None:
    body = "".join(f"V{n};0,{n} - 5,{n};{n},75\n" for n in range(10, 40))
    found = rows(f"Valve;Range (bar);Flow\n{body}")
    assert found[0] == ("table_header", "Valve | Range (bar) | Flow")
    assert found[5] == ("table_row", "V14 | 0,14 - 5,14 | 14,75")
    assert rows("Name;Weight\nSeal;1,5\nRing;0,2\n")[1] == ("table_row", "Seal | 1,5")


@pytest.mark.parametrize("inner", ["A1; A2; A3", "A1;A2;A3", "A1|A2", "A1\tA2"])
def test_lists_within_cells_do_not_cut(inner: str) -> None:
    body = "".join(f"Seal {n},{inner},7-{n}\n" for n in range(30))
    found = rows(f"Part,Fits,Number\n{body}")
    assert found[0] == ("table_header", "Part | Fits | Number")
    assert found[3][1].endswith(" | 7-2") and found[3][1].startswith("Seal 2 | A1")


def test_quoted_sentences_with_other_signs_do_not_cut() -> None:
    body = "".join(f'{n},"Why {n}; and how?","Press;\nwait {n} s; done"\n' for n in range(25))
    found = rows(f"id,question,answer\n{body}")
    assert found[:2] == [
        ("table_header", "id | question | answer"),
        ("table_row", "0 | Why 0; and how? | Press; wait 0 s; done"),
    ]


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;"])
def test_the_line_that_names_the_delimiter_is_obeyed_and_not_shown(first: str) -> None:
    assert rows(f"{first}\r\nA;B\r\n1,5;x,y\r\n") == [("table_header", "A | B"), ("table_row", "1,5 | x,y")]


def test_the_name_of_a_tsv_promises_tabs() -> None:
    assert rows("a\tb,c\n1\t2,5\n2\t3,5\n", "x.tsv")[1] == ("table_row", "1 | 2,5")


def test_titles_units_and_empty_cells() -> None:
    assert rows("Spare parts, mixer M2\nPart,Name,No,Price\nA,seal,1,2\n,ring,2,3\n") == [
        ("caption", "Spare parts, mixer M2"),
        ("table_header", "Part | Name | No | Price"),
        ("table_row", "A | seal | 1 | 2"),
        ("table_row", " | ring | 2 | 3"),
    ]
    assert rows("Parts;;\nType;Pressure;Power\n;bar;kW\nM1;2,5;3\n")[:2] == [
        ("caption", "Parts"),
        ("table_header", "Type | Pressure bar | Power kW"),
    ]
    assert rows("a;b;\n1;2;\n3;4;\n")[1] == ("table_row", "1 | 2")


def test_wrong_quotes_lose_no_row() -> None:
    found = rows('Size,Name,No\n3/8" pipe,"Elbow ""L""",1\n"1/2 inch,Tee,2\n3/4,"Cap",3\n"x"y,z,4\n')
    assert [text for _, text in found[1:]] == [
        '3/8" pipe | Elbow "L" | 1',
        '"1/2 inch | Tee | 2',
        "3/4 | Cap | 3",
        "xy | z | 4",
    ]


def test_one_column_is_a_table_and_a_few_words_are_text() -> None:
    assert rows('Note\n"Press A, then B"\nWait\nGo\n') == [
        ("table_header", "Note"),
        *(("table_row", text) for text in ("Press A, then B", "Wait", "Go")),
    ]
    assert rows("just words\nand more words\n")[0][0] == "paragraph"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_what_spreadsheets_write(encoding: str) -> None:
    text = "Größe;Maß\r\nØ 3;1,50\r\nweiß;2,00\r\n"
    assert rows(text.encode(encoding))[:2] == [("table_header", "Größe | Maß"), ("table_row", "Ø 3 | 1,50")]


def test_short_chinese_files_are_decoded() -> None:
    text = "型号,额定电压,功率\nKX-1,220 V,1.5 kW\n"
    assert rows(text.encode("gb18030"))[0] == ("table_header", "型号 | 额定电压 | 功率")
