"""Which FAISS index, how large, how close? Prints a table for each size; --keep writes bench/results/vectors.json.

Vectors are 384-d, float16-stored, drawn around 2,000 centres whose spectrum falls off as that of text embeddings does
(neighbours at cosine 0.5, strangers near 0.05): on uniform noise every approximate index looks worse than it is.
Recall is of the 50 best by an exact float32 scan. `--store N` measures a whole library of N passages instead: what a
search reads, and what opening costs.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import faiss
import numpy as np

DIM, CENTRES, K, QUERIES = 384, 2_000, 50, 300


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


def clusters(seed: int = 1) -> np.ndarray:
    spectrum = np.arange(1, DIM + 1) ** -0.5
    return unit(np.random.default_rng(seed).standard_normal((CENTRES, DIM)) * spectrum + 0.05)


def draw(centres: np.ndarray, count: int, seed: int, spread: float = 0.055) -> np.ndarray:
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
    laps = sorted(timed(lambda at=at: call(at))[1] * 1000 for at in range(repeats))
    return {"p50": round(laps[repeats // 2], 3), "p95": round(laps[int(repeats * 0.95)], 3)}


def variants(rows: np.ndarray) -> list[tuple[str, Callable[[], Any], list[tuple[str, Any]]]]:
    """Return name, builder and search settings of each index that was weighed."""
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
        index = faiss.IndexHNSWSQ(DIM, kinds.QT_fp16, links, ip)
        index.hnsw.efConstruction = 80
        index.train(rows)
        index.add(rows)
        return index

    lists = max(len(rows), 50_000) // POINTS_PER_LIST
    chosen = probed_lists(lists) / lists
    probes = [(f"{share:.3g} of lists", share) for share in (0.125, 0.25, chosen, 0.5)]
    efforts = [(f"ef {ef}", faiss.SearchParametersHNSW(efSearch=ef)) for ef in (64, 128, 256)]
    return [
        ("flat fp32", flat, [("", None)]),
        ("flat fp16", lambda: scalar(kinds.QT_fp16), [("", None)]),
        ("flat int8", lambda: scalar(kinds.QT_8bit), [("", None)]),
        ("ivf fp16", ivf, probes),
        ("hnsw16 fp16", lambda: hnsw(16), efforts),
        ("hnsw32 fp16", lambda: hnsw(32), efforts),
    ]


def measure(size: int, threads: int) -> list[dict[str, Any]]:
    faiss.omp_set_num_threads(threads)
    centres = clusters()
    rows, queries = draw(centres, size, 2), draw(centres, QUERIES, 3, 0.06)
    exact = np.argsort(-(queries @ rows.T), axis=1)[:, :K]
    table = []
    for name, build, settings in variants(rows):
        if name.startswith("hnsw") and (threads == 1 or size > 50_000):
            continue  # a minute of building for what is shown already
        index, seconds = timed(build)
        size_mb = faiss.serialize_index(index).nbytes / 1e6
        for label, setting in settings:
            params = setting
            if isinstance(setting, float):
                params = faiss.SearchParametersIVF(nprobe=max(1, round(index.nlist * setting)))
            search = lambda at, index=index, params=params: index.search(queries[at : at + 1], K, params=params)  # noqa: E731
            found = [search(at)[1][0] for at in range(QUERIES)]
            row = {
                "passages": size,
                "threads": threads,
                "index": f"{name} {label}".strip(),
                "ms": latency(search),
                "recall@50": round(
                    float(np.mean([len(np.intersect1d(f, e)) for f, e in zip(found, exact, strict=True)])) / K, 4
                ),
                "build_s": round(seconds, 2),
                "mb": round(size_mb, 1),
            }
            table.append(row)
            print(
                f"{size:>7} {threads} thread {row['index']:<24} "
                f"p50 {row['ms']['p50']:>7.3f}  p95 {row['ms']['p95']:>7.3f} ms"
                f"  recall {row['recall@50']:.4f}  build {row['build_s']:>6.2f} s  {row['mb']:>6.1f} MB",
                flush=True,
            )
    return table


def precision() -> dict[str, Any]:
    """What float16 passages and int8 windows cost in the cosine with a question, against float32."""
    from ragqa.store.blobs import pack_vector, pack_windows, unpack_vectors, unpack_windows

    centres = clusters()
    rows, queries = draw(centres, 5_000, 4), draw(centres, 200, 5, 0.06)
    truth = rows @ queries.T
    half = unpack_vectors([pack_vector(row, DIM) for row in rows], DIM) @ queries.T
    byte = unpack_windows([pack_windows(rows, DIM)], DIM)[0] @ queries.T
    found = {}
    for name, scores, size in (("float16", half, 2 * DIM), ("int8", byte, DIM + 4)):
        same = np.mean(np.argmax(scores, axis=0) == np.argmax(truth, axis=0))
        error = np.abs(scores - truth)
        found[name] = {
            "worst": float(error.max()),
            "mean": float(error.mean()),
            "same_best": float(same),
            "bytes": size,
        }
        print(f"{name:<8} cosine off by {error.mean():.1e}, worst {error.max():.1e}; same best of 5,000: {same:.3f}")
    return found


def whole_library(size: int, windows: int = 6) -> dict[str, Any]:
    """Put ``size`` passages, 300 a document; then time what a search reads and what opening costs."""
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
    result: dict[str, Any] = {"passages": size, "windows_each": windows}
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

        _, result["put_s"] = timed(lambda: [put(at, min(300, size - at * 300)) for at in range(-(-size // 300))])
        result["library_mb"] = round(sum(f.stat().st_size for f in database.folder.glob("library.db*")) / 1e6, 1)
        kinds = {"vectors": VectorIndex, "lexical": LexicalIndex}
        for name, kind in kinds.items():
            _, result[f"{name}_build_s"] = timed(lambda kind=kind: kind.open(database))
            _, result[f"{name}_open_s"] = timed(lambda kind=kind: kind.open(database))
        put(10**6, 300)
        for name, kind in kinds.items():
            _, result[f"{name}_catch_up_s"] = timed(lambda kind=kind: kind.open(database))
        dense, lexical = VectorIndex.open(database), LexicalIndex.open(database)
        ids = database.passage_ids()
        queries = draw(centres, QUERIES, 7, 0.06)
        some = [rng.choice(ids, size=200, replace=False) for _ in range(QUERIES)]
        words = [rng.choice(vocabulary, size=7, p=odds).tolist() for _ in range(QUERIES)]
        own = database.passage_ids("1*")
        result["ms"] = {
            "dense search 100": latency(lambda at: dense.search(queries[at], 100)),
            "dense search 100, filtered": latency(lambda at: dense.search(queries[at], 100, own), 50),
            "dense score 100": latency(lambda at: dense.score(some[at][:100], queries[at])),
            "lexical search 100": latency(lambda at: lexical.search(words[at], 100)),
            "lexical search 100, filtered": latency(lambda at: lexical.search(words[at], 100, own), 50),
            "lexical score 100": latency(lambda at: lexical.score(some[at][:100], words[at])),
            "doc_freq of 7": latency(lambda at: [lexical.doc_freq(word) for word in words[at]]),
            "passages 50": latency(lambda at: database.passages(some[at][:50].tolist())),
            "windows 200": latency(lambda at: database.windows(some[at].tolist())),
            "vectors 20": latency(lambda at: database.vectors(some[at][:20].tolist())),
            "stamp": latency(lambda at: database.stamp()),
            "document filter": latency(lambda at: database.passage_ids("1*"), 50),
        }
    for name, value in result.items():
        print(f"{name}: {round(value, 2) if isinstance(value, float) else value}") if name != "ms" else None
    for name, laps in result["ms"].items():
        print(f"{name:<30} p50 {laps['p50']:>7.3f}  p95 {laps['p95']:>7.3f} ms")
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="*", default=[10_000, 50_000, 100_000])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--store", type=int, default=0, metavar="N", help="measure a whole library of N passages")
    parser.add_argument("--keep", action="store_true", help="write bench/results/vectors.json")
    asked = parser.parse_args()
    kept: dict[str, Any] = {"precision": precision()}
    if asked.store:
        kept["library"] = whole_library(asked.store)
    kept["indexes"] = [row for size in asked.sizes for threads in asked.threads for row in measure(size, threads)]
    if asked.keep:
        commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
        about = {
            "commit": commit,
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "versions": {"faiss": faiss.__version__, "numpy": np.__version__, "python": platform.python_version()},
            "seeds": [1, 2, 3],
        }
        target = Path(__file__).parent / "results" / "vectors.json"
        target.parent.mkdir(exist_ok=True)
        target.write_text(json.dumps({**about, **kept}) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
