"""What a library keeps, and the seam to those that search it: ``Store`` is all that retrieval and ingest ask of one.

``database.Database`` is the store of this project: SQLite for the database, FAISS and tantivy derived from it. Another,
such as a server's database, stands behind the same Protocol. Higher scores are better everywhere; ids are of passages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from ragqa.embedders.base import Embedded, TokenStates
    from ragqa.types import Document, Passage, Span, Unit

Ids: TypeAlias = "NDArray[np.int64]"
Floats: TypeAlias = "NDArray[np.float32]"
Terms: TypeAlias = "Mapping[str, float] | Sequence[str]"

NOWHERE = (0, -2)
"""The place of a passage that is gone: beside nothing, since places count from 0."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A state of the store. The token tells it from the same count in another copy's history."""

    generation: int
    token: str


@dataclass(frozen=True, slots=True)
class EmbedderIdentity:
    """Whose vectors a library holds: equal exactly when the same text gets the same vector."""

    spec: str
    revision: str
    dim: int


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """What a list of documents shows of one. ``cut`` is the fingerprint of how its passages were made."""

    document_id: int
    name: str
    title: str
    media_type: str
    sha256: str
    pages: int
    passages: int
    added_at: str
    cut: str
    source: str
    """A hash of the path it was read from, so that another file of the same name is known for another; or empty."""


@dataclass(frozen=True, slots=True)
class WindowMatrix:
    """The window vectors of some passages below one another, and where the passages stand in their documents."""

    places: NDArray[np.int64]
    """(passages, 2): document, and place in it from 0; ``NOWHERE`` for one that is gone."""
    vectors: NDArray[np.float32]
    """(windows, dim)."""
    starts: NDArray[np.int64]
    """(passages + 1,): where each one's vectors begin."""


@dataclass(frozen=True, slots=True)
class StoreInfo:
    """Where a store lies, how much it takes and when it was written last."""

    place: str
    bytes: int
    changed: datetime
    """In UTC."""
    originals: int = 0
    """How much of it the files themselves take."""


class DenseSearch(Protocol):
    """Vectors of one state of a store, searched by cosine. Safe for any number of threads."""

    mean: Floats
    """The mean of all vectors, float32 (dim,): ``mean @ query`` is the mean score over the whole library."""

    @property
    def size(self) -> int:
        """How many passages it holds."""

    def search(self, query: Floats, k: int, allowed: Ids | None = None) -> tuple[Ids, Floats]:
        """Return ids and scores of the ``k`` best passages for a unit vector, of those ``allowed`` if given."""

    def score(self, ids: Ids, query: Floats) -> Floats:
        """Return the score of each of ``ids``."""


class LexicalSearch(Protocol):
    """Terms of one state of a store, searched by BM25. Safe for any number of threads."""

    languages: tuple[str, ...]
    """In which the words of its passages are stemmed, by ISO 639-1; the one of the most passages first."""

    @property
    def size(self) -> int:
        """How many passages it holds."""

    def search(self, words: Terms, k: int, allowed: Ids | None = None) -> tuple[Ids, Floats]:
        """Return ids and scores of the ``k`` best passages with any of the terms, of those ``allowed`` if given."""

    def score(self, ids: Ids, words: Terms) -> Floats:
        """Return the score of each of ``ids`` for the same query; 0 where no term matches."""

    def idf(self, term: str) -> float:
        """Return BM25's rarity of a term."""

    def doc_freq(self, term: str) -> int:
        """Return how many passages hold a term."""

    def words(self, letter: str) -> list[str]:
        """Return the words of the passages that begin with ``letter``, a to z."""


@dataclass(frozen=True, slots=True)
class Indexes:
    """The two searches over one and the same state of a store."""

    stamp: Stamp
    dense: DenseSearch
    lexical: LexicalSearch


class Store(Protocol):
    """Documents, their passages and vectors; one writer at a time, any number of readers."""

    # Documents

    def documents(self) -> list[StoredDocument]:
        """Return the documents, by name."""

    def stored(self, name: str) -> StoredDocument | None:
        """Return what is known of the document ``name``, or None."""

    def document(self, name: str) -> Document:
        """Return a document whole. Raises LibraryError if there is none of that name."""

    def matching(self, glob: str) -> list[StoredDocument]:
        """Return the documents whose name, or file name without folders, matches the glob; a name matches itself."""

    def put(
        self,
        document: Document,
        passages: Sequence[Passage],
        keys: Sequence[bytes],
        embedder: EmbedderIdentity,
        cut: str,
        source: str = "",
        place: str = "",
    ) -> Literal["added", "replaced"]:
        """Store a document with its passages and units, in place of one of the same name; all of it or nothing.

        Passages that say the same as before keep their ids. Raises EmbedderMismatch where other vectors are held.
        """

    def remove(self, names: Sequence[str]) -> int:
        """Remove documents and their passages; return how many there were."""

    # Passages and units

    def passages(self, ids: Sequence[int]) -> dict[int, Passage]:
        """Return the passages with these ids; those that are gone are left out."""

    def passage_ids(
        self, document_glob: str | None = None, without: AbstractSet[int] = frozenset(), only: int | None = None
    ) -> Ids:
        """Return the ids, ascending, of the passages of some documents, or of all."""

    def places(self, ids: Sequence[int]) -> Ids:
        """Return (len(ids), 2): each one's document, and its place in it from 0."""

    def units(self, document: str, spans: Sequence[Span]) -> list[tuple[int, Unit]]:
        """Return the id and the unit of each that touches one of the ``spans``, in reading order."""

    def unit_texts(self, document: str, unit_id: int) -> tuple[str, str]:
        """Return the text of a unit of a document, and of the warning that stands before it."""

    # Vectors

    def embedder(self) -> EmbedderIdentity | None:
        """Return whose vectors the library holds; None before the first document."""

    def known_keys(self, keys: Sequence[bytes], embedder: EmbedderIdentity) -> set[bytes]:
        """Return those of ``keys`` whose vectors by ``embedder`` are stored already."""

    def put_vectors(self, keys: Sequence[bytes], vectors: Sequence[Embedded], embedder: EmbedderIdentity) -> None:
        """Store the vectors of the texts that ``keys`` stand for."""

    def swap_embedder(self, embedder: EmbedderIdentity, keys: Mapping[int, bytes]) -> None:
        """Give every passage its vectors by another embedder, put before under ``keys``; all or nothing."""

    def collect_garbage(self) -> int:
        """Drop the vectors that no passage uses, and the files that no document does; return how many vectors."""

    def vectors(self, ids: Sequence[int]) -> Floats:
        """Return float32 (len(ids), dim); a row of zeros for an id that is gone."""

    def windows(self, ids: Sequence[int]) -> dict[int, Floats]:
        """Return the window vectors, float32 (windows, dim), of those passages that are there still."""

    def window_matrix(self, ids: Sequence[int]) -> WindowMatrix:
        """Return the window vectors and the places of passages, in the order of ``ids``."""

    def token_states(self, ids: Sequence[int], dim: int) -> list[TokenStates | None]:
        """Return the states of each passage's tokens, of ``dim`` numbers each; None where there are none."""

    # The documents' files, and where their words stand

    def put_original(self, sha256: str, data: bytes) -> None:
        """Keep the bytes of a file under their hash, which documents name."""

    def has_original(self, sha256: str) -> bool:
        """Say whether the bytes of this hash are kept."""

    def original(self, name: str) -> bytes | None:
        """Return the bytes of the file that a document was read from, None where they are not kept."""

    def layout(self, name: str) -> bytes | None:
        """Return where a document's words stand on its pages, packed; None where that was not noted."""

    # Search, moments, transactions

    def indexes(self, notice: Callable[[str], None]) -> Indexes:
        """Return the searches over the state as it is now; ``notice`` gets one line if one had to be repaired."""

    def stamp(self) -> Stamp:
        """Return the state that the store is in now."""

    def snapshot(self) -> AbstractContextManager[object]:
        """Let all reads of this thread inside see one state; may be entered again inside."""

    def writing(self) -> AbstractContextManager[None]:
        """Be the one writer, for several changes in a row; may be entered again by the thread that is.

        Raises ``store.lock.Locked`` naming who already writes: callers wait for it.
        """

    # Where the documents' files lie

    def file_places(self) -> dict[str, list[str]]:
        """Return where the files of each document lie, by its name."""

    def file_places_of(self, name: str) -> list[str]:
        """Return where the files of a document lie, its own first."""

    def name_at(self, place: str) -> str | None:
        """Return the document that the file at ``place`` was when it was read last."""

    def add_place(self, name: str, place: str) -> None:
        """Record ``place`` as another location of the document, taking it from any other."""

    def set_places(self, name: str, source: str, places: Sequence[str]) -> None:
        """Have the document lie at ``places`` and nowhere else."""

    def move_places(self, folder: str, to: str) -> None:
        """Have all that lay below ``folder`` lie below ``to``."""

    def rename(self, name: str, new: str, source: str, place: str) -> None:
        """Call the document ``name`` by a new name, free until now, and have it lie at ``place``."""

    # The whole

    @property
    def folder(self) -> Path:
        """Where the library lies: what the user approved of it is kept by this place."""

    def info(self) -> StoreInfo:
        """Return where it lies, its size and when it changed."""

    def lost_changes(self) -> list[str]:
        """Return one line where changes that were written are gone; else nothing."""

    def verify(self) -> list[str]:
        """Return what is wrong with the library, a line each; nothing when it is sound."""

    def export(self, archive: Path) -> None:
        """Write the whole library into one file."""

    def close(self) -> None:
        """Let go of the files, for all threads."""
