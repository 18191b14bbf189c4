"""DOCX: headings, lists with Word's numbers, tables, notes; no running headers; bombs and entities harmless."""

from __future__ import annotations

import io
import re
import zipfile

import docx
import pytest
from docx.oxml import parse_xml

from ragqa.errors import UnreadableFile
from ragqa.readers import docx_package, read_bytes
from ragqa.types import Document

NS = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def saved(word: docx.document.Document) -> bytes:
    buffer = io.BytesIO()
    word.save(buffer)
    return buffer.getvalue()


def blocks(document: Document) -> list[tuple[str, int, str]]:
    return [(block.kind, block.level, document.text[block.start : block.end]) for block in document.blocks]


def test_headings_lists_and_paragraphs_in_order_without_running_headers() -> None:
    word = docx.Document()
    word.add_heading("Pump", 0)
    word.add_heading("第一章 安装", 1)
    word.add_paragraph("Read this first.")
    word.add_paragraph("Open the valve.", style="List Number")
    word.add_paragraph("Close it.", style="List Number")
    word.add_paragraph("A point", style="List Bullet")
    word.add_page_break()
    word.add_paragraph("last")
    word.sections[0].header.paragraphs[0].text = "RUNNING"
    document = read_bytes(saved(word), "x.docx")
    assert blocks(document) == [
        ("heading", 1, "Pump"),
        ("heading", 1, "第一章 安装"),
        ("paragraph", 0, "Read this first."),
        ("list_item", 1, "1. Open the valve."),
        ("list_item", 1, "2. Close it."),
        ("list_item", 1, "A point"),
        ("paragraph", 0, "last"),
    ]
    assert (document.title, document.pages) == ("Pump", ())


def test_merged_cells_of_a_table() -> None:
    word = docx.Document()
    table = word.add_table(4, 3)
    for at, text in enumerate(
        ["Code", "Meaning", "Remedy", "E1", "jam", "open", "", "leak", "close", "wide", "", "end"]
    ):
        table.cell(at // 3, at % 3).text = text
    table.cell(1, 0).merge(table.cell(2, 0))
    table.cell(3, 0).merge(table.cell(3, 1))
    assert [(kind, text) for kind, _, text in blocks(read_bytes(saved(word), "x.docx"))] == [
        ("table_header", "Code | Meaning | Remedy"),
        ("table_row", "E1 | jam | open"),
        ("table_row", "E1 | leak | close"),
        ("table_row", "wide |  | end"),
    ]


def test_hidden_and_deleted_text_is_not_read_and_text_boxes_are() -> None:
    word = docx.Document()
    paragraph = word.add_paragraph("shown ")
    paragraph.add_run("unseen").font.hidden = True
    paragraph._p.append(parse_xml(f"<w:del {NS}><w:r><w:delText>gone</w:delText></w:r></w:del>"))
    paragraph._p.append(parse_xml(f"<w:ins {NS}><w:r><w:t>added</w:t></w:r></w:ins>"))
    box = f"<w:r {NS}><w:pict><w:txbxContent><w:p><w:r><w:t>in a box</w:t></w:r></w:p></w:txbxContent></w:pict></w:r>"
    paragraph._p.append(parse_xml(box))
    assert read_bytes(saved(word), "x.docx").text == "shown added\n\nin a box"


def test_outline_levels_make_headings() -> None:
    word = docx.Document()
    paragraph = word.add_paragraph("A heading by its outline")
    paragraph._p.get_or_add_pPr().append(parse_xml(f'<w:outlineLvl {NS} w:val="1"/>'))
    assert blocks(read_bytes(saved(word), "x.docx")) == [("heading", 2, "A heading by its outline")]


def altered(change: str, to: str) -> bytes:
    word = docx.Document()
    word.add_paragraph("PLACE")
    source = zipfile.ZipFile(io.BytesIO(saved(word)))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for item in source.infolist():
            content = source.read(item)
            if item.filename == "word/document.xml":
                content = re.sub(change.encode(), to.encode(), content, count=1)
            target.writestr(item.filename, content)
    return buffer.getvalue()


def test_entities_are_not_expanded_or_fetched() -> None:
    prolog = '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd"><!ENTITY y "boom">]>'
    data = altered(r"<\?xml[^>]*>", prolog).replace(b"", b"")
    text = read_bytes(data, "x.docx").text
    assert text == "PLACE"


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docx_package, "LARGEST_XML", 4 * 2**20)
    monkeypatch.setattr(docx_package, "MOST_TAGS", 100_000)


@pytest.mark.usefixtures("small_limits")
def test_what_unpacks_to_too_much_is_refused_while_it_is_inflated() -> None:
    assert read_bytes(altered("PLACE", "PLACE"), "x.docx").text == "PLACE"
    for inside, limit in (("x" * 4 * 2**20, "4 MiB of XML"), ("<w:p/>" * 100_000, "100,000 tags")):
        with pytest.raises(UnreadableFile, match=f"x\\.docx unpacks to more than {limit}.*split it"):
            read_bytes(altered("PLACE", inside), "x.docx")


@pytest.mark.usefixtures("small_limits")
def test_a_picture_is_not_inflated() -> None:
    buffer = io.BytesIO(altered("PLACE", "PLACE"))
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as package:
        package.writestr("word/media/bomb.xml", bytes(5 * 2**20))
    assert read_bytes(buffer.getvalue(), "x.docx").text == "PLACE"


def test_a_note_is_quoted_once_however_often_it_is_cited() -> None:
    cited = '<w:r><w:footnoteReference w:id="7"/></w:r>' * 300
    buffer = io.BytesIO(altered("<w:r><w:t>PLACE", f"{cited}<w:r><w:t>PLACE"))
    note = (
        f'<w:footnotes {NS}><w:footnote w:id="7"><w:p><w:r><w:t>At rest.</w:t></w:r></w:p></w:footnote></w:footnotes>'
    )
    with zipfile.ZipFile(buffer) as source:
        parts = {name: source.read(name) for name in source.namelist()}
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"
    relations = "word/_rels/document.xml.rels"
    parts[relations] = parts[relations].replace(
        b"</Relationships>", f'<Relationship Id="n" Type="{kind}" Target="footnotes.xml"/></Relationships>'.encode()
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        for name, part in {**parts, "word/footnotes.xml": note.encode()}.items():
            target.writestr(name, part)
    text = read_bytes(buffer.getvalue(), "x.docx").text
    assert text == "PLACE\n\nNote: At rest."


def test_a_comment_in_the_xml_is_passed_over() -> None:
    assert read_bytes(altered("<w:t>PLACE", "<!-- aside --><w:t>PLACE"), "x.docx").text == "PLACE"


def test_a_damaged_document_is_named() -> None:
    data = altered("<w:body>", "<w:body><w:p>")
    with pytest.raises(UnreadableFile, match=r"x\.docx is a damaged Word document") as caught:
        read_bytes(data, "x.docx")
    assert "\n" not in str(caught.value)
    whole = altered("PLACE", "PLACE")
    for at in range(200, len(whole) - 200, 997):  # bytes gone bad anywhere give text or an error, never a traceback
        try:
            read_bytes(whole[:at] + b"\xff\x00\xff\x55" + whole[at + 4 :], "x.docx")
        except UnreadableFile as error:
            assert "\n" not in str(error)
    with pytest.raises(UnreadableFile, match="damaged"):
        read_bytes(whole[: len(whole) // 2], "x.docx")


def test_a_list_level_that_word_has_not_is_its_deepest() -> None:
    word = docx.Document()
    paragraph = word.add_paragraph("PLACE", style="List Number")
    paragraph._p.get_or_add_pPr().append(
        parse_xml(f'<w:numPr {NS}><w:ilvl w:val="999999"/><w:numId w:val="1"/></w:numPr>')
    )
    (block,) = read_bytes(saved(word), "x.docx").blocks
    assert (block.kind, block.level) == ("list_item", 9)
