"""How far a generated question set can be trusted: what ``bench/questions.py`` measured. Measures nothing itself."""

from __future__ import annotations

SETTINGS, MANUALS = 12, 5

TOGETHER, HALVES, ALONE = (0.53, 0.58), (0.76, 0.76), (0.44, 0.38)
"""Kendall's tau by page_hit@5 and page_mrr@10, as kept in ``bench/results/questions.json``: generated against people's
questions, all manuals together; one half of people's questions against the other; generated ones, one manual alone."""


def trust() -> str:
    """Return one line that says what such a set is good for."""
    return (
        f"How far to trust them: on {MANUALS} manuals with questions by people, generated questions put {SETTINGS} "
        f"settings into an order that agrees with people's by Kendall's tau {TOGETHER[0]:.2f} (page_hit@5) and "
        f"{TOGETHER[1]:.2f} (page_mrr@10), where two halves of people's questions agree by {HALVES[0]:.2f} and "
        f"{HALVES[1]:.2f}; on one manual alone by {ALONE[0]:.2f} and {ALONE[1]:.2f}. They tell modes apart, not "
        "settings that are near each other."
    )
