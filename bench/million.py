"""Which index for a million passages? Latency, recall against an exact scan, build time, memory and disk of each.

Vectors are made for the purpose, 384-d: a passage lies near its section (ten passages), the section near its topic, and
what is its own falls off over the dimensions as the spectrum of text embeddings does; a question has cosine 0.7 to the
passage it is about. Each index is built in a process of its own and asked in another, by one thread, for 100 passages
as a search does; ``cpu_s`` and ``p95_cpu_ms`` are processor time, which others at work on the machine disturb less.
``--size N`` and ``--only NAME,NAME`` measure less; ``--only`` with ``--keep`` leaves the other indexes' kept rows. The
index was chosen by this bench.

A library also takes passages out and scores chosen ones exactly. Of these indexes the flat and the inverted ones can;
the graph can't remove, and what refines would hold the vectors a second time.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.record import Row, kept_rows, parser, report
from bench.vectors import DIM, unit

SIZE, QUESTIONS, ASKED, EACH = 1_000_000, 200, 100, 10
TOPICS, CHUNK = 2_000, 50_000
Floats = NDArray[np.float32]
SPECTRUM = np.arange(1, DIM + 1) ** -0.35
SPECTRUM /= np.linalg.norm(SPECTRUM)

KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "flat fp16": ("SQfp16", ("",)),
    "ivf fp16 (product)": ("", tuple(f"nprobe={lists}" for lists in (25, 50, 100, 250, 500, 1650))),
    "ivf-pq48 refined": ("IVF2048,PQ48x8,Refine(SQfp16)", ("nprobe=32,k_factor_rf=4", "nprobe=128,k_factor_rf=10")),
    "ivf-rabitq refined": (
        "IVF2048,RaBitQfs,Refine(SQfp16)",
        ("nprobe=32,k_factor_rf=4", "nprobe=128,k_factor_rf=4", "nprobe=128,k_factor_rf=10"),
    ),
    "hnsw16 fp16": ("HNSW16_SQfp16", ("efSearch=128", "efSearch=256", "efSearch=512")),
}
"""Name → how FAISS names it (empty: as the product builds it), and the settings to search with."""


def spread(rng: np.random.Generator, count: int) -> Floats:
    return (rng.standard_normal((count, DIM), np.float32) * SPECTRUM).astype(np.float32)


def draw_passages(size: int) -> Floats:
    """Return ``size`` passages as float32 of unit length."""
    rng = np.random.default_rng(1)
    topics = unit(spread(rng, TOPICS))
    rows = np.empty((size, DIM), np.float32)
    for start in range(0, size, CHUNK):
        count = min(CHUNK, size - start)
        sections = 0.6 * topics[rng.integers(TOPICS, size=-(-count // EACH))] + 0.5 * spread(rng, -(-count // EACH))
        rows[start : start + count] = unit(np.repeat(sections, EACH, axis=0)[:count] + 0.62 * spread(rng, count))
    return rows


def draw_queries(rows: Floats) -> Floats:
    rng = np.random.default_rng(2)
    about = rows[rng.integers(len(rows), size=QUESTIONS)]
    return unit(about + 1.02 * spread(rng, QUESTIONS))


def nearest(rows: Floats, queries: Floats) -> NDArray[np.int64]:
    """Return the places of the ``ASKED`` best rows for each query, by an exact float32 scan."""
    scores, places = np.empty((len(queries), 0), np.float32), np.empty((len(queries), 0), np.int64)
    for start in range(0, len(rows), CHUNK):
        scores = np.hstack([scores, queries @ rows[start : start + CHUNK].T])
        ids = np.arange(start, start + scores.shape[1] - places.shape[1])
        places = np.hstack([places, np.broadcast_to(ids, (len(queries), len(ids)))])
        best = np.argsort(-scores, axis=1)[:, :ASKED]
        scores, places = np.take_along_axis(scores, best, 1), np.take_along_axis(places, best, 1)
    return places


def resident_mb() -> float:
    """Return what this process holds of the machine's memory now (Linux)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


def build(folder: Path, name: str) -> dict[str, Any]:
    """Build one index from ``rows.npy`` and leave it in ``folder``."""
    import faiss

    from ragqa.store.vectors import build_index

    rows = np.load(folder / "rows.npy", mmap_mode="r")
    factory = KINDS[name][0]
    started, cpu = time.perf_counter(), time.process_time()
    if factory:
        index = faiss.index_factory(DIM, factory, faiss.METRIC_INNER_PRODUCT)
        if "HNSW" in factory:
            index.hnsw.efConstruction = 40  # type: ignore[attr-defined]
        sample = np.random.default_rng(1).permutation(len(rows))[: 64 * 2048]
        index.train(np.ascontiguousarray(rows[np.sort(sample)]))
    else:
        index = build_index(len(rows), DIM, lambda places: np.ascontiguousarray(rows[places]))
    for at in range(0, len(rows), CHUNK):
        some = np.ascontiguousarray(rows[at : at + CHUNK])
        if factory:
            index.add(some)
        else:
            index.add_with_ids(some, np.arange(at, at + len(some)))
    taken = {"build_s": time.perf_counter() - started, "cpu_s": time.process_time() - cpu}
    faiss.write_index(index, str(folder / "index.faiss"))
    return taken | {"disk_mb": (folder / "index.faiss").stat().st_size / 1e6}


def ask(folder: Path, name: str) -> list[dict[str, Any]]:
    """Search the index left in ``folder`` with each setting."""
    import faiss

    queries, exact = np.load(folder / "queries.npy"), np.load(folder / "exact.npy")
    faiss.omp_set_num_threads(1)
    before = resident_mb()
    index = faiss.read_index(str(folder / "index.faiss"))
    rows = []
    for setting in KINDS[name][1]:
        if setting:
            faiss.ParameterSpace().set_index_parameters(index, setting)  # type: ignore[arg-type]
        for query in queries[:20]:
            index.search(query[None], ASKED)
        found, laps = [], []
        for query in queries:
            started, cpu = time.perf_counter(), time.thread_time()
            found.append(index.search(query[None], ASKED)[1][0])
            laps.append((time.perf_counter() - started, time.thread_time() - cpu))
        (p50, _), (p95, p95_cpu) = (np.percentile(laps, share, axis=0) * 1000 for share in (50, 95))
        row = {"setting": setting, "p50_ms": float(p50), "p95_ms": float(p95), "p95_cpu_ms": float(p95_cpu)}
        row["memory_mb"] = resident_mb() - before
        rows.append(row | {f"recall@{k}": recall(found, exact, k) for k in (10, ASKED)})
    return rows


def recall(found: list[NDArray[np.int64]], exact: NDArray[np.int64], k: int) -> float:
    held = [len(np.intersect1d(one[:k], best[:k])) for one, best in zip(found, exact, strict=True)]
    return float(np.mean(held)) / k


def run_step(folder: Path, step: str, name: str) -> Any:
    """Run one step in a process of its own, so that its memory is its own."""
    command = [sys.executable, "-m", "bench.million", "--folder", str(folder), "--step", step, "--only", name]
    alone = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, env=alone).stdout)


def main(argv: Sequence[str] | None = None) -> None:
    options = parser(__doc__)
    options.add_argument("--size", type=int, default=SIZE, help="Passages.")
    options.add_argument("--only", default=",".join(KINDS), help="Indexes, separated by commas.")
    options.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options.add_argument("--step", choices=("build", "ask"), help=argparse.SUPPRESS)
    given = options.parse_args(argv)
    if given.step:
        print(json.dumps((build if given.step == "build" else ask)(given.folder, given.only)))
        return
    table: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = draw_passages(given.size)
        queries = draw_queries(rows)
        for file, array in (("rows", rows), ("queries", queries), ("exact", nearest(rows, queries))):
            np.save(folder / f"{file}.npy", array)
        del rows
        for kind in given.only.split(","):
            built = run_step(folder, "build", kind)
            table += [
                {"index": kind, "passages": given.size, **found, **built} for found in run_step(folder, "ask", kind)
            ]
            print(kind, "done", file=sys.stderr)
    table = [*kept_rows("million", "index", given.only.split(",")), *table]
    report("million", table, data=["vectors"], keep=given.keep)


if __name__ == "__main__":
    main()
