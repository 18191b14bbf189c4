"""ROUGE-L (Lin 2004), as Google's rouge-score computes it, Chinese by character. Needs the extra ``train``.

The library's own tokenizer drops every Chinese character; it is handed the tokens by which EM and F1 are taken, so that
the three measures speak of the same text.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from ragqa.errors import MissingExtra
from ragqa.metrics.answers import answer_tokens


def rouge_l(said: str, answers: Sequence[str]) -> float:
    """Return the F-measure of the longest common subsequence, for the answer where it is highest.

    Raises MissingExtra where rouge-score is not installed.
    """
    if not answers:
        return 0.0
    return float(_scorer().score_multi(list(answers), said)["rougeL"].fmeasure)


class _Tokens:
    """What rouge-score asks of a tokenizer."""

    def tokenize(self, text: str) -> list[str]:
        return answer_tokens(text)


@cache
def _scorer() -> Any:
    try:
        from rouge_score.rouge_scorer import RougeScorer
    except ImportError:
        raise MissingExtra("ragqa[train] is needed for ROUGE-L — pip install 'ragqa[train]'") from None
    return RougeScorer(["rougeL"], tokenizer=_Tokens())
