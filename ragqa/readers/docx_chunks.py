"""Files that a Word document takes in as they are (w:altChunk): HTML, text, web pages. Knows nothing of Word's XML.

Programs that write reports leave parts of them so; Word turns them into paragraphs when it opens the document.
"""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from ragqa.errors import UnreadableFile
from ragqa.types import BlockKind, Document

if TYPE_CHECKING:
    from ragqa.readers.encodings import Decoded

_MODULES = {"html": "html", "markdown": "text", "text": "text"}


def chunk_blocks(data: bytes, name: str, suffix: str) -> Iterator[tuple[BlockKind, str, int]]:
    """Yield kind, text and level of each block of a file taken in by the document ``name``: HTML or text.

    Raises UnreadableFile where it is something else, with the words for a warning.
    """
    document = _read(data, name, suffix)
    for block in document.blocks:
        yield block.kind, document.text[block.start : block.end], block.level


def _read(data: bytes, name: str, suffix: str) -> Document:
    from ragqa.readers.encodings import declared_encoding, decode
    from ragqa.readers.sniff import identify_binary, identify_text

    data = _web_page(data)
    kind = identify_binary(data)
    decoded: Decoded | None = None if kind else decode(data, declared_encoding(data))
    if decoded is not None:
        kind = identify_text(decoded.text, suffix)
    if decoded is None or kind not in _MODULES:
        raise UnreadableFile(
            f"{name} takes in {kind or 'binary data'}, which was left out: copy it into the document itself"
        )
    reader: Any = import_module(f"ragqa.readers.{_MODULES[kind]}")
    return cast("Document", reader.read(decoded, data, name))


def _web_page(data: bytes) -> bytes:
    """Return the HTML of a whole web page with its pictures (MHTML); all else as it is."""
    if not data.lstrip()[:200].lower().startswith((b"mime-version:", b"from:", b"content-type:", b"message-id:")):
        return data
    message = email.message_from_bytes(data.lstrip(), policy=email.policy.default)
    for part in message.walk():
        if part.get_content_type() == "text/html":
            content = part.get_payload(decode=True)
            return content if isinstance(content, bytes) else data
    return data
