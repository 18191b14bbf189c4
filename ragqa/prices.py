"""What tokens cost at a provider, as the user wrote it into ``ragqa.toml``. Knows no price by itself: they change.

[prices."gpt-4.1-mini"]
input = 0.40
output = 1.60
training = 5.00
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_VERSION = re.compile(r"-(?:\d{4}-\d\d-\d\d|\d{4}|latest)$")


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens of each kind; None where the user named none."""

    input: float | None = None
    output: float | None = None
    training: float | None = None


def price_of(prices: Mapping[str, Price], model: str) -> Price | None:
    """Return the price of ``model``; None where the user named none.

    The longest name that fits counts: the model's own, or that without ``openai:``, without ``ft:`` and what a
    fine-tuning appends, or without its date. A fine-tuned model without a price of its own costs what its base does.
    """
    name = model.removeprefix("openai:")
    base = name.split(":")[1] if name.startswith("ft:") and name.count(":") else name
    return next((prices[one] for one in (name, base, _VERSION.sub("", base)) if one in prices), None)


def embedding_cost(prices: Mapping[str, Price], spec: str, hosted: bool, tokens: int) -> float | None:
    """Return what embedding so many tokens costs in US dollars: 0 on this machine, None where no price is known."""
    price = price_of(prices, spec) if hosted else Price(input=0.0)
    return None if price is None or price.input is None else tokens * price.input / 1e6
