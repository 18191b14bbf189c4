"""A Document as JSON and back. What comes back is checked, for a hostile file may have written it.

Data only: nothing that is loaded here can run.
"""

from __future__ import annotations

import json
from typing import Any, get_args

from ragqa.readers.limits import LONGEST_TEXT, check_length
from ragqa.types import Block, BlockKind, Document, Page

READY = b"ready\n"
"""What a process that reads says when it is about to."""

LONGEST_MESSAGE = 64 + 25 * LONGEST_TEXT
"""Bytes of a Document's JSON at most: its text, its blocks and its pages."""

_KINDS = frozenset(get_args(BlockKind))


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
        "blocks": [(block.kind, block.start, block.end, block.level) for block in document.blocks],
        "pages": [(page.number, page.start, page.end, page.label, page.furniture) for page in document.pages],
        "warnings": document.warnings,
    }


def document_from_fields(fields: dict[str, Any], name: str, sha256: str) -> Document:
    """Return the document ``name`` that ``fields`` describe.

    Raises ValueError where they describe none: a wrong type, spans outside the text or out of order, pages that do
    not ascend; UnreadableFile where it holds too much text.
    """
    text = _string(fields.get("text"))
    check_length(name, len(text))
    return Document(
        name=name,
        title=_string(fields.get("title")),
        media_type=_string(fields.get("media_type")),
        sha256=sha256,
        text=text,
        blocks=_blocks(_rows(fields.get("blocks"), 4), len(text)),
        pages=_pages(_rows(fields.get("pages"), 5), len(text)),
        warnings=_strings(fields.get("warnings")),
    )


def _blocks(rows: list[list[Any]], length: int) -> tuple[Block, ...]:
    blocks, last = [], 0
    for kind, start, end, level in rows:
        _check(type(kind) is str and kind in _KINDS and type(start) is type(end) is type(level) is int)
        _check(last <= start < end <= length and level >= 0)
        blocks.append(Block(kind, start, end, level))
        last = end
    return tuple(blocks)


def _pages(rows: list[list[Any]], length: int) -> tuple[Page, ...]:
    pages, last, before = [], 0, 0
    for number, start, end, label, furniture in rows:
        _check(type(number) is type(start) is type(end) is int and (label is None or type(label) is str))
        _check(before < number and last <= start <= end <= length)
        pages.append(Page(number, start, end, label, _strings(furniture)))
        last, before = end, number
    return tuple(pages)


def _rows(value: Any, width: int) -> list[list[Any]]:
    _check(type(value) is list and all(type(row) is list and len(row) == width for row in value))
    rows: list[list[Any]] = value
    return rows


def _string(value: Any) -> str:
    _check(type(value) is str)
    return str(value)


def _strings(value: Any) -> tuple[str, ...]:
    _check(type(value) is list)
    return tuple(map(_string, value))


def _check(holds: bool) -> None:
    if not holds:
        raise ValueError("not what a document is made of")
