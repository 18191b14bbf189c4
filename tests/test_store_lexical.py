"""Lexical search against bm25s, and the terms and questions that break other engines."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from ragqa.analysis import terms
from ragqa.store.database import Database
from ragqa.store.lexical import LexicalIndex
from tests.store_making import lines_of, make, put

LENGTHS = 0.06
"""tantivy keeps a field's length in one byte: exact up to 40 terms, rounded down by up to an eighth beyond."""


@pytest.fixture
def library(tmp_path: Path):
    with make(tmp_path / "lib", documents=4, passages=60) as database:
        yield database


def bm25s_scores(texts: list[str], query: list[str]) -> np.ndarray:
    """Return bm25s's score of each text: its 'atire' term weights with 'lucene' idf are tantivy's formula."""
    import bm25s

    engine = bm25s.BM25(method="atire", idf_method="lucene", k1=1.2, b=0.75)
    engine.index([terms(text) for text in texts], show_progress=False)
    scores = np.zeros(len(texts), np.float32)
    for term, count in Counter(query).items():
        if term in engine.vocab_dict:
            scores += count * engine.get_scores([term])
    return scores


@pytest.mark.parametrize("question", [["pump"], ["pump", "valv", "e42", "7-3"], ["motor", "motor", "seal"]])
def test_scores_are_bm25_as_bm25s_computes_it(library: Database, question: list[str]):
    ids = library.passage_ids()
    indexed = dict(library.index_texts(ids.tolist()))
    expected = bm25s_scores([indexed[each] for each in ids.tolist()], question)
    index = LexicalIndex.open(library, pytest.fail)
    found, scores = index.search(question, len(ids))
    assert set(found.tolist()) == set(ids[expected > 0].tolist())
    at = np.searchsorted(ids, found)
    np.testing.assert_allclose(scores, expected[at], rtol=1e-5)
    assert (np.diff(scores) <= 0).all()
    np.testing.assert_allclose(index.score(ids, question), expected, rtol=1e-5, atol=1e-6)


def test_scores_of_long_passages_are_bm25_but_for_rounded_lengths(tmp_path: Path):
    with Database.create_or_open(tmp_path / "lib") as database:
        lines = [" ".join(lines_of(seed, 1 + seed)) for seed in range(60)]
        put(database, "long.txt", lines)
        texts = [text for _, text in database.index_texts(database.passage_ids().tolist())]
        expected = bm25s_scores(texts, ["pump", "valv", "e42"])
        scores = LexicalIndex.open(database, pytest.fail).score(database.passage_ids(), ["pump", "valv", "e42"])
        np.testing.assert_allclose(scores, expected, rtol=LENGTHS)


def test_headings_are_found_like_text(library: Database):
    assert len(LexicalIndex.open(library, pytest.fail).search(["chapter"], 300)[0]) == 240


def test_terms_count_by_their_weight(library: Database):
    index = LexicalIndex.open(library, pytest.fail)
    ids = library.passage_ids()
    pump, seal = (index.score(ids, {word: 1.0}) for word in ("pump", "seal"))
    np.testing.assert_allclose(index.score(ids, {"pump": 2.0, "seal": 0.5}), 2 * pump + 0.5 * seal, rtol=1e-5)
    assert index.doc_freq("pump") == int((index.score(ids, ["pump"]) > 0).sum())
    assert index.doc_freq("nowhere") == 0


@pytest.mark.parametrize("glob", ["2.txt", "[13].txt"])
def test_a_filter_keeps_scores_and_order(library: Database, glob: str):
    index = LexicalIndex.open(library, pytest.fail)
    allowed = library.passage_ids(glob)
    ids, scores = index.search(["pump", "valv"], 500)
    keep = np.isin(ids, allowed)
    found, filtered = index.search(["pump", "valv"], 500, allowed)
    assert found.tolist() == ids[keep].tolist()
    np.testing.assert_allclose(filtered, scores[keep], rtol=1e-5)
    scattered = library.passage_ids()[::2]  # so many runs that they are named one by one
    keep = np.isin(ids, scattered)
    assert set(index.search(["pump", "valv"], 500, scattered)[0].tolist()) == set(ids[keep].tolist())


@pytest.mark.parametrize(
    "line",
    ["x" * 300, "y" * 70_000, "部品" * 60, "E-1042/A_b.c+d++", "naïve ﬁne ＡＢＣ", 'a AND (b OR "c") -d body:e*'],
    ids=lambda line: line[:12],
)
def test_no_term_is_lost(library: Database, line: str):
    put(library, "odd.txt", [line, line[:-1] + "z"])
    index = LexicalIndex.open(library, pytest.fail)
    own = library.passage_ids("odd.txt").tolist()
    assert index.search(terms(line), 1)[0].tolist() == [own[0]]
    for term in set(terms(line)):
        assert own[0] in index.search([term], 1000)[0].tolist()


@pytest.mark.parametrize(
    "question",
    [[], ["nowhere"], {"pump": 0.0}, ["*", "AND", "body:pump", "(", '"']],
    ids=["none", "new", "0", "odd"],
)
def test_questions_that_match_nothing_find_nothing(library: Database, question: object):
    index = LexicalIndex.open(library, pytest.fail)
    assert index.search(question, 5)[0].tolist() == []  # type: ignore[arg-type]
    assert not index.score(library.passage_ids(), question).any()  # type: ignore[arg-type]


def test_a_question_of_thousands_of_terms_is_answered(library: Database):
    index = LexicalIndex.open(library, pytest.fail)
    ids, _ = index.search([f"term{at}" for at in range(5000)] + ["pump"], 5)
    assert len(ids) == 5


def test_what_is_removed_is_not_found_and_what_comes_is(library: Database):
    LexicalIndex.open(library, pytest.fail)
    library.remove(["0.txt"])
    put(library, "new.txt", ["a zebra at the pump"])
    index = LexicalIndex.open(library, pytest.fail)
    assert index.search(["zebra"], 5)[0].tolist() == library.passage_ids("new.txt").tolist()
    assert index.ids.tolist() == library.passage_ids().tolist()
    assert set(index.search(["pump"], 500)[0].tolist()) <= set(library.passage_ids().tolist())


def test_caught_up_or_built_at_once_the_scores_are_the_same(library: Database, tmp_path: Path):
    LexicalIndex.open(library, pytest.fail)
    for number in range(10, 16):
        put(library, f"{number}.txt", lines_of(number, 30))
        caught_up = LexicalIndex.open(library, pytest.fail)
    library.export(tmp_path / "copy")
    with Database.import_(tmp_path / "copy", tmp_path / "two") as copy:
        at_once = LexicalIndex.open(copy, pytest.fail)
    for question in (["pump"], ["motor", "seal", "12-3"]):
        for one, other in zip(caught_up.search(question, 20), at_once.search(question, 20), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-6)
