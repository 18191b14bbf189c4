"""A library held open: ingest, search, ask. The one object that the command line, Python users and servers hold.

Everything heavy is loaded when it is first needed. Safe for concurrent questions.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragqa.answering import Asker, Scope
from ragqa.approving import approved_embedder, remember_embedder
from ragqa.document_names import find_document, match_documents, unknown_page
from ragqa.errors import LibraryError
from ragqa.libraries import Info, check_known, info_of, library_folder, missing, name_for, resolve_library
from ragqa.pages import DPI, Original, Pages
from ragqa.settings import DEFAULT, Settings, load_settings
from ragqa.trust import remember_library
from ragqa.types import Answer, Box, Document, Extract, Hit, Mode, Span, Unit

if TYPE_CHECKING:
    from ragqa.answerers import Answerer, Turn
    from ragqa.answerers.evidence import Candidate, Considered, Evidence
    from ragqa.changes import FolderReport
    from ragqa.embedders import Embedder
    from ragqa.ingest import Ingested, Progress
    from ragqa.pages.cited import CitedPage
    from ragqa.rerankers import Reranker
    from ragqa.retrieval import Found, Retriever
    from ragqa.sources import Source
    from ragqa.store import Store, StoredDocument

RENEWAL_WAIT = 0.25
"""Seconds that a question waits while another one brings the indexes up to date; past this it asks the state before."""

WRITERS_WAIT = 1800
"""Seconds on the clock for another writer to end: it may be compiling a model on a busy machine, or reading manuals."""


class Library:
    """Manuals that can be asked. Open it with ``Library.open``; use it as a context manager or ``close`` it."""

    def __init__(self, name: str, store: Store, settings: Settings, notice: Callable[[str], None]) -> None:
        self.name = name
        self.store = store
        self.settings = settings
        self._notice = notice
        self._loading = threading.RLock()
        self._renewing = threading.RLock()
        self._answerer: Answerer | None = None
        self._embedder: Embedder | None = None
        self._reranker: Reranker | None = None
        self._retriever: Retriever | None = None
        self._pages = Pages(store, notice)

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
        """Open the library ``name``, made anew if ``create``; unless set 'default', or the only one there is.

        ``options`` are those of ``Settings``: home, embedder, answerer, k, … ``notice`` receives lines worth a
        person's eye, such as that an index is being rebuilt. Raises LibraryError when there is no such library.
        """
        from ragqa.store.database import Database

        settings = settings or resolve_library(name, options, create, notice)
        folder = library_folder(settings, settings.index)
        there = (folder / "library.db").is_file()
        if not create and not there:
            raise missing(settings, settings.index)
        if there:
            check_known(settings, folder)
        database = Database.create_or_open(folder) if create else Database.open(folder)
        if not there:
            remember_library(folder, None)
        for line in database.lost_changes():
            notice(line)
        return cls(settings.index, database, settings, notice)

    @classmethod
    def import_(cls, file: Path, name: str | None = None, **options: Any) -> Library:
        """Make a library from an exported file and open it: ``name``, or as the file is called.

        Raises LibraryError if one of that name is there.
        """
        from ragqa.store.database import Database

        notice = options.pop("notice", lambda line: None)
        settings = load_settings({"index": name, **options}, notice=notice)
        if name is None and settings.index == DEFAULT:
            settings = replace(settings, index=name_for(file))
        folder = library_folder(settings, settings.index)
        database = Database.import_(file, folder)
        remember_library(folder, None)  # that it is here was this user's wish; which model it asks for was not
        return cls(settings.index, database, settings, notice)

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the files; the library can't be used afterwards."""
        self._pages.close()
        self.store.close()

    # What it holds

    def documents(self) -> list[StoredDocument]:
        """Return the documents, by name."""
        return self.store.documents()

    def show(self, name: str) -> Document:
        """Return a document as it was read. Raises LibraryError naming the nearest one when there is no such."""
        return self.store.document(find_document(self.store, name))

    def units(self, name: str) -> tuple[Unit, ...]:
        """Return the units of a document, in reading order: what answers are made of."""
        document = self.show(name)
        return tuple(unit for _, unit in self.store.units(document.name, [(0, len(document.text) + 1)]))

    def page_text(self, name: str, page: int) -> str:
        """Return the text of a physical page, from 1, of a document. Raises LibraryError when it has no such page."""
        document = self.show(name)
        held = document.page(page)
        if held is None:
            raise unknown_page(document.name, len(document.pages), page)
        return document.text[held.start : held.end]

    def page_image(
        self,
        name: str,
        page: int,
        *,
        dpi: int = DPI,
        highlight: Sequence[Box] = (),
        crop: Box | None = None,
        password: str | None = None,
    ) -> bytes:
        """Return the picture of a page, from 1, of a PDF as PNG, those of the boxes lit that stand on it.

        Of the page only what lies in ``crop``, where that is given.

        Raises LibraryError where there is no such page, no PDF, or its file is not kept or can't be drawn.
        """
        return self._pages.image(name, page, dpi=dpi, highlight=highlight, crop=crop, password=password)

    def page_size(self, name: str, page: int) -> tuple[float, float]:
        """Return width and height of a page of a PDF, from 1, as it is shown, in points. Raises LibraryError."""
        return self._pages.size(name, page)

    def boxes(self, name: str, start: int, end: int) -> tuple[Box, ...]:
        """Return where the characters from ``start`` to ``end`` of a document's text stand: a box a line and run.

        Empty where the document has no pages to be shown. Raises LibraryError where it has no such characters.
        """
        return self._pages.boxes(name, start, end)

    def figures(self, name: str, start: int, end: int) -> tuple[Box, ...]:
        """Return the figures that belong to the characters from ``start`` to ``end`` of a document's text, a few.

        Empty where the document has no pages to be shown. Raises LibraryError where it has no such characters, and
        where its file is not kept or can't be read.
        """
        return self._pages.figures(name, start, end)

    def find_quote(self, name: str, page: int, quote: str) -> Span:
        """Return where a quote that begins on a page stands in a document's text, however its white space is set.

        Raises LibraryError where it does not stand there, naming the sentence that comes nearest.
        """
        from ragqa.pages.cited import find_quote

        return find_quote(self.show(name), page, quote)

    def cited_pages(self, answer: Answer, dpi: int = DPI) -> tuple[CitedPage, ...]:
        """Return the pages that an answer cites as pictures, its quotes lit. ``notice`` gets what can't be shown."""
        return self._pages.cited(answer.citations, dpi)

    def original(self, name: str) -> Original:
        """Return the PDF that a document was read from. Raises LibraryError where it is not kept."""
        return self._pages.original(name)

    def file_of(self, name: str) -> Path | None:
        """Return where the file that a document was read from lies; None where it is gone, or there was none."""
        return next((path for place in self.store.file_places_of(name) if (path := Path(place)).is_file()), None)

    def info(self) -> Info:
        """Return counts, place and embedder."""
        return info_of(self.store)

    def matching(self, names: Sequence[str]) -> list[str]:
        """Return the documents that ``names`` mean, each a name or a glob such as '*.pdf', by name and each once.

        Raises LibraryError for a name that no document has, and for a glob that none matches.
        """
        return match_documents(self.store, names)

    def verify(self) -> list[str]:
        """Return what is wrong with the library, a line each; nothing when it is sound."""
        return self.store.verify()

    def export(self, file: Path) -> None:
        """Write the library to one file, which ``import_`` reads elsewhere."""
        self.store.export(file)

    # What changes it

    def ingest(
        self,
        paths: Sequence[str | Path],
        *,
        sync: bool = False,
        agree: Callable[[str], bool] = lambda question: False,
        report: Callable[[FolderReport], None] = lambda report: None,
        password: str | None = None,
        progress: Callable[[Progress], None] = lambda _: None,
    ) -> list[Ingested]:
        """Read files and folders into the library. A file that fails is named in the result; the others go on.

        ``report`` receives what was passed over and which documents' files are gone; ``sync`` removes these, and calls
        what was renamed by its new name. Raises LibraryError where ``sync`` would remove all that a folder had, unless
        ``agree`` says yes to the question.
        """
        from ragqa.changes import FolderReport, confirm_emptied_folders, find_gone
        from ragqa.readers import find_files
        from ragqa.sources import name_sources

        roots = [Path(path) for path in paths]
        passed_over: list[Path] = []
        sources = name_sources(roots, lambda root: find_files([root], passed_over.append))
        with self._writing():
            if sync:
                sources = confirm_emptied_folders(self.store, roots, sources, agree)
            results = self.ingest_sources(sources, roots=roots, sync=sync, password=password, progress=progress)
            gone = find_gone(self.store, roots)
            if sync and gone:
                self.remove([one.name for one in gone])
        report(FolderReport(tuple(passed_over), tuple(gone), sync))
        return results

    def ingest_sources(
        self,
        sources: Sequence[Source],
        *,
        roots: Sequence[Path] = (),
        sync: bool = False,
        password: str | None = None,
        progress: Callable[[Progress], None] = lambda _: None,
    ) -> list[Ingested]:
        """Read named sources (a file's path, or bytes) into the library. ``roots`` are the folders they came from."""
        from ragqa.changes import FileChanges
        from ragqa.ingest import ingest
        from ragqa.passages import Cut

        with self._writing():
            changes = FileChanges(self.store, roots, sources, sync=sync)
            results = ingest(
                self.store,
                self._known_embedder(),
                sources,
                choose=self._choose_embedder,
                changes=changes,
                cut=Cut(target=self.settings.passage_tokens),
                password=password,
                keep_originals=self.settings.keep_originals,
                progress=progress,
                notice=self._notice,
            )
            remember_embedder(self.store, self.embedder.spec)
        if any(result.status in ("added", "replaced") for result in results):
            self.open_retriever()  # brings the indexes up to date now, rather than under the next question
        return results

    def ingest_bytes(
        self,
        data: bytes,
        name: str,
        *,
        password: str | None = None,
        progress: Callable[[Progress], None] = lambda _: None,
    ) -> list[Ingested]:
        """Read a manual that lies in memory into the library, under ``name``."""
        from ragqa.sources import Source, stored_name

        return self.ingest_sources([Source(stored_name(name), None, data)], password=password, progress=progress)

    def add_documents(self, documents: Iterable[Document]) -> list[Ingested]:
        """Store documents that were read elsewhere, such as the texts of a test collection."""
        from ragqa.ingest import ingest_documents
        from ragqa.passages import Cut

        with self._writing():
            cut = Cut(target=self.settings.passage_tokens)
            results = ingest_documents(self.store, self._known_embedder(), documents, cut, self._choose_embedder)
            remember_embedder(self.store, self.embedder.spec)
        return results

    def remove(self, names: Sequence[str]) -> int:
        """Remove documents by name; return how many. Unknown names are an error, and then nothing is removed."""
        known = [find_document(self.store, name) for name in names]
        with self._writing():
            removed = self.store.remove(known)
            self.store.collect_garbage()
        return removed

    def reembed(self, embedder: str, *, progress: Callable[[Progress], None] = lambda _: None) -> int:
        """Give every passage a vector of another embedder, from the stored text; return how many passages there are.

        The new vectors lie beside the old ones until all are there; a run that was stopped goes on where it was.
        """
        from ragqa.embedders import open_embedder
        from ragqa.ingest import reembed

        new = open_embedder(embedder, progress=self._notice)
        with self._writing():
            passages = reembed(self.store, new, progress, self._notice)
            remember_embedder(self.store, new.spec)
        self._embedder, self._retriever = new, None
        self.settings = replace(self.settings, embedder=embedder)
        self.open_retriever()
        return passages

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Be the one writer, after whoever is it now; ``notice`` gets one line about the wait. Raises Locked."""
        from ragqa.store.lock import wait_to_write

        with wait_to_write(self.store.writing, WRITERS_WAIT, self._notice):
            yield

    # What it is for

    def search(
        self, question: str, *, k: int | None = None, mode: Mode | None = None, document: str | None = None
    ) -> Found:
        """Return the best passages for ``question``, of documents whose name matches the glob ``document``."""
        scope = self._scope(k, mode, document)
        return self._asker(scope).search(question, scope)

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
        scope, answerer = self._scope(k, mode, document), self.answerer
        return self._asker(scope).ask(question, scope, answerer, history=history, on_text=on_text)

    def evidence(
        self, question: str, *, k: int | None = None, mode: Mode | None = None, document: str | None = None
    ) -> tuple[Found, Evidence]:
        """Return what a search finds, and how well each sentence and row of it answers."""
        scope = self._scope(k, mode, document)
        return self._asker(scope).evidence(question, scope)

    def consider(
        self, question: str, *, k: int | None = None, mode: Mode | None = None, document: str | None = None
    ) -> tuple[Found, Considered]:
        """Return what a search finds and all that an answer is made from."""
        scope = self._scope(k, mode, document)
        return self._asker(scope).consider(question, scope)

    def passages(self, question: str, k: int | None = None) -> tuple[Hit, ...]:
        """Return what ``ask`` gives a language model to read. Raises RagqaError, LibraryError."""
        scope = self._scope(k, None, None)
        return self._asker(scope).passages(question, scope)

    def extract(self, candidate: Candidate, considered: Considered) -> Extract:
        """Return what a unit says, read from the document."""
        return self._asker(self._scope(None, None, None)).extract(candidate, considered)

    def _scope(self, k: int | None, mode: Mode | None, document: str | None) -> Scope:
        return Scope(k or self.settings.k, mode or self.settings.mode, document)

    def _asker(self, scope: Scope) -> Asker:
        """Return the library as it is now, to be asked."""
        if self._retriever is None and scope.mode != "lexical":  # the model loads while the indexes do
            from ragqa.models.compiled import load_in_background

            load_in_background(self._checked_embedder().warm)
        return Asker(self.store, self.open_retriever(), self.reranker, self.settings.prices)

    # What is loaded when it is first needed

    @property
    def embedder(self) -> Embedder:
        """The embedder asked for, or the one that the library was made with. Raises EmbedderMismatch, ModelError."""
        with self._loading:
            if self._embedder is None:
                from ragqa.embedders import open_embedder

                spec = self.settings.embedder or approved_embedder(self.store)
                self._embedder = open_embedder(spec, progress=self._notice)
            return self._embedder

    @property
    def reranker(self) -> Reranker | None:
        """The reranker that the settings name, if they do. Raises ModelError."""
        with self._loading:
            if self._reranker is None and self.settings.rerank:
                from ragqa.rerankers import open_reranker

                self._reranker = open_reranker(self.settings.rerank, progress=self._notice)
            return self._reranker

    @property
    def answerer(self) -> Answerer:
        """The answerer that the settings name."""
        with self._loading:
            if self._answerer is None:
                from ragqa.answering import answerer_of

                self._answerer = answerer_of(self.settings, self._notice)
            return self._answerer

    def open_retriever(self) -> Retriever:
        """Return a search over the library as it is now, its indexes brought up to date. Raises LibraryError.

        While another thread takes long to do that, the search over the state before is returned.
        """
        from ragqa.retrieval import Fusion, Retriever

        ready = self._retriever
        if ready is not None and ready.stamp == self.store.stamp():
            return ready
        if not self._renewing.acquire(timeout=-1 if ready is None else RENEWAL_WAIT):
            assert ready is not None
            return ready
        try:
            if self._retriever is None or self._retriever.stamp != self.store.stamp():
                if not self.documents():
                    raise LibraryError(f"library '{self.name}' holds no document: run 'ragqa ingest PATH'")
                indexes, fusion = self.store.indexes(self._notice), Fusion.of(self.settings)
                self._retriever = Retriever(self.store, indexes, self._checked_embedder, fusion)
            return self._retriever
        finally:
            self._renewing.release()

    def _known_embedder(self) -> Embedder | None:
        """Return the embedder; None where nobody chose one and nothing is embedded yet."""
        if self.documents():
            return self._checked_embedder()
        return self.embedder if self._embedder or self.settings.embedder or self.store.embedder() else None

    def _choose_embedder(self, documents: Sequence[Document]) -> Embedder:
        """Return the embedder for a library that begins with ``documents``, and keep to it."""
        from ragqa.embedders import open_embedder
        from ragqa.embedders.choosing import spec_for

        with self._loading:
            self._embedder = open_embedder(spec_for(documents, self._notice), progress=self._notice)
            return self._embedder

    def _checked_embedder(self) -> Embedder:
        """Return the embedder. Raises EmbedderMismatch where the library holds the vectors of another."""
        from ragqa.ingest import check_embedder

        check_embedder(self.store, self.embedder)
        return self.embedder
