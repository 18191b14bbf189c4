"""Read, cut, embed and store files, one transaction a document. Knows nothing of terminals or questions.

Vectors are stored as they arrive, under the hash of the text embedded, so that a killed run pays for nothing twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ragqa.errors import RagqaError, UnreadableFile
from ragqa.passages import Cut, context_of, cut_passages
from ragqa.types import Document, Passage

if TYPE_CHECKING:
    from ragqa.embedders import Embedder
    from ragqa.store.database import Database

CUT_VERSION = 1
"""Raised when readers or cutting change what passages a file gives, so that a second ingest cuts anew."""

SLAB = 256
"""Passages embedded between two commits of vectors: what a kill can cost at most."""

Status = Literal["added", "replaced", "unchanged", "failed"]


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of one file."""

    path: str
    status: Status
    pages: int = 0
    passages: int = 0
    error: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a long run stands: ``done`` of ``total`` passages of the file ``name``, file ``number`` of ``files``."""

    name: str
    number: int
    files: int
    stage: Literal["reading", "embedding", "done"]
    done: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """A file to ingest: the name it gets in the library, and its bytes on demand."""

    name: str
    path: Path | None
    data: bytes | None = None

    def read_bytes(self) -> bytes:
        if self.data is not None:
            return self.data
        assert self.path is not None
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise UnreadableFile(f"{self.path} can't be read: {error.strerror or error}") from None


def name_sources(roots: Sequence[Path], files_of: Callable[[Path], Iterable[Path]]) -> list[Source]:
    """Name each file by its path below the folder given (or its own name); equal names get their folders in front."""
    found: dict[Path, str] = {}
    for root in roots:
        for path in files_of(root):
            name = path.relative_to(root).as_posix() if root.is_dir() else path.name
            found.setdefault(path.resolve(), name)
    names = list(found.values())
    sources = []
    for path, name in found.items():
        depth = len(Path(name).parts)
        while names.count(name) > 1 and depth < len(path.parts) - 1:
            depth += 1
            name = "/".join(path.parts[-depth:])
        sources.append(Source(name, path))
    return sources


def ingest(
    database: Database,
    embedder: Embedder,
    sources: Sequence[Source],
    *,
    cut: Cut | None = None,
    password: str | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> list[Ingested]:
    """Bring the library up to date with ``sources``; a file that fails is named and never stops the others."""
    results = []
    for number, source in enumerate(sources, 1):
        report = _Reporter(source.name, number, len(sources), progress)
        try:
            results.append(_ingest_one(database, embedder, source, cut or Cut(), password, report))
        except UnreadableFile as error:
            results.append(Ingested(source.name, "failed", error=str(error)))
        report("done")
    database.collect_garbage()
    return results


@dataclass(frozen=True, slots=True)
class _Reporter:
    name: str
    number: int
    files: int
    to: Callable[[Progress], None]

    def __call__(self, stage: Literal["reading", "embedding", "done"], done: int = 0, total: int = 0) -> None:
        self.to(Progress(self.name, self.number, self.files, stage, done, total))


def _ingest_one(
    database: Database, embedder: Embedder, source: Source, cut: Cut, password: str | None, report: _Reporter
) -> Ingested:
    from ragqa.store.database import EmbedderIdentity

    report("reading")
    data = source.read_bytes()
    fingerprint = f"{CUT_VERSION}:{cut.target}:{cut.smallest}"
    stored = database.stored(source.name)
    if stored and stored.sha256 == hashlib.sha256(data).hexdigest() and stored.cut == fingerprint:
        return Ingested(source.name, "unchanged", stored.pages, stored.passages)
    document = read_document(data, source.name, password)
    passages = cut_passages(document, embedder.count_tokens, embedder.max_tokens, cut)
    if not passages:
        raise UnreadableFile(f"{source.name} holds no text to answer from, only headings or a table of contents")
    keys = store_vectors(database, embedder, document.title, passages, lambda done, total: report("embedding", done, total))
    identity = EmbedderIdentity(embedder.spec, embedder.revision, embedder.dim)
    status = database.put(document, passages, keys, identity, fingerprint)
    return Ingested(source.name, status, len(document.pages), len(passages), warnings=document.warnings)


def read_document(data: bytes, name: str, password: str | None) -> Document:
    """Read bytes into a Document; whatever a broken file does to a parser comes out as UnreadableFile."""
    from ragqa.readers import read_bytes

    try:
        return read_bytes(data, name, password=password)
    except RagqaError:
        raise
    except RecursionError:
        raise UnreadableFile(f"{name} is nested too deeply to be read: save it anew from the program that made it") from None


def store_vectors(
    database: Database,
    embedder: Embedder,
    title: str,
    passages: Sequence[Passage],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[bytes]:
    """Embed the passages whose vectors the library does not hold yet; return the key of each passage's vectors."""
    texts, windows = zip(*(embedding_input(title, passage) for passage in passages), strict=True)
    keys = [content_key(text, spans) for text, spans in zip(texts, windows, strict=True)]
    known = database.known_keys(keys)
    missing = list({key: at for at, key in enumerate(keys) if key not in known}.values())
    for start in range(0, len(missing), SLAB):
        slab = missing[start : start + SLAB]
        progress(start, len(missing))
        vectors = embedder.embed_passages([texts[at] for at in slab], [windows[at] for at in slab])
        database.put_vectors([keys[at] for at in slab], vectors)
    return keys


def embedding_input(title: str, passage: Passage) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Return the text that stands for a passage before the embedder, context first, and its windows' spans in it."""
    context = context_of(title, passage)
    shift = len(context) + 1 if context else 0
    text = f"{context}\n{passage.text}" if context else passage.text
    return text, tuple((start + shift, end + shift) for start, end in passage.windows)


def content_key(text: str, windows: Sequence[tuple[int, int]]) -> bytes:
    """Return the key under which a text's vectors are kept: equal exactly when text and windows are."""
    return hashlib.sha256(f"{text}\0{windows}".encode("utf-8", "surrogatepass")).digest()[:20]
