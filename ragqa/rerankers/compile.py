"""Compile a cross-encoder: ``python -m ragqa.rerankers.compile MODEL FOLDER``, in a process of its own.

Checked against the sentence-transformers original on pairs of both languages; torch is imported by this process only.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ragqa.models.apart import child
from ragqa.models.building import CHECK_TEXTS, Trial, Unconvertible, convert, fastest
from ragqa.models.compiled import CompiledRunner
from ragqa.rerankers.folders import find_reranker
from ragqa.rerankers.local import CompiledPairs, load_original, original_scores

CORRELATION = 0.999
"""What a way to compute must reach with the original's scores, over all ``QUESTIONS`` with all texts, to be trusted."""

FARTHEST = 0.2
"""How far one score may lie from the original's, in standard deviations of these."""

QUESTIONS = (
    "How do I clean the filter?",
    "What does error E-07 mean, and how long does the warranty last once the machine has been repaired abroad?",
    "更换滤芯之前要做什么？",
)


def build(name: str, out: Path) -> dict[str, Any]:
    """Write the compiled model into ``out`` and return its record; its choice is None where that failed."""
    folder = find_reranker(name)
    oracle = load_original(folder, "cpu")
    record = {"model": folder.name, "revision": folder.revision, "choice": None}
    if not (folder.path / "tokenizer.json").is_file():
        oracle.tokenizer.backend_tokenizer.save(str(out / "tokenizer.json"))
    expected = np.stack([original_scores(oracle, [(question, text) for text in CHECK_TEXTS]) for question in QUESTIONS])
    tokens = oracle.tokenizer(QUESTIONS[0], " ".join(CHECK_TEXTS[:7]), truncation=True)
    row = np.stack(
        [np.array(tokens["input_ids"]), np.array(tokens.get("token_type_ids", [0] * len(tokens["input_ids"])))]
    )
    sample = np.ascontiguousarray(np.repeat(row[:, None, : min(200, folder.max_length)], 4, axis=1), np.int64)
    try:
        converted = convert(_scores(oracle), (sample,))
    except Unconvertible as reason:
        return record | {"reason": f"its {type(oracle.model).__name__} can't be converted ({reason})"}
    del oracle

    def tried(runner: CompiledRunner, choice: str) -> Trial:
        pairs = CompiledPairs(folder, runner, out)
        return trial(choice, np.stack([pairs.score(question, CHECK_TEXTS) for question in QUESTIONS]), expected)

    return record | fastest(converted, out, tried, (sample,))


def trial(choice: str, got: np.ndarray, expected: np.ndarray) -> Trial:
    """Return how near ``got`` came to ``expected``: their correlation, and 1 less the farthest in deviations."""
    spread = max(float(expected.std()), 1e-9)
    same = float(np.corrcoef(got.ravel(), expected.ravel())[0, 1]) if got.std() > 0 else 0.0
    far = float(np.abs(got - expected).max()) / spread
    return Trial(choice, round(same, 6), round(1 - far, 6), same >= CORRELATION and far <= FARTHEST)


def _scores(oracle: Any) -> Any:
    """Return the model as a function of one array, int64 (2, pairs, tokens): ids and token types; its scores come out.

    There is no mask: a batch holds pairs of one length.
    """
    import torch

    model = oracle.model
    typed = "token_type_ids" in oracle.tokenizer.model_input_names

    class Scores(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, pairs: Any) -> Any:
            more = {"token_type_ids": pairs[1]} if typed else {}
            return self.model(input_ids=pairs[0], attention_mask=None, **more).logits

    return Scores()


if __name__ == "__main__":
    child(build)
