"""Embed with a sentence-transformers model on this machine: compiled where it can be, on torch otherwise.

Cuts texts into tokens, batches and pools; the model itself is run by ``models/compiled.py`` or by torch. Nothing is
loaded before it is needed.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol
from weakref import WeakValueDictionary

import numpy as np

from ragqa.embedders.base import Embedded, EmbeddedQuestion, TokenStates
from ragqa.embedders.directions import directions_of
from ragqa.embedders.few_pieces import few_pieces
from ragqa.embedders.folders import BUNDLED, ModelFolder, find_model
from ragqa.embedders.tokens import (
    TextTokenizer,
    Tokenised,
    batches,
    pool_texts,
    pool_windows,
    real_tokens,
    token_spans,
    unit,
)
from ragqa.errors import ModelError
from ragqa.models.apart import load
from ragqa.models.compiled import (
    CantCompile,
    Take,
    home_of,
    import_openvino,
    load_in_background,
    native_work,
    read_record,
)
from ragqa.models.files import Progress
from ragqa.models.safety import load_safely
from ragqa.types import Span

logger = logging.getLogger(__name__)


WIDTHS = 4
"""Batches are a multiple of so many tokens wide."""


class Runner(Protocol):
    """Gives token states for batches of padded ids, and with ``directions`` those too; see CompiledRunner."""

    batch_tokens: int

    def warm(self, *, passages: bool) -> None: ...

    def one(self, ids: np.ndarray) -> tuple[np.ndarray, ...]: ...

    def run(self, feed: Iterable[tuple[np.ndarray, np.ndarray]], take: Take) -> None: ...

    def finish(self, pooled: np.ndarray) -> np.ndarray: ...


class LocalEmbedder:
    """An Embedder over a model folder. Safe to call from several threads."""

    def __init__(
        self,
        folder: ModelFolder,
        progress: Progress | None = None,
        *,
        runner: Runner | None = None,
        made: Path | None = None,
    ) -> None:
        """``runner`` and ``made``, the folder of what was compiled, are found when needed, unless given."""
        self.folder = folder
        self.spec = folder.spec
        self.revision = folder.revision
        self.dim = folder.dim
        self.hosted = False
        directions = directions_of(folder)
        self.token_dim = 0 if directions is None else directions.shape[1]
        self._progress = progress
        self._runner = runner
        self._tokenizer: TextTokenizer | None = None
        self._made = made
        self._tokenizer_lock = threading.Lock()
        self._runner_lock = threading.Lock()

    def __repr__(self) -> str:
        return f"LocalEmbedder({self.spec!r})"

    @property
    def max_tokens(self) -> int:
        """What a passage may take: the model's length less special tokens and the passage prefix."""
        with native_work:
            tokenizer = self._load_tokenizer()
            prefix = self.folder.passage_prefix
            return self.folder.max_length - tokenizer.specials - (tokenizer.count([prefix])[0] if prefix else 0)

    def warm(self, *, passages: bool = False) -> None:
        """Load what a question needs, or passages do, what takes longest first; doing it twice costs nothing."""
        with native_work:
            self._load_runner().warm(passages=passages)
            self._load_tokenizer()

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return each text's tokens, special ones and prefixes not counted."""
        with native_work:
            return self._load_tokenizer().count(texts)

    def vocabulary_coverage(self, text: str) -> float:
        """Return the share of the tokens of ``text`` that the vocabulary knows."""
        with native_work:
            return self._load_tokenizer().known(text)

    def embed_queries(self, texts: Sequence[str]) -> np.ndarray:
        """Return float32 (len(texts), dim), rows of unit length."""
        if len(texts) == 1:
            return self.embed_question(texts[0]).vector[None]
        with native_work:
            prefix = self.folder.query_prefix
            vectors = np.zeros((len(texts), self.dim), np.float32)
            tokens = self._load_tokenizer().tokenise([prefix + text for text in texts])
            runner = self._load_runner()
            plan = list(batches(np.diff(tokens.bounds), runner.batch_tokens))

            def take(batch: int, states: np.ndarray, *_: np.ndarray) -> None:
                vectors[plan[batch]] = self._pool(states, tokens, plan[batch], len(prefix))

            runner.run(self._feed(tokens, plan), take)
            return vectors

    def embed_question(self, text: str) -> EmbeddedQuestion:
        """Return the vector of one question, with the states of its tokens where they are kept of passages."""
        with native_work:
            prefix = self.folder.query_prefix
            tokens = self._load_tokenizer().tokenise([prefix + text])
            states, *projected = self._load_runner().one(tokens.ids[None].astype(np.int64))
            vector = self._pool(states, tokens, np.array([0]), len(prefix))[0]
            if not projected:
                return EmbeddedQuestion(vector)
            real = np.flatnonzero((tokens.ends > tokens.begins) & (tokens.begins >= len(prefix)))
            spans = [(int(tokens.begins[at]) - len(prefix), int(tokens.ends[at]) - len(prefix)) for at in real]
            return EmbeddedQuestion(vector, unit(projected[0][0, real]), tuple(spans))

    def embed_passages(self, texts: Sequence[str], windows: Sequence[Sequence[Span]]) -> list[Embedded]:
        """Return a vector for each text and, by late pooling, for each of its windows (see Embedder)."""
        with native_work:
            prefix = self.folder.passage_prefix
            tokens = self._load_tokenizer().tokenise([prefix + text for text in texts])
            runner = self._load_runner()
            plan = list(batches(np.diff(tokens.bounds), runner.batch_tokens))
            out: list[Embedded | None] = [None] * len(texts)

            def take(batch: int, states: np.ndarray, *projected: np.ndarray) -> None:
                vectors = self._pool(states, tokens, plan[batch], len(prefix))
                for row, number in enumerate(plan[batch].tolist()):
                    spans = token_spans(tokens, number, windows[number], len(prefix))
                    pooled = unit(runner.finish(pool_windows(states[row], spans)))
                    pooled[spans[:, 1] <= spans[:, 0]] = vectors[row]
                    kept = _token_states(tokens, number, spans, projected[0][row]) if projected else None
                    out[number] = Embedded(vectors[row], pooled, kept)

            runner.run(self._feed(tokens, plan), take)
            return [one for one in out if one is not None]

    def _feed(self, tokens: Tokenised, plan: list[np.ndarray]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield each batch's padded ids and mask, int64 (texts, tokens)."""
        lengths = np.diff(tokens.bounds)
        for numbers in plan:
            # The model prepares itself anew for each width it meets, a few milliseconds each: so few widths.
            longest = max(int(lengths[numbers].max()), 1)
            width = max(min(-(-longest // WIDTHS) * WIDTHS, self.folder.max_length), longest)
            position = np.arange(width)
            real = position < lengths[numbers, None]
            ids = np.full(real.shape, self.folder.pad_id, np.int64)
            ids[real] = np.concatenate([tokens.ids[tokens.bounds[n] : tokens.bounds[n + 1]] for n in numbers])
            # A text without a single token is read as padding: a row that is masked whole would have no mean.
            mask = (position < np.maximum(lengths[numbers, None], 1)).astype(np.int64)
            yield ids, mask

    def _pool(self, states: np.ndarray, tokens: Tokenised, numbers: np.ndarray, prefix: int) -> np.ndarray:
        lengths = np.maximum(np.diff(tokens.bounds)[numbers], 1)
        skip = np.zeros(len(numbers), np.int64)
        if prefix and not self.folder.include_prompt:
            skip[:] = [np.searchsorted(tokens.ends[slice(*tokens.bounds[n : n + 2])], prefix) for n in numbers]
        pooled = pool_texts(states, lengths, self.folder.pooling, skip)
        return unit(self._load_runner().finish(pooled))

    def _load_tokenizer(self) -> TextTokenizer:
        with self._tokenizer_lock:
            if self._tokenizer is None:
                file = self.folder.transformer / "tokenizer.json"
                if not file.is_file():  # then compiling made one
                    self._load_runner()
                    file = (self._made or self.folder.path) / "tokenizer.json"
                can = self.folder.compilable and not self.folder.lower_case
                few = few_pieces(self._made or home_of(self.revision)) if can else None
                self._tokenizer = TextTokenizer(
                    file, self.folder.max_length, lower_case=self.folder.lower_case, few=few
                )
            return self._tokenizer

    def _load_runner(self) -> Runner:
        with self._runner_lock:
            if self._runner is None:
                try:
                    self._runner, self._made = self._compiled()
                except CantCompile as reason:
                    logger.warning("%s runs on torch, several times slower: %s", self.spec, reason)
                    self._runner = TorchRunner(self.folder)
            return self._runner

    def _compiled(self) -> tuple[Runner, Path]:
        if not self.folder.compilable:
            raise CantCompile("it has layers after its pooling")
        name = self.spec.removeprefix("local:")
        return load("ragqa.embedders.compile", name, self.revision, self._progress)


def _token_states(tokens: Tokenised, text: int, spans: np.ndarray, states: np.ndarray) -> TokenStates:
    """Return what is kept of a text's tokens, ``states`` (tokens, directions); ``spans`` are those of its windows."""
    real = real_tokens(tokens, text)
    windows = np.full(tokens.length(text), -1, np.int16)
    for window, (first, last) in enumerate(spans.tolist()):
        windows[first:last] = window
    return TokenStates(np.rint(unit(states[real]) * 127).astype(np.int8), windows[real])


def open_local(name: str, progress: Progress | None) -> LocalEmbedder:
    """Return the embedder of the model ``name``: a folder, a hub name, or the bundled one.

    Libraries of one model share it: it takes a hundred megabytes and more.
    """
    begun = _AHEAD.pop(name, None)
    folder = begun.folder if begun else find_model(name, progress)
    with _OPENING:
        embedder = begun or _OPEN.get((folder.spec, folder.revision)) or LocalEmbedder(folder)
        embedder._progress = progress
        _OPEN[folder.spec, folder.revision] = embedder
        return embedder


_OPENING = threading.Lock()
_OPEN: WeakValueDictionary[tuple[str, str], LocalEmbedder] = WeakValueDictionary()
"""The embedders that somebody uses, by spec and revision."""

_AHEAD: dict[str, LocalEmbedder] = {}
"""What ``load_ahead`` began to load, until it is asked for."""


def load_ahead() -> None:
    """Begin to load the bundled model in a thread, where it was compiled before; ``open_local`` hands it out.

    For a process that will ask one question: OpenVINO loads the model outside Python, while others are imported.
    """
    embedder = LocalEmbedder(find_model(BUNDLED))
    import_openvino()  # its Python part at once: in the thread it would wait its turn behind every other import

    def load_made() -> None:
        if read_record(home_of(embedder.revision)):
            embedder.warm()

    _AHEAD[BUNDLED] = embedder
    load_in_background(load_made)


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

    return load_safely(SentenceTransformer, folder.path, device)
