"""Vectors as bytes and back: a passage's as float16, its windows' as int8 with a scale each, its tokens' as int8.

float16 keeps a cosine to 1e-4 and int8 to 2e-3 (``bench/vectors.py`` measures both), far below what moves a rank that
matters; windows are the bulk of a library, so they get the byte. Knows nothing of SQL.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ragqa.embedders.base import TokenStates
from ragqa.errors import LibraryError

Floats = NDArray[np.float32]


def pack_vector(vector: NDArray[np.floating], dim: int) -> bytes:
    """Return a vector's bytes. Raises LibraryError unless it has ``dim`` finite numbers and is not all zero."""
    if vector.shape != (dim,) or not np.isfinite(vector).all() or not vector.any():
        raise LibraryError(
            f"the embedder gave a vector of shape {vector.shape} with {int(np.isnan(vector).sum())} NaN where {dim} "
            "finite numbers were expected: check the model with 'ragqa info'"
        )
    return np.ascontiguousarray(vector, dtype="<f2").tobytes()


def unpack_vectors(blobs: Sequence[bytes], dim: int) -> Floats:
    """Return float32 (len(blobs), dim). Raises ValueError on bytes of another length."""
    return np.frombuffer(b"".join(blobs), dtype="<f2").reshape(len(blobs), dim).astype(np.float32)


def pack_windows(windows: NDArray[np.floating], dim: int) -> bytes:
    """Return the bytes of a passage's window vectors, each a float32 scale and ``dim`` signed bytes."""
    if windows.size == 0:
        return b""
    if windows.ndim != 2 or windows.shape[1] != dim or not np.isfinite(windows).all():
        raise LibraryError(f"the embedder gave window vectors of shape {windows.shape} where (n, {dim}) was expected")
    largest = np.maximum(np.abs(windows).max(axis=1, keepdims=True), 1e-12)
    quantised = np.rint(windows * (127.0 / largest))
    # The scale that gives back the length, not the largest number: a unit vector stays one.
    scales = np.linalg.norm(windows, axis=1, keepdims=True) / np.maximum(
        np.linalg.norm(quantised, axis=1, keepdims=True), 1.0
    )
    packed = np.empty((len(windows), 4 + dim), np.uint8)
    packed[:, :4] = scales.astype("<f4").view(np.uint8)
    packed[:, 4:] = quantised.astype(np.int8).view(np.uint8)
    return packed.tobytes()


def unpack_windows(blobs: Sequence[bytes], dim: int) -> tuple[Floats, NDArray[np.int64]]:
    """Return all windows below one another, float32 (n, dim), and where each blob's begin, int64 (len(blobs) + 1,)."""
    packed = np.frombuffer(b"".join(blobs), dtype=np.uint8).reshape(-1, 4 + dim)
    scales = np.ascontiguousarray(packed[:, :4]).view("<f4")
    windows = packed[:, 4:].view(np.int8).astype(np.float32)
    windows *= scales
    starts = np.zeros(len(blobs) + 1, np.int64)
    np.cumsum([len(blob) // (4 + dim) for blob in blobs], out=starts[1:])
    return windows, starts


def pack_tokens(tokens: TokenStates) -> bytes:
    """Return the bytes of a passage's token states: for each its window in two bytes, then a byte a direction."""
    packed = np.empty((len(tokens.levels), 2 + tokens.levels.shape[1]), np.uint8)
    packed[:, :2] = tokens.windows.astype("<i2").reshape(-1, 1).view(np.uint8)
    packed[:, 2:] = tokens.levels.view(np.uint8)
    return packed.tobytes()


def unpack_tokens(blob: bytes, dim: int) -> TokenStates:
    """Return a passage's token states. Raises ValueError on bytes of another length."""
    packed = np.frombuffer(blob, np.uint8).reshape(-1, 2 + dim)
    windows = np.ascontiguousarray(packed[:, :2]).view("<i2").ravel()
    return TokenStates(packed[:, 2:].view(np.int8), windows)
