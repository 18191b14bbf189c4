"""Make libraries for the store's tests: documents of lines, each line a passage, with vectors a reader can redo."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ragqa.embedders import Embedded
from ragqa.store import EmbedderIdentity
from ragqa.store.database import Database
from ragqa.types import Block, Document, Page, Passage

FAKE = EmbedderIdentity("fake:hash", "1", 16)
OTHER = EmbedderIdentity("fake:other", "1", 24)


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


def vector_of(text: str, dim: int = FAKE.dim) -> np.ndarray:
    """The same text always gets the same vector of unit length."""
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    return unit(np.random.default_rng(seed).standard_normal(dim))


def key_of(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()[:20]


def embedded(passage: Passage, dim: int = FAKE.dim) -> Embedded:
    windows = [vector_of(passage.text[start:end], dim) for start, end in passage.windows]
    return Embedded(vector_of(passage.text, dim), np.array(windows, np.float32).reshape(-1, dim))


def document_of(name: str, lines: Sequence[str], title: str = "A manual") -> tuple[Document, list[Passage]]:
    """A document of two pages, the second from within a line. Its passages are its lines, of two windows each.

    The headings that they stand under come at the end, so that the lines begin where their lengths say.
    """
    headings = ["Part", *(f"Chapter {number}" for number in range((len(lines) + 2) // 3))]
    text = "\n".join([*lines, *headings])
    starts = [sum(len(line) + 1 for line in [*lines, *headings][:at]) for at in range(len(lines) + len(headings))]
    middle = len(lines) // 2
    half = starts[middle] + len(lines[middle]) // 2 if lines else 0
    pages = (Page(1, 0, half, "i", ("head",)), Page(2, half, len(text)))
    blocks = tuple(
        Block("paragraph", start, start + len(line))
        if at < len(lines)
        else Block("heading", start, start + len(line), 1)
        for at, (start, line) in enumerate(zip(starts, [*lines, *headings], strict=True))
    )
    sha = hashlib.sha256(text.encode()).hexdigest()
    document = Document(name, title, "text/plain", sha, text, blocks, pages, ("a warning",))
    passages = [
        Passage(
            name,
            start,
            start + len(line),
            line,
            section=("Part", f"Chapter {at // 3}"),
            page=document.page_at(start),
            page_end=document.page_at(start + len(line) - 1),
            page_breaks=tuple(
                (page.start - start, page.number) for page in document.pages_within(start, start + len(line))
            ),
            tokens=len(line.split()),
            windows=((0, len(line) // 2), (len(line) // 2, len(line))),
        )
        for at, (start, line) in enumerate(zip(starts, lines, strict=False))
    ]
    return document, passages


def put(
    database: Database,
    name: str,
    lines: Sequence[str],
    title: str = "A manual",
    embedder: EmbedderIdentity = FAKE,
    cut: str = "1",
) -> str:
    document, passages = document_of(name, lines, title)
    keys = [key_of(passage.text) for passage in passages]
    known = database.known_keys(keys, embedder)
    new = [(key, passage) for key, passage in zip(keys, passages, strict=True) if key not in known]
    database.put_vectors([key for key, _ in new], [embedded(p, embedder.dim) for _, p in new], embedder)
    return database.put(document, passages, keys, embedder, cut)


VOCABULARY = "pump valve filter motor cable fuse screw hinge belt gear lamp seal nozzle tank hose error code E42 reset"
WORDS = VOCABULARY.split()


def lines_of(seed: int, count: int) -> list[str]:
    """Lines of 6 to 14 words that begin with their own number."""
    rng = np.random.default_rng(seed)
    return [f"{seed}-{at} " + " ".join(rng.choice(WORDS, size=rng.integers(5, 14))) for at in range(count)]


def texts_of(database: Database) -> dict[str, list[str]]:
    """The texts of the passages of each document, in the order of their places."""
    found: dict[str, list[Passage]] = {stored.name: [] for stored in database.documents()}
    for passage in database.passages(database.passage_ids().tolist()).values():
        found[passage.document].append(passage)
    return {name: [p.text for p in sorted(passages, key=lambda p: p.start)] for name, passages in found.items()}


def make(folder: Path, documents: int = 3, passages: int = 12) -> Database:
    database = Database.create_or_open(folder, wait=0.2)
    for number in range(documents):
        put(database, f"{number}.txt", lines_of(number, passages), title=f"Manual {number}")
    return database
