"""How long a text is for cutting passages: in tokens of the bundled model, whichever model embeds them.

So a manual is cut alike for every embedder, and lexical search finds the same in it. A token is a piece of an English
word, or one CJK character.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from ragqa.embedders.folders import BUNDLED, find_model
from ragqa.embedders.tokens import TextTokenizer
from ragqa.models.compiled import native_work

MOST_PER_TOKEN = 50
"""Characters that a token stands for at most: a tokenizer takes a word of millions of letters for one unknown."""


def count_tokens(texts: Sequence[str]) -> list[int]:
    """Return how many tokens each text has, special ones not counted. Raises ModelError."""
    with native_work:
        counts = _tokenizer().count(texts)
    return [max(count, len(text) // MOST_PER_TOKEN) for count, text in zip(counts, texts, strict=True)]


def most_tokens() -> int:
    """Return how many tokens a passage has at most, its context counted: what the bundled model reads at once."""
    return find_model(BUNDLED).max_length - _tokenizer().specials


@cache
def _tokenizer() -> TextTokenizer:
    folder = find_model(BUNDLED)
    return TextTokenizer(folder.transformer / "tokenizer.json", folder.max_length, lower_case=folder.lower_case)
