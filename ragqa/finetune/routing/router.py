"""A trained classifier, opened: questions in, labels and probabilities out. Trains nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ragqa.embedders.folders import find_model
from ragqa.errors import ModelError
from ragqa.finetune.routing.folder import HEAD, read_record

if TYPE_CHECKING:
    from ragqa.metrics.intervals import Floats

BATCH = 64


class Router:
    """Tells questions into labels. The weights are loaded at the first question."""

    def __init__(self, folder: Path) -> None:
        """Read what the folder says of itself. Raises ModelError where it is no trained classifier."""
        self._folder, self._record = folder, read_record(folder)
        self._network: Any = None

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in the order of ``probabilities``."""
        return self._record.labels

    @property
    def base(self) -> str:
        """The encoder that it was trained from."""
        return self._record.base

    def predict(self, questions: Sequence[str]) -> list[str]:
        """Return the most likely label of each question."""
        return [self.labels[at] for at in self.probabilities(questions).argmax(axis=1)]

    def probabilities(self, questions: Sequence[str]) -> Floats:
        """Return float64 (questions, labels); rows sum to 1."""
        import torch

        network = self._loaded()
        rows = [np.zeros((0, len(self.labels)))]
        with torch.inference_mode():
            for start in range(0, len(questions), BATCH):
                scores = network(questions[start : start + BATCH])
                rows.append(scores.double().softmax(dim=1).cpu().numpy())
        return np.concatenate(rows)

    def _loaded(self) -> Any:
        if self._network is None:
            from safetensors import SafetensorError
            from safetensors.torch import load_file

            from ragqa.finetune.routing.network import open_network

            record = self._record
            network = open_network(find_model(str(self._folder)), len(record.labels), record.max_tokens)
            try:
                network.load_state_dict(load_file(self._folder / HEAD), strict=False)
            except (OSError, SafetensorError, RuntimeError) as error:
                reason = " ".join(str(error).split())[:120]
                raise ModelError(f"{self._folder / HEAD} can't be loaded ({reason}): train it anew") from None
            self._network = network.eval()
        return self._network
