"""What bytes really are, whatever their file is called. Reads no text out of them."""

from __future__ import annotations

import re
import zlib
from io import BytesIO
from typing import Literal
from zipfile import BadZipFile, ZipFile

Format = Literal["pdf", "docx", "html", "mhtml", "markdown", "csv", "text"]

_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (0, b"\xff\xd8\xff", "a JPEG image"),
    (0, b"GIF87a", "a GIF image"),
    (0, b"GIF89a", "a GIF image"),
    (8, b"WEBP", "a WebP image"),
    (0, b"II*\0", "a TIFF image"),
    (0, b"MM\0*", "a TIFF image"),
    (0, b"\0\0\x01\0", "an icon"),
    (0, b"8BPS", "a Photoshop image"),
    (0, b"\0\0\0\x0cjP  ", "a JPEG 2000 image"),
    (4, b"ftyphei", "a HEIC image"),
    (4, b"ftypavif", "an AVIF image"),
    (4, b"ftypM4A", "an audio file"),
    (4, b"ftyp", "a video"),
    (8, b"WAVE", "an audio file"),
    (8, b"AVI ", "a video"),
    (0, b"ID3", "an audio file"),
    (0, b"\xff\xfb", "an audio file"),
    (0, b"OggS", "an audio file"),
    (0, b"fLaC", "an audio file"),
    (0, b"\x1aE\xdf\xa3", "a video"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"BZh", "a bzip2 archive"),
    (0, b"\xfd7zXZ\0", "an xz archive"),
    (0, b"(\xb5/\xfd", "a zstd archive"),
    (0, b"7z\xbc\xaf'\x1c", "a 7z archive"),
    (0, b"Rar!\x1a\x07", "a RAR archive"),
    (257, b"ustar", "a tar archive"),
    (0, b"\x7fELF", "an executable"),
    (0, b"\xcf\xfa\xed\xfe", "an executable"),
    (0, b"\xca\xfe\xba\xbe", "an executable"),
    (0, b"SQLite format 3\0", "an SQLite database"),
    (0, b"{\\rtf", "a Rich Text (.rtf) document"),
    (0, b"%!PS", "a PostScript document"),
    (0, b"AT&TFORM", "a DjVu document"),
    (60, b"BOOKMOBI", "a Mobipocket e-book"),
    (0, b"ITSF", "a compiled help file (.chm)"),
    (0, b"\0\x01\0\0\0", "a font"),
    (0, b"OTTO", "a font"),
    (0, b"wOF", "a font"),
)
_ZIP_CONTENTS = (
    ("xl/", "an Excel workbook (.xlsx)"),
    ("ppt/", "a PowerPoint presentation (.pptx)"),
    ("META-INF/MANIFEST.MF", "a Java archive"),
)
_LONGEST_TYPES = 1_000_000
"""Bytes of the list of an Office file's parts that are looked at."""
_OLE_STREAMS = (
    ("EncryptedPackage", "a password-protected Office document"),
    ("WordDocument", "an old Word document (.doc)"),
    ("Workbook", "an old Excel workbook (.xls)"),
    ("PowerPoint Document", "an old PowerPoint presentation (.ppt)"),
    ("__nameid_version1.0", "an Outlook message (.msg)"),
)


def identify_binary(data: bytes) -> str | None:
    """Return 'pdf', 'docx', a phrase for a known kind of file that is not read ('a PNG image'), or None."""
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _identify_zip(data)
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _identify_ole(data)
    if data.startswith(b"MZ") and b"PE\0\0" in data[:4096]:
        return "an executable"
    if data.startswith(b"BM") and data[6:10] == b"\0\0\0\0":
        return "a BMP image"
    return next((what for at, mark, what in _SIGNATURES if data.startswith(mark, at)), None)


def _identify_zip(data: bytes) -> str:
    try:
        with ZipFile(BytesIO(data)) as archive:
            names = archive.namelist()
            kind = archive.read("mimetype")[:80].decode("ascii", "replace") if "mimetype" in names[:1] else ""
            is_word = _is_word(archive, names)
    except (BadZipFile, zlib.error, OSError, ValueError, NotImplementedError, RuntimeError, EOFError):
        return "a damaged Word document (.docx)" if b"word/" in data[:65_536] else "a damaged zip archive"
    if is_word:
        return "docx"
    if "epub" in kind:
        return "an EPUB e-book"
    if "opendocument" in kind:
        return "an OpenDocument file (.odt, .ods, .odp)"
    return next((what for start, what in _ZIP_CONTENTS if any(n.startswith(start) for n in names)), "a zip archive")


def _is_word(archive: ZipFile, names: list[str]) -> bool:
    """Say whether a zip archive is a Word document, macro document or template, whatever its main part is called."""
    plain = {name.replace("\\", "/").lower(): name for name in names}
    if "word/document.xml" in plain:
        return True
    types = plain.get("[content_types].xml")
    if types is None:
        return False
    with archive.open(types) as part:
        declared = part.read(_LONGEST_TYPES).replace(b"\0", b"")  # UTF-16 has a zero beside each letter
    return re.search(rb"(?:wordprocessingml|ms-word)\.[\w.]{1,40}\.?main\+xml", declared, re.IGNORECASE) is not None


def _identify_ole(data: bytes) -> str:
    streams = ((name.encode("utf-16-le"), what) for name, what in _OLE_STREAMS)
    return next((what for name, what in streams if name in data), "an old Office document")


_MHTML = re.compile(  # the lines of a mail's head, one of which says what follows
    r"(?:[\w-]{2,40}:[^\n]*\n(?:[ \t][^\n]*\n)*)*?Content-Type:\s*multipart/related", re.IGNORECASE
)
_HTML_START = re.compile(r"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_HTML_TAG = re.compile(
    r"</?(?:p|div|h[1-6]|table|tr|td|ul|ol|li|span|a|br|title|head|body|html|section|b|i|meta|pre|dl)\b", re.I
)
_MARKDOWN_SIGN = re.compile(
    r"^(?:#{1,6} \S|```|~~~|\|? ?:?-{3,}:? ?\|)|\]\((?:https?:|#|\.?/)[^)\s]{0,200}\)", re.MULTILINE
)

_BY_SUFFIX: dict[str, Format] = {
    **dict.fromkeys((".md", ".markdown", ".mkd", ".mdown", ".mdx"), "markdown"),
    **dict.fromkeys((".csv", ".tsv", ".tab"), "csv"),
    **dict.fromkeys((".txt", ".text", ".rst", ".log"), "text"),
}


def identify_text(text: str, suffix: str) -> Format | str:
    """Return the format of decoded text, by its content first; a phrase for a known kind that is not read."""
    if _MHTML.match(text[:4096]):
        return "mhtml"
    head = _skip_prolog(text[:65_536])
    if _HTML_START.match(head):
        return "html"
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    if re.match(r"<svg\b", head):
        return "an SVG image"
    tags = len(_HTML_TAG.findall(head))
    if suffix in (".html", ".htm", ".xhtml", ".xht", ".shtml"):
        return "html" if tags or "<" in head else "text"
    if text[:200].lstrip("\ufeff \n").startswith("<?xml"):
        return "an XML file"
    if head.startswith("<") and tags >= 3:
        return "html"
    if len(_MARKDOWN_SIGN.findall(head)) >= 2:
        return "markdown"
    return "text"


def _skip_prolog(head: str) -> str:
    """Drop what may stand before the first tag: a byte order mark, an XML declaration, comments."""
    head = head.lstrip("\ufeff \t\r\n")
    while True:
        for start, end in (("<?", "?>"), ("<!--", "-->")):
            if head.startswith(start) and (stop := head.find(end)) >= 0:
                head = head[stop + len(end) :].lstrip()
                break
        else:
            return head
