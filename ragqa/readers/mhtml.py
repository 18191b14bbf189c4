"""Read MHTML, a page as browsers save it in one file: its first part of HTML, as the HTML reader has it (RFC 2557)."""

from __future__ import annotations

import base64
import binascii
import quopri
import re

from ragqa.errors import UnreadableFile
from ragqa.readers.encodings import Decoded, declared_encoding, decode
from ragqa.readers.html import read as read_html
from ragqa.types import Document

_LONGEST_HEAD = 65_536
_BOUNDARY = re.compile(rb"boundary\s*=\s*(?:\"([^\"\r\n]{1,200})\"|([^\s;]{1,200}))", re.IGNORECASE)
_BLANK = re.compile(rb"\r?\n\r?\n")


def read(decoded: Decoded, data: bytes, name: str) -> Document:
    """Return the page as a Document. Raises UnreadableFile where the file holds no HTML."""
    head = data[:_LONGEST_HEAD]
    boundary = _BOUNDARY.search(head)
    parts = data.split(b"--" + (boundary[1] or boundary[2]))[1:] if boundary else [data]
    for part in parts:
        end = _BLANK.search(part[:_LONGEST_HEAD])
        if not end or not re.search(
            rb"content-type:\s*(?:text/html|application/xhtml)", part[: end.start()], re.IGNORECASE
        ):
            continue
        page = _body(part[: end.start()].lower(), part[end.end() :])
        named = re.search(rb"charset\s*=\s*\"?([\w.:-]{2,40})", part[: end.start()], re.IGNORECASE)
        text = decode(page, declared_encoding(b"<meta charset=" + named[1] + b">" if named else page))
        if text is not None:
            return read_html(text, data, name)
    raise UnreadableFile(f"{name} holds no page: save it anew from the browser, as one file or as HTML")


def _body(head: bytes, body: bytes) -> bytes:
    """Return what a part holds, its transfer encoding undone."""
    if b"quoted-printable" in head:
        return quopri.decodestring(body)
    if b"base64" in head:
        try:
            return base64.b64decode(body)
        except (binascii.Error, ValueError):
            return b""
    return body
