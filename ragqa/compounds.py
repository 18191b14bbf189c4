"""Split compound words by words that the library itself holds: 'Filterwechsel' is found by 'Filter' and by 'wechseln'.

Koehn & Knight 2003 ("Empirical methods for compound splitting") split so by a corpus's own words. Knows no texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

from ragqa.stemming import fold, stem, stop_words

COMPOUNDING = frozenset({"da", "de", "fi", "hu", "nl", "no", "sv"})
"""Languages that write compounds as one word."""

LEAST_HEAD, LEAST_TAIL = 3, 4
"""Letters of the first part and of the last."""

_LINKS = {"de": ("s", "es", "n", "en", "e"), "nl": ("s", "en", "e"), "da": ("s", "e"), "no": ("s", "e"), "sv": ("s",)}
"""What may stand between the parts."""


def splitter(words: Iterable[str], language: str) -> Callable[[str], tuple[str, ...]]:
    """Return ``split`` by these words; it remembers what it has split."""
    stops = stop_words(language)
    held = {stem(word, language) for word in words if len(word) >= LEAST_HEAD and fold(word) not in stops}
    return cache(lambda word: split(word, language, held.__contains__))


def split(word: str, language: str, is_held: Callable[[str], object]) -> tuple[str, ...]:
    """Return the stems of two parts of a word that ``is_held`` knows, the first as long as may be; else none."""
    word = word.lower()
    for at in range(len(word) - LEAST_TAIL, LEAST_HEAD - 1, -1):
        tail = stem(word[at:], language)
        if is_held(tail):
            for head in _heads(word[:at], language):
                if is_held(head):
                    return head, tail
    return ()


def _heads(head: str, language: str) -> list[str]:
    """Return the stems that the first part may have, with what links it to the next and without."""
    links = ("", *_LINKS.get(language, ()))
    forms = (head.removesuffix(link) for link in links if head.endswith(link))
    return [
        stem(form, language) for form in forms if len(form) >= LEAST_HEAD and fold(form) not in stop_words(language)
    ]


def is_part(term: str, words: Iterable[str]) -> bool:
    """Say whether one of the words begins or ends with a term and is a compound by its length."""
    least = len(term) + LEAST_HEAD
    if len(term) < LEAST_TAIL:
        return False
    return any(len(word) >= least and (word.startswith(term) or word.endswith(term)) for word in words)
