"""From a question to an answer: search, weigh what was found, choose the unit that answers, tell versions apart.

Knows no files and no settings: it is given one state of a library, and the models.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ragqa.document_names import check_glob
from ragqa.errors import LibraryError, RagqaError
from ragqa.types import Answer, Extract, Hit, Mode, Usage

if TYPE_CHECKING:
    from pathlib import Path

    from ragqa.answerers import Answerer, Chosen, Turn
    from ragqa.answerers.choosing import Choice
    from ragqa.answerers.evidence import Candidate, Considered, Evidence, Question
    from ragqa.editions import Sibling
    from ragqa.prices import Price
    from ragqa.rerankers import Reranker
    from ragqa.retrieval import Found, Retriever
    from ragqa.settings import Settings
    from ragqa.store import Store

LONGEST_QUESTION = 10_000
"""Characters; past this it is a document, not a question."""

VERSIONS, OLDER = 3, 2
"""Versions of a manual that an answer tells apart, and passages of each older one that a language model is given."""


def check_question(question: str) -> str:
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


@dataclass(frozen=True, slots=True)
class Scope:
    """What is searched, and how far: ``k`` passages, of documents that match a glob, or of one document by its id."""

    k: int
    mode: Mode = "hybrid"
    document: str | None = None
    document_id: int | None = None


@dataclass(frozen=True, slots=True)
class Asker:
    """One state of a library, ready to be asked. Safe for concurrent questions."""

    store: Store
    retriever: Retriever
    reranker: Reranker | None
    prices: Mapping[str, Price]

    def search(self, question: str, scope: Scope) -> Found:
        """Return the best passages, in the reranker's order where there is one. Raises RagqaError, LibraryError."""
        question = check_question(question)
        check_glob(self.store, scope.document)
        found = self._search(question, scope)
        if not found.hits and not self.store.documents():
            raise LibraryError(f"library '{self.store.folder.name}' holds no document: run 'ragqa ingest PATH'")
        return found

    def _search(self, question: str, scope: Scope) -> Found:
        if self.reranker is None:
            return self.retriever.search(question, scope.k, scope.mode, scope.document, scope.document_id)
        from ragqa.ingest import embedding_input
        from ragqa.reranking import RERANKED, rerank

        most = max(scope.k, RERANKED)
        found = self.retriever.search(question, most, scope.mode, scope.document, scope.document_id)
        best = [hit.passage for hit in found.hits[:RERANKED]]
        stored = {name: self.store.stored(name) for name in {passage.document for passage in best}}
        titles = {name: known.title for name, known in stored.items() if known}
        texts = [embedding_input(titles[one.document], one)[0] for one in best]
        return rerank(found, texts, self.reranker, scope.k)

    def evidence(self, question: str, scope: Scope) -> tuple[Found, Evidence]:
        """Return what a search finds, and how well each sentence and row of it answers."""
        found, evidence, _ = self._weigh(question, scope)
        return found, evidence

    def consider(self, question: str, scope: Scope) -> tuple[Found, Considered]:
        """Return what a search finds, ``CONSIDERED`` passages at least, and all that an answer is made from."""
        from ragqa.answerers.evidence import CONSIDERED, Considered

        found, evidence, asked = self._weigh(question, replace(scope, k=max(scope.k, CONSIDERED)))
        spans: dict[str, list[tuple[int, int]]] = {}
        for hit in found.hits:
            spans.setdefault(hit.passage.document, []).append((hit.passage.start, hit.passage.end))
        units = {name: tuple(self.store.units(name, held)) for name, held in spans.items()}
        return found, Considered(
            asked,
            found.hits,
            evidence,
            found.interaction,
            units,
            self.retriever.held_spec,
            self.retriever.mean_cosine,
        )

    def extract(self, candidate: Candidate, considered: Considered) -> Extract:
        """Return what a unit says, read from the document."""
        from ragqa.answerers.evidence import extract_of

        return extract_of(candidate, considered, *self.store.unit_texts(candidate.document, candidate.unit_id))

    def ask(
        self,
        question: str,
        scope: Scope,
        answerer: Answerer,
        *,
        history: Sequence[Turn] = (),
        on_text: Callable[[str], None] | None = None,
    ) -> Answer:
        """Answer ``question`` with citations, or say that the manuals do not say. Raises RagqaError."""
        from ragqa.answerers.extractive import ExtractiveAnswerer, Version

        question = check_question(question)
        alone = answerer.standalone(question, history) if history else question
        found, considered = self.consider(alone, scope)
        started = time.perf_counter()
        of_versions = self._of_versions(alone, considered, scope)
        if isinstance(answerer, ExtractiveAnswerer) and of_versions:
            told = [Version(one.edition.label, *self._judge(own, scope.k)) for one, own in of_versions]
            answer = answerer.answer_versions(alone, told, on_text)
        else:
            hits, confidence, chosen = self._to_read(considered, of_versions, scope.k)
            answer = answerer.answer(
                alone, hits, history=history, on_text=on_text, confidence=confidence, chosen=chosen
            )
        laps = {**found.timings_ms, "answer": round((time.perf_counter() - started) * 1000, 3)}
        return replace(
            answer,
            question=question,
            timings_ms=laps,
            usage=answer.usage + self._embedding_usage(alone, found),
            corrections=found.corrections,
            warnings=(
                *answer.warnings,
                *self._of_another_version(alone, answer),
                *self._of_another_language(alone, found),
            ),
        )

    def passages(self, question: str, scope: Scope) -> tuple[Hit, ...]:
        """Return what ``ask`` gives a language model to read: the unit chosen, whole, then the passages found."""
        from ragqa.answerers.language_model import with_units

        question = check_question(question)
        _, considered = self.consider(question, scope)
        hits, _, chosen = self._to_read(considered, self._of_versions(question, considered, scope), scope.k)
        return tuple(with_units(hits, chosen)) if chosen else hits

    def _of_versions(self, question: str, considered: Considered, scope: Scope) -> list[tuple[Sibling, Considered]]:
        """Return the same of each version of the manual, the newest first, where it has several."""
        versions = self._versions(question, considered) if scope.document is None else ()
        return [
            (one, self.consider(question, replace(scope, document=None, document_id=one.document_id))[1])
            for one in versions
        ]

    def _to_read(
        self, considered: Considered, of_versions: Sequence[tuple[Sibling, Considered]], k: int
    ) -> tuple[tuple[Hit, ...], float, Chosen | None]:
        """Return passages of all versions, how likely the newest's answer, and what of them does."""
        hits, confidence, chosen = self._judge(of_versions[0][1] if of_versions else considered, k)
        return (*hits, *(hit for _, own in of_versions[1:] for hit in own.best_hits(OLDER))), confidence, chosen

    def _weigh(self, question: str, scope: Scope) -> tuple[Found, Evidence, Question]:
        from ragqa.answerers.evidence import Question, weigh

        found = self.search(question, scope)
        windows = self.store.windows([hit.passage.passage_id for hit in found.hits])
        lexical = self.retriever.lexical
        text = found.looked_for
        asked = Question.of(text, lexical.idf, lambda term: lexical.doc_freq(term) > 0, lexical.languages)
        query, vocabulary_coverage = found.query, found.vocabulary_coverage
        if query is None and any(len(vectors) for vectors in windows.values()):
            # A lexical search needs no vector; which of its sentences answers is told by their vectors all the same.
            query, vocabulary_coverage = self.retriever.vector_of(text)
        return found, weigh(asked, found.hits, windows, query, vocabulary_coverage, found.interaction), asked

    def _judge(self, considered: Considered, k: int) -> tuple[tuple[Hit, ...], float, Chosen | None]:
        """Return the best passages, how likely they answer, and what of them answers."""
        from ragqa.answerers.choosing import choose, confidence_of

        choice = choose(considered)
        chosen = self._chosen(considered, choice) if choice else None
        return considered.best_hits(k), confidence_of(considered, choice), chosen

    def _chosen(self, considered: Considered, choice: Choice) -> Chosen:
        from ragqa.answerers import Chosen

        also = tuple(self.extract(one, considered) for one in choice.also)
        return Chosen(self.extract(choice.best, considered), also, choice.whole)

    def _versions(self, question: str, considered: Considered) -> tuple[Sibling, ...]:
        """Return the versions of the manual asked about, the newest first, where the question names none of them."""
        if not considered.hits:
            return ()
        best = self.store.stored(considered.hits[0].passage.document)
        editions = self.retriever.editions
        siblings = editions.of(best.document_id) if best else ()
        others = editions.others(question) if siblings else frozenset()
        told = tuple(one for one in siblings if one.document_id not in others)
        return told[:VERSIONS] if len(told) > 1 else ()

    def _of_another_version(self, question: str, answer: Answer) -> Iterator[str]:
        """Yield a line where the question names a version and the answer is from a manual of another."""
        from ragqa.editions import version_of, versions_in

        asked = versions_in(question)
        stored = self.store.stored(answer.citations[0].document) if asked and answer.citations else None
        version = version_of(stored.title, stored.name) if stored else None
        if stored is None or version is None or any(version.covers(one) for one in asked):
            return
        said = "\n".join((answer.text, *answer.citations[0].section[1:]))
        if asked[0].label.casefold() in f"{stored.title}\n{stored.name}".casefold():
            return  # a model, not a version
        if not any(one.covers(named) for one in asked for named in versions_in(said)):
            yield f"this is from {version.label}: no manual here is of {asked[0].label}"

    def _of_another_language(self, question: str, found: Found) -> Iterator[str]:
        """Yield a line where the manual is in another language than the question, and the embedder reads English."""
        from ragqa.answerers.choosing import shares_language
        from ragqa.embedders.choosing import another_that_reads

        if found.hits and found.query is not None and not shares_language(question, found.hits[0].passage.text):
            remedy = another_that_reads(self.retriever.embedder_spec)
            if remedy:
                yield f"the manual is in another language than the question; {remedy}"

    def _embedding_usage(self, question: str, found: Found) -> Usage:
        return Usage() if found.query is None else self.retriever.embedding_usage(question, self.prices)


def answerer_of(settings: Settings, notice: Callable[[str], None] = lambda line: None) -> Answerer:
    """Return the answerer that the settings name, with the options that they give it. Raises ModelError, RagqaError."""
    from ragqa.answerers import ChatOptions, open_answerer
    from ragqa.answerers.extractive import THRESHOLD, ExtractiveAnswerer
    from ragqa.prompts import load_prompts

    if settings.answerer == "extractive":
        return ExtractiveAnswerer(THRESHOLD if settings.threshold is None else settings.threshold, settings.prompts)
    options = ChatOptions(
        max_tokens=settings.max_tokens,
        temperature=settings.temperature,
        n=settings.n,
        stop=settings.stop,
        seed=settings.seed,
        context_tokens=settings.context_tokens,
        instructions=_read_instructions(settings.instructions),
        timeout_s=settings.timeout,
        prices=settings.prices,
        notice=notice,
    )
    return open_answerer(settings.answerer, options, load_prompts(settings.prompts))


def _read_instructions(file: Path | None) -> str:
    if file is None:
        return ""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RagqaError(f"the instructions {file} can't be read as UTF-8 text: {error}") from None
