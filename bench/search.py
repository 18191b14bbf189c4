"""How long does a search take in a library of 100,000 passages, warm, in Python? And where does the time go?

Texts are drawn from a vocabulary with Zipf's frequencies, English and Chinese; vectors lie in clusters as those of
``bench/vectors.py`` do, apart from the bundled model, which embeds the questions. A question is made of words of one
passage, as real ones are, among them common ones; every fifth is Chinese. ``--passages N`` measures another size.
Texts and vectors are made by this bench.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.record import Row, parser, report
from bench.vectors import clusters, draw
from ragqa import Library
from ragqa.embedders import Embedded, open_embedder
from ragqa.embedders.folders import BUNDLED, find_model
from ragqa.ingest import identity_of
from ragqa.store.database import Database
from ragqa.types import Document, Passage

PASSAGES, EACH, WINDOWS, QUESTIONS = 100_000, 250, 6, 400
SYLLABLES = "ba cor den fil gan hol ik jur kel lam mor ner op pra qui ros".split()  # noqa: SIM905


def vocabularies(rng: np.random.Generator) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
    """Return 40,000 words and 3,000 Chinese characters, the most frequent first.

    Behind the stop words come those that the embedder knows, so that a question is about as many tokens as a real one
    (the evaluation data's medians are 9 to 27), then made ones, the names and codes of a manual.
    """
    stops = "the of and to in a is that for it as with on be at by this are or from an not can you if when which"
    vocabulary = json.loads((find_model(BUNDLED).transformer / "tokenizer.json").read_text("utf-8"))["model"]["vocab"]
    known = sorted(word for word in vocabulary if word.isascii() and word.isalpha() and len(word) > 3)
    made = {"".join(rng.choice(SYLLABLES, size=rng.integers(2, 5))) for _ in range(60_000)}
    english = np.array([*stops.split(), *rng.permutation(known).tolist(), *sorted(made)])[:40_000]
    chinese = np.array([chr(0x4E00 + at) for at in rng.permutation(20_000)[:3_000]])
    return english, chinese


def zipf(size: int) -> NDArray[np.float64]:
    odds = 1 / (np.arange(size) + 2.7)
    return np.asarray(odds / odds.sum())


def texts(
    rng: np.random.Generator, count: int, chinese: bool, words: NDArray[np.str_], odds: NDArray[np.float64]
) -> list[list[str]]:
    """Return for each passage its sentences: as many as it has windows."""
    drawn = rng.choice(words, size=(count, WINDOWS, 24 if chinese else 17), p=odds)
    join, end = ("", "。") if chinese else (" ", ". ")
    return [[join.join(sentence) + end for sentence in passage] for passage in drawn.tolist()]


def documents(size: int, rng: np.random.Generator) -> Iterator[tuple[Document, list[Passage]]]:
    """Yield manuals of ``EACH`` passages, every fifth of them in Chinese."""
    vocabulary = [(words, zipf(len(words))) for words in vocabularies(rng)]
    for number in range(size // EACH):
        chinese = number % 5 == 4
        name, passages, at = f"manual-{number:04}.pdf", [], 0
        parts = texts(rng, EACH, chinese, *vocabulary[chinese])
        for place, sentences in enumerate(parts):
            text = "".join(sentences)
            ends = np.cumsum([len(sentence) for sentence in sentences]).tolist()
            spans = tuple(zip([0, *ends[:-1]], ends, strict=True))
            section = (f"Part {place // 50}", f"Chapter {place // 10}")
            page = place // 3 + 1
            passages.append(Passage(name, at, at + len(text), text, section, "", page, page, (), 140, spans))
            at += len(text)
        whole = "".join(passage.text for passage in passages)
        yield Document(name, f"Manual {number}", "application/pdf", str(number), whole, ()), passages


def fill(folder: Path, size: int) -> list[str]:
    """Make a library of ``size`` passages; return questions to it."""
    rng, centres, identity = np.random.default_rng(1), clusters(), identity_of(open_embedder())
    questions = []
    with Database.create_or_open(folder) as database:
        for number, (document, passages) in enumerate(documents(size, rng)):
            vectors = draw(centres, EACH, number)
            shifted = vectors[:, None] + 0.03 * rng.standard_normal((EACH, WINDOWS, vectors.shape[1]), np.float32)
            shifted /= np.linalg.norm(shifted, axis=2, keepdims=True)
            keys = [f"{number} {at}".encode() for at in range(EACH)]
            embedded = [Embedded(*both) for both in zip(vectors, shifted, strict=True)]
            database.put_vectors(keys, embedded, identity)
            database.put(document, passages, keys, identity, "bench")
            questions += [
                write_question(passage, number % 5 == 4, rng) for passage in rng.choice(np.array(passages, object), 2)
            ]
    return questions


def write_question(passage: Passage, chinese: bool, rng: np.random.Generator) -> str:
    """Return a question of about ten words, or characters, of a passage."""
    start, end = passage.windows[int(rng.integers(WINDOWS))]
    sentence = passage.text[start:end].strip(" .。")
    return f"请问{sentence[:10]}是什么？" if chinese else f"what is {' '.join(sentence.split()[:9])}?"


def main(argv: Sequence[str] | None = None) -> None:
    options = parser(__doc__)
    options.add_argument("--passages", type=int, default=PASSAGES, help="Passages in the library, a multiple of 250.")
    given = options.parse_args(argv)
    size = given.passages
    with tempfile.TemporaryDirectory() as home:
        started = time.perf_counter()
        questions = fill(Path(home) / "indexes" / "bench", size)
        built = time.perf_counter() - started
        questions = np.random.default_rng(2).permutation(questions)[:QUESTIONS].tolist()
        with Library.open("bench", home=home) as library:
            started = time.perf_counter()
            library.search(questions[0])
            indexed = time.perf_counter() - started
            for question in questions[:40]:
                library.search(question)
            laps: list[dict[str, float]] = []
            for question in questions:
                started = time.perf_counter()
                found = library.search(question)
                laps.append({"whole": (time.perf_counter() - started) * 1000, **found.timings_ms})
    rows: list[Row] = []
    for name in laps[0]:
        times = sorted(lap[name] for lap in laps)
        p50, p95 = times[len(times) // 2], times[int(len(times) * 0.95)]
        rows.append({"lap": name, "passages": size, "questions": len(laps), "p50_ms": p50, "p95_ms": p95})
    lengths = open_embedder().count_tokens(questions)
    rows[0] |= {"question_tokens": sorted(lengths)[len(lengths) // 2], "put_s": built, "first_search_s": indexed}
    report("search", rows, data=["texts"], keep=given.keep)


if __name__ == "__main__":
    main()
