"""How much of the compiled model's own speed does embedding keep? Every sixth passage of a manual, as ingest embeds it.

The model alone runs the very same padded batches, with nothing done before or after. Rounds alternate and the best of
each counts, as does its processor time, which others at work on the machine disturb less. sentence-transformers embeds
every fifth of the passages beside them. The manual is gnuplot's of ``manuals``, or a sample manual where that is not
there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.data import CORPORA, folder_of
from bench.record import Row, Used, parser, report, time_call
from ragqa.embedders.folders import find_model
from ragqa.embedders.lengths import count_tokens, most_tokens
from ragqa.embedders.local import LocalEmbedder
from ragqa.embedders.tokens import batches
from ragqa.ingest import SLAB, embedding_input
from ragqa.models.compiled import CompiledRunner
from ragqa.passages import cut_passages
from ragqa.readers import read
from ragqa.types import Span

ROUNDS = 8


def choose_manual() -> tuple[Path, str]:
    """Return the manual to embed and the set that it is of."""
    manual = folder_of("manuals") / "gnuplot.pdf"
    return (manual, "manuals") if manual.exists() else (min(CORPORA.glob("*.pdf")), "sample manuals")


def passages(manual: Path) -> tuple[list[str], list[Sequence[Span]]]:
    """Return what ingest would embed of a manual: texts and their windows."""
    document = read(manual)
    cut = cut_passages(document, count_tokens, most_tokens())
    inputs = [embedding_input(document.title, one) for one in cut]
    inputs = inputs[::6]  # some of every part of the manual, so that a round takes seconds
    return [text for text, _ in inputs], [windows for _, windows in inputs]


def main(argv: Sequence[str] | None = None) -> None:
    given = parser(__doc__).parse_args(argv)
    manual, data = choose_manual()
    folder = find_model("all-MiniLM-L6-v2")
    embedder = LocalEmbedder(folder)
    texts, windows = passages(manual)
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
    laps: dict[str, list[Used]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, call in ways.items():
            laps[name].append(time_call(call))
    best = {name: Used(*map(min, zip(*times, strict=True))) for name, times in laps.items()}
    rows: list[Row] = []
    for name, (wall, cpu, _) in best.items():
        row: Row = {"what": name, "passages": len(texts), "windows": sum(map(len, windows))}
        row |= {"tokens": real, "padding": padded / real - 1, "tokens_per_second": round(real / wall)}
        row |= {
            "share_of_model": best["model alone"].seconds / wall,
            "share_by_cpu_time": best["model alone"].cpu_seconds / cpu,
        }
        rows.append(row)
    rows.append(_original(folder.path.as_posix(), texts[::5], np.diff(tokens.bounds)[::5]))
    report("embedding", rows, data=[data], keep=given.keep)


def _original(path: str, texts: list[str], lengths: NDArray[np.int64]) -> Row:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(path, device="cpu", local_files_only=True)
    model.encode(texts[:8])
    taken = min(time_call(lambda: model.encode(texts)).seconds for _ in range(3))
    speed = round(int(lengths.sum()) / taken)
    return {"what": "sentence-transformers", "passages": len(texts), "windows": 0, "tokens_per_second": speed}


if __name__ == "__main__":
    main()
