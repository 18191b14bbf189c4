"""Unpack the parts of a Word file that hold text, counted while they are inflated. Reads no text."""

from __future__ import annotations

import re
from io import BytesIO
from zipfile import ZipFile, ZipInfo

from ragqa.errors import UnreadableFile

LARGEST_XML = 128 * 2**20
"""Bytes that the parts with text may unpack to together: a zip of a few kilobytes can claim terabytes."""
MOST_TAGS = 4_000_000
"""Tags in them: a tree of elements takes some twenty times the bytes of the shortest tags."""

_CHUNK = 2**20
_NEEDED = re.compile(r"(?i).*\.rels$|(?!(?:.*/)?(?:media|embeddings|fonts|theme|customXml|activeX)/).*\.xml$")


def text_parts(data: bytes, name: str) -> BytesIO:
    """Return the package with its pictures, fonts and embedded files emptied, none of which was inflated.

    Raises UnreadableFile where it is encrypted or unpacks to too much, whatever sizes it claims; BadZipFile and
    zlib.error where it is damaged.
    """
    left, tags = LARGEST_XML, MOST_TAGS
    slim = BytesIO()
    with ZipFile(BytesIO(data)) as archive, ZipFile(slim, "w") as package:
        parts = {part.filename: part for part in archive.infolist()}
        if any(part.flag_bits & 1 for part in parts.values()):
            raise UnreadableFile(f"{name} is password-protected: save it without a password")
        for part in parts.values():
            chunks = []
            if _NEEDED.match(part.filename):
                with archive.open(part) as source:
                    # never all at once: what a lying size hides would be cut off after it took its memory
                    while chunk := source.read(_CHUNK):
                        left -= len(chunk)
                        tags -= chunk.count(b"<")
                        if left < 0 or tags < 0:
                            raise UnreadableFile(_too_much(name, left < 0))
                        chunks.append(chunk)
            package.writestr(ZipInfo(part.filename), b"".join(chunks))
    slim.seek(0)
    return slim


def _too_much(name: str, in_bytes: bool) -> str:
    limit = f"{LARGEST_XML >> 20} MiB of XML" if in_bytes else f"{MOST_TAGS:,} tags"
    return f"{name} unpacks to more than {limit}, the most that a Word document may hold: split it into several files"
