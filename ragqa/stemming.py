"""Stem the words of a language, and know which of them carry no subject: Snowball's stemmers by ISO 639-1 code.

A stem is found with the accents that its rules look for, then folded, so that 'größe', 'Groesse' and 'GROSSE' meet.
Knows nothing of texts, codes or Chinese; English, the language of a text that does not tell, is ``analysis.py``'s.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Any

from ragqa.languages import ENGLISH, function_words, language_of

ALGORITHMS = {
    ENGLISH: "english",
    "ar": "arabic",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hu": "hungarian",
    "it": "italian",
    "nl": "dutch",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "tr": "turkish",
}
"""The languages whose words are stemmed, and what Snowball calls them."""

OTHER_ALPHABETS = frozenset({"ar", "el", "ru"})
"""Languages among whose words those of the letters a to z are names and English."""

ELISION = re.compile(
    r"(?i)(?<!\w)(?:[cdjlmnstv]|qu|jusqu|lorsqu|puisqu|quoiqu|un|quest|quell|(?:d|n|s|c)?[ae]ll|all|sull|gl|dov|com)"
    r"['’](?=\w)"
)
"""What French and Italian put before a vowel: l'eau, jusqu'à, dell'acqua."""
ELIDING = frozenset({"fr", "it"})

_UNACCENTED = {
    "es": ((re.compile("([cs])ion$"), r"\1ión"),),
    "pt": ((re.compile("cao$"), "ção"), (re.compile("coes$"), "ções")),
}
"""Endings that people type without the accents by which a stemmer knows them."""

_PARTICIPLE = re.compile(
    r"^((?:ab|an|auf|aus|ein|nach|um|vor|weg|zu|zurück)(?=ge(?:\w{5,}|\w{2,}[^aeiou]e?t)$)"
    r"|(?=ge\w{3,}[^aeiou]e?t(?:e[mnrs]?)?$))ge"
)
_VERB_ENDING = re.compile("(?<=[^aeiou])e?t$")
LEAST_VERB = 6
"""Letters of a German stem that loses its ending."""

_MORE_STOPS = {
    "de": "bitte mein meine meinen meinem meiner mir mich dein deine man dies diese dieser dieses diesen diesem alle "
    "als so dann denn da dort hier wozu womit wofür woran worauf wodurch welchen welchem wer wem wen wessen wieso darf "
    "dürfen wäre würde sein seine seinen mal etwas gibt geht macht machen tun ins beim vom",
    "fr": "mon ma mes mettre faire fait y en à a ai as ont avoir lui leur leurs aussi alors donc cela ça celui celle "
    "quoi lequel laquelle lesquels lesquelles est-ce dois puis peux svp merci cet",
    "es": "mi mis me te lo le les cuánto cuánta cuántos cuántas cuáles quiénes porque ese esa eso fue hacer hace tengo "
    "tiene puedo debo también ya favor",
    "it": "mio mia miei mie mi ti ci ne cui quanto quanta quanti quante quello quella fare fa ho hanno anche dopo devo "
    "posso dell all nell sull dall quali qual favore",
    "pt": "meu minha meus minhas me lhe quanto quanta quantos quantas quê porquê fazer faz tenho tem posso devo também "
    "já favor isto esse essa",
    "nl": "mijn me mij ik je jij jouw hij zij wij hun waarom waarmee waarvoor hoeveel doen doe heb heeft had mag dan "
    "dus al zo alstublieft",
}
"""Words that ask, point and ask politely, beside those by which a language is known."""

SAMPLE = 8_000
"""Characters of a document by which its language is told."""
SURELY_ENGLISH = 0.2
"""Share of English function words from which a text is English without a look at other languages."""
LEAST_WORDS = 3
"""Different function words of another language than English, that English has not, in a text of that language: titles
and names hold one or two."""


@cache
def _stemmer(language: str) -> Any:
    import Stemmer

    return Stemmer.Stemmer(ALGORITHMS[language])


def stem(word: str, language: str) -> str:
    """Return the stem of a word in NFC, folded. ``language`` is one of ``ALGORITHMS``."""
    if language in OTHER_ALPHABETS and word.isascii():
        language = ENGLISH
    if language == ENGLISH:
        return str(_stemmer(ENGLISH).stemWord(word.lower()))
    word = _lower(word, language)
    for ending, accented in _UNACCENTED.get(language, ()):
        word = ending.sub(accented, word)
    if language == "de":
        word = _PARTICIPLE.sub(r"\1", word)
    found = fold_in(str(_stemmer(language).stemWord(word)), language)
    return _without_verb_ending(found) if language == "de" else found


def _without_verb_ending(stemmed: str) -> str:
    """Return a German stem without the -t of verbs, which Snowball leaves as it does the ge- of participles: blinkt,
    gereinigt, aufgeladen. Nouns such as Gewicht lose the same in all their forms."""
    while len(stemmed) >= LEAST_VERB and (shorter := _VERB_ENDING.sub("", stemmed)) != stemmed:
        stemmed = shorter
    return stemmed


def fold(text: str) -> str:
    """Return ``text`` in lower case and without accents."""
    return _MARKS.sub("", unicodedata.normalize("NFKD", text)).lower()


_MARKS = re.compile(r"[\u0300-\u036f]")


def fold_in(text: str, language: str) -> str:
    """Return ``text`` folded, as people type the language on any keyboard: without Turkish's dotless i."""
    folded = fold(text)
    return folded.replace("ı", "i") if language == "tr" else folded


def _lower(word: str, language: str) -> str:
    if language == "tr":
        word = word.replace("İ", "i").replace("I", "ı")
    return word.lower()


@cache
def stop_words(language: str) -> frozenset[str]:
    """Return the words of a language that name no subject, folded; none where they are not known."""
    words = {*function_words().get(language, ()), *_MORE_STOPS.get(language, "").split()}
    return frozenset(fold_in(word, language) for word in words)


def document_language(text: str) -> str | None:
    """Return in which language of ``ALGORITHMS`` the words of a text are stemmed; None where it does not tell.

    Chinese, Japanese and Korean texts, and those of languages without a stemmer, are stemmed as English: what of their
    words is in Latin letters mostly is.
    """
    text = text[:SAMPLE]
    words = text.lower().split()
    held = function_words()
    if words and sum(map(held[ENGLISH].__contains__, words)) >= SURELY_ENGLISH * len(words):
        return ENGLISH
    language = language_of(text)
    if language is None or language == ENGLISH:
        return language
    if language not in ALGORITHMS:
        return ENGLISH
    own = {word for word in set(words) & held.get(language, frozenset()) - held[ENGLISH] if len(word) > 1}
    return language if len(own) >= LEAST_WORDS or language not in held or language in OTHER_ALPHABETS else None
