"""Turn text into index terms: stemmed words, pairs of Chinese, Japanese and Korean characters, part numbers and codes.

Knows nothing of indexes. A passage's words are stemmed in the language of its document, a question's in each language
of the library, so that both meet in the same terms; ``query_terms`` also leaves out the words that only make a question
a question.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

from ragqa.cjk import CJK, HAN, HANGUL, HIRAGANA, KANA, KATAKANA, simplified
from ragqa.compounds import COMPOUNDING, split
from ragqa.languages import ENGLISH, language_of
from ragqa.stemming import ALGORITHMS, ELIDING, ELISION, fold, fold_in, stem, stop_words

ENGLISH_ONLY = (ENGLISH,)
"""The languages of a library of English, of Chinese, or of both."""

VERSION = 3
"""Raised when the same text gives other terms: lexical indexes are then rebuilt."""

_TOKEN = re.compile(rf"[{CJK}]+|(?:(?![{CJK}_])\w)+(?:[-_./+:'](?:(?![{CJK}_])\w)+)*[+#]{{0,2}}")
_PART = re.compile(r"[^\W\d_]+|\d+")
_CJK_RUN = re.compile(rf"[{CJK}]")
_HAN = re.compile(f"[{HAN}]")
_KANA_OR_HANGUL = re.compile(f"[{KANA}{HANGUL}]")
_KATAKANA_WORD = re.compile(f"[{KATAKANA}]{{3,}}")
_PIECE = re.compile(f"[^{HAN}{HANGUL}{KATAKANA}{HIRAGANA}]+")

WORD = re.compile(rf"(?<![^\W_{CJK}])[^\W\d_{CJK}]+(?![^\W_{CJK}])")
"""A run of letters, no digit beside it, of a script that parts words."""

_ENGLISH = (
    "a an and any are as at be because been but by can could did do does doing for from get had has have how "
    "i if in into is it its let may me might mine must my need of on or ought our ours please shall she he "
    "should so some than that the their them then there these they this those to us was we were what when "
    "where which who whom whose why will with would you your yours am about also just only tell there's "
    "what's i'm it's don't s t ll ve re"
)
ENGLISH_STOPS = frozenset(_ENGLISH.split())

CHINESE_STOPS = frozenset(
    "的了吗呢吧啊么嘛是在有和与及或我你您他她它们这那哪谁什怎如何几多少请问要"
    "会能可以就都也还又很把被给让从到对于为个些样该应得着之其而则并所想做才没不"
)
"""Characters that, alone or beside each other, ask or join rather than name a thing."""

_JAPANESE = (
    "する した せん ませ まし しま ます すか ある ない いる れる られ よう こと から まで どう うや "
    "やっ った どこ いつ なに なぜ どれ これ それ たら れば なら くだ ださ さい"
)
_KOREAN = (
    "이 가 의 로 와 과 도 에서 으로 하는 하려 려면 합니 니다 입니 습니 니까 까요 나요 가요 인가 어떻 떻게 "
    "게요 해야 야합 무엇 어디 언제 얼마 있는 있습 됩니 때는 하면 하고 하나"
)
_PAIR_STOPS = frozenset((*_JAPANESE.split(), *_KOREAN.split()))
"""Pairs of kana and of hangul that end words, point and ask."""
_WITH_PARTICLE = re.compile("[은는을를에]$|[をはのがにへとでもて]")
"""In a pair, Korean particles with which hardly a noun ends, and Japanese ones."""


@lru_cache(maxsize=200_000)
def _word_terms(token: str, language: str) -> tuple[str, ...]:
    """The terms of one word without CJK characters: its stem, and, where it is compound, itself whole and its parts."""
    folded = fold_in(token, language)
    if folded.endswith(("'s", "’s")):
        folded, token = folded[:-2], token[:-2]
    # English is folded first, as it loses nothing by it; other stemmers look for accents.
    written = folded if language == ENGLISH else unicodedata.normalize("NFC", token)
    parts = _PART.findall(written)
    if parts == [written]:
        return (_stem(parts[0], language),)
    stems = [_stem(part, language) for part in parts]
    return (folded, *stems) if len(parts) > 1 else (folded, *(s for s in stems if s != folded))


def _stem(word: str, language: str) -> str:
    if word.isdigit() or (language == ENGLISH and not word.isascii()):
        return word
    return stem(word, language)


def _cjk_terms(run: str) -> Iterator[str]:
    """Yield single characters, pairs and words of katakana; traditional characters as simplified ones."""
    if _HAN.search(run):
        run = simplified(run)
    if not _KANA_OR_HANGUL.search(run):
        yield from run
        for at in range(len(run) - 1):
            yield run[at : at + 2]
        return
    for piece in _PIECE.split(run):  # at the dot between words of katakana
        yield from piece if len(piece) == 1 else _HAN.findall(piece)
        for at in range(len(piece) - 1):
            yield piece[at : at + 2]
        yield from _KATAKANA_WORD.findall(piece)


_RAISED_AFTER_DIGIT = re.compile("(?<=[0-9])(?=[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹])")
_FRACTION_AFTER_DIGIT = re.compile("(?<=[0-9])(?=[¼-¾⅐-⅞])")


def compatible(text: str) -> str:
    """Return ``text`` in NFKC (Unicode Standard Annex 15), but no number joins another: 10^5 for 10⁵, 2 1⁄2 for 2½."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", _FRACTION_AFTER_DIGIT.sub(" ", _RAISED_AFTER_DIGIT.sub("^", text)))


def terms(text: str, language: str = ENGLISH, parts_of: Callable[[str], Iterable[str]] | None = None) -> list[str]:
    """Return the index terms of ``text`` in order, repeated as often as they occur; none holds white space.

    ``language`` is the one in which words are stemmed, of ``stemming.ALGORITHMS``; ``parts_of`` gives the stems of the
    parts of a word that is a compound, which are terms too.
    """
    found: list[str] = []
    for token in _tokens(text, language in ELIDING):
        if _CJK_RUN.match(token):
            found.extend(_cjk_terms(token))
        else:
            found.extend(_word_terms(token, language))
            if parts_of and token.isalpha():
                found.extend(parts_of(token))
    return found


def bag_of_terms(text: str, languages: Sequence[str]) -> frozenset[str]:
    """Return the terms of ``text`` in each of the languages."""
    return frozenset(term for language in languages for term in terms(text, language))


def _tokens(text: str, elides: bool) -> Iterator[str]:
    text = compatible(text)
    return (match.group() for match in _TOKEN.finditer(ELISION.sub(" ", text) if elides else text))


def latin_words(text: str) -> set[str]:
    """Return the words of ``text`` of the letters a to z, folded; what has digits is a code, not a word."""
    return {word for word in map(fold, set(WORD.findall(compatible(text)))) if word.isascii()}


def is_stop(term: str) -> bool:
    """Say whether a term carries no subject of its own: an English stop word, or a pair of stop characters."""
    if term in _ENGLISH_STEMS or term in _PAIR_STOPS:
        return True
    return len(term) <= 2 and (all(c in CHINESE_STOPS for c in term) or bool(_WITH_PARTICLE.search(term)))


_ENGLISH_STEMS = ENGLISH_STOPS | {"pleas", "doe", "becaus", "ani", "onli", "whi"}


def query_terms(
    question: str, languages: Sequence[str] = ENGLISH_ONLY, known: Callable[[str], object] | None = None
) -> dict[str, int]:
    """Return the terms of a question and how often it says each, stop words left out unless nothing else is there.

    ``languages`` are those of the library; of a word with several stems, those that it holds, by ``known``.
    """
    counts: Counter[str] = Counter()
    for forms, count in query_words(question, languages, known).items():
        for term in forms:
            counts[term] += count
    return dict(counts)


def query_words(
    question: str, languages: Sequence[str] = ENGLISH_ONLY, known: Callable[[str], object] | None = None
) -> dict[tuple[str, ...], int]:
    """Return the same, the terms of one word in several languages together."""
    if tuple(languages) == ENGLISH_ONLY:
        counts = Counter(terms(question))
        return {(term,): count for term, count in counts.items() if not is_stop(term)} or {
            (term,): count for term, count in counts.items()
        }
    said: Counter[tuple[str, ...]] = Counter()
    stops: set[tuple[str, ...]] = set()
    is_stop_word = stop_words_of(question, languages)
    alike: list[tuple[str, ...]]
    for token in _tokens(question, not ELIDING.isdisjoint(languages)):
        if _CJK_RUN.match(token):
            alike = [(term,) for term in _cjk_terms(token)]
            stops.update(forms for forms in alike if is_stop(*forms))
        else:
            each = [_word_terms(token, language) for language in languages]
            if len(set(map(len, each))) > 1:  # letters that are none without their marks
                each = [tuple(term for found in each for term in found)]
            alike = [_held(forms, known) for forms in zip(*each, strict=True)]
            if is_stop_word(token):
                stops.update(alike)
            elif known and token.isalpha() and not any(map(known, alike[0])):
                alike = [(part,) for part in _parts(token, languages, known)] or alike
        said.update(alike)
    return {forms: count for forms, count in said.items() if forms not in stops} or dict(said)


def _parts(token: str, languages: Sequence[str], known: Callable[[str], object]) -> tuple[str, ...]:
    """Return the parts of a compound that the library holds apart."""
    found = (split(token, language, known) for language in languages if language in COMPOUNDING)
    return next(filter(None, found), ())


def _held(forms: tuple[str, ...], known: Callable[[str], object] | None) -> tuple[str, ...]:
    """Return the different ones of a word's stems that the library holds; the first if it holds none."""
    different = tuple(dict.fromkeys(forms))
    if len(different) == 1 or known is None:
        return different
    return tuple(filter(known, different)) or different[:1]


def stop_words_of(question: str, languages: Sequence[str]) -> Callable[[str], bool]:
    """Return what tells the stop words of a question's own language; of all that the library holds if it has none."""
    own = language_of(question)
    held = {language: _stops_in(language) for language in ((own,) if own in ALGORITHMS else languages)}
    return lambda token: any(fold_in(token, language) in stops for language, stops in held.items())


def _stops_in(language: str) -> frozenset[str]:
    return ENGLISH_STOPS if language == ENGLISH else stop_words(language)


def in_chinese(question: str) -> bool:
    """Say whether a question is to be answered in Chinese: a fifth of its letters is enough, among foreign names."""
    return cjk_share(question) >= 0.2


def cjk_share(text: str) -> float:
    """Return the share of the letters of ``text`` that are CJK characters, 0 to 1."""
    if text.isascii():
        return 0.0
    letters = sum(1 for c in text if c.isalnum())
    return len(_CJK_RUN.findall(text)) / letters if letters else 0.0
