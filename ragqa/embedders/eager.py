"""Run a model on torch, on a GPU if there is one: for models that can't be compiled. Several times slower on a CPU."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ragqa.embedders.directions import directions_of
from ragqa.embedders.folders import ModelFolder
from ragqa.errors import ModelError
from ragqa.models.compiled import Take


class TorchRunner:
    """A sentence-transformers model in memory. Safe to call from several threads."""

    def __init__(self, folder: ModelFolder) -> None:
        """Load the model. Raises ModelError where its files don't make one."""
        import torch

        self._torch = torch
        try:
            self.model = load_original(folder, "cuda" if torch.cuda.is_available() else "cpu")
        except Exception as error:  # transformers and its models raise what they like
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise ModelError(
                f"{folder.spec} can't be loaded as a sentence-transformers model: {reason[:200]}"
            ) from error
        self.batch_tokens = 16384 if torch.cuda.is_available() else 2048
        directions = directions_of(folder)
        self._directions = None if directions is None else torch.from_numpy(directions).to(self.model.device)
        self._after_pooling = [m for m in list(self.model)[2:] if type(m).__name__ != "Normalize"]

    def warm(self, *, passages: bool) -> None:
        """Do nothing: it is loaded."""

    def one(self, ids: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return the token states (1, tokens, dim) of one text, and what is kept of them."""
        return self._states(ids, np.ones_like(ids))

    def run(self, feed: Iterable[tuple[np.ndarray, np.ndarray]], take: Take) -> None:
        """Give the states of each (ids, mask) of ``feed`` to ``take``, in order."""
        for number, (ids, mask) in enumerate(feed):
            take(number, *self._states(ids, mask))

    def finish(self, pooled: np.ndarray) -> np.ndarray:
        """Return what the layers after the pooling make of pooled states, float32 (texts, dim)."""
        if not self._after_pooling:
            return pooled
        with self._torch.inference_mode():
            features = {"sentence_embedding": self._torch.from_numpy(pooled).to(self.model.device)}
            for module in self._after_pooling:
                features = module(features)
            return np.asarray(features["sentence_embedding"].float().cpu().numpy())

    def _states(self, ids: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, ...]:
        torch = self._torch
        with torch.inference_mode():
            inputs = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
            inputs = {name: tensor.to(self.model.device) for name, tensor in inputs.items()}
            states = self.model[0].model(**inputs).last_hidden_state.float()
            kept = () if self._directions is None else (states @ self._directions,)
            return tuple(one.cpu().numpy() for one in (states, *kept))


def load_original(folder: ModelFolder, device: str) -> Any:
    """Return the SentenceTransformer of ``folder``: no code of the model's own, no pickles, no network."""
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(
        str(folder.path),
        device=device,
        local_files_only=True,
        trust_remote_code=False,
        model_kwargs={"use_safetensors": True, "dtype": "float32"},
    ).eval()
