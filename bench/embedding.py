"""How much of the compiled model's own speed does embedding keep? Every sixth passage of a manual, as ingest embeds it.

The model alone runs the very same padded batches, with nothing done before or after. Rounds alternate and the best of
each counts, as does its processor time, which others at work on the machine disturb less. sentence-transformers embeds
every fifth of the passages beside them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

from bench.data import CORPORA, DATA
from bench.record import report
from ragqa.embedders.folders import find_model
from ragqa.embedders.local import LocalEmbedder
from ragqa.embedders.tokens import batches
from ragqa.ingest import SLAB
from ragqa.models.compiled import CompiledRunner
from ragqa.types import Span

ROUNDS = 8


def passages(embedder: LocalEmbedder) -> tuple[list[str], list[Sequence[Span]]]:
    """Return what ingest would embed of a manual: texts and their windows."""
    from ragqa.ingest import embedding_input
    from ragqa.passages import cut_passages
    from ragqa.readers import read

    manual = DATA / "manuals" / "gnuplot.pdf"
    if not manual.exists():
        manual = next(CORPORA.glob("*.pdf"))
    document = read(manual)
    cut = cut_passages(document, embedder.count_tokens, embedder.max_tokens)
    inputs = [embedding_input(document.title, one) for one in cut]
    inputs = inputs[::6]  # some of every part of the manual, so that a round takes seconds
    return [text for text, _ in inputs], [windows for _, windows in inputs]


def clocked(call: Callable[[], object]) -> tuple[float, float]:
    """Return seconds on the wall and of processor time."""
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    folder = find_model("all-MiniLM-L6-v2")
    embedder = LocalEmbedder(folder)
    texts, windows = passages(embedder)
    embedder.warm()
    runner = embedder._load_runner()
    assert isinstance(runner, CompiledRunner)
    tokens = embedder._load_tokenizer().tokenise(texts)
    plan = list(batches(np.diff(tokens.bounds), runner.batch_tokens))
    feed = list(embedder._feed(tokens, plan))
    real, padded = len(tokens.ids), sum(ids.size for ids, _ in feed)

    def in_slabs() -> None:
        for at in range(0, len(texts), SLAB):
            embedder.embed_passages(texts[at : at + SLAB], windows[at : at + SLAB])

    ways: dict[str, Callable[[], object]] = {
        "model alone": lambda: runner.run(feed, lambda number, states: None),
        "embed_passages": lambda: embedder.embed_passages(texts, windows),
        f"embed_passages, {SLAB} at a time, as ingest does": in_slabs,
        "embed_passages, no windows": lambda: embedder.embed_passages(texts, [()] * len(texts)),
    }
    for call in ways.values():
        call()
    laps: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, call in ways.items():
            laps[name].append(clocked(call))
    best = {name: tuple(map(min, zip(*times, strict=True))) for name, times in laps.items()}
    rows: list[dict[str, object]] = []
    for name, (wall, cpu) in best.items():
        row: dict[str, object] = {"what": name, "passages": len(texts), "windows": sum(map(len, windows))}
        row |= {"tokens": real, "padding": padded / real - 1, "tokens_per_second": round(real / wall)}
        row |= {"share_of_model": best["model alone"][0] / wall, "share_by_cpu_time": best["model alone"][1] / cpu}
        rows.append(row)
    rows.append(_original(folder.path.as_posix(), texts[::5], np.diff(tokens.bounds)[::5]))
    report("embedding", rows)


def _original(path: str, texts: list[str], lengths: np.ndarray) -> dict[str, object]:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(path, device="cpu", local_files_only=True)
    model.encode(texts[:8])
    taken = min(clocked(lambda: model.encode(texts))[0] for _ in range(3))
    speed = round(int(lengths.sum()) / taken)
    return {"what": "sentence-transformers", "passages": len(texts), "windows": 0, "tokens_per_second": speed}


if __name__ == "__main__":
    main()
