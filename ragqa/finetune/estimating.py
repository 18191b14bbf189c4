"""How many tokens examples have and what training on them costs, before anything is sent. Sends nothing.

Tokens are a model's own where its folder is here, else rather too many than too few. Prices change: check them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ragqa.answerers.prompting import estimate_tokens
from ragqa.errors import ModelError
from ragqa.finetune.local.bases import CONTEXT, RANDOM_INIT
from ragqa.finetune.records import Example, read_examples

PER_MESSAGE, PER_EXAMPLE = 4, 3
"""Tokens that roles and separators take in OpenAI's chat form, about."""

PRICED_ON = "late 2025"
PRICES = {
    "gpt-4.1": 25.00,
    "gpt-4.1-mini": 5.00,
    "gpt-4.1-nano": 1.50,
    "gpt-4o": 25.00,
    "gpt-4o-mini": 3.00,
    "gpt-3.5-turbo": 8.00,
    "davinci-002": 6.00,
    "babbage-002": 0.40,
}
"""US dollars for a million trained tokens at OpenAI, written down from memory: no page of the maker was at hand."""

LENGTHS = {"gpt-4.1": 65_536, "gpt-4o": 65_536, "gpt-3.5-turbo": 16_385, "davinci-002": 16_384, "babbage-002": 16_384}
"""Tokens of the longest example that is trained on whole, by the beginning of a model's name; from memory as well."""

DEFAULT_LENGTH = 8_192
"""Where nothing is known of the model."""

_DATED = re.compile(r"-(?:\d{4}-\d\d-\d\d|\d{4}|latest)$")


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


def estimate(prepared: Path, base: str, epochs: int) -> Estimate:
    """Return what ``epochs`` passes over the train split take on ``base``, a model's folder or its hosted name."""
    return estimate_examples(read_examples(prepared, "train"), base, epochs)


def estimate_examples(examples: Iterable[Example], base: str, epochs: int) -> Estimate:
    """Return the same of examples that stand in no folder yet."""
    count = counter(base)
    lengths = [tokens_of(example, count) for example in examples]
    cost, price_note = price(base, sum(lengths) * epochs)
    return Estimate(sum(lengths), len(lengths), max(lengths, default=0), cost, price_note)


def tokens_of(example: Example, count: Callable[[str], int]) -> int:
    """Return the tokens of an example, its roles and separators counted."""
    return PER_EXAMPLE + sum(PER_MESSAGE + count(message.content) for message in example.messages)


def price(base: str, trained_tokens: int) -> tuple[float | None, str]:
    """Return US dollars for training ``base`` on so many tokens, and what to know of the figure."""
    if not base:
        return None, "no model is named, so that no price can be told"
    if is_local(base):
        return 0.0, "trained on this machine, which costs its time only"
    name = base.removeprefix("openai:")
    per_million = PRICES.get(name) or PRICES.get(_DATED.sub("", name))
    if per_million is None:
        return None, f"no training price of {name} is known here: look at the provider's price page before you agree"
    return (
        trained_tokens * per_million / 1e6,
        f"{per_million:.2f} US dollars for a million trained tokens, as remembered of {PRICED_ON}: "
        "check the provider's price page before you agree",
    )


def is_local(base: str) -> bool:
    """Say whether ``base`` is trained here: a model's folder, or a new small one."""
    return base == RANDOM_INIT or (bool(base) and Path(base).expanduser().is_dir())


def counter(base: str | None) -> Callable[[str], int]:
    """Return what counts tokens: the model's own tokenizer if ``base`` is a folder that has one, else the estimate.

    Raises ModelError where the folder's tokenizer can't be read.
    """
    folder = Path(base).expanduser() if base else None
    if folder is None or not folder.is_dir():
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
    folder = Path(base).expanduser() if base else None
    if folder and folder.is_dir():
        try:
            config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            known = [config.get(name) for name in ("max_position_embeddings", "n_positions", "n_ctx")]
        except (OSError, ValueError, AttributeError):
            return DEFAULT_LENGTH
        return next((length for length in known if isinstance(length, int) and length > 0), DEFAULT_LENGTH)
    name = (base or "").removeprefix("openai:")
    fitting = [known for known in LENGTHS if name == known or name.startswith(f"{known}-")]
    return LENGTHS[max(fitting, key=len)] if fitting else DEFAULT_LENGTH
