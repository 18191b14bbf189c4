"""Token states → unit vectors of texts and of their windows, as Reimers & Gurevych 2019 (sec. 3) pool sentences.

Windows are means over their tokens whatever the model's own pooling is: late pooling, arXiv 2409.04701. numpy only, and
nothing of it that goes through BLAS: its threads wait for more to do and take the model's time meanwhile.
"""

from __future__ import annotations

import numpy as np


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
