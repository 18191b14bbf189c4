"""Tell the language of a text by its script and its function words. Knows no model and loads nothing.

Function words are a third of running text and belong to few languages each, so that a sentence is usually enough
(Grefenstette 1995, "Comparing two language identification schemes"). A title or a list of parts may have none: then
nothing is told, and the caller knows better, from the document or the library.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

from ragqa.cjk import CJK, HAN, HANGUL, KANA

ENGLISH, CHINESE = "en", "zh"

_WORDS = {
    "en": "the of and to in is that it for on are with as be this by or an at from not have which you can will your if "
    "when how what where why who does do should must may was were its has these there their than then into "
    "a they them we he she some any all more other my our could would",
    "de": "der die das und ist nicht ein eine einen einem einer des dem den mit auf für von zu im am zum zur sich auch "
    "wird werden wurde kann können muss müssen soll sollen wenn wie was wo wann warum welche welcher welches ich sie "
    "ihr ihre oder aber bei nach aus durch über unter vor sind hat haben es man nur noch",
    "fr": "le la les des du un une et est dans que qui pour par sur avec ne pas plus ce cette ces son sa ses il elle "
    "vous votre vos nous je on ou où au aux être sont peut doit faut comment quand quel quelle quels quelles pourquoi "
    "combien si mais sans sous entre puis lorsque",
    "es": "el la los las un una unos unas y es en que de del al por para con no se su sus lo como más este esta estos "
    "estas cuando cuándo cómo qué cuál cuáles dónde quién si pero sin sobre puede debe hay está son ser ha muy "
    "cuánto cuánta cuántos cuántas",
    "it": "il lo la gli le un uno una e è di del della dei delle degli che in per con non si da dal dalla nel nella al "
    "alla ai alle come quando quale quali dove perché chi cosa se ma sono può deve questo questa questi queste più "
    "quanto quanta quanti quante ogni",
    "pt": "o a os as um uma uns umas e é de do da dos das em no na nos nas que para por com não se seu sua seus suas "
    "como quando qual quais onde quem porque mas ou são pode deve este esta isso mais ao à às aos pelo pela você está "
    "quanto quanta quantos quantas",
    "nl": "de het een en is van in op te dat die niet met voor aan er zijn wordt worden kan kunnen moet moeten als hoe "
    "wat waar wanneer waarom welke wie u uw ook door naar bij om of maar uit over deze dit nog geen",
    "sv": "och är att det som en ett den de i på för med av till inte har kan ska måste om när hur vad var varför "
    "vilken vilket vilka du din ditt dina från eller men vid under denna detta dessa utan ut upp",
    "da": "og er at det som en et den de i på for med af til ikke har kan skal må hvis når hvordan hvad hvor hvorfor "
    "hvilken hvilket hvilke du din dit dine fra eller men ved under denne dette disse uden ud op",
    "no": "og er at det som en et den de i på for med av til ikke har kan skal må hvis når hvordan hva hvor hvorfor "
    "hvilken hvilket hvilke du din ditt dine fra eller men ved under denne dette disse uten ut opp",
    "fi": "ja on ei se että joka mitä miten kun jos tai mutta voi täytyy pitää ovat oli ole tämä tämän nämä ne sen "
    "niin kuin myös sekä mikä missä milloin miksi kuinka kuka sinun hän he te",
    "hu": "a az és egy hogy nem is van ez azt mint meg csak de ha vagy kell lehet mi mit hol mikor miért hogyan ki "
    "melyik ezt ezek azok minden már még után előtt",
    "ro": "și este nu în la de pe cu care un o pentru din să se ce mai sau dar dacă când cum unde cine trebuie poate "
    "sunt al ale lui ei prin după fără această acest",
    "tr": "ve bir bu ile için de da ne nasıl nerede neden kim hangi değil olarak olan gibi daha en çok veya ya ama "
    "eğer mi mı mu mü var yok her kadar sonra önce",
    "pl": "i w na z nie się jest do to że o jak po co od za ale czy gdy gdzie kiedy dlaczego który która które kto "
    "może można należy musi są lub oraz przez dla przy bez ten ta te",
    "cs": "a je v na se že to s z do o jak co od za ale nebo pro při kde kdy proč který která které kdo může musí "
    "jsou by aby bez tento tato toto není jako až po před",
    "ru": "и в не на с что как по это для от к из у или но если когда где почему какой какая какие кто чем до при "
    "без можно нужно должен быть есть его их вы ваш так же только над под",
}
"""Words that join, point and ask, by ISO 639-1: of languages that manuals are often in."""

_WORD = re.compile(rf"(?<![\w-])(?:(?![{CJK}\d_])\w)+(?![\w-])")
_SCRIPTS = tuple(
    (language, re.compile(f"[{letters}]"))
    for language, letters in (
        ("ko", HANGUL),
        ("zh", HAN),
        ("el", "\u0370-\u03ff"),
        ("ar", "\u0600-\u06ff"),
        ("he", "\u0590-\u05ff"),
        ("hi", "\u0900-\u097f"),
        ("th", "\u0e00-\u0e7f"),
    )
)
"""Scripts that tell a language by themselves, and of the languages that share one the most usual."""
_KANA = re.compile(f"[{KANA}]")
_CYRILLIC = re.compile("[\u0400-\u04ff]")

OF_SCRIPT = 0.2
"""Share of a text's letters in a script from which it is in its language: codes and names stand among them in Latin."""
OF_JAPANESE = 0.05
"""Share of kana among the Han characters and kana of a text from which it is Japanese."""
LEAST_SHARE = 0.12
"""Of the words of a text, function words of its language: less is a list of names, which tells nothing."""
SAMPLE = 20_000
"""Characters of a long text that are looked at."""


def language_of(text: str) -> str | None:
    """Return the ISO 639-1 code of a text's language; None where it does not tell."""
    text = text[:SAMPLE]
    letters = sum(map(str.isalpha, text))
    if not letters:
        return None
    if not text.isascii():
        for language, script in _SCRIPTS:
            count = len(script.findall(text))
            kana = len(_KANA.findall(text)) if language == CHINESE else 0
            if count + kana >= OF_SCRIPT * letters:
                return "ja" if kana and kana >= OF_JAPANESE * (count + kana) else language
    said = _WORD.findall(text)
    names = not text.isupper()  # of which some are written like function words: MIT, IT
    words = Counter(word.casefold() for word in said if not (names and len(word) > 1 and word.isupper()))
    told: Counter[str] = Counter()
    sure = set()  # a language all of whose words are single letters is not: they may be units or codes
    for word, count in words.items():
        for language in _languages_of_words().get(word, ()):
            told[language] += count
            if len(word) > 1:
                sure.add(language)
    best = max(_WORDS, key=lambda language: told[language] if language in sure else 0)  # English first: of equals
    if best in sure and told[best] >= max(1, LEAST_SHARE * words.total()):
        return best
    return "ru" if len(_CYRILLIC.findall(text)) >= OF_SCRIPT * letters else None


@cache
def _languages_of_words() -> dict[str, tuple[str, ...]]:
    """Return in which languages each function word is one."""
    found: dict[str, list[str]] = {}
    for language, held in function_words().items():
        for word in held:
            found.setdefault(word, []).append(language)
    return {word: tuple(languages) for word, languages in found.items()}


@cache
def function_words() -> dict[str, frozenset[str]]:
    """Return the words of each language that join, point and ask, in lower case."""
    return {language: frozenset(words.split()) for language, words in _WORDS.items()}
