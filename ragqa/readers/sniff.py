"""Recognise what a file holds by its content: media sniffing, for the formats read and the kinds refused by name.

The words of the refusals are here too: a person is told "an old Word document (.doc)", not a MIME type.
"""

from __future__ import annotations

import re
import zlib
from io import BytesIO
from zipfile import BadZipFile, ZipFile

from ragqa.readers.encodings import is_binary

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


_TEXT_SIGNATURES = (
    (b"{\\rtf", "a Rich Text (.rtf) document"),
    (b"%!PS", "a PostScript document"),
)
"""Of formats that are text themselves."""
_HEAD = 1024
_PDF_HEADER = re.compile(rb"(?:\xef\xbb\xbf)?\s*%PDF-\d\.\d\s*?(?:[\r\n%]|$)")
_PDF_END = re.compile(rb"(?:^|[\r\n])\s*startxref\s+\d+\s*%%EOF")


def is_pdf(data: bytes, named: bool = False) -> bool:
    """Return whether ``data`` is a PDF. Its header may be missing where the file's name says PDF (``named``)."""
    at = data[:_HEAD].find(b"%PDF-")
    if at < 0:
        return named and b"startxref" in data[-4096:] and unread_binary(data) is None
    # other text may mention the header, and other data may stand before it
    whole = _PDF_HEADER.match(data) is not None or _PDF_END.search(data[-4096:]) is not None
    return whole or (named and at == 0) or _is_binary(data)


def is_word(data: bytes) -> bool:
    """Return whether ``data`` is a Word document, macro document or template, whatever its main part is called."""
    if not _is_zip(data):
        return False
    try:
        with ZipFile(BytesIO(data)) as archive:
            return _has_word_part(archive)
    except _DAMAGED:
        return False


def unread_binary(data: bytes) -> str | None:
    """Return a phrase for a known binary kind of file that is not read ('a PNG image'), or None."""
    if _is_zip(data):
        return _identify_zip(data)
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _identify_ole(data)
    if data.startswith(b"MZ") and b"PE\0\0" in data[:4096]:
        return "an executable"
    if data.startswith(b"BM") and data[6:10] == b"\0\0\0\0":
        return "a BMP image"
    for mark, what in _TEXT_SIGNATURES:
        if data.startswith(mark):
            return what
    # most signatures are letters, with which a text may begin too
    found = next((what for at, mark, what in _SIGNATURES if data.startswith(mark, at)), None)
    return found if found and _is_binary(data) else None


def _is_binary(data: bytes) -> bool:
    """Return whether ``data`` is no text in any encoding of one byte or UTF-8."""
    return 0 in data[:_HEAD] or is_binary(data)


def _is_zip(data: bytes) -> bool:
    return data.startswith((b"PK\x03\x04", b"PK\x05\x06"))


_DAMAGED = (BadZipFile, zlib.error, OSError, ValueError, NotImplementedError, RuntimeError, EOFError)


def _identify_zip(data: bytes) -> str | None:
    """Return what a zip archive holds; None where it is a Word document, which is read."""
    try:
        with ZipFile(BytesIO(data)) as archive:
            names = archive.namelist()
            kind = archive.read("mimetype")[:80].decode("ascii", "replace") if "mimetype" in names[:1] else ""
            if _has_word_part(archive):
                return None
    except _DAMAGED:
        return "a damaged Word document (.docx)" if b"word/" in data[:65_536] else "a damaged zip archive"
    if "epub" in kind:
        return "an EPUB e-book"
    if "opendocument" in kind:
        return "an OpenDocument file (.odt, .ods, .odp)"
    return next((what for start, what in _ZIP_CONTENTS if any(n.startswith(start) for n in names)), "a zip archive")


def _has_word_part(archive: ZipFile) -> bool:
    plain = {name.replace("\\", "/").lower(): name for name in archive.namelist()}
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
_SVG = re.compile(r"<svg\b")
_MARKDOWN_SIGN = re.compile(
    r"^(?:#{1,6} \S|```|~~~|\|? ?:?-{3,}:? ?\|)|\]\((?:https?:|#|\.?/)[^)\s]{0,200}\)", re.MULTILINE
)

_HEAD_OF_TEXT = 65_536
"""Characters by which text is recognised."""


def is_mhtml(text: str) -> bool:
    """Return whether ``text`` is a web page saved with its pictures (MHTML)."""
    return _MHTML.match(text[:4096]) is not None


def is_html(text: str) -> bool:
    """Return whether ``text`` begins as a page of HTML does."""
    return _HTML_START.match(_skip_prolog(text[:_HEAD_OF_TEXT])) is not None


def resembles_html(text: str, named: bool) -> bool:
    """Return whether ``text`` has the tags of HTML; any sign of markup will do where its file is ``named`` HTML."""
    head = _skip_prolog(text[:_HEAD_OF_TEXT])
    if _SVG.match(head):
        return False
    return "<" in head if named else head.startswith("<") and not _is_xml(text) and len(_HTML_TAG.findall(head)) >= 3


def resembles_markdown(text: str) -> bool:
    """Return whether ``text`` has headings, fences, table rules or links of Markdown, two of them at least."""
    return len(_MARKDOWN_SIGN.findall(_skip_prolog(text[:_HEAD_OF_TEXT]))) >= 2


def unread_text(text: str) -> str | None:
    """Return a phrase for a known kind of text that is not read ('an SVG image'), or None."""
    if _SVG.match(_skip_prolog(text[:_HEAD_OF_TEXT])):
        return "an SVG image"
    return "an XML file" if _is_xml(text) else None


def _is_xml(text: str) -> bool:
    return text[:200].lstrip("\ufeff \n").startswith("<?xml")


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
