"""A library held open: ingest, search, ask. The one object that the command line, Python users and servers hold.

Everything heavy is loaded when it is first needed. Safe for concurrent questions.
"""

from __future__ import annotations

import difflib
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

from ragqa.errors import EmbedderMismatch, LibraryError, RagqaError
from ragqa.libraries import Info, check_known, info_of, library_folder, missing, name_for, names_in
from ragqa.printable import quantity
from ragqa.settings import DEFAULT, Settings, load_settings
from ragqa.sources import stored_name
from ragqa.trust import approval_of, remember_library
from ragqa.types import Answer, Document, Extract, Hit, Mode, Unit, Usage

if TYPE_CHECKING:
    from ragqa.answerers import Answerer, Chosen, Turn
    from ragqa.answerers.candidates import Candidate, Considered
    from ragqa.answerers.choosing import Choice
    from ragqa.answerers.evidence import Evidence, Question
    from ragqa.changes import Gone
    from ragqa.editions import Sibling
    from ragqa.embedders import Embedder
    from ragqa.ingest import Ingested, Progress
    from ragqa.rerankers import Reranker
    from ragqa.retrieval import Found, Retriever
    from ragqa.sources import Source
    from ragqa.store import Stamp, StoredDocument
    from ragqa.store.database import Database
    from ragqa.store.lexical import LexicalIndex

LONGEST_QUESTION = 10_000
"""Characters; past this it is a document, not a question."""

WRITERS_WAIT = 1800
"""Seconds on the clock for another writer to end: it may be compiling a model on a busy machine, or reading manuals."""

VERSIONS, OLDER = 3, 2
"""Versions of a manual that an answer tells apart, and passages of each older one that a language model is given."""


@dataclass(frozen=True, slots=True)
class FolderReport:
    """What an ingest of folders found beside the files that it read."""

    passed_over: tuple[Path, ...]
    """Files and folders below them that are not read: of another kind, or hidden."""
    gone: tuple[Gone, ...]
    """Documents whose files are no longer there."""
    removed: bool
    """Whether those were removed from the library."""


class Library:
    """Manuals that can be asked. Open it with ``Library.open``; use it as a context manager or ``close`` it."""

    def __init__(self, name: str, database: Database, settings: Settings, notice: Callable[[str], None]) -> None:
        self.name = name
        self.settings = settings
        self._database = database
        self._notice = notice
        self._loading = threading.RLock()
        self._answerer: Answerer | None = None
        self._embedder: Embedder | None = None
        self._reranker: Reranker | None = None
        self._held_retriever: tuple[Stamp, Retriever, LexicalIndex] | None = None

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

        settings = settings or _settings_for(name, options, create, notice)
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

    def units(self, name: str) -> tuple[Unit, ...]:
        """Return the units of a document, in reading order: what answers are made of."""
        document = self.show(name)
        return tuple(unit for _, unit in self._database.units(document.name, [(0, len(document.text) + 1)]))

    def page_text(self, name: str, page: int) -> str:
        """Return the text of a physical page, from 1, of a document. Raises LibraryError when it has no such page."""
        document = self.show(name)
        for held in document.pages:
            if held.number == page:
                return document.text[held.start : held.end]
        has = f"pages 1 to {len(document.pages)}" if document.pages else "no pages"
        raise LibraryError(f"{document.name} has {has}; page {page} was asked for")

    def info(self) -> Info:
        """Return counts, place and embedder."""
        return info_of(self._database)

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
        from ragqa.changes import find_emptied, find_gone
        from ragqa.readers import find_files
        from ragqa.sources import name_sources

        roots = [Path(path) for path in paths]
        passed_over: list[Path] = []
        sources = name_sources(roots, lambda root: find_files([root], passed_over.append))
        with self._writing():
            for root in roots if sync else ():
                lost = find_emptied(self._database, root, sources)
                if not lost:
                    continue
                if not agree(f"{root} has none of the {lost} documents that were read from it. Remove them all?"):
                    raise LibraryError(
                        f"{root} has none of the {quantity(lost, 'document')} that were read from it, and nothing was "
                        "removed: if it is a drive, connect it; if they are to go, add --yes"
                    )
                sources = [one for one in sources if not one.refused or one.name != stored_name(str(root))]
            results = self.ingest_sources(sources, roots=roots, sync=sync, password=password, progress=progress)
            gone = find_gone(self._database, roots)
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
            changes = FileChanges(self._database, roots, sources, sync=sync)
            embedder = self._checked_embedder() if self.documents() else self.embedder
            cut = Cut(target=self.settings.passage_tokens)
            results = ingest(
                self._database,
                embedder,
                sources,
                changes=changes,
                cut=cut,
                password=password,
                progress=progress,
                notice=self._notice,
            )
            self._remember(embedder)
        if any(result.status in ("added", "replaced") for result in results):
            _ = self._retriever  # brings the indexes up to date now, rather than under the next question
        return results

    def matching(self, names: Sequence[str]) -> list[str]:
        """Return the documents that ``names`` mean, each a name or a glob such as '*.pdf', by name and each once.

        Raises LibraryError for a name that no document has, and for a glob that none matches.
        """
        found: set[str] = set()
        for name in names:
            if set(name).isdisjoint("*?[") or any(map(self._database.stored, (name, stored_name(name)))):
                found.add(self._known(name))
                continue
            self._check_glob(name)
            found.update(held.name for held in self._database.matching(name))
        return sorted(found)

    def remove(self, names: Sequence[str]) -> int:
        """Remove documents by name; return how many. Unknown names are an error, and then nothing is removed."""
        known = [self._known(name) for name in names]
        with self._writing():
            removed = self._database.remove(known)
            self._database.collect_garbage()
        return removed

    def ingest_bytes(
        self,
        data: bytes,
        name: str,
        *,
        password: str | None = None,
        progress: Callable[[Progress], None] = lambda _: None,
    ) -> list[Ingested]:
        """Read a manual that lies in memory into the library, under ``name``."""
        from ragqa.sources import Source

        return self.ingest_sources([Source(stored_name(name), None, data)], password=password, progress=progress)

    def add_documents(self, documents: Iterable[Document]) -> list[Ingested]:
        """Store documents that were read elsewhere, such as the texts of a test collection."""
        from ragqa.ingest import ingest_documents
        from ragqa.passages import Cut

        with self._writing():
            cut = Cut(target=self.settings.passage_tokens)
            results = ingest_documents(self._database, self.embedder, documents, cut)
            self._remember(self.embedder)
        return results

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Be the one writer, after whoever is it now; ``notice`` gets one line about the wait. Raises Locked."""
        from ragqa.store.lock import Locked

        until, told = time.monotonic() + WRITERS_WAIT, False
        with ExitStack() as held:
            while True:
                try:
                    held.enter_context(self._database.writing())
                    break
                except Locked as locked:
                    if time.monotonic() > until:
                        raise
                    if not told:
                        self._notice(f"{locked.why}: waiting until that is done")
                    told = True
            yield

    def reembed(self, embedder: str, *, progress: Callable[[Progress], None] = lambda _: None) -> int:
        """Give every passage a vector of another embedder, from the stored text; return how many passages there are.

        The new vectors lie beside the old ones until all are there; a run that was stopped goes on where it was.
        """
        from ragqa.embedders import open_embedder
        from ragqa.ingest import Progress, embedding_input, identity_of, store_vectors

        new = open_embedder(embedder, progress=self._notice)
        titles = {stored.name: stored.title for stored in self.documents()}
        with self._writing():
            ids = self._database.passage_ids().tolist()
            passages = self._database.passages(ids)
            inputs = [embedding_input(titles[p.document], p) for p in passages.values()]
            keys = store_vectors(
                self._database,
                new,
                inputs,
                lambda done, total: progress(Progress(embedder, 1, 1, "embedding", done, total, done / total)),
                self._notice,
            )
            self._database.swap_embedder(identity_of(new), dict(zip(passages, keys, strict=True)))
            self._database.collect_garbage()
            self._remember(new)
        self._embedder, self._held_retriever = new, None
        self.settings = replace(self.settings, embedder=embedder)
        _ = self._retriever
        return len(ids)

    def verify(self) -> list[str]:
        """Return what is wrong with the library, a line each; nothing when it is sound."""
        return self._database.verify()

    def export(self, file: Path) -> None:
        """Write the library to one file, which ``import_`` reads elsewhere."""
        self._database.export(file)

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

    # What it is for

    def search(
        self, question: str, *, k: int | None = None, mode: Mode | None = None, document: str | None = None
    ) -> Found:
        """Return the best passages for ``question``, of documents whose name matches the glob ``document``."""
        return self._found(question, k, mode, document)

    def _found(
        self, question: str, k: int | None, mode: Mode | None, document: str | None, only: int | None = None
    ) -> Found:
        """Search; ``only`` is the id of a document that alone is searched."""
        question = checked_question(question)
        self._check_glob(document)
        if self._held_retriever is None:  # the model loads while the indexes do
            from ragqa.models.compiled import load_aside

            load_aside(self._checked_embedder().warm)
        found = self._search(question, k or self.settings.k, mode or self.settings.mode, document, only)
        if not found.hits and not self.documents():
            raise self._empty()
        return found

    def _search(self, question: str, k: int, mode: Mode, document: str | None, only: int | None) -> Found:
        """Search, and put the best passages into the reranker's order where one was asked for."""
        reranker = self.reranker
        if reranker is None:
            return self._retriever.search(question, k, mode, document, only)
        from ragqa.ingest import embedding_input
        from ragqa.reranking import RERANKED, rerank

        found = self._retriever.search(question, max(k, RERANKED), mode, document, only)
        best = [hit.passage for hit in found.hits[:RERANKED]]
        stored = {name: self._database.stored(name) for name in {passage.document for passage in best}}
        titles = {name: known.title for name, known in stored.items() if known}
        return rerank(found, [embedding_input(titles[one.document], one)[0] for one in best], reranker, k)

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
        from ragqa.answerers.extractive import ExtractiveAnswerer, Version

        question = checked_question(question)
        answerer = self.answerer
        asked = answerer.standalone(question, history) if history else question
        found, seen = self.consider(asked, k=k, mode=mode, document=document)
        started = time.perf_counter()
        most = k or self.settings.k
        versions = self._versions(asked, seen) if document is None else ()
        considered = [(one, self.consider(asked, k=k, mode=mode, only=one.document_id)[1]) for one in versions]
        if isinstance(answerer, ExtractiveAnswerer) and considered:
            told = [Version(one.edition.label, *self._judged(alone, most)) for one, alone in considered]
            answer = answerer.answer_versions(asked, told, on_text)
        else:
            hits, confidence, chosen = self._judged(considered[0][1] if considered else seen, most)
            others = [hit for _, alone in considered[1:] for hit in alone.best_hits(OLDER)]
            answer = answerer.answer(
                asked, (*hits, *others), history=history, on_text=on_text, confidence=confidence, chosen=chosen
            )
        laps = {**found.timings_ms, "answer": round((time.perf_counter() - started) * 1000, 3)}
        usage = answer.usage + self._embedding_usage(asked, found)
        warnings = (*answer.warnings, *self._of_another_version(asked, answer))
        return replace(
            answer, question=question, timings_ms=laps, usage=usage, corrections=found.corrections, warnings=warnings
        )

    def _judged(self, seen: Considered, k: int) -> tuple[tuple[Hit, ...], float, Chosen | None]:
        """Return the best passages, how likely they answer, and what of them answers."""
        from ragqa.answerers.choosing import choose
        from ragqa.answerers.confidence import confidence_of

        choice = choose(seen)
        return seen.best_hits(k), confidence_of(seen, choice), self._chosen(seen, choice) if choice else None

    def _versions(self, question: str, seen: Considered) -> tuple[Sibling, ...]:
        """Return the versions of the manual that a question is about, the newest first, where it names none of them."""
        if not seen.hits:
            return ()
        best = self._database.stored(seen.hits[0].passage.document)
        editions = self._retriever.editions
        siblings = editions.of(best.document_id) if best else ()
        others = editions.others(question) if siblings else frozenset()
        told = tuple(one for one in siblings if one.document_id not in others)
        return told[:VERSIONS] if len(told) > 1 else ()

    def _of_another_version(self, question: str, answer: Answer) -> Iterator[str]:
        """Yield a line where the question names a version and the answer is from a manual of another."""
        from ragqa.editions import version_of, versions_in

        asked = versions_in(question)
        stored = self._database.stored(answer.citations[0].document) if asked and answer.citations else None
        version = version_of(stored.title, stored.name) if stored else None
        if stored is None or version is None or any(version.covers(one) for one in asked):
            return
        said = "\n".join((answer.text, *answer.citations[0].section[1:]))
        if asked[0].label.casefold() in f"{stored.title}\n{stored.name}".casefold():
            return  # a model, not a version
        if not any(one.covers(named) for one in asked for named in versions_in(said)):
            yield f"this is from {version.label}: no manual here is of {asked[0].label}"

    def _embedding_usage(self, asked: str, found: Found) -> Usage:
        if found.query is None:
            return Usage()
        tokens = self.embedder.count_tokens([asked])[0]
        return Usage(embedding_tokens=tokens, cost_usd=self.embedder.cost_usd(tokens))

    def evidence(
        self, question: str, *, k: int | None = None, mode: Mode | None = None, document: str | None = None
    ) -> tuple[Found, Evidence]:
        """Return what a search finds, and how well each sentence and row of it answers."""
        found, evidence, _ = self._weighed(question, k, mode, document)
        return found, evidence

    def consider(
        self,
        question: str,
        *,
        k: int | None = None,
        mode: Mode | None = None,
        document: str | None = None,
        only: int | None = None,
    ) -> tuple[Found, Considered]:
        """Return what a search finds, ``CONSIDERED`` passages at least, and all that an answer is made from.

        ``only`` is the id of a document that alone is searched.
        """
        from ragqa.answerers.candidates import CONSIDERED, Considered

        most = max(k or self.settings.k, CONSIDERED)
        found, evidence, asked = self._weighed(question, most, mode, document, only)
        spans: dict[str, list[tuple[int, int]]] = {}
        for hit in found.hits:
            spans.setdefault(hit.passage.document, []).append((hit.passage.start, hit.passage.end))
        units = {name: tuple(self._database.units(name, held)) for name, held in spans.items()}
        return found, Considered(asked, found.hits, evidence, found.interaction, units)

    def extract(self, candidate: Candidate, seen: Considered) -> Extract:
        """Return what a unit says, read from the document."""
        from ragqa.answerers.candidates import extract_of

        return extract_of(candidate, seen, *self._database.unit_texts(candidate.document, candidate.unit_id))

    def _chosen(self, seen: Considered, choice: Choice) -> Chosen:
        from ragqa.answerers import Chosen

        also = tuple(self.extract(one, seen) for one in choice.also)
        return Chosen(self.extract(choice.best, seen), also, choice.whole)

    def _weighed(
        self, question: str, k: int | None, mode: Mode | None, document: str | None, only: int | None = None
    ) -> tuple[Found, Evidence, Question]:
        from ragqa.answerers.evidence import Question, weigh

        found = self._found(question, k, mode, document, only)
        windows = self._database.windows([hit.passage.passage_id for hit in found.hits])
        lexical = self._lexical
        text = found.looked_for
        asked = Question.of(text, lexical.idf, lambda term: lexical.doc_freq(term) > 0)
        query, legibility = found.query, found.legibility
        if query is None and any(len(vectors) for vectors in windows.values()):
            # A lexical search needs no vector; which of its sentences answers is told by their vectors all the same.
            query, legibility = self.embedder.embed_queries([text])[0], self.embedder.legibility(text)
        return found, weigh(asked, found.hits, windows, query, legibility, found.interaction), asked

    # What is loaded when it is first needed

    @property
    def embedder(self) -> Embedder:
        """The embedder asked for, or the one that the library was made with. Raises EmbedderMismatch, ModelError."""
        with self._loading:
            if self._embedder is None:
                from ragqa.embedders import open_embedder

                self._embedder = open_embedder(self.settings.embedder or self._own_embedder(), progress=self._notice)
            return self._embedder

    def _own_embedder(self) -> str | None:
        """Return the embedder that the library was made with, if the user agreed to it. Raises LibraryError."""
        from ragqa.embedders import BUNDLED_SPEC

        held = self._database.embedder()
        if held is None or held.spec == BUNDLED_SPEC:
            return None
        approval = approval_of(self._database.folder)
        if approval is None or approval.embedder != held.spec:
            raise LibraryError(
                f"library '{self.name}' came with the embedder {held.spec}, which you have not agreed to: to use it, "
                f"say --embedder {held.spec}, or run 'ragqa trust {self._database.folder}'"
            )
        return held.spec

    def _remember(self, embedder: Embedder) -> None:
        """Keep that the user chose ``embedder`` for this library, so that it need not be named each time."""
        from ragqa.embedders import BUNDLED_SPEC

        held = self._database.embedder()
        if embedder.spec != BUNDLED_SPEC and held is not None and held.spec == embedder.spec:
            remember_library(self._database.folder, embedder.spec)

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
                self._answerer = _open_answerer(self.settings)
            return self._answerer

    @property
    def _retriever(self) -> Retriever:
        """The indexes of the library as it is now."""
        from ragqa.retrieval import Fusion, Retriever
        from ragqa.store.lexical import LexicalIndex
        from ragqa.store.vectors import VectorIndex

        with self._loading:
            if self._held_retriever is None or self._held_retriever[0] != self._database.stamp():
                embedder = self._checked_embedder()
                vectors = VectorIndex.open(self._database, self._notice)
                lexical = LexicalIndex.open(self._database, self._notice)
                weights = {field.name: getattr(self.settings, field.name) for field in fields(Fusion)}
                retriever = Retriever(self._database, vectors, lexical, embedder, Fusion(**weights))
                self._held_retriever = (self._database.stamp(), retriever, lexical)
            return self._held_retriever[1]

    @property
    def _lexical(self) -> LexicalIndex:
        _ = self._retriever
        assert self._held_retriever is not None
        return self._held_retriever[2]

    def _checked_embedder(self) -> Embedder:
        from ragqa.ingest import identity_of

        held = self._database.embedder()
        if held is None or not self.documents():
            raise self._empty()
        embedder = self.embedder
        given = identity_of(embedder)
        if given != held:
            raise EmbedderMismatch(
                f"index '{self.name}' holds {held.dim}-d vectors of {held.spec}; {given.spec} gives {given.dim}-d: "
                f"run 'ragqa reembed --embedder {given.spec}' or choose another --index"
            )
        return embedder

    def _empty(self) -> LibraryError:
        return LibraryError(f"library '{self.name}' holds no document: run 'ragqa ingest PATH'")

    def _check_glob(self, document: str | None) -> None:
        if document is not None and not len(self._database.passage_ids(document)):
            names = ", ".join(stored.name for stored in self.documents()[:5])
            raise LibraryError(f"no document matches '{document}': the library holds {names or 'none'}")

    def _known(self, name: str) -> str:
        for spelled in (name, stored_name(name)):
            stored = self._database.stored(spelled.encode("utf-8", "replace").decode())
            if stored:
                return stored.name
        held = {stored.name: _alike(stored.name) for stored in self.documents()}
        looked_for = _alike(name)
        for same in (
            [known for known, alike in held.items() if alike.rsplit("/", 1)[-1] == looked_for],
            [known for known, alike in held.items() if alike == looked_for],
        ):
            if len(same) == 1:
                return same[0]
        near = difflib.get_close_matches(looked_for, held.values(), n=1, cutoff=0.4)
        meant = next((known for known, alike in held.items() if [alike] == near), None)
        hint = f"did you mean '{meant}'?" if meant else "'ragqa list' shows what it holds"
        raise LibraryError(f"library '{self.name}' holds no document '{name}': {hint}")


def _alike(name: str) -> str:
    """Return what names that look the same, but for the case of letters, have in common."""
    return normalize("NFC", normalize("NFC", name).casefold())


def _settings_for(name: str | None, options: dict[str, Any], create: bool, notice: Callable[[str], None]) -> Settings:
    """Return the settings in force. Where no library is named and there is none by default, the only one is meant."""
    settings = load_settings({"index": name, **options}, notice=notice)
    if name is not None or settings.index != DEFAULT:
        return settings
    held = names_in(settings)
    if DEFAULT in held or not held:
        return settings
    if create:
        notice(f"making a new library '{DEFAULT}' beside {', '.join(held)}: name one with --index to add to it")
    elif len(held) == 1:
        notice(f"library '{held[0]}', the only one there is")
        return replace(settings, index=held[0])
    return settings


def checked_question(question: str) -> str:
    """Return the question without white space around it. Raises RagqaError when there is nothing to look for."""
    # Bytes of a command line that are no text come as lone surrogates, which neither SQLite nor a tokenizer takes.
    question = " ".join(question.encode("utf-8", "replace").decode().split())
    if not question:
        raise RagqaError("the question is empty: ask in words, as in 'ragqa ask \"how do I reset it?\"'")
    if len(question) > LONGEST_QUESTION:
        raise RagqaError(
            f"a question should be at most {LONGEST_QUESTION:,} characters, this one has {len(question):,}: shorten it"
        )
    if not any(c.isalnum() for c in question):
        raise RagqaError(f"the question {question[:20]!r} holds no word to look for: ask in words")
    return question


def _open_answerer(settings: Settings) -> Answerer:
    from ragqa.answerers import ChatOptions, open_answerer
    from ragqa.answerers.extractive import THRESHOLD, ExtractiveAnswerer

    if settings.answerer == "extractive":
        return ExtractiveAnswerer(THRESHOLD if settings.threshold is None else settings.threshold, settings.prompts)
    from ragqa.prompts import load_prompts

    options = ChatOptions(
        max_tokens=settings.max_tokens,
        temperature=settings.temperature,
        n=settings.n,
        stop=settings.stop,
        seed=settings.seed,
        context_tokens=settings.context_tokens,
        instructions=_read_instructions(settings.instructions),
        timeout_s=settings.timeout,
    )
    return open_answerer(settings.answerer, options, load_prompts(settings.prompts))


def _read_instructions(file: Path | None) -> str:
    if file is None:
        return ""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RagqaError(f"the instructions {file} can't be read as UTF-8 text: {error}") from None
