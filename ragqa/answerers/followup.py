"""Make a follow-up question stand alone without a language model: 'and how long does that take?'.

A question belongs to the one before it where its form leans on it (pronouns, ellipses), or where it says little itself
and what it says was named in the last question or answer. The rules are of grammar, one set for English and one for
Chinese; of the languages of ``wording`` only the form is looked at.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ragqa.analysis import ENGLISH_STOPS, terms
from ragqa.cjk import CJK
from ragqa.languages import function_words
from ragqa.wording import question_words, speaking

if TYPE_CHECKING:
    from ragqa.answerers.base import Turn


def standalone(question: str, history: Sequence[Turn]) -> str:
    """Return ``question`` with what it belongs to in front: the last question that stood by itself, and those since."""
    asked = [question]
    for turn in reversed(history):
        if not belongs(asked[0], turn):
            break
        asked.insert(0, turn.question)
    return " ".join(asked)


def belongs(question: str, last: Turn) -> bool:
    """Say whether ``question`` can't be understood without ``last``, the turn before it."""
    text, before, answer = (unicodedata.normalize("NFKC", one) for one in (question, last.question, last.answer))
    if question_words(text).leans:
        return leans(text)
    if _is_chinese(text):
        joins = _chinese_joins(text, f"{before}\n{answer}")
        return not joins and (_chinese_leans(text) or _chinese_takes_up(text, before, answer))
    return not _joins(text, before, answer) and (_english_leans(text) or _english_takes_up(text, before, answer))


def leans(question: str) -> bool:
    """Say whether the form of a question alone shows that it needs the turn before it."""
    if question_words(question).leans:
        return _leans_in(speaking(question), unicodedata.normalize("NFKC", question))
    leans = _chinese_leans if _is_chinese(question) else _english_leans
    return leans(unicodedata.normalize("NFKC", question))


def _leans_in(language: str, question: str) -> bool:
    """Say whether the form of a question, or that it holds no more than words that ask, needs the turn before it."""
    own = question_words(question)
    if re.search(own.leans, question, re.IGNORECASE):
        return True
    left = re.sub(rf"(?<!\w)(?:{own.bare})(?!\w)", " ", question, flags=re.IGNORECASE)
    if language in ("ja", "ko"):
        left = re.sub(own.bare, " ", left)
    held = function_words().get(language, frozenset())
    return not any(word.casefold() not in held for word in re.findall(r"\w+", left))


def _is_chinese(question: str) -> bool:
    return re.search(f"[{CJK}]", question) is not None


# Chinese: 它, 那…, 多久换一次, 滤网 after 初效滤网

_CHINESE_JOINS = re.compile(r"\W*(?:还有|還有|而且|另外|那么|那麼|那(?![么麼个個种種些样樣里裡边邊时時]))")
"""What joins a question to the turn before that may be about something else."""
_LEANS = re.compile(
    r"^\W*(?:还有|還有|而|另外|然后|然後|接着|接著|那)"
    r"|[它牠]|[这這]|(?<!哪)那|(?<![应應])[该該]|(?<![因如彼])此(?!外)|(?<![尤极極])其(?!中|实|實|次)|同样|同樣|上述|前者|后者|後者"
)
_ASKING_PHRASES = (
    "为什么|為什麼|为何|為何|怎么样|怎麼樣|怎么办|怎麼辦|怎么|怎麼|怎样|怎樣|如何|什么时候|什麼時候|何时|何時|什么|什麼|多长时间|多長時間|多久|多少"
    "|多长|多長|多大|多高|多重|多远|多遠|几次|幾次|几个|幾個|几|幾|哪里|哪裡|哪些|哪个|哪個|哪种|哪種|哪|谁|誰|是不是|是否|能不能|能否|可不可以|可否"
    "|要不要|有没有|有沒有|需不需要"
)
_MODAL_PHRASES = "可以|应该|應該|必须|必須|需要|允许|允許|能够|能夠"
_OTHER = (
    "请问|請問|一次|每次|时间|時間|我们|我們|你们|你們|以及|或者|还是|還是|并且|並且|进行|進行"
    "|使用|才能|要用|的话|的話|请|請|吗|嗎|呢|吧|啊|的|了|和|与|與|或|在|是"
)
_ASKS = re.compile(f"{_ASKING_PHRASES}|吗|嗎|[不没沒]")
_SPLIT = re.compile(rf"(?:{_ASKING_PHRASES}|{_MODAL_PHRASES}|{_OTHER}|[^\w]|_)+")
_HOW = re.compile(
    r"\W*(?:请问|請問)?(?:我|你|您)?(?:为什么|為什麼|怎么|怎麼|怎样|怎樣|如何|什么时候|什麼時候|何时|何時|多久|多长时间|多長時間|几次|是否|能不能|能否"
    r"|可不可以|可否|要不要|可以|应该|應該|必须|必須)(?!办|辦|样|樣)"
)
"""How a question begins whose next word is a verb: 怎么清洗, 可以水洗."""

_WHICH = re.compile(r"\W*(?:用|要|选|選|需要)?(?:什么|什麼|哪种|哪種|哪个|哪個|哪些)(?!是)")
"""How a question begins that asks for a property of something unsaid: 什么型号, 用哪种油."""

_LIGHT_CHARACTERS = frozenset("我你您要会會能可有用就都也还還再又把被给給让讓从從到对對很最")
"""Characters that name nothing, at the edge of a run of others."""

WORD = 2
"""Most Chinese words have two characters."""

LONGEST = 20
"""A Chinese question of more characters, those that only ask left out, says enough to be understood alone."""


def _chinese_joins(text: str, said: str) -> bool:
    """Say whether a whole question about something new is only joined to the turn before: 另外，高效滤网多久换一次？"""
    opened = _CHINESE_JOINS.match(text)
    rest = text[opened.end() :] if opened else ""
    runs = _runs(rest)
    named = len(runs) > 1 and len(runs[0]) > WORD and runs[0] not in said
    return named and bool(_ASKS.search(rest)) and not _chinese_leans(rest)


def _runs(text: str) -> list[str]:
    """Return what is left of a Chinese text without the words that only ask or join."""
    runs = []
    for run in _SPLIT.split(text):
        while run and run[0] in _LIGHT_CHARACTERS and len(run) != WORD:
            run = run[1:]
        while run and run[-1] in _LIGHT_CHARACTERS and len(run) != WORD:
            run = run[:-1]
        if run:
            runs.append(run)
    return runs


def _chinese_leans(question: str) -> bool:
    """Say whether the form of a question alone shows that it needs the turn before it."""
    return bool(_LEANS.search(question)) or _chinese_elliptical(question)


def _chinese_elliptical(question: str) -> bool:
    """Say whether a question leaves out what it is about: 多久？ 怎么清洗？ 高效滤网呢？"""
    runs = _runs(question)
    if question.rstrip("?？!！。 ").endswith("呢") and not _ASKS.search(question):
        return True
    if any(c.isascii() and c.isalnum() for c in question):
        return False
    asks = bool(_HOW.match(question) or _WHICH.match(question))
    alone = len(runs) == 1 and (len(runs[0]) == 1 or (asks and len(runs[0]) <= WORD))
    return not runs or alone or bool(re.fullmatch(r"\W*[要能会會可].[吗嗎不]?\W*", question))


def _chinese_takes_up(text: str, question: str, answer: str) -> bool:
    """Say whether ``text`` asks briefly about what ``question`` or ``answer``, the turn before, named."""
    runs = _runs(text)
    if not runs or sum(map(len, runs)) > LONGEST or any(c.isascii() and c.isalnum() for run in runs for c in run):
        return False
    subject, *others = runs
    said = f"{question}\n{answer}"
    if sum(len(run) for run in others if run not in said) > 2 * WORD:
        return False
    how = _HOW.match(text)
    if how and others and _is_verb(subject, said):
        subject, how = others[0], None
    if subject in said:
        return len(subject) >= WORD and (len(subject) < 2 * WORD or subject not in question)
    if how:  # a verb, and what it is done to: 更换滤网
        return any(_short_in(subject[verb:], said) for verb in (1, WORD))
    if len(subject) == 1 + WORD and subject[1:] in said:  # one character about it: 旧滤网
        return True
    for end in range(len(subject) - 1, WORD - 1, -1):
        topic, rest = subject[:end], subject[end:]
        if topic in said:
            return _short_in(rest, said) if _is_verb(topic, said) else len(rest) <= 2 * WORD
    return False


def _short_in(name: str, said: str) -> bool:
    """Say whether ``name`` was said and is too short to be a full name: 滤网, not 初效滤网."""
    return WORD <= len(name) < 2 * WORD and name in said


def _is_verb(word: str, said: str) -> bool:
    """Say whether ``said`` asks how to do ``word``."""
    return any(said[match.end() :].startswith(word) for match in _HOW.finditer(said))


# English: pronouns, ellipses, 'the bug' after 'a security bug'

MOST_NEW = 3
"""A question that adds more words than these to what was named before says enough to be understood alone."""

MOST_WORDS = 80
"""A longer question brings along what it is about."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_WORD = re.compile(r"[^\W_]+(?:[-_./+:'’][^\W_]+)*[+#]*|[^\w\s]")
_OPENERS = re.compile(r"\W*(?:and|but|or|so|then|also|plus|else|what about|how about|what if)\b", re.I)
_JOINS = re.compile(r"\W*(?:and|but|or|so|also|plus)\b", re.I)
"""Those of them that may join a question about something else; 'then' asks for the next step."""
_AUXILIARIES = _set(
    "is are was were am be been do does did can could may might must shall should will would has have had isn't aren't "
    "don't doesn't didn't can't couldn't won't wouldn't shouldn't"
)
_MODALS = _AUXILIARIES - _set("is are was were am be been has have had isn't aren't")
_BE = _set("is are was were")
_NAMING = _set("what which who where")
"""Before a form of 'be' these ask for the whole of what follows it; others ask what it is like."""
_PREPOSITIONS = _set(
    "about above after against at before below between by during for from in inside into of off on onto out over per "
    "since through under until up upon via while with within without"
)
_CONJUNCTIONS = _set("after and because before but if once or so then unless until when whenever while")
_CLAUSES = _set("because if once unless when whenever while")
_ASKING = _set("what which who whom whose when where why how")
_DETERMINERS = _set("a an any each every my our the their your")
_PERSONS = _set("i you we one")
_LIGHT = _set(
    # words that name nothing: of asking, of measure, and verbs that could stand beside anything
    "long often much many far soon big large high low time times kind sort way thing things exactly actually really "
    "possible necessary required needed allowed recommended ok okay yes no not always ever never still already now "
    "more less most least all few take takes taken mean means meant happen happens work works use used uses using make "
    "makes made go goes come comes done else too very same other others another first next last if off out up down "
    "again instead"
)
_FUNCTION = ENGLISH_STOPS | _AUXILIARIES | _PREPOSITIONS | _CONJUNCTIONS | _ASKING | _DETERMINERS | _PERSONS | _LIGHT
_PROPERTIES = _set(
    "amount angle capacity cause class code color colour cost current date deadline depth diameter difference "
    "distance dose duration effect frequency gap height interval length level life lifespan limit material "
    "maximum meaning method minimum model name number order part period position power pressure price procedure "
    "purpose range rate reason result risk setting side size speed status step temperature thickness time "
    "tolerance torque type value version voltage volume weight width wording"
)
_PRONOUNS = _set("it its itself he she him her his they them their theirs this these those")
_ANAPHORIC = _set("same other others again instead otherwise afterwards either neither former latter else")
_ENDING = _set("too next then better worse cheaper faster longer sooner")
"""Words that lean on something where nothing follows them: 'is that safe too?', 'what comes next?'"""

_EXPLETIVE = re.compile(
    r"(?:takes?|(?:possible|necessary|safe|normal|ok|okay|better|best|important|dangerous|hard|easy|allowed|recommended"
    r"|required|enough|worth))\s(?:.*\s)?(?:to|that|if|for)\s"
)
"""What follows the 'it' of 'does it take to …' and 'is it safe to …', which stands for nothing."""


def _english_leans(question: str) -> bool:
    """Say whether the form of a question alone shows that it needs the turn before it."""
    words = _words(question)
    if _OPENERS.match(question) or len(words) > MOST_WORDS:
        return len(words) <= MOST_WORDS
    return any(_refers(words, at) for at in range(len(words))) or _elliptical(words)


def _joins(text: str, question: str, answer: str) -> bool:
    """Say whether a whole question about something new is only joined to the turn before: 'And where is the drain?'"""
    opened = _JOINS.match(text)
    rest = text[opened.end() :] if opened else ""
    words = _words(rest)
    asks = any(word.lower() in _AUXILIARIES for word in words)
    if not asks or _english_leans(rest):
        return False
    known = _known(_words(question), _words(answer))
    return any(
        not known.issuperset(terms(words[i])) and not _is_property(words[phrase[-1]])
        for phrase in _definite(words)
        for i in phrase
    )


def _is_property(word: str) -> bool:
    """Say whether a word names what only something else has, or what is done to it: price, drying."""
    lower = word.lower()
    return bool({lower, lower.removesuffix("s")} & _PROPERTIES) or lower.endswith("ing")


def _words(text: str) -> list[str]:
    return _WORD.findall(text)


def _at(words: Sequence[str], at: int) -> str:
    return words[at].lower() if 0 <= at < len(words) else ""


def _is_content(word: str) -> bool:
    return word.lower() not in _FUNCTION and (len(word) > 1 or word.isdigit()) and any(c.isalnum() for c in word)


def _is_name(words: Sequence[str], at: int) -> bool:
    """A code or a proper name says by itself what is meant."""
    word = words[at]
    return any(c.isdigit() for c in word) or (len(word) > 1 and word.isupper()) or (at > 0 and word[0].isupper())


def _refers(words: Sequence[str], at: int) -> bool:
    """Say whether the word at ``at`` stands for something that was said before the question."""
    word, before, after = _at(words, at), _at(words, at - 1), _at(words, at + 1)
    ends = not after or not after[0].isalnum()
    if word == "that":  # of 'know that the', 'the part that is' is a conjunction
        return before != "so" and (before in _FUNCTION or before == "" or after not in _FUNCTION or ends)
    if word in ("one", "ones"):
        return (ends or not _is_content(after)) and before not in _MODALS | {"no", "than"}
    if word == "there":
        return before not in _AUXILIARIES and after not in _AUXILIARIES
    if word in _ENDING:
        return ends and at > 0
    if word in _ANAPHORIC:
        return not (word == "same" and after == "time")
    if word not in _PRONOUNS:
        return False
    if word == "it" and _EXPLETIVE.match(" ".join(words[at + 1 :]).lower() + " "):
        return False
    return not _named_within(words, at)


def _named_within(words: Sequence[str], at: int) -> bool:
    """Say whether an earlier clause of the question names what the pronoun at ``at`` stands for."""
    clause = next((i for i in range(at, 0, -1) if _at(words, i) in _CONJUNCTIONS or words[i] in ",;.:?!"), 0)
    return any(_at(words, i) in _DETERMINERS and _is_content(words[i + 1]) for i in range(clause - 1))


def _elliptical(words: Sequence[str]) -> bool:
    """Say whether a question leaves out what it is about: 'How long?', 'In winter?', 'How do I reset?'"""
    content = [i for i, word in enumerate(words) if _is_content(word)]
    if not content:
        return True
    first, only = _at(words, 0), content[0]
    if first in _PREPOSITIONS and not any(word.lower() in _AUXILIARIES for word in words):
        return len(content) <= MOST_NEW
    if len(content) > 1 or _is_name(words, only):
        return False
    person_does = _at(words, only - 1) in _PERSONS and _at(words, only - 2) in _MODALS
    return (first in ("what", "which") and only == 1) or person_does


def _english_takes_up(text: str, question: str, answer: str) -> bool:
    """Say whether ``text`` asks briefly about what ``question`` or ``answer``, the turn before, named."""
    return _takes_up(_words(text), _words(question), _words(answer))


def _takes_up(words: Sequence[str], question: Sequence[str], answer: Sequence[str]) -> bool:
    content = [i for i, word in enumerate(words) if _is_content(word)]
    known = _known(question, answer)
    new = [i for i in content if not known.issuperset(terms(words[i]))]
    if not content or len(new) > MOST_NEW:
        return False
    if any(_short_for(phrase, words, known, question) for phrase in _definite(words)):
        return True
    if len(content) == 1:
        return not new and not _is_name(words, content[0])
    asks = any(word.lower() in _AUXILIARIES | _ASKING for word in words)
    return not asks and words[-1] == "?" and content[-1] not in new and _at(words, 0) in ("the", "a", "an")


def _known(question: Sequence[str], answer: Sequence[str]) -> set[str]:
    """Return the terms of what the words of a question and its answer name."""
    return {term for word in (*question, *answer) if _is_content(word) for term in terms(word)}


def _definite(words: Sequence[str]) -> list[list[int]]:
    """Return the places of the words of each phrase with 'the', a verb or an adjective behind it left out."""
    phrases = []
    for at in (i for i, word in enumerate(words) if word.lower() == "the"):
        end = at + 1
        while end < len(words) and _is_content(words[end]):
            end += 1
        before, bare = _at(words, at - 1), _at(words, end) not in _AUXILIARIES | {"need", "get"}
        if before in _CLAUSES and bare:  # the verb has an ending: 'if the valve stays shut'
            end = next((i for i in range(at + 2, end) if re.search("[^s]s$|ed$", _at(words, i))), end)
        elif (before in _MODALS and bare) or (before in _BE and _at(words, 0) not in _NAMING):
            end = max(end - 1, at + 2)
        phrases.append(list(range(at + 1, min(end, len(words)))))
    return [phrase for phrase in phrases if phrase and _is_content(words[phrase[0]])]


def _short_for(phrase: Sequence[int], words: Sequence[str], known: set[str], question: Sequence[str]) -> bool:
    """Say whether a phrase with 'the' takes up what was named, and is no full name of it."""
    if any(_is_name(words, i) or not known.issuperset(terms(words[i])) for i in phrase):
        return False
    if _at(words, phrase[-1] + 1) == "of" and any(
        not known.issuperset(terms(word)) for word in words[phrase[-1] + 2 : phrase[-1] + 5] if _is_content(word)
    ):
        return False
    if len(phrase) == 1:
        return True
    sought = [terms(words[i]) for i in phrase]
    for at in range(len(question)):
        if [terms(word) for word in question[at : at + len(phrase)]] == sought:
            return at > 0 and _is_content(question[at - 1])
    return True
