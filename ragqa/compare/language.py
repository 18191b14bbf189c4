"""How well a local language model predicts a text that was held back: cross-entropy and perplexity of its tokens.

The text is read in windows that overlap, so that each token is perplexities once, from as much before it as the window
allows. The first token, which nothing comes before, is not counted.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ragqa.errors import ModelError, RagqaError
from ragqa.metrics.intervals import Values
from ragqa.models.causal import find_causal


def cross_entropy(log_probabilities: Values) -> float:
    """Return the mean of −ln p(token | tokens before), in nats a token. Raises ValueError where there is no token."""
    if not len(log_probabilities):
        raise ValueError("a cross-entropy needs the log-probability of at least one token, got none")
    return float(-np.asarray(log_probabilities, np.float64).mean())


def perplexity(log_probabilities: Values) -> float:
    """Return the perplexity, exp(cross-entropy) (Jelinek et al. 1977)."""
    return math.exp(cross_entropy(log_probabilities))


Window = tuple[int, int, int]
"""Begin and end of what is read, and the first token that counts."""


@dataclass(frozen=True, slots=True)
class TextPerplexity:
    """A model on a text. Perplexities of models with other tokens can't be compared; bits per byte can."""

    model: str
    tokens: int
    """Tokens counted."""
    cross_entropy: float
    """Nats a token."""
    perplexity: float
    bits_per_byte: float


def windows(tokens: int, size: int, stride: int) -> Iterator[Window]:
    """Yield windows of ``size`` tokens, each ``stride`` further; every token but the first counts in just one."""
    if not 0 < stride <= size - 1:
        raise ValueError(f"a stride should be from 1 to the window less one, {size - 1}; got {stride}")
    counted, start = 1, 0
    while counted < tokens:
        end = min(start + size, tokens)
        yield start, end, counted
        counted, start = end, start + stride


def log_probabilities(model: Any, ids: list[int], size: int, stride: int) -> list[float]:
    """Return ln p of each token but the first, given those before it in its window."""
    import torch

    found: list[float] = []
    with torch.inference_mode():
        for start, end, counted in windows(len(ids), size, stride):
            read = torch.tensor([ids[start:end]], device=model.device)
            scores = model(read).logits[0].float().log_softmax(dim=-1)
            at = torch.arange(counted - start - 1, end - start - 1)
            found += scores[at, read[0, at + 1]].tolist()
    return found


def measure_perplexity(folder: Path, text: str, *, stride: int | None = None) -> TextPerplexity:
    """Return the perplexity of the model in ``folder`` on ``text``; ``stride`` is half its context unless given.

    Raises ModelError where there is no causal language model, RagqaError where the text is under two tokens.
    """
    folder = find_causal(str(folder))
    model, tokenizer, size = _loaded(folder)
    ids = tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
    if len(ids) < 2:
        raise RagqaError(f"a text to measure perplexity on should have two tokens at least; this one has {len(ids)}")
    found = log_probabilities(model, ids, size, stride or max(size // 2, 1))
    nats = -math.fsum(found)
    return TextPerplexity(
        str(folder),
        len(found),
        cross_entropy(found),
        perplexity(found),
        nats / math.log(2) / len(text.encode()),
    )


def read_text(file: Path) -> str:
    """Return a text file. Raises RagqaError where it can't be read or is empty."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise RagqaError(f"--text should name a text file in UTF-8; {file}: {error}") from None
    if not text.strip():
        raise RagqaError(f"--text should name a file with text in it; {file} is empty")
    return text


def _loaded(folder: Path) -> tuple[Any, Any, int]:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    safe = {"local_files_only": True, "trust_remote_code": False}
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, **safe)
        model: Any = AutoModelForCausalLM.from_pretrained(folder, use_safetensors=True, dtype=torch.float32, **safe)
    except Exception as error:  # the loaders of broken files raise whatever they like
        raise ModelError(f"the model in {folder} can't be loaded: {' '.join(str(error).split())[:200]}") from None
    config = model.config.get_text_config()
    size = min(int(getattr(config, "max_position_embeddings", 0) or 1024), 2048)
    return model.eval(), tokenizer, size
