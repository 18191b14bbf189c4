"""Run a cross-encoder on torch, on a GPU if there is one: for models that can't be compiled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ragqa.errors import ModelError
from ragqa.rerankers.folders import RerankerFolder


class TorchPairs:
    """A sentence-transformers cross-encoder in memory. Safe to call from several threads."""

    def __init__(self, folder: RerankerFolder) -> None:
        """Load the model. Raises ModelError where its files don't make one that gives a pair one score."""
        import torch

        try:
            self._model = load_original(folder, "cuda" if torch.cuda.is_available() else "cpu")
        except Exception as error:  # transformers and its models raise what they like
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise ModelError(f"{folder.spec} can't be loaded as a cross-encoder: {reason[:200]}") from error
        if self._model.num_labels != 1:
            raise ModelError(
                f"{folder.spec} gives a pair {self._model.num_labels} labels; a reranker gives it one: choose another"
            )

    def score(self, question: str, texts: Sequence[str]) -> np.ndarray:
        """Return float32 (len(texts),)."""
        return original_scores(self._model, [(question, text) for text in texts])

    def known(self, text: str) -> float:
        """Return the share of the tokens of ``text`` that the vocabulary knows."""
        tokenizer = self._model.tokenizer
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        return 1.0 - ids.count(tokenizer.unk_token_id) / len(ids) if ids else 1.0


def original_scores(model: Any, pairs: Sequence[tuple[str, str]]) -> np.ndarray:
    """Return what a CrossEncoder gives before its last squashing, which changes no order; float32 (pairs,)."""
    from torch.nn import Identity

    return np.asarray(model.predict(list(pairs), activation_fn=Identity(), show_progress_bar=False), np.float32)


def load_original(folder: RerankerFolder, device: str) -> Any:
    """Return the CrossEncoder of ``folder``: no code of the model's own, no pickles, no network."""
    from sentence_transformers import CrossEncoder

    return CrossEncoder(
        str(folder.path),
        device=device,
        local_files_only=True,
        trust_remote_code=False,
        model_kwargs={"use_safetensors": True, "dtype": "float32"},
    ).eval()
