"""A trained classifier, opened: questions in, labels and probabilities out. Trains nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ragqa.embedders.folders import find_model
from ragqa.errors import ModelError

if TYPE_CHECKING:
    from ragqa.metrics.intervals import Floats


RECORD = "route.json"
HEAD = "head.safetensors"


@dataclass(frozen=True, slots=True)
class RouteRecord:
    """What is needed beside the weights."""

    labels: tuple[str, ...]
    """In the order of the head's rows."""
    base: str
    max_tokens: int
    """Of a question; what is longer is cut."""


def write_record(folder: Path, record: RouteRecord) -> None:
    """Write ``route.json``, last of all: a folder without it is not finished."""
    text = json.dumps(asdict(record), ensure_ascii=False, indent=1)
    (folder / RECORD).write_text(f"{text}\n", encoding="utf-8")


def read_record(folder: Path) -> RouteRecord:
    """Return what ``folder`` says of itself. Raises ModelError where it is no trained classifier."""
    expected = f"{folder} should be the folder of a classifier that 'ragqa finetune' trained (form route)"
    try:
        row = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        record = RouteRecord(tuple(map(str, row["labels"])), str(row["base"]), int(row["max_tokens"]))
    except FileNotFoundError:
        raise ModelError(f"{expected}; it holds no {RECORD}") from None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ModelError(f"{expected}; its {RECORD} can't be read ({type(error).__name__}): train it anew") from None
    if not record.labels or not (folder / HEAD).is_file():
        raise ModelError(f"{expected}; it lacks {HEAD if record.labels else 'labels'}: train it anew")
    return record


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
