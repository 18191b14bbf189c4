"""A Document as JSON and back. What comes back is checked, for a hostile file may have written it.

Data only: nothing that is loaded here can run.
"""

from __future__ import annotations

import json
from typing import Any

from ragqa.document_fields import block_rows, blocks_from, page_rows, pages_from, strings_from
from ragqa.readers.files import LONGEST_TEXT, check_length
from ragqa.types import Document

READY = b"ready\n"
"""What a process that reads says when it is about to."""

LONGEST_MESSAGE = 64 + 25 * LONGEST_TEXT
"""Bytes of a Document's JSON at most: its text, its blocks and its pages."""


def encode(value: dict[str, Any]) -> bytes:
    """Return ``value`` as JSON in UTF-8; halves of characters in its strings survive."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def decode(data: bytes) -> dict[str, Any]:
    """Return the JSON object in ``data``. Raises ValueError for anything else."""
    try:
        value = json.loads(data.decode("utf-8", "surrogatepass"))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("no object")
    return value


def document_to_fields(document: Document) -> dict[str, Any]:
    """Return what was read of a document: all but its name and its hash, which the caller knows better."""
    return {
        "title": document.title,
        "media_type": document.media_type,
        "text": document.text,
        "blocks": block_rows(document),
        "pages": page_rows(document),
        "warnings": document.warnings,
    }


def document_from_fields(fields: dict[str, Any], name: str, sha256: str) -> Document:
    """Return the document ``name`` that ``fields`` describe.

    Raises ValueError where they describe none: a wrong type, spans outside the text or out of order, pages that do
    not ascend; UnreadableFile where it holds too much text.
    """
    title, media_type, text = strings_from([fields.get(key) for key in ("title", "media_type", "text")], "strings")
    check_length(name, len(text))
    blocks = blocks_from(fields.get("blocks"), len(text))
    if any(block.start == block.end for block in blocks):
        raise ValueError("a block of the document is empty")
    pages, warnings = pages_from(fields.get("pages"), len(text)), strings_from(fields.get("warnings"), "warnings")
    return Document(name, title, media_type, sha256, text, blocks, pages, warnings)
