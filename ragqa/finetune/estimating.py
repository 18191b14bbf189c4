"""How many tokens examples have and what training on them costs, before anything is sent. Sends nothing.

Tokens are a model's own where its folder is here, else rather too many than too few. Prices are the user's.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ragqa.answerers.prompting import estimate_tokens
from ragqa.errors import ModelError
from ragqa.finetune.local.bases import CONTEXT, RANDOM_INIT
from ragqa.finetune.records import Example, read_examples
from ragqa.models.causal import SMOLLM2, find_causal
from ragqa.prices import Price, price_of

PER_MESSAGE, PER_EXAMPLE = 4, 3
"""Tokens that roles and separators take in OpenAI's chat form, about."""

LENGTHS = {"gpt-4.1": 65_536, "gpt-4o": 65_536, "gpt-3.5-turbo": 16_385, "davinci-002": 16_384, "babbage-002": 16_384}
"""Tokens of the longest example that is trained on whole, by the beginning of a model's name, as of late 2025."""

DEFAULT_LENGTH = 8_192
"""Where nothing is known of the model."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What training on a folder of examples takes."""

    tokens: int
    """Of the examples to learn from, once through."""
    examples: int
    longest: int
    """Tokens of the longest example."""
    cost_usd: float | None
    """Of all passes; None where no price is known."""
    price_note: str
    """Where the price is from, for people."""


def estimate(prepared: Path, base: str, epochs: int, prices: Mapping[str, Price]) -> Estimate:
    """Return what ``epochs`` passes over the train split take on ``base``, a model's folder or its hosted name."""
    return estimate_examples(read_examples(prepared, "train"), base, epochs, prices)


def estimate_examples(
    examples: Iterable[Example], base: str, epochs: int, prices: Mapping[str, Price] = MappingProxyType({})
) -> Estimate:
    """Return the same of examples that stand in no folder yet."""
    count = counter(base)
    lengths = [tokens_of(example, count) for example in examples]
    cost = training_cost(base, sum(lengths) * epochs, prices)
    return Estimate(sum(lengths), len(lengths), max(lengths, default=0), cost, price_note(base, prices))


def tokens_of(example: Example, count: Callable[[str], int]) -> int:
    """Return the tokens of an example, its roles and separators counted."""
    return PER_EXAMPLE + sum(PER_MESSAGE + count(message.content) for message in example.messages)


def training_cost(base: str, trained_tokens: int, prices: Mapping[str, Price]) -> float | None:
    """Return US dollars for training ``base`` on so many tokens: 0 on this machine, None where no price is known."""
    price = Price(training=0.0) if is_local(base) else price_of(prices, base)
    return None if price is None or price.training is None else trained_tokens * price.training / 1e6


def price_note(base: str, prices: Mapping[str, Price]) -> str:
    """Return where the price of training ``base`` is from, or how to name it."""
    if not base:
        return "no model is named, so that no price can be told"
    if is_local(base):
        return "trained on this machine, which costs its time only"
    price, name = price_of(prices, base), base.removeprefix("openai:")
    if price is None or price.training is None:
        return (
            f"no training price of {name} is named: look it up at the provider and write it into ragqa.toml, as in "
            f'[prices."{name}"] training = … (US dollars for a million tokens)'
        )
    return f"{price.training:g} US dollars for a million trained tokens, as ragqa.toml says"


def is_local(base: str) -> bool:
    """Say whether ``base`` is trained here: a model on this machine, or a new small one."""
    return base == RANDOM_INIT or folder_of(base) is not None


def folder_of(base: str | None) -> Path | None:
    """Return the folder of a model on this machine; None of any other. Raises ModelError, MissingExtra."""
    if not base or base == RANDOM_INIT:
        return None
    if base == SMOLLM2 or base.lower().endswith(".gguf"):
        return find_causal(base, "--model")
    folder = Path(base).expanduser()
    return folder if folder.is_dir() else None


def counter(base: str | None) -> Callable[[str], int]:
    """Return what counts tokens: the model's own tokenizer if ``base`` is a folder that has one, else the estimate.

    Raises ModelError where the folder's tokenizer can't be read.
    """
    folder = folder_of(base)
    if folder is None:
        return estimate_tokens
    file = folder / "tokenizer.json"
    try:
        if file.is_file():
            from tokenizers import Tokenizer

            fast = Tokenizer.from_file(str(file))
            fast.no_truncation()
            return lambda text: len(fast.encode(text, add_special_tokens=False).ids)
        from transformers import AutoTokenizer

        slow: Any = AutoTokenizer.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)
        return lambda text: len(slow(text, add_special_tokens=False, verbose=False)["input_ids"])
    except Exception as error:  # the tokenizers raise bare Exceptions
        reason = " ".join(str(error).split())[:150]
        raise ModelError(
            f"--model should name the folder of a causal language model with its tokenizer; that of {folder} can't be "
            f"read: {reason}"
        ) from None


def longest_of(base: str | None) -> int:
    """Return how many tokens an example may have for ``base``, as far as that is known."""
    if base == RANDOM_INIT:
        return CONTEXT
    folder = folder_of(base)
    if folder:
        try:
            config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            known = [config.get(name) for name in ("max_position_embeddings", "n_positions", "n_ctx")]
        except (OSError, ValueError, AttributeError):
            return DEFAULT_LENGTH
        return next((length for length in known if isinstance(length, int) and length > 0), DEFAULT_LENGTH)
    name = (base or "").removeprefix("openai:")
    fitting = [known for known in LENGTHS if name == known or name.startswith(f"{known}-")]
    return LENGTHS[max(fitting, key=len)] if fitting else DEFAULT_LENGTH
