"""Which Chinese questions belong to the one before them: 它, 那…, 多久换一次, 滤网 after 初效滤网."""

from __future__ import annotations

import re

_LEANS = re.compile(
    r"^\W*(?:还有|還有|而|另外|然后|然後|接着|接著|那)"
    r"|[它牠]|[这這]|(?<!哪)那|(?<![应應])[该該]|(?<![因如彼])此(?!外)|(?<![尤极極])其(?!中|实|實|次)|同样|同樣|上述|前者|后者|後者"
)
_ASKING = (
    "为什么|為什麼|为何|為何|怎么样|怎麼樣|怎么办|怎麼辦|怎么|怎麼|怎样|怎樣|如何|什么时候|什麼時候|何时|何時|什么|什麼|多长时间|多長時間|多久|多少"
    "|多长|多長|多大|多高|多重|多远|多遠|几次|幾次|几个|幾個|几|幾|哪里|哪裡|哪些|哪个|哪個|哪种|哪種|哪|谁|誰|是不是|是否|能不能|能否|可不可以|可否"
    "|要不要|有没有|有沒有|需不需要"
)
_MODALS = "可以|应该|應該|必须|必須|需要|允许|允許|能够|能夠"
_OTHER = (
    "请问|請問|一次|每次|时间|時間|我们|我們|你们|你們|以及|或者|还是|還是|并且|並且|进行|進行"
    "|使用|才能|要用|的话|的話|请|請|吗|嗎|呢|吧|啊|的|了|和|与|與|或|在|是"
)
_ASKS = re.compile(f"{_ASKING}|吗|嗎|[不没沒]")
_SPLIT = re.compile(rf"(?:{_ASKING}|{_MODALS}|{_OTHER}|[^\w]|_)+")
_HOW = re.compile(
    r"\W*(?:请问|請問)?(?:我|你|您)?(?:为什么|為什麼|怎么|怎麼|怎样|怎樣|如何|什么时候|什麼時候|何时|何時|多久|多长时间|多長時間|几次|是否|能不能|能否"
    r"|可不可以|可否|要不要|可以|应该|應該|必须|必須)(?!办|辦|样|樣)"
)
"""How a question begins whose next word is a verb: 怎么清洗, 可以水洗."""

_WHICH = re.compile(r"\W*(?:用|要|选|選|需要)?(?:什么|什麼|哪种|哪種|哪个|哪個|哪些)(?!是)")
"""How a question begins that asks for a property of something unsaid: 什么型号, 用哪种油."""

_LIGHT = frozenset("我你您要会會能可有用就都也还還再又把被给給让讓从從到对對很最")
"""Characters that name nothing, at the edge of a run of others."""

WORD = 2
"""Most Chinese words have two characters."""

LONGEST = 20
"""A Chinese question of more characters, those that only ask left out, says enough to be understood alone."""


def _runs(text: str) -> list[str]:
    """Return what is left of a Chinese text without the words that only ask or join."""
    runs = []
    for run in _SPLIT.split(text):
        while run and run[0] in _LIGHT and len(run) != WORD:
            run = run[1:]
        while run and run[-1] in _LIGHT and len(run) != WORD:
            run = run[:-1]
        if run:
            runs.append(run)
    return runs


def leans(question: str) -> bool:
    """Say whether the form of a question alone shows that it needs the turn before it."""
    return bool(_LEANS.search(question)) or _elliptical(question)


def _elliptical(question: str) -> bool:
    """Say whether a question leaves out what it is about: 多久？ 怎么清洗？ 高效滤网呢？"""
    runs = _runs(question)
    if question.rstrip("?？!！。 ").endswith("呢") and not _ASKS.search(question):
        return True
    if any(c.isascii() and c.isalnum() for c in question):
        return False
    asks = bool(_HOW.match(question) or _WHICH.match(question))
    alone = len(runs) == 1 and (len(runs[0]) == 1 or (asks and len(runs[0]) <= WORD))
    return not runs or alone or bool(re.fullmatch(r"\W*[要能会會可].[吗嗎不]?\W*", question))


def takes_up(text: str, question: str, answer: str) -> bool:
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
