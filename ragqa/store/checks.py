"""What must be true of the rows of a library: of one that is verified, and of one that came from elsewhere.

Looks at a connection and nothing else, and never trusts a row: types, JSON, spans, pages and vectors are held against
one another and against the texts.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from typing import Any

from ragqa.document_fields import MOST, blocks_from, pages_from, strings_from, typed_rows
from ragqa.types import BlockKind, Document

UNIT_LENGTH = 0.01
"""How far from 1 the length of a stored vector may be: float16 alone moves it by 1e-3 at most."""

_TABLES = ("embedder", "library", "history", "document", "vector", "passage")
_TYPES = {"INTEGER": "integer", "TEXT": "text", "BLOB": "blob"}
_LONGEST_NAME = 4096
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What an ingest escapes in a name and drops from a title: controls, and what turns the direction of text."""


def row_problems(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield what is wrong with the rows, a line each; nothing where they are sound."""
    wrong = [*_types(connection)]
    yield from wrong
    if wrong:  # what follows takes the types for granted
        return
    yield from _state(connection)
    for document_id, name in connection.execute("SELECT document_id, name FROM document ORDER BY name").fetchall():
        yield from _document(connection, document_id, name)
    yield from _vectors(connection)


def _types(connection: sqlite3.Connection) -> Iterator[str]:
    for table in _TABLES:
        for _, column, kind, not_null, _, key in connection.execute(f"PRAGMA table_info({table})").fetchall():
            allowed = [_TYPES[kind], *(() if not_null or key else ("null",))]
            marks = ", ".join("?" * len(allowed))
            sql = f"SELECT count(*) FROM {table} WHERE typeof({column}) NOT IN ({marks})"
            (count,) = connection.execute(sql, allowed).fetchone()
            if count:
                yield f"{count} of the rows of {table} hold no {' or '.join(allowed)} in {column}"


def _state(connection: sqlite3.Connection) -> Iterator[str]:
    rows = connection.execute("SELECT generation, token FROM library LEFT JOIN history USING (generation)").fetchall()
    if len(rows) != 1 or not 0 <= rows[0][0] < MOST or not rows[0][1]:
        yield "it does not say which state it is in"
    (odd,) = connection.execute("SELECT count(*) FROM history WHERE length(token) > 100").fetchone()
    if odd:
        yield f"{odd} of its states are named by no token of ours"
    for table in ("document", "vector", "passage"):
        sql = f"SELECT min({table}_id), max({table}_id) FROM {table}"
        first, last = connection.execute(sql).fetchone()
        if (first or 1) < 1 or (last or 0) >= MOST:
            yield f"the ids of {table} leave no room for more, or are below 1"
    sql = "SELECT count(*) FROM sqlite_sequence WHERE typeof(seq) != 'integer' OR seq NOT BETWEEN 0 AND ?"
    (odd,) = connection.execute(sql, (MOST,)).fetchone()
    if odd:
        yield f"{odd} of its tables do not say which id comes next"
    for spec, revision, dim in connection.execute("SELECT spec, revision, dim FROM embedder").fetchall():
        sane = 0 < len(spec) <= _LONGEST_NAME and len(revision) <= _LONGEST_NAME and 0 < dim <= 100_000
        if not sane or _UNSEEN.search(spec + revision):
            yield f"an embedder of it is called {spec[:80]!r} with {dim} dimensions"
    if connection.execute("SELECT 1 FROM passage LIMIT 1").fetchone():
        held = "SELECT 1 FROM library JOIN embedder USING (embedder_id)"
        if not connection.execute(held).fetchone():
            yield "it has passages and no embedder"


def _document(connection: sqlite3.Connection, document_id: int, name: str) -> Iterator[str]:
    sql = (
        "SELECT title, media_type, sha256, text, blocks, pages, warnings, page_count, passage_count, cut, source, "
        "added_at FROM document WHERE document_id = ?"
    )
    row = connection.execute(sql, (document_id,)).fetchone()
    labels = " ".join((*row[:2], *row[9:]))
    said = name[:200]
    if not name or len(name) > _LONGEST_NAME or _UNSEEN.search(name) or {"", ".", ".."} & {*name.split("/")}:
        yield f"{said!a}: no document can be called so"
    if _UNSEEN.search(labels.replace("\n", " ").replace("\t", " ")):
        yield f"{said}: its title or origin has control characters"
    try:
        document = document_of(name, row[:7])
    except ValueError as error:
        yield f"{said}: {error}"
        return
    if len(document.pages) != row[7]:
        yield f"{said}: it has {len(document.pages)} pages, its record says {row[7]}"
    sql = (
        "SELECT ordinal, start_at, end_at, text, page, page_end, tokens, header, section, page_breaks, windows "
        "FROM passage WHERE document_id = ? ORDER BY ordinal"
    )
    headings, headers = _texts(document, "heading"), _texts(document, "table_header")
    count = 0
    for place, passage in enumerate(connection.execute(sql, (document_id,))):
        count += 1
        wrong = _passage(document, headings, headers, place, passage)
        if wrong:
            yield f"{said}: passage {place + 1} {wrong}"
    if count != row[8]:
        yield f"{said}: it has {count} passages, its record says {row[8]}"


def document_of(name: str, row: tuple[str, str, str, str, str, str, str]) -> Document:
    """Return a document from its columns title, media_type, sha256, text, blocks, pages and warnings.

    Raises ValueError where they do not go together, and says how.
    """
    title, media_type, sha256, text, blocks, pages, warnings = row
    held_blocks, held_pages, held_warnings = _json(blocks), _json(pages), _json(warnings)
    if not re.fullmatch("[0-9a-f]{0,64}", sha256):  # empty: it was no file but a text of a collection
        raise ValueError("its hash is none")
    return Document(
        name,
        title,
        media_type,
        sha256,
        text,
        blocks_from(held_blocks, len(text)),
        pages_from(held_pages, len(text)),
        strings_from(held_warnings, "warnings"),
    )


def _texts(document: Document, kind: BlockKind) -> set[str]:
    return {document.text[block.start : block.end] for block in document.blocks if block.kind == kind}


def _passage(document: Document, headings: set[str], headers: set[str], place: int, row: tuple[Any, ...]) -> str | None:
    """Return what is wrong with a passage, in a few words."""
    ordinal, start, end, text, page, page_end, tokens, header, *parts = row
    try:
        section, breaks, windows = map(_json, parts)
        typed_rows(breaks, "page breaks", (int, int))
        spans = typed_rows(windows, "windows", (int, int))
    except ValueError as error:
        return str(error)
    if ordinal != place or not 0 <= tokens < MOST:
        return "is not in its place"
    if not 0 <= start <= end <= len(document.text) or document.text[start:end] != text:
        return "does not stand where it says"
    if not isinstance(section, list) or not all(isinstance(name, str) for name in section):
        return "has a section that is no text"
    if not headings.issuperset(section):
        return "names a section that its document does not have"
    if header and not any(held.startswith(header) for held in headers):
        return "has a table header that its document does not have"
    if (page, page_end) != (document.page_at(start), document.page_at(end - 1)):
        return "names another page than it stands on"
    if breaks != [[held.start - start, held.number] for held in document.pages_within(start, end)]:
        return "has page breaks where its document has none"
    if any(not 0 <= first <= final <= len(text) for first, final in spans):
        return "has windows outside its text"
    return None


def _vectors(connection: sqlite3.Connection) -> Iterator[str]:
    import numpy as np  # a list of documents needs none of it

    from ragqa.store.blobs import unpack_vectors, unpack_windows

    held = connection.execute("SELECT embedder_id FROM library").fetchone()
    sql = (
        "SELECT passage_id, embedder_id, dim, vector, vector.windows, passage.windows "
        "FROM vector JOIN embedder USING (embedder_id) LEFT JOIN passage USING (vector_id)"
    )
    for passage_id, embedder_id, dim, blob, windows, spans in connection.execute(sql):
        used = passage_id is not None
        whose = f"passage {passage_id}" if used else "a vector kept for later"
        if used and held and embedder_id != held[0]:
            yield f"{whose}: its vector is of another embedder than the library's"
            continue
        try:
            rows = np.concatenate([unpack_vectors([blob], dim), unpack_windows([windows], dim)[0]])
            count = len(_json(spans)) if used else len(rows) - 1
        except (ValueError, TypeError):
            yield f"{whose}: its vectors do not have {dim} numbers"
            continue
        if len(rows) not in (1, 1 + count):
            yield f"{whose}: {len(rows) - 1} window vectors for {count} windows"
        with np.errstate(all="ignore"):
            unit = np.abs(np.linalg.norm(rows, axis=1) - 1) < UNIT_LENGTH
        if not unit.all():  # NaN fails this too
            yield f"{whose}: a vector is not of unit length"


def _json(text: str) -> Any:
    try:
        value = json.loads(text)
        if "\\ud" in text.lower():  # half a character, which nothing could print
            json.dumps(value, ensure_ascii=False).encode()
        return value
    except (ValueError, RecursionError):
        raise ValueError("has a record that can't be read") from None
