"""Which FAISS index, how large, how close? A table of all sizes.

Vectors are 384-d, float16-stored, drawn around 2,000 centres whose spectrum falls off as that of text embeddings does
(neighbours at cosine 0.5, strangers near 0.05): on uniform noise every approximate index looks worse than it is.
Recall is of the 50 best by an exact float32 scan. `--store N` measures a whole library of N passages instead: what a
search reads, and what opening costs. The index and its settings were chosen by this bench.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from bench.record import Row, parser, report

Floats = NDArray[np.float32]
DIM, CENTRES, K, QUERIES = 384, 2_000, 50, 300


def unit(rows: NDArray[Any]) -> Floats:
    return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True), np.float32)


def clusters(seed: int = 1) -> Floats:
    spectrum = np.arange(1, DIM + 1) ** -0.5
    return unit(np.random.default_rng(seed).standard_normal((CENTRES, DIM)) * spectrum + 0.05)


def draw(centres: Floats, count: int, seed: int, spread: float = 0.055) -> Floats:
    rng = np.random.default_rng(seed)
    return unit(centres[rng.integers(CENTRES, size=count)] + spread * rng.standard_normal((count, DIM)))


def timed(call: Callable[[], Any]) -> tuple[Any, float]:
    started = time.perf_counter()
    result = call()
    return result, time.perf_counter() - started


def latency(call: Callable[[int], Any], repeats: int = QUERIES) -> dict[str, float]:
    """Return milliseconds of ``call(at)``, warmed up."""
    for at in range(10):
        call(at)
    laps = sorted(timed(partial(call, at))[1] * 1000 for at in range(repeats))
    return {"p50": round(laps[repeats // 2], 3), "p95": round(laps[int(repeats * 0.95)], 3)}


def variants(rows: Floats) -> list[tuple[str, Callable[[], Any], list[tuple[str, Any]]]]:
    """Return name, builder and search settings of each index that was considered."""
    from ragqa.store.vectors import POINTS_PER_LIST, build_index, probed_lists

    kinds, ip = faiss.ScalarQuantizer, faiss.METRIC_INNER_PRODUCT

    def flat() -> Any:
        index = faiss.IndexFlatIP(DIM)
        index.add(rows)
        return index

    def scalar(kind: int) -> Any:
        index = faiss.IndexScalarQuantizer(DIM, kind, ip)
        index.train(rows)
        index.add(rows)
        return index

    def ivf() -> Any:
        index = build_index(max(len(rows), 50_000), DIM, lambda places: rows[places[places < len(rows)]])
        index.add_with_ids(rows, np.arange(len(rows)))
        return index

    def hnsw(links: int) -> Any:
        index = faiss.IndexHNSWSQ(DIM, kinds.QT_fp16, links, ip)  # type: ignore[arg-type]
        index.hnsw.efConstruction = 80
        index.train(rows)
        index.add(rows)
        return index

    lists = max(len(rows), 50_000) // POINTS_PER_LIST
    chosen = probed_lists(lists) / lists
    probes = [(f"{share:.3g} of lists", share) for share in (0.125, 0.25, chosen, 0.5)]
    efforts = [(f"ef {ef}", faiss.SearchParametersHNSW(efSearch=ef)) for ef in (64, 128, 256)]  # type: ignore[attr-defined]
    return [
        ("flat fp32", flat, [("", None)]),
        ("flat fp16", lambda: scalar(kinds.QT_fp16), [("", None)]),
        ("flat int8", lambda: scalar(kinds.QT_8bit), [("", None)]),
        ("ivf fp16", ivf, probes),
        ("hnsw16 fp16", lambda: hnsw(16), efforts),
        ("hnsw32 fp16", lambda: hnsw(32), efforts),
    ]


def measure(size: int, threads: int) -> list[Row]:
    faiss.omp_set_num_threads(threads)
    centres = clusters()
    rows, queries = draw(centres, size, 2), draw(centres, QUERIES, 3, 0.06)
    exact = np.argsort(-(queries @ rows.T), axis=1)[:, :K]
    table: list[Row] = []
    for name, build, settings in variants(rows):
        if name.startswith("hnsw") and (threads == 1 or size > 50_000):
            continue  # a minute of building for what is shown already
        index, seconds = timed(build)
        size_mb = faiss.serialize_index(index).nbytes / 1e6
        for label, setting in settings:
            params = setting
            if isinstance(setting, float):
                params = faiss.SearchParametersIVF(nprobe=max(1, round(index.nlist * setting)))  # type: ignore[call-arg]
            search = lambda at, index=index, params=params: index.search(queries[at : at + 1], K, params=params)  # noqa: E731
            found = [search(at)[1][0] for at in range(QUERIES)]  # type: ignore[no-untyped-call]
            laps = latency(search)
            row: Row = {
                "passages": size,
                "threads": threads,
                "index": f"{name} {label}".strip(),
                "p50_ms": laps["p50"],
                "p95_ms": laps["p95"],
                "recall@50": round(
                    float(np.mean([len(np.intersect1d(f, e)) for f, e in zip(found, exact, strict=True)])) / K, 4
                ),
                "build_s": round(seconds, 2),
                "mb": round(size_mb, 1),
            }
            table.append(row)
            print(*row.values(), flush=True)
    return table


def precision() -> list[Row]:
    """Return how far float16 passages and int8 windows move the cosine with a question, against float32."""
    from ragqa.store.blobs import pack_vector, pack_windows, unpack_vectors, unpack_windows

    centres = clusters()
    rows, queries = draw(centres, 5_000, 4), draw(centres, 200, 5, 0.06)
    truth = rows @ queries.T
    half = unpack_vectors([pack_vector(row, DIM) for row in rows], DIM) @ queries.T
    byte = unpack_windows([pack_windows(rows, DIM)], DIM)[0] @ queries.T
    rows_of: list[Row] = []
    for name, scores, size in (("float16", half, 2 * DIM), ("int8", byte, DIM + 4)):
        same = np.mean(np.argmax(scores, axis=0) == np.argmax(truth, axis=0))
        error = np.abs(scores - truth)
        errors: Row = {"cosine off by": f"{error.mean():.1e}", "worst": f"{error.max():.1e}"}
        rows_of.append({"index": f"stored as {name}", **errors, "same_best": float(same), "bytes": size})
    return rows_of


def measure_library(size: int, windows: int = 6) -> list[Row]:
    """Put ``size`` passages, 300 a document; return what a search reads and what opening costs, a row each."""
    from ragqa.embedders import Embedded
    from ragqa.store import EmbedderIdentity
    from ragqa.store.database import Database
    from ragqa.store.lexical import LexicalIndex
    from ragqa.store.vectors import VectorIndex
    from ragqa.types import Document, Passage

    centres, rng = clusters(), np.random.default_rng(6)
    identity = EmbedderIdentity("bench", "1", DIM)
    vocabulary = np.array([f"word{at}" for at in range(30_000)])
    odds = 1 / np.arange(10, 30_010)
    odds /= odds.sum()
    result: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, Database.create_or_open(Path(folder) / "lib") as database:

        def put(number: int, count: int) -> None:
            texts = [" ".join(rng.choice(vocabulary, size=100, p=odds)) for _ in range(count)]
            vectors = draw(centres, count * (windows + 1), number).reshape(count, windows + 1, DIM)
            starts = np.cumsum([0] + [len(text) + 1 for text in texts]).tolist()
            spans = tuple((at * 90, at * 90 + 90) for at in range(windows))
            passages = [
                Passage(str(number), at, at + len(text), text, ("Part", "Chapter"), windows=spans, tokens=130)
                for at, text in zip(starts, texts, strict=False)
            ]
            keys = [f"{number} {at}".encode() for at in range(count)]
            database.put_vectors(keys, [Embedded(each[0], each[1:]) for each in vectors], identity)
            document = Document(str(number), "Bench", "text/plain", str(number), "\n".join(texts), ())
            database.put(document, passages, keys, identity, "1")

        def fill() -> None:
            for at in range(-(-size // 300)):
                put(at, min(300, size - at * 300))

        _, result["put_s"] = timed(fill)
        result["library_mb"] = round(sum(f.stat().st_size for f in database.folder.glob("library.db*")) / 1e6, 1)
        kinds: dict[str, Callable[[Database], object]] = {"vectors": VectorIndex.open, "lexical": LexicalIndex.open}
        for name, open_index in kinds.items():
            _, result[f"{name}_build_s"] = timed(partial(open_index, database))
            _, result[f"{name}_open_s"] = timed(partial(open_index, database))
        put(10**6, 300)
        for name, open_index in kinds.items():
            _, result[f"{name}_catch_up_s"] = timed(partial(open_index, database))
        dense, lexical = VectorIndex.open(database), LexicalIndex.open(database)
        ids = database.passage_ids()
        queries = draw(centres, QUERIES, 7, 0.06)
        some = [rng.choice(ids, size=200, replace=False) for _ in range(QUERIES)]
        words = [rng.choice(vocabulary, size=7, p=odds).tolist() for _ in range(QUERIES)]
        own = database.passage_ids("1*")
        calls: dict[str, Callable[[int], Any]] = {
            "dense search 100": lambda at: dense.search(queries[at], 100),
            "dense search 100, filtered": lambda at: dense.search(queries[at], 100, own),
            "dense score 100": lambda at: dense.score(some[at][:100], queries[at]),
            "lexical search 100": lambda at: lexical.search(words[at], 100),
            "lexical search 100, filtered": lambda at: lexical.search(words[at], 100, own),
            "lexical score 100": lambda at: lexical.score(some[at][:100], words[at]),
            "doc_freq of 7": lambda at: [lexical.doc_freq(word) for word in words[at]],
            "passages 50": lambda at: database.passages(some[at][:50].tolist()),
            "windows 200": lambda at: database.windows(some[at].tolist()),
            "vectors 20": lambda at: database.vectors(some[at][:20].tolist()),
            "stamp": lambda at: database.stamp(),
            "document filter": lambda at: database.passage_ids("1*"),
        }
        laps = {name: latency(call, 50 if "filter" in name else QUERIES) for name, call in calls.items()}
    rows: list[Row] = [
        {"index": f"library, {name}", "passages": size, "value": value} for name, value in result.items()
    ]
    return rows + [
        {"index": f"library, {name}", "passages": size, "p50_ms": ms["p50"], "p95_ms": ms["p95"]}
        for name, ms in laps.items()
    ]


def main(argv: Sequence[str] | None = None) -> None:
    options = parser(__doc__)
    options.add_argument("--sizes", type=int, nargs="*", default=[10_000, 50_000, 100_000], help="Passages.")
    options.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="Threads of FAISS.")
    options.add_argument("--store", type=int, default=0, metavar="N", help="Measure a whole library of N passages too.")
    given = options.parse_args(argv)
    rows = precision()
    if given.store:
        rows += measure_library(given.store)
    rows += [row for size in given.sizes for threads in given.threads for row in measure(size, threads)]
    report("vectors", rows, data=["vectors"], keep=given.keep)


if __name__ == "__main__":
    main()
