"""A library held open: ingest, search, ask. The one object that the command line, Python users and servers hold.

Everything heavy is loaded when it is first needed. Safe for concurrent questions.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragqa.errors import EmbedderMismatch, LibraryError, RagqaError
from ragqa.settings import Settings, load_settings
from ragqa.types import Answer, Document, Mode

if TYPE_CHECKING:
    from ragqa.answerers import Answerer, Turn
    from ragqa.embedders import Embedder
    from ragqa.ingest import Ingested, Progress, Source
    from ragqa.retrieval import Found, Retriever
    from ragqa.store.database import Database, StoredDocument

LONGEST_QUESTION = 10_000
"""Characters; past this it is a document, not a question."""

_NAME = re.compile(r"\w[\w .\-]{0,99}")


@dataclass(frozen=True, slots=True)
class Info:
    """What a library holds, and where."""

    name: str
    path: str
    documents: int
    passages: int
    embedder: str | None
    dim: int | None
    generation: int
    bytes: int


class Library:
    """Manuals that can be asked. Open it with ``Library.open``; use it as a context manager or ``close`` it."""

    def __init__(self, name: str, database: Database, settings: Settings, notice: Callable[[str], None]) -> None:
        self.name = name
        self.settings = settings
        self._database = database
        self._notice = notice
        self._loading = threading.RLock()
        self._answerer: Answerer | None = None

    @classmethod
    def open(
        cls,
        name: str | None = None,
        *,
        create: bool = False,
        settings: Settings | None = None,
        notice: Callable[[str], None] = lambda line: None,
        **options: Any,
    ) -> Library:
        """Open the library ``name`` ('default' unless set), made anew if ``create``.

        ``options`` are those of ``Settings``: home, embedder, answerer, k, … ``notice`` receives lines worth a
        person's eye, such as that an index is being rebuilt. Raises LibraryError when there is no such library.
        """
        from ragqa.store.database import Database

        settings = settings or load_settings({"index": name, **options})
        folder = library_folder(settings, settings.index)
        if not create and not (folder / "library.db").is_file():
            raise LibraryError(_missing(settings))
        database = Database.create_or_open(folder) if create else Database.open(folder)
        return cls(settings.index, database, settings, notice)

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the files; the library can't be used afterwards."""
        self._database.close()

    # What it holds

    def documents(self) -> list[StoredDocument]:
        """Return the documents, by name."""
        return self._database.documents()

    def show(self, name: str) -> Document:
        """Return a document as it was read. Raises LibraryError naming the nearest one when there is no such."""
        return self._database.document(self._known(name))

    def info(self) -> Info:
        """Return counts, place and embedder."""
        stored, identity = self.documents(), self._database.embedder()
        size = sum(file.stat().st_size for file in self._database.folder.rglob("*") if file.is_file())
        return Info(
            self.name,
            str(self._database.folder),
            len(stored),
            sum(document.passages for document in stored),
            identity.spec if identity else None,
            identity.dim if identity else None,
            self._database.generation,
            size,
        )

    # What changes it

    def ingest(
        self,
        paths: Sequence[str | Path],
        *,
        password: str | None = None,
        progress: Callable[[Progress], None] = lambda _: None,
    ) -> list[Ingested]:
        """Read files and folders into the library. A file that fails is named in the result; the others go on."""
        from ragqa.ingest import name_sources
        from ragqa.readers import find_files

        sources = name_sources([Path(path) for path in paths], lambda root: find_files([root]))
        return self.ingest_sources(sources, password=password, progress=progress)

    def ingest_sources(
        self,
        sources: Sequence[Source],
        *,
        password: str | None = None,
        progress: Callable[[Progress], None] = lambda _: None,
    ) -> list[Ingested]:
        """Read named sources (a file's path, or bytes) into the library."""
        from ragqa.ingest import ingest
        from ragqa.passages import Cut

        with self._database.writing():
            embedder = self.embedder
            cut = Cut(target=self.settings.passage_tokens)
            results = ingest(self._database, embedder, sources, cut=cut, password=password, progress=progress)
        self._forget_indexes()
        if any(result.status in ("added", "replaced") for result in results):
            _ = self._retriever
        return results

    def remove(self, names: Sequence[str]) -> int:
        """Remove documents by name; return how many. Unknown names are an error, and then nothing is removed."""
        known = [self._known(name) for name in names]
        with self._database.writing():
            removed = self._database.remove(known)
            self._database.collect_garbage()
        self._forget_indexes()
        return removed

    # What it is for

    def search(
        self, question: str, *, k: int | None = None, mode: Mode | None = None, document: str | None = None
    ) -> Found:
        """Return the best passages for ``question``, of documents whose name matches the glob ``document``."""
        question = checked_question(question)
        self._check_glob(document)
        return self._retriever.search(question, k or self.settings.k, mode or self.settings.mode, document)

    def ask(
        self,
        question: str,
        *,
        k: int | None = None,
        mode: Mode | None = None,
        document: str | None = None,
        history: Sequence[Turn] = (),
        on_text: Callable[[str], None] | None = None,
    ) -> Answer:
        """Answer ``question`` from the manuals, with citations, or say that they do not say.

        ``history`` are the turns before, for follow-up questions; ``on_text`` receives the answer as it is written.
        """
        question = checked_question(question)
        self._check_glob(document)
        answerer = self.answerer
        asked = answerer.standalone(question, history) if history else question
        found = self._retriever.search(asked, k or self.settings.k, mode or self.settings.mode, document)
        started = time.perf_counter()
        hits = self._weighed(asked, found.hits)
        answer = answerer.answer(
            asked, hits, history=history, on_text=on_text, confidence=confidence_of(self._evidence(asked, hits))
        )
        laps = {**found.timings_ms, "answer": round((time.perf_counter() - started) * 1000, 3)}
        return replace(answer, question=question, timings_ms=laps)
