"""What is known of hosted models by name: their context and their price. Changes when the makers' pages do."""

from __future__ import annotations

import re

DEFAULT_CONTEXT = 8192
"""Tokens that a model is taken to read where nothing is known of it."""

_CONTEXTS = {
    "gpt-5": 272_000,
    "gpt-4.1": 1_047_576,
    "gpt-4o": 128_000,
    "gpt-4-turbo": 128_000,
    "gpt-4": 8_192,
    "gpt-3.5-turbo": 16_385,
    "o1": 128_000,
    "o3": 200_000,
    "o4-mini": 200_000,
    "gpt-oss": 131_072,
}
"""By the beginning of a model's name; the longest that fits counts."""

PRICED_ON = "2026-03"
_PRICES = {
    "gpt-5.4": (2.50, 15.00),
    "gpt-5.1": (1.25, 10.00),
    "gpt-5": (1.25, 10.00),
    "gpt-5-mini": (0.25, 2.00),
    "gpt-5-nano": (0.05, 0.40),
    "gpt-4.1": (2.00, 8.00),
    "gpt-4.1-mini": (0.40, 1.60),
    "gpt-4.1-nano": (0.10, 0.40),
    "gpt-4o": (2.50, 10.00),
    "gpt-4o-mini": (0.15, 0.60),
    "gpt-3.5-turbo": (0.50, 1.50),
    "o1": (15.00, 60.00),
    "o3": (2.00, 8.00),
    "o3-mini": (1.10, 4.40),
    "o4-mini": (1.10, 4.40),
}
"""US dollars for a million tokens, prompt and completion, at OpenAI on ``PRICED_ON``, without discounts."""

_DATED = re.compile(r"-(?:\d{4}-\d\d-\d\d|\d{4}|latest)$")


def context_of(model: str) -> int:
    """Return how many tokens ``model`` reads, prompt and answer together."""
    fitting = [name for name in _CONTEXTS if model == name or re.match(rf"{re.escape(name)}\W", model)]
    return _CONTEXTS[max(fitting, key=len)] if fitting else DEFAULT_CONTEXT


def cost_usd(model: str, prompt_tokens: int, completion_tokens: int) -> float | None:
    """Return the price of a call to OpenAI; None where it isn't known."""
    price = _PRICES.get(model) or _PRICES.get(_DATED.sub("", model))
    return None if price is None else (prompt_tokens * price[0] + completion_tokens * price[1]) / 1e6
