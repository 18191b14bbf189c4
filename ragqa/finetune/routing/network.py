"""The classifier itself: an encoder and, for each label, a direction; a question's label is the nearest direction.

The scores are cosines times a learned scale (normalised softmax; Wang et al. 2017, arXiv 1704.06369). The directions
begin as the mean vectors of each label's questions (imprinting; Qi, Brown & Lowe 2018, arXiv 1712.07136), so that a
label with few questions has a place from the start. This file imports torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn.functional import linear, normalize

from ragqa.embedders.folders import ModelFolder
from ragqa.embedders.local import load_original
from ragqa.errors import ModelError
from ragqa.finetune.training.loop import quiet

SCALE = 20.0
"""What cosines are multiplied by at the start: as if a softmax of temperature .05."""


class Route(torch.nn.Module):
    """An encoder with a head of ``labels`` directions."""

    def __init__(self, encoder: Any, labels: int, dim: int, prefix: str) -> None:
        super().__init__()
        self.encoder = encoder
        self.directions = torch.nn.Parameter(torch.zeros(labels, dim))
        self.log_scale = torch.nn.Parameter(torch.tensor(SCALE).log())
        self._prefix = prefix

    @property
    def device(self) -> Any:
        return self.directions.device

    def forward(self, questions: Sequence[str]) -> Any:
        """Return the scores of each label, (questions, labels)."""
        return self.log_scale.exp() * linear(self.vectors(questions), normalize(self.directions, dim=1))

    def vectors(self, questions: Sequence[str]) -> Any:
        """Return the questions' vectors, of unit length."""
        features = self._features(questions)
        features = {name: value.to(self.device) if hasattr(value, "to") else value for name, value in features.items()}
        return normalize(self.encoder(features)["sentence_embedding"].float(), dim=1)

    def tokens(self, questions: Sequence[str], batch: int = 256) -> int:
        """Return the tokens of all questions, padding not counted."""
        starts = range(0, len(questions), batch)
        return sum(int(self._features(questions[at : at + batch])["attention_mask"].sum()) for at in starts)

    def _features(self, questions: Sequence[str]) -> dict[str, Any]:
        features: dict[str, Any] = self.encoder.preprocess([self._prefix + question for question in questions])
        return features

    @torch.no_grad()
    def imprint(self, questions: Sequence[str], labels: Sequence[int], batch: int = 64) -> None:
        """Set each label's direction to the mean vector of its questions."""
        self.eval()
        sums = torch.zeros_like(self.directions)
        for start in range(0, len(questions), batch):
            vectors = self.vectors(questions[start : start + batch])
            sums.index_add_(0, torch.tensor(labels[start : start + batch], device=self.device), vectors)
        self.directions.copy_(normalize(sums, dim=1))

    def head(self) -> dict[str, Any]:
        """Return the weights that are not the encoder's."""
        return {"directions": self.directions.detach().cpu().contiguous(), "log_scale": self.log_scale.detach().cpu()}


def open_network(folder: ModelFolder, labels: int, max_tokens: int) -> Route:
    """Return a network on the encoder of ``folder``, on a GPU if there is one. Raises ModelError."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    with quiet():
        try:
            encoder = load_original(folder, device)
        except Exception as error:  # transformers and its models raise what they like
            reason = " ".join((str(error).strip() or type(error).__name__).split())[:200]
            raise ModelError(f"{folder.spec} can't be loaded as a sentence-transformers model: {reason}") from error
    encoder.max_seq_length = max_tokens
    # Some models get their prefixes by their name, which what is saved of them has not.
    encoder.prompts = {"query": folder.query_prefix, "document": folder.passage_prefix}
    return Route(encoder, labels, folder.dim, folder.query_prefix).to(device)
