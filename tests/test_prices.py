"""Which of the user's prices belongs to a model."""

from __future__ import annotations

import pytest

from ragqa.prices import Price, price_of

MINI, DATED = Price(0.40, 1.60, 5.00), Price(1.0, 2.0)
PRICES = {"gpt-4.1-mini": MINI, "gpt-4o-2024-08-06": DATED}


@pytest.mark.parametrize(
    ("model", "price"),
    [
        ("gpt-4.1-mini", MINI),
        ("openai:gpt-4.1-mini", MINI),
        ("gpt-4.1-mini-2025-04-14", MINI),
        ("gpt-4.1-mini-latest", MINI),
        ("ft:gpt-4.1-mini-2025-04-14:me::abc", MINI),
        ("openai:ft:gpt-4.1-mini:me:pumps:abc", MINI),
        ("gpt-4o-2024-08-06", DATED),
        ("gpt-4o", None),
        ("gpt-4.1", None),
        ("ft:", None),
        ("", None),
    ],
)
def test_a_price_is_found_by_the_models_name_without_date_and_prefix(model: str, price: Price | None) -> None:
    assert price_of(PRICES, model) == price


def test_a_fine_tuned_model_may_have_a_price_of_its_own() -> None:
    own = Price(0.8, 3.2)
    assert price_of({**PRICES, "ft:gpt-4.1-mini:me::abc": own}, "openai:ft:gpt-4.1-mini:me::abc") == own
