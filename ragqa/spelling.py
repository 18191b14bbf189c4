"""Find the library's word for a question's word that is misspelt: 'presure' for 'pressure'.

Only a word that the library holds in no form is looked at, and only if it is no English word: most words that a manual
lacks are spelt right, and to take one for another would answer another question. So the rules are strict: what is
refused costs one word, as before. What they let through and keep out: bench/LOG.md. Knows nothing of meaning.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Sequence
from typing import Protocol

from ragqa.analysis import ENGLISH_ONLY, WORD, bag_of_terms, is_stop
from ragqa.stemming import fold
from ragqa.types import Correction

SHORTEST = 5
"""Letters of a word that is looked at, and of one that it is taken for."""

WRONG_LETTER_FROM = 6
"""Letters from which one may be wrong; below, one is missing or too many, or two swapped: 'codec' is not 'codes'."""

TWO_FROM = 8
"""Letters from which two slips are looked for."""

TWO_BEGIN, TWO_END = 3, 3
"""With two slips, so many first letters must be right, and one slip must lie before so many last ones: endings vary."""

_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_CONFUSED = ("aeiouy", "ckqs", "gj", "fpv", "mn", "bdp")
"""Letters that are heard or seen alike."""

_ENDINGS = ("s", "es", "d", "ed", "ing", "r", "rs", "er", "ers", "ly", "able")
_NOT_IN_WORDS = re.compile(r"[\d_./\\:@=<>{}\[\]$#~]|^-|[a-z][A-Z]|^\W*[A-Z]{2}")
"""Marks a path, an address, an option, a code, a name such as 'MirrorLink' or 'DKIM': none is corrected."""


class Vocabulary(Protocol):
    """What the library's words are."""

    def doc_freq(self, term: str) -> int:
        """Return how many passages hold an index term."""

    def words(self, letter: str) -> Sequence[str]:
        """Return the words that begin with a letter a to z, in lower case; some may be gone from the passages."""


def find_slips(
    question: str,
    vocabulary: Vocabulary,
    known: Container[str],
    is_english: Callable[[str], bool],
    languages: Sequence[str] = ENGLISH_ONLY,
) -> tuple[Correction, ...]:
    """Return the misspelt words of a question and the library's word for each, each once.

    ``known`` are terms that are no slips though no passage holds them; ``is_english`` knows English words in lower
    case, and is asked only of a word that is nearly one of the library's.
    """
    found: dict[str, Correction] = {}
    for word, strict in _unknown_words(question, vocabulary, known, languages):
        meant = _nearest(fold(word), strict, vocabulary, languages)
        if meant and not _is_form_of_english(fold(word), is_english):
            found[word] = Correction(word, meant)
    return tuple(found.values())


def corrected(question: str, corrections: Sequence[Correction]) -> str:
    """Return ``question`` with each misspelt word replaced; without any, the same string."""
    meant = {one.word: one.taken_for for one in corrections}
    return WORD.sub(lambda match: meant.get(match[0], match[0]), question) if meant else question


def _unknown_words(
    question: str, vocabulary: Vocabulary, known: Container[str], languages: Sequence[str]
) -> Iterator[tuple[str, bool]]:
    """Yield each word that the library holds in no form, and whether it may be a name: capitalised in a sentence."""
    for match in WORD.finditer(question):
        word = match[0]
        if len(word) < SHORTEST or not fold(word).isascii():
            continue
        before, after = question[: match.start()], question[match.end() :]
        around = re.split(r"\s", before)[-1] + word + re.split(r"\s", after)[0].rstrip("?!.,;:")
        if any(is_stop(term) or term in known or vocabulary.doc_freq(term) for term in bag_of_terms(word, languages)):
            continue
        if not _NOT_IN_WORDS.search(around):
            yield word, word[0].isupper() and before.rstrip(" \"'(“‘")[-1:] not in ("", ".", "?", "!", ":")


def _nearest(word: str, strict: bool, vocabulary: Vocabulary, languages: Sequence[str]) -> str | None:
    """Return the library's word that ``word`` is most likely meant to be; None where none is near."""
    most = 2 if len(word) >= TWO_FROM and not strict else 1
    near: dict[int, list[str]] = {1: [], 2: []}

    def forms(other: str) -> frozenset[str]:
        return bag_of_terms(other, languages)

    letters = set(word)
    for other in vocabulary.words(word[0]):
        if abs(len(other) - len(word)) > most or len(letters ^ set(other)) > 2 * most or len(other) < SHORTEST:
            continue
        slips = _slips_between(word, other, most)
        if 0 < slips <= most and _is_slip(word, other, slips, strict) and any(map(vocabulary.doc_freq, forms(other))):
            near[slips].append(other)
    if not near[1] and len(set(map(forms, near[2]))) > 1:
        return None
    return max(near[1] or near[2], key=lambda other: (max(map(vocabulary.doc_freq, forms(other))), other), default=None)


def _is_slip(word: str, other: str, slips: int, strict: bool) -> bool:
    """Say whether what parts two words is how one is misspelt, not an ending that one has and the other has not."""
    if word.startswith(other) or other.startswith(word):
        return False
    if slips == 1:
        if len(word) != len(other) or sorted(word) == sorted(other):
            return True
        return not strict and len(word) >= WRONG_LETTER_FROM and _mistaken(word, other)
    shared = next(at for at, (one, two) in enumerate(zip(word, other, strict=False)) if one != two)
    return TWO_BEGIN <= shared < min(len(word), len(other)) - TWO_END


def _mistaken(word: str, other: str) -> bool:
    """Say whether the one letter that parts two words of a length lies beside the right one on a keyboard, or is heard
    or seen alike."""
    one, two = next((one, two) for one, two in zip(word, other, strict=True) if one != two)
    if any(one in group and two in group for group in _CONFUSED):
        return True
    (row, at), (next_row, place) = _key(one), _key(two)
    return abs(row - next_row) <= 1 and abs(at - place) < 1.1


def _key(letter: str) -> tuple[int, float]:
    """Return the row of a letter on a keyboard, and its place in keys from the left; each row begins half a key in."""
    row = next((row for row, keys in enumerate(_KEYS) if letter in keys), 9)
    return row, _KEYS[row].index(letter) + row / 2 if row < len(_KEYS) else 0.0


def _is_form_of_english(word: str, is_english: Callable[[str], bool]) -> bool:
    """Say whether a word, or what is left of it without an ending, is an English word."""
    stems = [word.removesuffix(ending) for ending in _ENDINGS if word.endswith(ending)]
    stems += [f"{stem}e" for stem in stems]
    stems += [stem[:-1] for stem in stems if stem[-2:-1] == stem[-1:]]  # 'resetting'
    stems += [f"{word[:-3]}y" for ending in ("ies", "ied") if word.endswith(ending)]
    return any(map(is_english, (word, *stems)))


def _slips_between(word: str, other: str, most: int) -> int:
    """Return how many letters are missing, too many, wrong or swapped with the next one; more than ``most`` if so.

    Optimal string alignment, a restricted Damerau-Levenshtein distance.
    """
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, one in enumerate(word, 1):
        row = [i]
        for j, two in enumerate(other, 1):
            slips = min(last[j] + 1, row[-1] + 1, last[j - 1] + (one != two))
            if i > 1 and j > 1 and one == other[j - 2] and two == word[i - 2]:
                slips = min(slips, before[j - 2] + 1)
            row.append(slips)
        if min(row) > most:
            return most + 1
        before, last = last, row
    return last[-1]
