"""Which of the user's prices belongs to a model."""

from __future__ import annotations

from pathlib import Path

import pytest

from ragqa.errors import RagqaError
from ragqa.prices import Price, embedding_cost, price_of
from ragqa.settings import load_settings

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


def test_embedding_is_free_here_and_of_unknown_price_until_the_user_names_one() -> None:
    hosted = "openai:text-embedding-ada-002"
    assert embedding_cost({}, "local:mine", False, 1000) == 0
    assert embedding_cost({}, hosted, True, 1000) is None
    assert embedding_cost({"text-embedding-ada-002": Price(input=0.10)}, hosted, True, 2_500_000) == pytest.approx(0.25)


def test_prices_come_from_the_users_file(home: Path) -> None:
    (home / "ragqa.toml").write_text('[prices."gpt-4.1-mini"]\ninput = 0.4\noutput = 1.6\n', encoding="utf-8")
    assert load_settings().prices == {"gpt-4.1-mini": Price(0.4, 1.6)}
    for wrong in ("cheap", "-1", "nan"):
        (home / "ragqa.toml").write_text(f'[prices.mine]\ninput = "{wrong}"\n', encoding="utf-8")
        with pytest.raises(RagqaError, match="dollars for a million tokens"):
            load_settings()
