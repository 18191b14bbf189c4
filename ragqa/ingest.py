"""Read, cut, embed and store files, one transaction a document. Knows nothing of terminals or questions.

Vectors are stored as they arrive, under the hash of the text embedded, so that a killed run pays for nothing twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import PurePath
from typing import TYPE_CHECKING, Literal

from ragqa.changes import FileChanges
from ragqa.errors import EmbedderMismatch, UnreadableFile
from ragqa.passages import Cut, context_of, cut_passages
from ragqa.printable import quantity
from ragqa.sources import Source
from ragqa.types import PDF, Document, Passage, Span

if TYPE_CHECKING:
    from ragqa.embedders import Embedder
    from ragqa.readers.guard import Guard
    from ragqa.store import EmbedderIdentity, Store

CUT_VERSION = 8
"""Raised when readers or cutting change what a document or its passages hold, so that a second ingest reads anew."""

SLAB = 512
"""Passages embedded between two commits of vectors: what a kill can cost at most."""

READING = 0.2
"""The share of a file's work that is reading it, near enough to say how long a run takes; the rest is embedding."""

VECTORS = 2
"""Raised whenever more is kept of a text than before, so that it is embedded again."""

Status = Literal["added", "replaced", "unchanged", "failed"]


def cut_fingerprint(cut: Cut) -> str:
    """Return what is kept of how a document's passages were made: equal exactly when they need not be cut anew."""
    return f"{CUT_VERSION}:{cut.target}:{cut.smallest}"


def target_of(fingerprint: str) -> int | None:
    """Return about how many tokens the passages of a document have, by the fingerprint kept of it; None if unknown."""
    _, _, rest = fingerprint.partition(":")
    target = rest.partition(":")[0]
    return int(target) if target.isdigit() else None


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of one file."""

    path: str
    status: Status
    pages: int = 0
    passages: int = 0
    error: str | None = None
    warnings: tuple[str, ...] = ()
    duplicate_of: str | None = None
    """The document of the same content: the file was not read again."""
    renamed_from: str | None = None
    """What the document was called before its file was renamed or moved."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a long run stands: at file ``number`` of ``files``; when embedding, ``done`` of ``total`` passages."""

    name: str
    number: int
    files: int
    stage: Literal["reading", "embedding"]
    done: int = 0
    total: int = 0
    share: float = 0.0
    """How much of the whole work is done, 0 to 1, reckoned by the sizes of the files."""


EmbedderFor = Callable[[Sequence[Document]], "Embedder"]
"""Returns the embedder of a library that begins with these documents."""


def ingest(
    store: Store,
    embedder: Embedder | None,
    sources: Sequence[Source],
    *,
    choose: EmbedderFor | None = None,
    changes: FileChanges | None = None,
    cut: Cut | None = None,
    password: str | None = None,
    keep_originals: bool = False,
    progress: Callable[[Progress], None] = lambda _: None,
    notice: Callable[[str], None] = lambda line: None,
) -> list[Ingested]:
    """Bring the library up to date with ``sources``; a file that fails is named and never stops the others.

    With no ``embedder``, ``choose`` gives it when the first documents were read. ``keep_originals``: the bytes of PDFs
    go into the library too, so that their pages can be shown.
    """
    from ragqa.readers.guard import Guard

    changes = changes or FileChanges(store, (), sources, sync=False)
    with Guard(PurePath(source.name).suffix.lower() for source in sources) as guard:
        group = _Group(store, embedder, choose, cut or Cut(), notice)
        return _ingest(guard, store, group, sources, changes, password, keep_originals, progress)


def _ingest(
    guard: Guard,
    store: Store,
    group: _Group,
    sources: Sequence[Source],
    changes: FileChanges,
    password: str | None,
    keep_originals: bool,
    progress: Callable[[Progress], None],
) -> list[Ingested]:
    results: dict[int, Ingested] = {}
    work = _Work(sources, progress)
    duplicates: dict[int, tuple[str, Source]] = {}
    for number, source in _then_duplicates_again(sources, duplicates):
        work.reading(number, source.name)
        sha256 = ""
        try:
            data = source.read_bytes()
            sha256 = hashlib.sha256(data).hexdigest()
            known = changes.recognise(source, sha256)
            source = known.source
            duplicates.pop(number, None)
            if known.duplicate_of:
                duplicates[number] = (known.duplicate_of, source)
                results[number] = Ingested(source.name, "unchanged", duplicate_of=known.duplicate_of)
                work.nothing_to_do()
                continue
            stored = store.stored(source.name)
            if stored and stored.sha256 == sha256 and stored.cut == group.fingerprint:
                sizes = (stored.pages, stored.passages)
                results[number] = Ingested(source.name, "unchanged", *sizes, renamed_from=known.renamed_from)
                if keep_originals and stored.media_type == PDF and not store.has_original(sha256):
                    store.put_original(sha256, data)
                work.nothing_to_do()
                continue
            guard.start()
            group.warm()
            document = guard.read(data, source.name, password)
            if not group.add(number, document, source):
                raise UnreadableFile(f"{source.name} holds no text to answer from, only a table of contents")
            if keep_originals and document.media_type == PDF:
                store.put_original(sha256, data)
            work.read()
        except UnreadableFile as error:
            changes.forget(sha256)
            work.nothing_to_do()
            results[number] = Ingested(source.name, "failed", error=str(error))
        if group.full or number == len(sources):
            results.update(group.store(work.embedding))
            work.stored()
    results.update(group.store())
    for name, source in duplicates.values():
        store.add_place(name, source.place)
    store.collect_garbage()
    return [results[number] for number in sorted(results)]


def _then_duplicates_again(
    sources: Sequence[Source], duplicates: Mapping[int, tuple[str, Source]]
) -> Iterator[tuple[int, Source]]:
    """Yield the sources by number, and duplicates again at the end: what they were like may have changed by then."""
    yield from enumerate(sources, 1)
    for number, (_, source) in sorted(duplicates.items()):
        yield number, source


class _Work:
    """How much there is to do and how much of it is done, in bytes of files, told to ``progress``."""

    def __init__(self, sources: Sequence[Source], progress: Callable[[Progress], None]) -> None:
        self._sizes = [source.size for source in sources]
        self._progress = progress
        self._at = Progress("", 0, len(sources), "reading")
        self._all, self._waiting, self._stored = sum(self._sizes), 0, 0

    def reading(self, number: int, name: str) -> None:
        """Say that a file is read now."""
        self._at = replace(self._at, name=name, number=number)
        self._tell("reading", 0, 0)

    def nothing_to_do(self) -> None:
        """Leave out the file at hand: it is unchanged, or can't be read."""
        self._all -= self._sizes[self._at.number - 1]

    def read(self) -> None:
        """Count the file at hand as read."""
        self._waiting += self._sizes[self._at.number - 1]

    def embedding(self, done: int, total: int) -> None:
        """Say how many of the passages of what was read are embedded."""
        self._tell("embedding", done, total)

    def stored(self) -> None:
        """Count all that was read as done."""
        self._stored, self._waiting = self._stored + self._waiting, 0

    def _tell(self, stage: Literal["reading", "embedding"], done: int, total: int) -> None:
        embedded = done / total if total else 0.0
        work = self._stored + self._waiting * (READING + (1 - READING) * embedded)
        share = min(max(work / max(self._all, 1), 0.0), 1.0)
        self._progress(replace(self._at, stage=stage, done=done, total=total, share=share))


def ingest_documents(
    store: Store,
    embedder: Embedder | None,
    documents: Iterable[Document],
    cut: Cut | None = None,
    choose: EmbedderFor | None = None,
) -> list[Ingested]:
    """Store documents that were read elsewhere, as ``ingest`` does files."""
    group = _Group(store, embedder, choose, cut or Cut())
    results: dict[int, Ingested] = {}
    for number, document in enumerate(documents):
        group.add(number, document)
        if group.full:
            results.update(group.store())
    results.update(group.store())
    return [results[number] for number in sorted(results)]


class _Group:
    """Documents read and not yet stored, embedded together so that small ones fill a batch."""

    def __init__(
        self,
        store: Store,
        embedder: Embedder | None,
        choose: EmbedderFor | None,
        cut: Cut,
        notice: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.fingerprint = cut_fingerprint(cut)
        self._notice = notice
        self._store = store
        self._embedder, self._choose = embedder, choose
        self._cut = cut
        self._warmed = False
        self._waiting: list[tuple[int, Document, list[Passage], Source | None]] = []

    def warm(self) -> None:
        """Load the embedder, if it is known, while the first document is read."""
        if not self._warmed and self._embedder:
            from ragqa.models.compiled import load_in_background

            load_in_background(partial(self._embedder.warm, passages=True))
            self._warmed = True

    def add(self, number: int, document: Document, source: Source | None = None) -> list[Passage]:
        """Cut a document and let it wait to be stored; return its passages. One without any does not wait."""
        from ragqa.embedders.lengths import count_tokens, most_tokens

        most = min(most_tokens(), self._embedder.max_tokens) if self._embedder else most_tokens()
        passages = cut_passages(document, count_tokens, most, self._cut)
        if passages or source is None:
            self._waiting.append((number, document, passages, source))
        return passages

    @property
    def full(self) -> bool:
        return sum(len(passages) for _, _, passages, _ in self._waiting) >= SLAB

    def store(self, progress: Callable[[int, int], None] = lambda done, total: None) -> dict[int, Ingested]:
        """Embed what waits, then put each document in a transaction of its own."""
        if not self._waiting:
            return {}
        embedder = self._embedder_of([document for _, document, _, _ in self._waiting])
        inputs = [embedding_input(document.title, p) for _, document, passages, _ in self._waiting for p in passages]
        keys = iter(store_vectors(self._store, embedder, inputs, progress, self._notice))
        identity = identity_of(embedder)
        results = {}
        for number, document, passages, source in self._waiting:
            own = list(islice(keys, len(passages)))
            origin, place = (source.origin, source.place) if source else ("", "")
            try:
                status = self._store.put(document, passages, own, identity, self.fingerprint, origin, place)
            except UnreadableFile as error:
                results[number] = Ingested(document.name, "failed", error=str(error))
                continue
            pages = len(document.pages)
            results[number] = Ingested(document.name, status, pages, len(passages), warnings=document.warnings)
        self._waiting.clear()
        return results

    def _embedder_of(self, documents: Sequence[Document]) -> Embedder:
        if self._embedder is None:
            if self._choose is None:
                raise ValueError("expected an embedder, or what chooses one; got neither")
            self._embedder = self._choose(documents)
        return self._embedder


def reembed(
    store: Store,
    embedder: Embedder,
    progress: Callable[[Progress], None] = lambda _: None,
    notice: Callable[[str], None] = lambda line: None,
) -> int:
    """Give every passage a vector by ``embedder``, from the stored text; return how many passages there are.

    To be called by the one writer. The new vectors lie beside the old ones until all are there; a run that was
    stopped goes on where it was.
    """
    titles = {stored.name: stored.title for stored in store.documents()}
    ids = store.passage_ids().tolist()
    passages = store.passages(ids)
    inputs = [embedding_input(titles[passage.document], passage) for passage in passages.values()]

    def tell(done: int, total: int) -> None:
        progress(Progress(embedder.spec, 1, 1, "embedding", done, total, done / total))

    keys = store_vectors(store, embedder, inputs, tell, notice)
    store.swap_embedder(identity_of(embedder), dict(zip(passages, keys, strict=True)))
    store.collect_garbage()
    return len(ids)


def check_embedder(store: Store, embedder: Embedder) -> None:
    """Raise EmbedderMismatch where the library holds the vectors of another embedder."""
    held, given = store.embedder(), identity_of(embedder)
    if held is not None and given != held:
        other = f"gives {given.dim}-d" if given.spec != held.spec else "is another version of it now"
        raise EmbedderMismatch(
            f"index '{store.folder.name}' holds {held.dim}-d vectors of {held.spec}; {given.spec} {other}: "
            f"run 'ragqa reembed --embedder {given.spec}' or choose another --index"
        )


EmbeddingInput = tuple[str, tuple[Span, ...]]
"""The text that stands for a passage before the embedder, and the spans of its windows in it."""


def store_vectors(
    store: Store,
    embedder: Embedder,
    inputs: Sequence[EmbeddingInput],
    progress: Callable[[int, int], None] = lambda done, total: None,
    notice: Callable[[str], None] = lambda line: None,
) -> list[bytes]:
    """Embed those of ``inputs`` whose vectors the library does not hold yet; return the key of each one's vectors.

    ``notice`` gets the tokens of a large run that goes online before it begins.
    """
    keys = [content_key(text, windows) for text, windows in inputs]
    identity = identity_of(embedder)
    known = store.known_keys(keys, identity)
    missing = list({key: at for at, key in enumerate(keys) if key not in known}.values())
    if len(missing) >= SLAB and embedder.hosted:
        tokens = sum(embedder.count_tokens([inputs[at][0] for at in missing]))
        notice(f"{quantity(len(missing), 'passage')}, about {tokens:,} tokens, go to {embedder.spec}")
    for start in range(0, len(missing), SLAB):
        progress(start, len(missing))
        slab = missing[start : start + SLAB]
        vectors = embedder.embed_passages([inputs[at][0] for at in slab], [inputs[at][1] for at in slab])
        store.put_vectors([keys[at] for at in slab], vectors, identity)
    return keys


def identity_of(embedder: Embedder) -> EmbedderIdentity:
    """Return what a library remembers of its embedder."""
    from ragqa.store import EmbedderIdentity

    return EmbedderIdentity(embedder.spec, embedder.revision, embedder.dim)


def embedding_input(title: str, passage: Passage) -> EmbeddingInput:
    """Return what is embedded for a passage: its context, then its text."""
    context = context_of(title, passage)
    shift = len(context) + 1 if context else 0
    text = f"{context}\n{passage.text}" if context else passage.text
    return text, tuple((start + shift, end + shift) for start, end in passage.windows)


def content_key(text: str, windows: Sequence[Span]) -> bytes:
    """Return the key under which a text's vectors are kept: equal exactly when text and windows are."""
    return hashlib.sha256(f"{text}\0{windows}\0{VECTORS}".encode("utf-8", "surrogatepass")).digest()[:20]
