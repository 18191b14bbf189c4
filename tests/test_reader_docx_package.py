"""Word files as programs really write them: other names, other namespaces, parts that are missing or taken in."""

from __future__ import annotations

import pytest

from ragqa.readers import read_bytes
from ragqa.readers.builder import clean_metadata_title
from tests.docx_making import OFFICE, para, parts_of, relations, zipped

BODY = para("Valve", '<w:pStyle w:val="H1"/>') + para("Open it at 4 bar.")
STYLES = '<w:style w:type="paragraph" w:styleId="H1"><w:name w:val="heading 1"/></w:style>'
SAID = "Valve\n\nOpen it at 4 bar."


def parts(**more: bytes) -> dict[str, bytes]:
    return {**parts_of(BODY, styles=STYLES), **more}


def said(files: dict[str, bytes], name: str = "x.docx") -> str:
    return read_bytes(zipped(files), name).text


@pytest.mark.parametrize(
    "kind",
    [
        "application/vnd.ms-word.document.macroEnabled.main+xml",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml",
        "application/vnd.ms-word.template.macroEnabledTemplate.main+xml",
    ],
)
def test_macro_documents_and_templates_are_read(kind: str) -> None:
    assert said(parts_of(BODY, styles=STYLES, main_type=kind), "x.dotm") == SAID


def test_the_main_part_may_have_any_name() -> None:
    files = parts()
    for old, new in (("word/document.xml", "text/main.xml"), ("word/styles.xml", "text/styles.xml")):
        files[new] = files.pop(old)
    files["text/_rels/main.xml.rels"] = files.pop("word/_rels/document.xml.rels")
    files["_rels/.rels"] = relations(officeDocument="/text/main.xml").encode()
    assert said(files) == SAID


def test_relations_may_lead_nowhere_and_names_may_differ() -> None:
    lost = relations(styles="styles.xml", image="NULL", numbering="../gone.xml", footnotes="%20.xml")
    assert said({**parts(), "word/_rels/document.xml.rels": lost.encode()}) == SAID
    backslashes = {name.replace("/", "\\"): content for name, content in parts().items()}
    assert said(backslashes) == SAID
    other_case = {name.upper() if name.startswith("word/") else name: content for name, content in parts().items()}
    assert said(other_case) == SAID
    del (bare := parts())["word/_rels/document.xml.rels"], bare["_rels/.rels"]
    assert said(bare) == SAID


def test_strict_namespaces_and_utf_16_are_read() -> None:
    strict = {}
    for name, content in parts().items():
        for of in ("wordprocessingml", "officeDocument"):
            new = f"http://purl.oclc.org/ooxml/{of}".encode()
            old = f"http://schemas.openxmlformats.org/{of}/2006".encode()
            content = content.replace(old, new)
        strict[name] = content
    assert said(strict) == SAID
    wide = parts()
    wide["word/document.xml"] = wide["word/document.xml"].decode().encode("utf-16")
    marked = '<?xml version="1.0" encoding="UTF-16"?>' + wide["word/styles.xml"].decode()
    wide["word/styles.xml"] = marked.encode("utf-16")
    assert said(wide) == SAID


def taking_in(name: str, content: bytes) -> dict[str, bytes]:
    files = parts_of(para("Before.") + '<w:altChunk r:id="aFChunk"/>' + para("After."))
    return {**files, "word/_rels/document.xml.rels": relations(aFChunk=name).encode(), f"word/{name}": content}


def test_files_taken_in_are_read_in_place() -> None:
    page = b"<html><body><h2>Fan</h2><p>Stop the fan.</p></body></html>"
    assert said(taking_in("part.html", page)) == "Before.\n\nFan\n\nStop the fan.\n\nAfter."
    assert said(taking_in("part.txt", b"Plain words.")) == "Before.\n\nPlain words.\n\nAfter."
    inner = zipped(parts())
    assert said(taking_in("part.docx", inner)) == f"Before.\n\n{SAID}\n\nAfter."
    mail = b"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\n"
    assert said(taking_in("part.mht", mail + page + b"\n--b--\n")) == "Before.\n\nFan\n\nStop the fan.\n\nAfter."
    document = read_bytes(zipped(taking_in("part.rtf", rb"{\rtf1 lost}")), "x.docx")
    assert document.text == "Before.\n\nAfter."
    assert document.warnings == (
        "x.docx takes in a Rich Text (.rtf) document, which was left out: copy it into the document itself",
    )


def test_word_files_within_word_files_end_somewhere() -> None:
    inner = zipped(parts())
    for _ in range(6):
        inner = zipped(taking_in("part.docx", inner))
    document = read_bytes(inner, "x.docx")
    assert document.text.count("Before.") == 4
    assert "the innermost were left out" in document.warnings[0]


def titled(title: str, template: str = "") -> str:
    core = f'<c xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{title}</dc:title></c>'
    about = f'<p xmlns="{OFFICE}/extended-properties"><Template>{template}</Template></p>'
    rels = relations(
        **{"officeDocument": "word/document.xml", "core-properties": "c.xml", "extended-properties": "a.xml"}
    )
    files = {**parts(), "_rels/.rels": rels.encode(), "c.xml": core.encode(), "a.xml": about.encode()}
    return read_bytes(zipped(files), "x.docx").title


def test_a_title_is_one_that_a_person_gave() -> None:
    assert titled("Valve manual") == "Valve manual"
    assert titled("Word Document") == "Valve"
    assert titled("Acme Letter", "Acme Letter.dotx") == "Valve"
    assert titled("Acme Letter", "Normal.dotm") == "Acme Letter"


@pytest.mark.parametrize(
    "title",
    [
        *("Word Document", "(anonymous)", "Untitled", "Untitled-1", "Untitled Document", "Document1", "文档1", "文档"),
        *("Microsoft Word - pump v2.doc", "PowerPoint Presentation", "PowerPoint-Präsentation", "Normal.dotm"),
        *(r"C:\manuals\pump manual", "/home/me/pump", "file:///pump", "https://example.com/pump", "pump.indd"),
        *(
            "[Document title]",
            "Title",
            "unknown",
            "12",
            "无标题文档",
            "新建 Microsoft Word 文档",
            "PowerPoint 演示文稿",
            "",
        ),
    ],
)
def test_titles_that_programs_write_are_none(title: str) -> None:
    assert clean_metadata_title(title) == ""


@pytest.mark.parametrize(
    "title",
    [
        "RS-232/485 converter",
        "Installation / Operation",
        "手册",
        "P1",
        "Word processing guide",
        "Document control",
        "文档管理手册",
    ],
)
def test_titles_that_people_give_stay(title: str) -> None:
    assert clean_metadata_title(f" {title}\n") == title
