"""Question and text → one row of token ids for a cross-encoder, with which of the two each token is from.

Knows nothing of models beyond their tokenizer.json.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np


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
