"""Compile an embedding model: ``python -m ragqa.embedders.compile MODEL FOLDER``, in a process of its own.

Checked against the sentence-transformers original; torch is imported by this process only.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ragqa.embedders.directions import directions_of
from ragqa.embedders.few_pieces import write_pieces
from ragqa.embedders.folders import find_model, verify_bundled
from ragqa.embedders.local import LocalEmbedder, load_original
from ragqa.models.apart import child
from ragqa.models.building import CHECK_TEXTS, Trial, Unconvertible, convert, fastest
from ragqa.models.compiled import CompiledRunner

MEAN_COSINE = 0.998
WORST_COSINE = 0.995
"""What a way to compute must reach against sentence-transformers, over ``CHECK_TEXTS``, to be trusted."""


def build(name: str, out: Path) -> dict[str, Any]:
    """Write the compiled model into ``out`` and return its record; its choice is None where that failed."""
    folder = find_model(name)
    verify_bundled(folder)
    oracle = load_original(folder, "cpu")
    record = {"model": folder.name, "revision": folder.revision, "choice": None}
    if not (folder.transformer / "tokenizer.json").is_file():
        oracle.tokenizer.backend_tokenizer.save(str(out / "tokenizer.json"))
    own = folder.transformer / "tokenizer.json"
    write_pieces(own if own.is_file() else out / "tokenizer.json", out)
    ids = np.resize(oracle.tokenizer(CHECK_TEXTS[3])["input_ids"], (16, min(128, folder.max_length)))
    expected = oracle.encode(list(CHECK_TEXTS), prompt=folder.passage_prefix, normalize_embeddings=True, batch_size=4)
    try:
        converted = convert(_states(oracle, directions_of(folder)), _example(oracle))
    except Unconvertible as reason:
        return record | {"reason": f"its {type(oracle[0].model).__name__} can't be converted ({reason})"}
    del oracle

    def tried(runner: CompiledRunner, choice: str) -> Trial:
        embedder = LocalEmbedder(folder, runner=runner, made=out)
        got = np.stack([one.vector for one in embedder.embed_passages(CHECK_TEXTS, [()] * len(CHECK_TEXTS))])
        cosines = (got * expected).sum(axis=1)
        mean, worst = float(cosines.mean()), float(cosines.min())
        return Trial(choice, round(mean, 6), round(worst, 6), mean >= MEAN_COSINE and worst >= WORST_COSINE)

    return record | fastest(converted, out, tried, (ids, np.ones_like(ids)))


def _states(oracle: Any, directions: np.ndarray | None) -> Any:
    """Return the transformer as a function of ids and mask: token states come out, and what is kept of them."""
    import torch

    transformer = oracle[0].model
    kept = None if directions is None else torch.from_numpy(directions)

    class States(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.transformer = transformer

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            states = self.transformer(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            return states if kept is None else (states, states @ kept)

    return States()


def _example(oracle: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return ids and mask of two lengths, because a mask that is whole might be traced as no mask at all."""
    given = oracle.tokenizer(list(CHECK_TEXTS[2:4]), padding=True, truncation=True, return_tensors="np")
    return given["input_ids"], given["attention_mask"]


if __name__ == "__main__":
    child(build)
