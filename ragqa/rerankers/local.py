"""Rerank with a cross-encoder on this machine: compiled where it can be, on torch otherwise.

Cuts pairs into tokens and batches; the model itself is run by OpenVINO or by torch. Nothing is loaded before it
is needed.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ragqa.errors import ModelError
from ragqa.models.apart import load
from ragqa.models.compiled import CantCompile, CompiledRunner, native_work
from ragqa.models.files import Progress
from ragqa.models.safety import load_safely
from ragqa.rerankers.folders import RerankerFolder, find_reranker


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

    return load_safely(CrossEncoder, folder.path, device)


class PairTokenizer:
    """A model's own tokens of pairs, the longer one cut at ``max_length``. Safe to call from several threads."""

    def __init__(self, file: Path, max_length: int) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(file))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_length, strategy="longest_first")

    def pairs(self, question: str, texts: Sequence[str]) -> list[np.ndarray]:
        """Return for each text int64 (2, tokens): the ids of the question and it, and their types below them."""
        encoded = self._tokenizer.encode_batch([(_sound(question), _sound(text)) for text in texts])
        return [np.array((one.ids, one.type_ids), np.int64) for one in encoded]

    def known(self, text: str) -> float:
        """Return the share of the text's tokens that are not the vocabulary's word for 'unknown'; 1 of no token."""
        ids = self._tokenizer.encode(_sound(text), add_special_tokens=False).ids
        unknown = self._tokenizer.token_to_id(getattr(self._tokenizer.model, "unk_token", None) or "<unk>")
        return 1.0 - ids.count(unknown) / len(ids) if ids and unknown is not None else 1.0


def _sound(text: str) -> str:
    """Put a question mark for each half of a surrogate pair, which no tokenizer takes."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


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

    def vocabulary_coverage(self, text: str) -> float:
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
