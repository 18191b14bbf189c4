"""Whether what is asked twice is answered the same, by the words of the answers. Knows nothing of dialogues."""

from __future__ import annotations

from collections.abc import Sequence

from ragqa.metrics.answers import answer_tokens


def consistency(pairs: Sequence[tuple[str, str]]) -> float:
    """Return the share of pairs of answers that say the same: equal but for case, punctuation, articles and markers.

    Raises ValueError where there is no pair.
    """
    if not pairs:
        raise ValueError("consistency needs at least one pair of answers, got none")
    return sum(answer_tokens(one) == answer_tokens(other) for one, other in pairs) / len(pairs)
