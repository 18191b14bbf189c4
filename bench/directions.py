"""In which directions do the states of tokens differ most? Learned on the sample manuals, kept for each model.

The principal directions of the token states of all passages, not centred, as cosines are taken of them.
Where all states have one direction in common (E5's: the mean cosine of two tokens is over a half), that one is left out
before: it tells nothing, and squeezes every cosine. ``--learn`` writes them where the embedder finds them. Without it,
a development bench: how much of the states' length they keep, and how far the cosines of two tokens move, on
``manuals``: not those they come from. How many are kept was chosen on them, so they are a development set.

    python -m bench.directions [--model multilingual] [--learn]
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.data import CORPORA, need
from bench.record import Row, parser, report
from ragqa.embedders.directions import FOLDER, directions_of
from ragqa.embedders.folders import BUNDLED, ModelFolder, find_model
from ragqa.embedders.lengths import count_tokens, most_tokens
from ragqa.embedders.local import load_original
from ragqa.ingest import embedding_input
from ragqa.passages import cut_passages
from ragqa.readers import read

KEPT = 64
"""Directions: 32 lose a twentieth of what late interaction gains, 96 gain nothing on 64."""

COMMON = 0.5
"""Mean cosine of two tokens' states from which what they have in common is left out."""


def token_states(files: Sequence[Path], folder: ModelFolder) -> NDArray[np.float32]:
    """Return the states of all tokens of some manuals' passages, float32 (tokens, dim), rows of unit length."""
    texts = []
    for file in files:
        document = read(file)
        passages = cut_passages(document, count_tokens, most_tokens())
        texts += [embedding_input(document.title, passage)[0] for passage in passages]
    model = load_original(folder, "cpu")
    prompt = folder.passage_prefix or None
    states = model.encode(texts, prompt=prompt, output_value="token_embeddings", batch_size=16)
    rows = np.concatenate([one.cpu().numpy()[1:-1] for one in states]).astype(np.float32)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9), np.float32)


def learn(folder: ModelFolder) -> NDArray[np.float16]:
    """Return the principal directions of the sample manuals' tokens, (dim, KEPT)."""
    states = token_states(sorted(CORPORA.glob("*.pdf")), folder)
    mean = states.mean(axis=0)
    if float(mean @ mean) > COMMON:
        states -= np.outer(states @ mean, mean) / (mean @ mean)
    values, vectors = np.linalg.eigh(states.T @ states)
    kept = vectors[:, np.argsort(-values)[:KEPT]]
    kept *= np.where(kept.sum(axis=0) < 0, -1, 1)  # the sign of a direction is free: always the same one
    return kept.astype("<f2")


def main(argv: Sequence[str] | None = None) -> None:
    options = parser(__doc__)
    options.add_argument("--learn", action="store_true", help="Write the directions where the embedder finds them.")
    options.add_argument("--model", default=BUNDLED, help="Whose directions, as behind 'local:'.")
    given = options.parse_args(argv)
    folder = find_model(given.model)
    if given.learn:
        FOLDER.mkdir(exist_ok=True)
        np.save(FOLDER / f"{folder.revision}.npy", learn(folder))
        return
    (manuals,) = need("manuals")
    directions = directions_of(folder)
    assert directions is not None
    rows: list[Row] = []
    pairs = np.random.default_rng(0)
    for file in sorted(manuals.glob("*.pdf")):
        states = token_states([file], folder)
        short = states @ directions
        some, others = pairs.integers(0, len(states), (2, 20_000))
        whole = (states[some] * states[others]).sum(axis=1)
        lengths = np.linalg.norm(short, axis=1)
        near = (short[some] * short[others]).sum(axis=1) / (lengths[some] * lengths[others])
        correlation = float(np.corrcoef(whole, near)[0, 1])
        kept_length = float((lengths**2).mean())
        row: Row = {"model": folder.name, "manual": file.name, "tokens": len(states)}
        rows.append({**row, "kept": kept_length, "correlation": correlation})
    report("directions", rows, data=["manuals"], keep=given.keep)


if __name__ == "__main__":
    main()
