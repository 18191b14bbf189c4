"""The door to all readers: what a file is taken for, what is refused and in which words, which files a folder gives."""

from __future__ import annotations

import bz2
import io
import os
import re
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ragqa.errors import UnreadableFile
from ragqa.readers import find_files, read, read_bytes
from ragqa.types import Document
from tests.pdf_making import make_pdf

DATA = Path(__file__).parents[1].parent / "shared/data"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4


def zip_of(**parts: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/").replace("_x", ".x"), content)
    return buffer.getvalue()


def blocks(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


def check_invariants(document: Document) -> None:
    last = 0
    for block in document.blocks:
        assert last <= block.start < block.end
        assert not document.text[last : block.start].strip()
        assert document.text[block.start : block.end].strip()
        last = block.end
    assert not document.text[last:].strip()


@pytest.mark.parametrize(
    ("name", "data", "media_type"),
    [
        ("a.txt", b"<!DOCTYPE html><title>T</title><p>hello there", "text/html"),
        ("a.html", b"Only words, no tag at all.", "text/plain"),
        ("a.pdf", b"<html><body><p>Page not found</p></body></html>", "text/html"),
        ("a.md", b"# Title\n\ntext", "text/markdown"),
        ("-", b"# Title\n\nSee [that](https://example.org).\n", "text/markdown"),
        ("-", b"Just words.", "text/plain"),
        ("a.csv", b"code;meaning\nE1;jam\nE2;leak\n", "text/csv"),
        ("a.md", b'<div align="center">\n\n# Title\n\n</div>', "text/markdown"),
        ("noname", b'<?xml version="1.0"?><!-- x --><html><body>hi</body></html>', "text/html"),
    ],
)
def test_content_decides_the_format_and_the_suffix_only_among_kinds_of_text(
    name: str, data: bytes, media_type: str
) -> None:
    assert read_bytes(data, name).media_type == media_type


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("x.pdf", PNG, "x.pdf is not a PDF but a PNG image"),
        ("x.png", PNG, "x.png is a PNG image"),
        ("x.txt", zip_of(xl__workbook_xml=b"<x/>"), "not text but an Excel workbook"),
        ("x.docx", zip_of(a=b"1"), "not a Word document but a zip archive"),
        ("x.docx", b"PK\x03\x04word/document.xml" + b"\0" * 50, "damaged Word document"),
        ("x.epub", zip_of(mimetype=b"application/epub+zip"), "EPUB"),
        ("x.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le"), "old Word document"),
        ("x.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password-protected"),
        ("x.mp3", b"ID3\x03" + bytes(100), "audio"),
        ("x.otf", b"OTTO\0\x0c\0\x80\0\3\0\x40CFF " + b"text of the licence, " * 900, "a font"),
        ("x.gif", b"GIF89a\x20\0\x20\0\xf0\0\0\xff\xff\xff\0\0\0,\0\0\0\0\x20\0", "GIF image"),
        ("x.bz2", bz2.compress(b"words"), "bzip2"),
        ("x.tar", b"a.txt" + bytes(252) + b"ustar\x0000" + bytes(248) + b"words " * 20_000, "tar archive"),
        ("x.ps", b"%!PS-Adobe-3.0\n(hello) show\n", "PostScript"),
        ("x.bin", b"\x7fELF" + bytes(100), "executable"),
        ("x.rtf", b"{\\rtf1 hello}", "Rich Text"),
        ("x.bin", bytes(range(256)) * 50, "binary data"),
        ("x.txt", os.urandom(5000), "x.txt is not text but binary data"),
        ("x.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><text>a</text></svg>", "SVG"),
        ("x.xml", b"<?xml version='1.0'?><book><p>a</p></book>", "XML"),
        ("x.txt", b"", "x.txt is empty"),
        ("x.md", b" \n\t \n", "nothing but white space"),
        ("x.txt", b"\xef\xbb\xbf \n", "nothing but white space"),
        ("x.html", b"<html><body><script>f()</script></body></html>", "holds no text"),
    ],
)
def test_what_is_not_read_is_named_in_one_line(name: str, data: bytes, says: str) -> None:
    with pytest.raises(UnreadableFile, match=re.escape(says)) as caught:
        read_bytes(data, name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "OTTO motors run on petrol.",
        "ID3 tags are read from the card.",
        "GIF89a and GIF87a pictures can be shown.",
        "BZh is how such files begin.",
        "The WEBP format is not supported.",
        "A PDF begins with %PDF-1.7 and ends with startxref and a number.",
        "%PDF-1.7 is the first line of such a file.",
    ],
)
@pytest.mark.parametrize("name", ["x.txt", "x.md", "noname"])
def test_text_may_begin_as_binary_files_do(text: str, name: str) -> None:
    assert read_bytes(text.encode(), name).text == text


def test_what_stands_before_the_header_of_a_pdf_does_not_hide_it() -> None:
    data = make_pdf(["BT /F1 12 Tf 72 720 Td (Hello there, pump.) Tj ET"])
    for before in (b"", b"\xef\xbb\xbf", b"\r\n", b"HTTP/1.1 200 OK\r\n\r\n"):
        assert "Hello there, pump." in read_bytes(before + data, "noname").text


def test_paths_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"gone\.txt is not there"):
        read(tmp_path / "gone.txt")
    with pytest.raises(UnreadableFile, match="is a folder"):
        read(tmp_path)
    secret = tmp_path / "手册 1.txt"
    secret.write_text("words")
    assert read(secret).title == "手册 1"
    if os.geteuid():  # root may read everything
        secret.chmod(0)
        with pytest.raises(UnreadableFile, match="permission denied"):
            read(secret)


def test_the_name_given_is_the_documents_name(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("words")
    assert read(path, name="manuals/a.txt").name == "manuals/a.txt"
    assert read(path).name == path.as_posix()


def test_a_folder_gives_its_readable_files_sorted_and_once(tmp_path: Path) -> None:
    for name in ("b.md", "a.PDF", "sub/c.txt", ".git/d.txt", ".hidden.txt", "CVS/e.txt", "photo.png", "~$x.docx"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "sub" / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (tmp_path / "again.md").symlink_to(tmp_path / "b.md")
    found = find_files([tmp_path, tmp_path / "b.md"])
    assert [path.resolve().relative_to(tmp_path.resolve()).as_posix() for path in found] == [
        "a.PDF",
        "b.md",
        "sub/c.txt",
    ]
    assert find_files([tmp_path / "photo.png"]) == [tmp_path / "photo.png"]


def test_a_missing_path_and_an_empty_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="nowhere is not there"):
        find_files([tmp_path / "nowhere"])
    (tmp_path / "photo.png").write_bytes(PNG)
    with pytest.raises(UnreadableFile, match=r"holds no file that is read \(.*\.pdf .*\.md"):
        find_files([tmp_path])


@pytest.mark.parametrize("name", ["x.txt", "x.md", "x.csv", "x.html"])
def test_one_huge_line_is_read_in_time_linear_in_its_length(name: str) -> None:
    seconds = []
    for count in (20_000, 160_000):
        begun = time.process_time()
        document = read_bytes(b"word, and  1.2 more - " * count, name)
        seconds.append(time.process_time() - begun)
        assert document.text.count("word") == count
    assert seconds[1] < 40 * seconds[0] + 1  # 8 times the text; quadratic would be 64 times


@settings(max_examples=150, deadline=None)
@given(
    st.text(alphabet=st.sampled_from("ab1.)-*#=|>_ \t\n\f<&;:第章一、中文`[]~+"), max_size=120),
    st.sampled_from(["txt", "md", "html", "csv"]),
)
def test_blocks_cover_the_text_in_order_whatever_the_input(text: str, suffix: str) -> None:
    try:
        document = read_bytes(text.encode(), f"x.{suffix}")
    except UnreadableFile:
        return
    check_invariants(document)
    assert read_bytes(text.encode(), f"x.{suffix}") == document


WORDS = st.lists(st.from_regex(r"[a-z]{2,7}|[一-龥]{1,3}", fullmatch=True), min_size=1, max_size=8)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["p", "h2", "li", "pre", "div", "td", "dd", "summary", "span"]), WORDS),
        min_size=1,
        max_size=8,
    )
)
def test_every_word_of_an_html_body_is_in_the_text(parts: list[tuple[str, list[str]]]) -> None:
    markup = "".join(f"<{tag}>{' '.join(words)}</{tag}>\n" for tag, words in parts)
    text = read_bytes(f"<html><body>{markup}</body></html>".encode(), "x.html").text
    assert [word for _, words in parts for word in words if word not in text] == []


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["", "# ", "- ", "1. ", "> ", "    ", "| "]), WORDS), min_size=1, max_size=10),
    st.booleans(),
)
def test_every_word_of_text_and_markdown_is_in_the_text(parts: list[tuple[str, list[str]]], spaced: bool) -> None:
    source = ("\n\n" if spaced else "\n").join(start + " ".join(words) for start, words in parts)
    for suffix in ("txt", "md"):
        text = read_bytes(source.encode(), f"x.{suffix}").text
        assert [word for _, words in parts for word in words if word not in text] == []


@pytest.mark.skipif(not (DATA / "html-md").is_dir(), reason="needs ../shared/data/html-md")
def test_every_file_of_the_collection_gives_text_or_one_honest_line_quickly() -> None:
    for path in sorted((DATA / "html-md").rglob("*")):
        if path.is_file():
            begun = time.process_time()
            try:
                check_invariants(read(path))
            except UnreadableFile as error:
                assert "\n" not in str(error) and path.name in str(error)
            assert time.process_time() - begun < 20  # of this process: others may be at work


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a system with pipes that have names")
def test_only_files_are_opened_and_none_that_is_too_large(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    with (tmp_path / "huge.txt").open("wb") as file:
        file.truncate(50_000_000_000)  # takes no room on the disk
    for path in find_files([tmp_path]):
        with pytest.raises(UnreadableFile, match=r"pipe\.md is a pipe, not a file|huge\.txt has 50,000 MB, .* 500"):
            read(path)
    with pytest.raises(UnreadableFile, match="zero is a device"):
        read(Path("/dev/zero"))
    with pytest.raises(UnreadableFile, match="is not there"):
        find_files([tmp_path / ("x" * 5000)])


def test_text_larger_than_any_text_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(UnreadableFile, match=r"x\.txt has 80 MB, text may have 80: split it"):
        read_bytes(b"a" * 80_000_001, "x.txt")
