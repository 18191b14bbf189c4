"""The directions in which token states are kept: few enough to store, and those in which a model's tokens differ most.

A token's state has as many numbers as a text's vector; of 384 the first 64 principal directions keep what late
interaction needs (``bench/directions.py`` learns them on the sample manuals and measures what is lost). A model without
such a file keeps no token states.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from ragqa.embedders.folders import ModelFolder

FOLDER = Path(__file__).parent / "directions"


def directions_of(folder: ModelFolder) -> np.ndarray | None:
    """Return float32 (dim, token_dim) with orthonormal columns for a model, known by its hash, or None."""
    return _read(folder.revision)


@cache
def _read(revision: str) -> np.ndarray | None:
    file = FOLDER / f"{revision}.npy"
    return np.load(file, allow_pickle=False).astype(np.float32) if file.is_file() else None
