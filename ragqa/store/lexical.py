"""Lexical search: a tantivy index of the passages' terms, derived from the database. Scores are BM25, best first.

Terms are ragqa's own (``analysis.py``), never tantivy's; queries are built of terms, never parsed. The words of each
passage are stemmed in the language of its document, which is told here, from its text. Knows no vectors.
"""

from __future__ import annotations

import hashlib
import math
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ragqa import analysis
from ragqa.compounds import COMPOUNDING, splitter
from ragqa.stemming import ALGORITHMS, document_language
from ragqa.store import Stamp, Terms
from ragqa.store.derived import FolderStore, open_derived

LONGEST_TERM = 200
"""Bytes. A longer term is cut and hashed, the same way in passages and questions: tantivy drops what is too long."""

_HEAP = 50_000_000
_RUNS = 64
_NAMED = 512
_FORMAT = 4
_WORDS = "words.txt"
_LANGUAGES = "languages.txt"

Ids = NDArray[np.int64]
Floats = NDArray[np.float32]


class Texts(FolderStore, Protocol):
    """What this index is made from."""

    def passage_ids(self) -> Ids: ...

    def index_texts(self, ids: Sequence[int]) -> Iterator[tuple[int, str]]: ...

    def places(self, ids: Sequence[int]) -> Ids: ...

    def document_samples(self, document_ids: Sequence[int]) -> Iterator[tuple[int, str]]: ...


class LexicalIndex:
    """The terms of one state of the library. Never changes once open: safe for any number of threads."""

    def __init__(
        self,
        index: Any,
        ids: Ids,
        words: str,
        languages: Sequence[str],
        stamp: Stamp,
        copy: tempfile.TemporaryDirectory[str] | None = None,
    ) -> None:
        """Take an open tantivy index, the passages in it, their ``words``, sorted, one a line, and their languages."""
        self._schema = index.schema
        self._searcher = index.searcher()
        self._words = f"\n{words}\n"
        self._copy = copy
        self.ids = ids
        """Of all passages held, ascending, int64."""
        self.languages = tuple(languages)
        """In which words are stemmed, the one of the most passages first; some may be gone again."""
        self.stamp = stamp
        """The state of the database that this holds."""

    @classmethod
    def open(cls, database: Texts, notice: Callable[[str], None] = lambda line: None) -> LexicalIndex:
        """Return the index of the library as it is now; ``notice`` gets one line if it had to be repaired."""
        return open_derived(database, _Recipe(), notice)

    @property
    def size(self) -> int:
        """How many passages it holds."""
        return len(self.ids)

    def doc_freq(self, term: str) -> int:
        """Return how many passages hold ``term`` in their text or heading."""
        return int(self._searcher.doc_freq("terms", _stored_form(term)))

    def words(self, letter: str) -> list[str]:
        """Return the words of the passages that begin with ``letter``, a to z, folded; some may be gone again."""
        start = self._words.find(f"\n{letter}")
        end = self._words.rfind(f"\n{letter}")
        return self._words[start + 1 : self._words.index("\n", end + 1)].split("\n") if start >= 0 else []

    def idf(self, term: str) -> float:
        """Return BM25's rarity of ``term``: ln(1 + (N - n + 0.5) / (n + 0.5)) for n of N passages that hold it."""
        held = self.doc_freq(term)
        return math.log1p((self.size - held + 0.5) / (held + 0.5))

    def search(self, words: Terms, k: int, allowed: Ids | None = None) -> tuple[Ids, Floats]:
        """Return ids and scores of the ``k`` best passages with any of the terms, of those ``allowed`` if given.

        The score is the sum over terms, each by its weight (a sequence: by how often it is there), of BM25 in text and
        heading together: title, section path and table header are a few more words of each passage.
        """
        query = self._query(words)
        if allowed is not None:
            allowed = np.sort(allowed[np.isin(allowed, self.ids, kind="table")])
        k = min(k, self.size if allowed is None else len(allowed))
        if query is None or k <= 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        return self._run(query if allowed is None else self._only(query, allowed), k)

    def score(self, ids: Ids, words: Terms) -> Floats:
        """Return the score of each of ``ids`` for the same query; 0 where no term matches."""
        scores = np.zeros(len(ids), np.float32)
        query = self._query(words)
        if query is None or not len(ids):
            return scores
        found, values = self._run(self._only(query, np.unique(ids)), len(ids))
        order = np.argsort(found)
        at = np.minimum(np.searchsorted(found[order], ids), max(len(found) - 1, 0))
        if len(found):
            hit = found[order][at] == ids
            scores[hit] = values[order][at][hit]
        return scores

    def _query(self, words: Terms) -> Any:
        from tantivy import Occur, Query

        weights = words if isinstance(words, Mapping) else Counter(words)
        parts = []
        for word, weight in weights.items():
            if weight > 0:
                query = Query.term_query(self._schema, "terms", _stored_form(word), "freq")
                parts.append((Occur.Should, query if weight == 1 else Query.boost_query(query, float(weight))))
        return Query.boolean_query(parts) if parts else None

    def _only(self, query: Any, allowed: Ids) -> Any:
        """Return ``query`` for passages of ``allowed`` (ascending), which add nothing to its score."""
        from tantivy import FieldType, Occur, Query

        # A document's passages follow one another, so a few ranges say what thousands of ids would.
        places = np.searchsorted(self.ids, allowed)
        breaks = np.flatnonzero(np.diff(places) != 1) + 1
        if len(breaks) < _RUNS:
            runs = [(int(run[0]), int(run[-1])) for run in np.split(allowed, breaks) if len(run)]
            ranges = [Query.range_query(self._schema, "passage", FieldType.Integer, *run) for run in runs]
            only = ranges[0] if len(ranges) == 1 else Query.boolean_query([(Occur.Should, each) for each in ranges])
        elif len(allowed) <= _NAMED:
            each_term = [Query.term_query(self._schema, "passage", each) for each in allowed.tolist()]
            only = Query.boolean_query([(Occur.Should, term) for term in each_term])
        else:
            only = Query.term_set_query(self._schema, "passage", allowed.tolist())
        return Query.boolean_query([(Occur.Must, query), (Occur.Must, Query.const_score_query(only, 0.0))])

    def _run(self, query: Any, k: int) -> tuple[Ids, Floats]:
        hits = self._searcher.search(query, k, count=False).hits
        ids = np.array(self._searcher.fast_field_values("passage", [place for _, place in hits]), np.int64)
        scores = np.array([score for score, _ in hits], np.float32)
        order = np.lexsort((ids, -scores))
        return ids[order], scores[order]


class _Recipe:
    name = "lexical"
    title = "lexical index"

    def form(self, database: Texts) -> str | None:
        return f"tantivy {_FORMAT} terms {analysis.VERSION}"

    def build(self, database: Texts, into: Path | None) -> LexicalIndex:
        import tantivy

        index = tantivy.Index(_schema(), path=str(into) if into else None)
        ids = database.passage_ids()
        words, languages = self._write(index, database, ids, np.empty(0, np.int64), (), Counter())
        return self._finished(index, ids, words, languages, database.stamp(), into)

    def load(self, state: Path, stamp: Stamp, writable: bool) -> LexicalIndex:
        copy = None
        if not writable:  # tantivy wants to lock even what it only reads
            copy = tempfile.TemporaryDirectory(prefix="ragqa-", ignore_cleanup_errors=True)
            state = Path(shutil.copytree(state, copy.name, dirs_exist_ok=True))
        ids = np.load(state / "ids.npy", allow_pickle=False)
        words = (state / _WORDS).read_text("ascii")
        languages = _read_languages(state)
        index = _open(state)
        if index.searcher().num_docs != len(ids):
            raise ValueError(f"{index.searcher().num_docs} entries for {len(ids)} passages")
        return LexicalIndex(index, ids, words, _by_use(languages), stamp, copy)

    def update(self, database: Texts, state: Path, stamp: Stamp, into: Path) -> LexicalIndex:
        before = np.load(state / "ids.npy", allow_pickle=False)
        ids = database.passage_ids()
        gone, new = np.setdiff1d(before, ids), np.setdiff1d(ids, before)
        # Entries that are gone still count in tantivy's statistics until they are merged away: few are let stay.
        if len(gone) * 20 > len(before):
            return self.build(database, into)
        for file in state.iterdir():
            if not file.name.endswith((".lock", ".npy", _WORDS, _LANGUAGES)):
                _link(file, into / file.name)
        index = _open(into)
        before = (state / _WORDS).read_text("ascii").split()
        words, languages = self._write(index, database, new, gone, before, _read_languages(state))
        return self._finished(index, ids, words, languages, database.stamp(), into)

    def _write(
        self, index: Any, database: Texts, new: Ids, gone: Ids, before: Iterable[str], languages: Counter[str]
    ) -> tuple[set[str], Counter[str]]:
        """Take passages in and out of ``index``; return all words, those ``before`` included, and how many passages
        there are of each language, ``languages`` of them before."""
        import tantivy

        languages = languages.copy()
        words = set(before)
        writer = index.writer(_HEAP, 1)
        for passage_id in gone.tolist():
            writer.delete_documents_by_term("passage", passage_id)
        for start in range(0, len(new), 2048):
            own = _languages_of(database, new[start : start + 2048].tolist(), languages)
            languages.update(own.values())
            texts = list(database.index_texts(list(own)))
            for _, text in texts:
                words |= analysis.latin_words(text)
            splits = {language: splitter(words, language) for language in COMPOUNDING.intersection(own.values())}
            for passage_id, text in texts:
                found = analysis.terms(text, own[passage_id], splits.get(own[passage_id]))
                writer.add_document(tantivy.Document(passage=passage_id, terms=" ".join(map(_stored_form, found))))
        writer.commit()
        writer.wait_merging_threads()
        return words, languages

    def _finished(
        self, index: Any, ids: Ids, words: set[str], languages: Counter[str], stamp: Stamp, into: Path | None
    ) -> LexicalIndex:
        index.reload()
        lines = "\n".join(sorted(words))
        if into:
            np.save(into / "ids.npy", ids, allow_pickle=False)
            (into / _WORDS).write_text(lines, "ascii", newline="\n")
            counts = "".join(f"{language} {count}\n" for language, count in sorted(languages.items()))
            (into / _LANGUAGES).write_text(counts, "ascii", newline="\n")
        return LexicalIndex(index, ids, lines, _by_use(languages), stamp)


def _languages_of(database: Texts, ids: Sequence[int], before: Counter[str]) -> dict[int, str]:
    """Return in which language the words of each passage are stemmed: that of its document, or if it does not tell, of
    the most passages here and before."""
    documents = dict(zip(ids, database.places(ids)[:, 0].tolist(), strict=True))
    told = {one: document_language(text) for one, text in database.document_samples(sorted(set(documents.values())))}
    found = {passage_id: told.get(document) for passage_id, document in documents.items()}
    usual = _by_use(before + Counter(language for language in found.values() if language))
    return {passage_id: language or usual[0] for passage_id, language in found.items()}


def _by_use(languages: Counter[str]) -> tuple[str, ...]:
    """Return the languages, that of the most passages first; English where there is none."""
    return tuple(sorted(languages, key=lambda one: (-languages[one], one))) or analysis.ENGLISH_ONLY


def _read_languages(state: Path) -> Counter[str]:
    """Return how many passages are of each language. Raises ValueError where the file says something else."""
    lines = (line.split() for line in (state / _LANGUAGES).read_text("ascii").splitlines())
    return Counter({language: int(count) for language, count in lines if language in ALGORITHMS})


def _schema() -> Any:
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("passage", indexed=True, fast=True)
    builder.add_text_field("terms", tokenizer_name="whitespace", index_option="freq")
    return builder.build()


def _open(folder: Path) -> Any:
    import tantivy

    index = tantivy.Index.open(str(folder))
    index.config_reader("manual")
    return index


def _stored_form(term: str) -> str:
    raw = term.encode("utf-8", "replace")
    if len(raw) <= LONGEST_TERM:
        return term
    return raw[: LONGEST_TERM // 2].decode("utf-8", "ignore") + hashlib.sha256(raw).hexdigest()


def _link(source: Path, target: Path) -> None:
    """Give a file that never changes a second name; copy it where the file system can't."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
