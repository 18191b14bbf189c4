"""Texts to tokens, and the states of tokens to vectors: windows, batches, pooling."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ragqa.embedders.few_pieces import MOST, FewPieces
from ragqa.types import Span

if TYPE_CHECKING:
    from tokenizers import Tokenizer


@dataclass(frozen=True, slots=True)
class Tokenised:
    """Many texts' tokens end to end: those of text i are ``bounds[i]:bounds[i + 1]``, special tokens among them.

    ``begins`` and ``ends`` are the characters behind each token; both are 0 for a special one.
    """

    ids: np.ndarray
    bounds: np.ndarray
    begins: np.ndarray
    ends: np.ndarray

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def length(self, text: int) -> int:
        return int(self.bounds[text + 1] - self.bounds[text])


class TextTokenizer:
    """A model's own tokens, cut at ``max_length`` with special tokens counted. Safe to call from several threads."""

    def __init__(self, file: Path, max_length: int, *, lower_case: bool = False, few: FewPieces | None = None) -> None:
        """``few`` cuts short texts in place of ``file``, which is then loaded for long ones only."""
        self._file, self._max_length, self._lower_case, self._few = file, max_length, lower_case, few
        self._whole: Tokenizer | None = None
        self._loading = threading.Lock()
        tokenizer, _ = self._tokenizer_of([""])
        self.specials = int(tokenizer.num_special_tokens_to_add(False))

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return each whole text's tokens, special ones not counted."""
        counts: list[int] = []
        for first in range(0, len(texts), 1024):
            some = _sound(texts[first : first + 1024])
            encoded = self._tokenizer_of(some)[0].encode_batch_fast(some, add_special_tokens=False)
            counts += [len(one) + sum(map(len, one.overflowing)) for one in encoded]
        return counts

    def known(self, text: str) -> float:
        """Return the share of the text's tokens that are not the vocabulary's word for 'unknown'; 1 of no token."""
        some = _sound([text])
        tokenizer, _ = self._tokenizer_of(some)
        ids = tokenizer.encode(some[0], add_special_tokens=False).ids
        unknown = tokenizer.token_to_id(getattr(tokenizer.model, "unk_token", None) or "<unk>")
        return 1.0 - ids.count(unknown) / len(ids) if ids and unknown is not None else 1.0

    def tokenise(self, texts: Sequence[str]) -> Tokenised:
        """Return the tokens of all texts, each cut at the model's length."""
        ids: list[np.ndarray] = []
        spans: list[np.ndarray] = []
        lengths: list[int] = []
        for first in range(0, len(texts), 256):  # the encodings of many texts at once would take much memory
            some = _sound(texts[first : first + 256])
            tokenizer, real = self._tokenizer_of(some)
            encoded = tokenizer.encode_batch(some)
            lengths += [len(one) for one in encoded]
            own = [np.array(one.ids, np.int32) for one in encoded]
            ids += own if real is None else [real[one] for one in own]
            spans += [np.array(one.offsets, np.int32).reshape(-1, 2) for one in encoded]
        flat = np.concatenate(spans) if spans else np.empty((0, 2), np.int32)
        bounds = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
        return Tokenised(np.concatenate(ids) if ids else np.empty(0, np.int32), bounds, flat[:, 0], flat[:, 1])

    def _tokenizer_of(self, texts: Sequence[str]) -> tuple[Tokenizer, np.ndarray | None]:
        """Return what cuts ``texts``, and the model's id for each of its own, None where they are the model's."""
        if self._few and self._whole is None and sum(map(len, texts)) <= MOST:
            tokenizer, real = self._few.tokenizer_of(texts)
            return self._ready(tokenizer), real
        with self._loading:
            if self._whole is None:
                from tokenizers import Tokenizer

                self._whole = self._ready(Tokenizer.from_file(str(self._file)))
            return self._whole, None

    def _ready(self, tokenizer: Tokenizer) -> Tokenizer:
        tokenizer.no_padding()
        if self._lower_case:
            from tokenizers import normalizers

            own = tokenizer.normalizer
            tokenizer.normalizer = normalizers.Sequence([normalizers.Lowercase(), *([own] if own else [])])
        tokenizer.enable_truncation(self._max_length)
        return tokenizer


def _sound(texts: Sequence[str]) -> list[str]:
    """Put a question mark for each half of a surrogate pair, which no tokenizer takes; offsets stay as they are."""
    return [text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8") for text in texts]


def batches(lengths: np.ndarray, budget: int) -> Iterator[np.ndarray]:
    """Yield the texts' numbers, longest first: batches of near-equal lengths that pad to ``budget`` tokens."""
    order = np.argsort(-lengths, kind="stable")
    at = 0
    while at < len(order):
        widest = max(int(lengths[order[at]]), 1)
        size = max(budget // widest, 1)
        yield order[at : at + size]
        at += size


def real_tokens(tokens: Tokenised, text: int) -> np.ndarray:
    """Return which tokens of ``text`` stand for characters of it, from 0: the special ones do not."""
    first, last = int(tokens.bounds[text]), int(tokens.bounds[text + 1])
    return np.flatnonzero(tokens.ends[first:last] > tokens.begins[first:last])


def token_spans(tokens: Tokenised, text: int, windows: Sequence[Span], shift: int) -> np.ndarray:
    """Return int (windows, 2): the tokens of ``text`` that touch each window; begin == end where none does.

    ``shift`` is the length of what was put before the text when it was tokenised.
    """
    first, last = int(tokens.bounds[text]), int(tokens.bounds[text + 1])
    begins, ends = tokens.begins[first:last], tokens.ends[first:last]
    real = real_tokens(tokens, text)
    spans = np.asarray(windows, np.int64).reshape(-1, 2) + shift
    lows = np.searchsorted(ends[real], spans[:, 0], side="right")
    highs = np.searchsorted(begins[real], spans[:, 1], side="left")
    highs = np.maximum(highs, lows)
    edges = np.append(real, real[-1] + 1 if len(real) else 0)
    out = np.stack([edges[lows], np.where(highs > lows, edges[np.maximum(highs - 1, 0)] + 1, edges[lows])], axis=1)
    return out


def pool_texts(states: np.ndarray, lengths: np.ndarray, pooling: str, skip: np.ndarray) -> np.ndarray:
    """Return float32 (texts, dim) of ``states`` (texts, tokens, dim), of which ``lengths`` are real.

    The first ``skip`` tokens of a text (a prompt that does not count) are left out.
    """
    rows = np.arange(len(states))
    if pooling == "cls":
        return np.asarray(states[rows, np.minimum(skip, lengths - 1)], np.float32)
    if pooling == "lasttoken":
        return np.asarray(states[rows, lengths - 1], np.float32)
    position = np.arange(states.shape[1])
    counts = (position >= skip[:, None]) & (position < lengths[:, None])
    if pooling == "max":
        return np.asarray(np.where(counts[..., None], states, -np.inf).max(axis=1), np.float32)
    # 'mean' and 'mean_sqrt_len_tokens' differ in length only, and every vector is made of unit length.
    sums = np.einsum("ntd,nt->nd", states, counts.astype(np.float32))
    return np.asarray(sums / np.maximum(counts.sum(axis=1), 1)[:, None], np.float32)


def pool_windows(states: np.ndarray, spans: np.ndarray) -> np.ndarray:
    """Return float32 (windows, dim): the mean of ``states[begin:end]`` of one text; of an empty span, zeros."""
    if not len(spans):
        return np.empty((0, states.shape[1]), np.float32)
    # 'reduceat' sums from each of its indices to the next, the last token's not among them: every second is a span's.
    last, lengths = len(states) - 1, spans[:, 1] - spans[:, 0]
    sums = np.add.reduceat(states, np.minimum(spans, last).ravel(), axis=0)[::2]
    sums[(spans[:, 1] > last) & (spans[:, 0] < last)] += states[last]
    return np.asarray(np.where(lengths[:, None] > 0, sums / np.maximum(lengths, 1)[:, None], 0), np.float32)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Return the rows as float32 of unit length; a row of zeros stays so."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(norms > 0, norms, 1), np.float32)
