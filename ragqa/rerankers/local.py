"""Rerank with a cross-encoder on this machine: compiled where it can be, on torch otherwise.

Cuts pairs into tokens and batches; the model itself is run by OpenVINO or by ``eager.py``. Nothing is loaded before it
is needed.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ragqa.models.compiled import CantCompile, CompiledRunner, load
from ragqa.models.files import Progress
from ragqa.models.native import native_work
from ragqa.rerankers.folders import RerankerFolder, find_reranker
from ragqa.rerankers.pairs import PairTokenizer

if TYPE_CHECKING:
    from ragqa.rerankers.eager import TorchPairs

logger = logging.getLogger(__name__)


class CompiledPairs:
    """A compiled cross-encoder. Safe to call from several threads."""

    def __init__(self, folder: RerankerFolder, runner: CompiledRunner, made: Path) -> None:
        """``made`` is the folder of what was compiled: it has the tokenizer where the model's own folder lacks it."""
        own = folder.path / "tokenizer.json"
        self._tokenizer = PairTokenizer(own if own.is_file() else made / "tokenizer.json", folder.max_length)
        self._runner = runner

    def score(self, question: str, texts: Sequence[str]) -> np.ndarray:
        """Return float32 (len(texts),)."""
        rows = self._tokenizer.pairs(question, texts)
        plan = list(_of_one_length(rows, self._runner.batch_tokens))
        scores = np.zeros(len(texts), np.float32)

        def take(batch: int, given: np.ndarray) -> None:
            scores[plan[batch]] = given[:, 0]

        self._runner.run(((np.stack([rows[at] for at in batch], axis=1),) for batch in plan), take)
        return scores

    def known(self, text: str) -> float:
        """Return the share of the tokens of ``text`` that the vocabulary knows."""
        return self._tokenizer.known(text)


def _of_one_length(rows: Sequence[np.ndarray], most: int) -> list[list[int]]:
    """Return the rows' numbers in batches, longest first; of one length, so that the model needs no mask."""
    groups: dict[int, list[int]] = defaultdict(list)
    for at, row in enumerate(rows):
        groups[row.shape[1]].append(at)
    batches = []
    for length in sorted(groups, reverse=True):
        size = max(most // max(length, 1), 1)
        batches += [groups[length][at : at + size] for at in range(0, len(groups[length]), size)]
    return batches


class LocalReranker:
    """A Reranker over a model folder. Safe to call from several threads."""

    def __init__(self, folder: RerankerFolder, progress: Progress | None = None) -> None:
        self.spec = folder.spec
        self._folder = folder
        self._progress = progress
        self._loading = threading.Lock()
        self._held: CompiledPairs | TorchPairs | None = None

    def __repr__(self) -> str:
        return f"LocalReranker({self.spec!r})"

    def score(self, question: str, texts: Sequence[str]) -> np.ndarray:
        """Return float32 (len(texts),): higher is better."""
        with native_work:
            return self._model().score(question, texts) if texts else np.zeros(0, np.float32)

    def legibility(self, text: str) -> float:
        """Return the share of the tokens of ``text`` that the vocabulary knows."""
        with native_work:
            return self._model().known(text)

    def _model(self) -> CompiledPairs | TorchPairs:
        with self._loading:
            if self._held is None:
                try:
                    self._held = _compiled(self._folder, self._progress)
                except CantCompile as reason:
                    logger.warning("%s runs on torch, several times slower: %s", self.spec, reason)
                    from ragqa.rerankers.eager import TorchPairs

                    self._held = TorchPairs(self._folder)
            return self._held


def _compiled(folder: RerankerFolder, progress: Progress | None) -> CompiledPairs:
    """Return the compiled model of ``folder``, compiled now if need be. Raises CantCompile."""
    if not folder.compilable:
        raise CantCompile("it is more than a transformer with a score on top")
    name = folder.spec.removeprefix("local:")
    runner, home = load("ragqa.rerankers.compile", name, folder.revision, progress)
    return CompiledPairs(folder, runner, home)


def open_local(name: str, progress: Progress | None) -> LocalReranker:
    """Return the reranker of the model ``name``: a folder, or a hub name that lies in the local cache."""
    return LocalReranker(find_reranker(name), progress)
