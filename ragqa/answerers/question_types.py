"""What a question asks for: a kind of value, a form of text (steps, a list, a rule), which of two opposites.

The rules of English and Chinese stand here, those of other languages in ``wording``: a question is read by the rules
of its own language first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Literal

from ragqa.analysis import compatible, query_terms, terms
from ragqa.wording import WORDINGS, question_words

_ASKED = {
    "time": re.compile(
        r"\bwhen\b|\b(?:what|which|whose) (?:year|date|day|month|century|decade)\b"
        r"|何时|何時|何年|哪年|哪一?[年天月日]|哪个世纪|哪個世紀|什么时候|什麼時候|甚麼時候|年份|几年|幾年|几月|幾月",
        re.I,
    ),
    "number": re.compile(
        r"\bhow (?:many|much|long|often|far|old|big|large|high|tall|deep|fast|heavy|wide|hot|cold|loud|soon)\b"
        r"|\b(?:what|which) (?:percentage|percent|number|size|voltage|temperature|weight|time|value|distance|speed"
        r"|length)\b|多少|多久|多长|多長|多大|多高|多远|多遠|多重|几|幾",
        re.I,
    ),
    "name": re.compile(
        r"\b(?:who|whom|whose|where)\b|\b(?:which|what) (?:city|country|person|team|company|state|place)\b"
        r"|谁|誰|哪位|哪里|哪裡|哪裏|何处|何處|哪一?[个個]?(?:国|國|城|人|地|省|市)|何人",
        re.I,
    ),
}
_TIME = re.compile(
    r"\b1\d{3}\b|\b20\d\d\b|\b(?:January|February|March|April|May|June|July|August|September|October|November|December|"
    r"Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|century|centuries)\b|[\d一二三四五六七八九十]\s?[年月日]|世纪|世紀"
)
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
_NUMERAL = re.compile(
    r"\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|once|twice|dozens?|hundreds?|thousands?|"
    r"millions?|billions?|half|third|quarter|daily|weekly|monthly|yearly|annually)\b|[二三四五六七八九十百千万萬亿億两兩]",
    re.I,
)
_ASKED_UNIT = re.compile(r"(?:多少|几|幾)(?!乎)个?個?([\u4e00-\u9fff])|(?i:\bhow many (\w{3,}))")
_PROPER_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][\w-]+|·|《")


def asked_kind(question: str) -> str | None:
    """Return what a question asks for: 'time', 'number', 'name', or None where that can't be seen."""
    own = question_words(question).kinds
    told = next((kind for kind, pattern in own.items() if _says(pattern, question)), None)
    return told or next((kind for kind, pattern in _ASKED.items() if pattern.search(question)), None)


def _says(pattern: str, text: str) -> bool:
    """Whether a pattern of ``wording`` is found in a text; one that is empty is in none."""
    return bool(pattern) and re.search(pattern, text, re.IGNORECASE) is not None


def holds_kind(kind: str | None, window: str, question: str) -> float:
    """Say how well a window holds a thing of ``kind`` that the question does not itself hold: 0 to 1."""
    if kind == "time":
        dates = question_words(question).dates
        fresh = any(found not in question for found in _TIME.findall(window))
        return 1.0 if fresh or _says(dates, window) else 0.0
    if kind == "number":
        return _holds_number(window, question)
    if kind == "name":
        return 1.0 if any(name not in question for name in _PROPER_NAME.findall(window)) else 0.0
    return 0.0


def _holds_number(window: str, question: str) -> float:
    asked = set(_DIGITS.findall(question))
    fresh = [m for m in _DIGITS.finditer(window) if m.group() not in asked]
    fresh += list(_NUMERAL.finditer(window))
    if numerals := question_words(question).numerals:
        fresh += list(re.finditer(numerals, window, re.IGNORECASE))
    unit = _ASKED_UNIT.search(question)
    if fresh and unit:
        word = (unit.group(1) or unit.group(2)).lower().rstrip("s")
        if any(word in window[m.end() : m.end() + (3 if unit.group(1) else 30)].lower() for m in fresh):
            return 1.0
    return 0.5 if fresh else 0.0


COUNT = "number of them"
"""The type of how many there are of a thing."""

_NUMBER = (
    r"(?:\d+(?:[.,]\d+)*"
    r"|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|sixty|half"
    r"|an?|several|few)\b|[一二三四五六七八九十百千两兩半]+)"
)


def _measured(units: str) -> str:
    """Match a number with one of ``units`` behind it, or under a label that names the unit; or a formula."""
    behind = rf"{_NUMBER}\s?[-\u2013]?\s?(?:{units})(?![a-zA-Z])"
    above = rf"(?:[(\[（]\s?(?:{units})\s?[)\]）]|\b[iI]n (?:{units})(?![a-zA-Z]))[^\d]{{0,400}}?\d+"
    return rf"{behind}|{above}|=\s?[^\s=]"


def _counted(words: str) -> str:
    """Match a question that names its unit: how many seconds, in mAh."""
    return rf"\b(?:how many|many|in|what|which|number of) (?:{words})(?![a-z])|(?:多少|几|幾)个?(?:{words})"


@dataclass(frozen=True, slots=True)
class AnswerType:
    """A kind of value: how a question asks for it, and what one looks like."""

    name: str
    """In plain words; ``Labels.values`` has those of each language."""
    asked: str
    """A regular expression, of capitals and small letters alike."""
    value: str
    """A regular expression. Each is compiled when it is first looked for: most are not."""
    telling: bool = False
    """Whether a value is not a number, so that one which the question holds counts too."""


_DURATION = (
    r"s|secs?|seconds?|mins?|minutes?|h|hrs?|hours?|days?|weeks?|months?|years?|ms|milliseconds?"
    r"|秒|分钟|分鐘|分|小时|小時|个?月|天|日|周|週|星期|年"
)
_LENGTH = r"mm|cm|m|km|in|inch(?:es)?|ft|feet|foot|yards?|miles?|met(?:er|re)s?|″|\"|毫米|厘米|公分|米|公里|英寸|AWG"
_ANY_NUMBER = (
    r"(?i)\d+|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|once|twice|several|half)\b"
    r"|[一二三四五六七八九十百千两兩]"
)
# Name, the words for the unit within a question, other ways to ask, the units of a value.
_MEASURES = (
    ("time", "seconds?|minutes?|hours?|days?|weeks?|months?|years?|秒|分钟|小时|天|个?月|周|年", "", _DURATION),
    (
        "length",
        r"mm|cm|millimet\w+|centimet\w+|met(?:er|re)s?|inch(?:es)?|feet|公分|厘米|毫米|米",
        r"\bhow (?:far|wide|tall|deep|high|thick)\b|\bdiameter\b|\bdimensions\b|多高|多宽|多深|多厚|多远|直径"
        r"|\b(?:what|which) (?:\w+ )?(?:distance|depth|width|height|length|clearance)\b",
        _LENGTH,
    ),
    (
        "weight",
        "kg|grams?|kilograms?|kilos?|pounds?|ounces?|公斤|克",
        r"\bhow heavy\b|\bweigh\b|\b(?:what|which) (?:\w+ )?weight\b|多重|重量",
        r"[kK]g|g|mg|lbs?|oz|ounces?|pounds?|grams?|kilos?|kilograms?|tons?|公斤|千克|克|吨",
    ),
    (
        "temperature",
        "degrees?|kelvin|度",
        r"\bhow (?:hot|cold|warm)\b|\btemperature\b|温度|多热",
        r"°\s?[CF]?|℃|℉|degrees?|[CFK]|kelvin|度|摄氏度",
    ),
    ("power", "watts?|kilowatts?|瓦", "", "k?W|watts?|瓦|千瓦|VA"),
    ("voltage", "volts?|伏", r"\bvoltage\b|电压", "m?V|volts?|伏"),
    ("current", "amps?|amperes?|安培", "", "m?A|amps?|amperes?|安"),
    ("capacity", "m?Ah", "", "m?Ah"),
    ("rate", "hertz|k?Hz|baud(?: rate)?|rpm", "", r"[kMG]?Hz|赫兹|baud|bps|[kMG]bit/s|rpm"),
    ("torque", "newton met(?:er|re)s?|N ?m|牛米", r"\btorque\b|扭矩|力矩", r"N\s?[·.]?\s?m|ft-?lbs?|牛米|N"),
    ("pressure", "bar|psi|帕", r"\b(?:what|which)\b.*\bpressure\b|多大压力|压力是多", "m?bar|psi|[kM]?Pa|hPa|帕"),
    (
        "noise level",
        "decibels?|dB|分贝",
        r"\bhow (?:loud|noisy)\b|噪音|噪声|多响",
        r"dB(?:\s?\(?A\)?)?|decibels?|分贝",
    ),
    (
        "volume",
        "lit(?:er|re)s?|ml|gallons?|cups?|升|毫升",
        "",
        r"m?l|cl|lit(?:er|re)s?|gallons?|quarts?|cups?|fl\.? ?oz|cu\.? ?ft|升|毫升|立方",
    ),
    ("size", "gigabytes?|megabytes?|GB|MB|bytes?|字节", "", "[kKMGT]i?B|bytes?|gigabytes?|megabytes?|字节|G|M"),
    ("percentage", "percent(?:age)?|per cent", r"\bpercentage\b|百分比|百分之几", "%|percent|per cent|％"),
    ("resolution", "megapixels?|pixels?|像素", "", r"megapixels?|MP|pixels?|dpi|p|[x×]\s?\d+|像素"),
)
_REASON = AnswerType(
    "reason",
    r"^why\b|\bwhy (?:do|does|is|are|can|must|should|did|was|has|have)\b|\bwhat (?:is the reason|causes?|makes)\b"
    r"|\bfor what reason\b|为什么|為什麼|为何|為何|为啥|什么原因",
    r"(?i)\b(?:because|since|so that|in order to|due to|as a result|therefore|thus|otherwise|caus\w+|leads? to|reasons?"
    r"|to (?:prevent|avoid|protect|ensure|keep|reduce|guarantee|make sure|allow)|prevents?|protects?|if not"
    r"|(?:may|might|can|could|will) (?:be|cause|damage|result|lead)|for (?:safety|security))\b"
    r"|\bas (?:it|they|this|the)\b"
    r"|因为|因此|由于|所以|以便|以免|否则|原因|为了|導致|导致|防止|避免|使得|故",
    telling=True,
)
_MONEY = AnswerType(
    "price",
    r"\bhow much (?:does|do|is|are|will)\b.*\b(?:cost|pay|fee|charged?)\b|\bcosts?\b|\bprice\b|\bfee\b"
    r"|\bhow many (?:dollars|euros)\b|多少钱|几块钱|价格|费用",
    rf"{_measured('dollars?|euros?|cents?|USD|EUR|元|块|[€$£¥]')}|[€$£¥]\s?\d",
)
_COLOUR = AnswerType(
    "colour",
    r"\b(?:what|which) colou?r\b|什么颜色|哪种颜色",
    r"(?i)\b(?:red|green|blue|white|black|yellow|orange|amber|gr[ae]y|purple|pink|brown|violet|cyan|magenta)\b"
    r"|[红绿蓝白黑黄橙灰紫粉]色?",
    telling=True,
)
_FREQUENCY = AnswerType(
    "interval",
    r"\bhow (?:often|frequently|regularly)\b|多久.{0,8}一次|多长时间.{0,8}一次|每隔多|隔多久",
    r"(?i)\b(?:every|each|once|twice|daily|weekly|monthly|yearly|annually|regularly|times|always)\b"
    r"|\b(?:a|per) (?:day|week|month|year)\b|每|次|定期",
    telling=True,
)
_NAMED_UNITS = tuple(AnswerType(name, _counted(words), _measured(units)) for name, words, _, units in _MEASURES)
_OTHER_WORDS = tuple(AnswerType(name, others, _measured(units)) for name, _, others, units in _MEASURES if others)
TYPES = (
    _REASON,
    *_NAMED_UNITS,
    _FREQUENCY,
    AnswerType("value", r"\bhow long (?:must|should|may|can) .*\bbe\b", _ANY_NUMBER),
    AnswerType(
        "time",
        r"\bhow (?:soon|much (?:time|longer))\b|\bfor how long\b|多长时间|多久"
        r"|\bhow long (?:does|do|until|before|without|after|can|may|will)\b",
        _measured(_DURATION),
    ),
    AnswerType(
        "value",
        r"\bhow (?:high|low|great)\b.*\b(?:resistance|pressure|temperature|voltage|current|humidity|torque|speed|rate"
        r"|frequency|power|consumption|flow|level|load|concentration|dose)\b",
        _ANY_NUMBER,
    ),
    AnswerType("length", r"\bhow long\b|多长", _measured(f"{_DURATION}|{_LENGTH}")),
    *_OTHER_WORDS,
    AnswerType(
        "number",
        r"\b(?:order|part|kit|serial|model|telephone|phone|error|item|article|reference|catalog|pin)"
        r" (?:number|no\b|code)|订货号|零件号|电话|型号|编号",
        r"\d[\d /-]{2,}\d|\b[A-Z]+-?\d+\b|(?<![.,\d])\d{3,}(?![.,]\d)",
    ),
    AnswerType("number", r"\bport number\b|哪个端口|端口号", r"\b\d{2,5}\b"),
    _MONEY,
    _COLOUR,
    AnswerType(COUNT, r"\bhow many\b|\b(?:what|which) number of\b|多少个|几个|几次|多少次|幾個", _ANY_NUMBER),
    AnswerType(
        "value",
        r"\bhow (?:much|strong|hard|big|large|fast|bright|near|close|old)\b|多少|多大|多快"
        r"|\b(?:what|which) (?:\w+ )?(?:size|speed|capacity|value|age|rate|limit|maximum|minimum)\b",
        _ANY_NUMBER,
    ),
)
"""The first that is asked for counts."""

_UNITS = frozenset(name for name, *_ in _MEASURES)
_OF_NAME = {one.name: one for one in reversed(TYPES)}


_STEP = re.compile(r"(?m)^\W*\d{1,2}[.)、]?\s")
_NOUN = re.compile(r"(?i:\bhow many (?:\w+ )?(\w{3,}))|(?:多少|几)[个次条块片]?([\u4e00-\u9fff]{1,2})")
_LINE = re.compile(r"[\n。;；]|\.\s")


def expected_type(question: str) -> AnswerType | None:
    """Return what kind of value a question asks for, None where it asks for none that can be told."""
    own = next((name for name, asked in question_words(question).types.items() if _says(asked, question)), None)
    if own is not None:
        return replace(_OF_NAME[own], asked=question_words(question).types[own])
    return next((one for one in TYPES if re.search(one.asked, question, re.IGNORECASE)), None)


def type_words(expected: AnswerType, question: str) -> frozenset[str]:
    """Return the terms by which a question asks for a type, such as 'many' or 'pressure': a value answers them."""
    match = re.search(expected.asked, question, re.IGNORECASE)
    if match and expected.asked in question_words(question).types.values():
        return frozenset(query_terms(match[0]))  # the patterns of ``wording`` hold no more than what asks
    return frozenset(query_terms(match[0])) & _TYPE_WORDS if match else frozenset()


_TYPE_WORDS = frozenset(
    terms(
        "long far wide tall deep high low thick heavy hot cold warm loud noisy often frequently soon fast old much many"
        " diameter dimensions distance depth width height length clearance weight weigh temperature voltage current"
        " power torque pressure noise volume percentage size speed rate capacity value time amount number limit colour"
        " color price cost fee reason degrees seconds minutes hours days weeks months years resistance frequency level"
    )
)


def holds_type(expected: AnswerType, text: str, question: str) -> bool:
    """Whether ``text`` holds a value of the type that the question does not itself hold."""
    text = _STEP.sub("", compatible(text))  # the number of a step is no amount
    if expected.name == COUNT:
        text = _about(text, question)
    value = _value_in(expected, text, question)
    if expected.telling:
        return bool(re.search(value, text))
    given = set(re.findall(r"\d+", question))
    found = (set(re.findall(r"\d+", match[0])) for match in re.finditer(value, text))
    return any(not digits or digits - given for digits in found)


def _value_in(expected: AnswerType, text: str, question: str) -> str:
    """Return the regular expression of a value of the type, the words of the text's language among them.

    A text too short to tell its language is taken to be in the question's.
    """
    words = question_words(text)
    words = words if words.values else question_words(question)
    own = words.numerals if expected.value == _ANY_NUMBER else words.values.get(expected.name, "")
    if not own:
        return expected.value
    if expected.name in _UNITS or expected.name == "price":
        own = rf"(?:{_NUMBER}|{words.numerals})\s?[-\u2013]?\s?(?:{own})(?![a-zA-Zà-ÿ])"
    return f"{expected.value}|(?i:{own})"


def _about(text: str, question: str) -> str:
    """Return the lines of ``text`` that name what is counted, all of it where none does."""
    match = _NOUN.search(question)
    noun = (match[1] or match[2]).lower()[:-1] if match else ""
    named = [line for line in _LINE.split(text) if noun and noun in line.lower()]
    return "\n".join(named) or text


AnswerForm = Literal["procedure", "code", "list", "rule", "fact", "other"]

_PROCEDURE = re.compile(
    r"\bhow (?:do|can|should|would|could|must|might) (?:I|we|you|one|somebody|someone)\b|\bhow to\b"
    r"|\bwhat (?:are the |)steps\b|\bwhat (?:do|should|must|has|have|can) (?:I|we|you|to be|one)\b.*\b(?:do|done)\b"
    r"|\b(?:right|best|proper|correct) way to\b|\bprocedure\b|\bwalk me through\b"
    r"|怎么(?!样)|怎麼|怎样|怎樣|如何|步骤|步驟|哪几步|哪幾步|一步步|咋",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"\bcommands?\b|\bwhat (?:do|should|must) (?:I|we|you) type\b|\bsyntax\b|\bsnippet\b"
    r"|命令|敲|语句|語句|代码|代碼|哪[一两兩几幾]行|指令",
    re.IGNORECASE,
)
_LIST = re.compile(
    r"\b(?:which|what)\b(?: \w+){0,3} \w+s\b (?:do|are|can|does|have|should|may|must|is)"
    r"|\bwhat (?:do|should|must) (?:I|we|you)\b.*\b(?:have|need|find|contain|bring)\b|\bwhat should\b|\blist of\b"
    r"|哪些|有哪|都有|哪几|哪幾|有什么[^？?]{0,6}[？?]",
    re.IGNORECASE,
)
_RULE = re.compile(
    r"^(?:can|may|must|should|do|does|is|are|will|if|am)\b|\b(?:can|may|must|should) (?:I|we|you)\b|\bdoes it\b"
    r"|\bwhat if\b|[吗嗎]|要不要|能不能|可不可以|是否|有没有|有沒有|会不会|會不會|行不行",
    re.IGNORECASE,
)


def expected_form(question: str) -> AnswerForm:
    """Return what kind of answer a question asks for."""
    own = question_words(question)
    procedure = bool(_PROCEDURE.search(question)) or _says(own.procedure, question)
    if _CODE.search(question) or _says(own.code, question):
        return "code"
    if asked_kind(question) in ("number", "time") and not procedure:
        return "fact"
    if procedure:
        return "procedure"
    if _LIST.search(question) or _says(own.list_of, question):
        return "list"
    return "rule" if _RULE.search(question) or _says(own.rule, question) else "other"


_SWITCH = r"\b(?:turn|switch|power)(?:ed|ing)?(?: \w+){0,3}"
_PAIRS = (
    (rf"{_SWITCH} on\b", rf"{_SWITCH} off\b"),
    (
        r"\b(?:en|re)able[ds]?\b|\bactivat\w+|打开|开启|启用|開啟|啟用",
        r"\bdisable[ds]?\b|\bdeactivat\w+|关闭|停用|禁用|關閉",
    ),
    (r"\bopen(?:ed|ing|s)?\b", r"\bclos(?:e|ed|ing|es)\b"),
    (
        r"\b(?:install|fit|attach|insert|mount|connect)(?:ed|ing|s)?\b|\bput(?: \w+){0,4} (?:in|on|back)\b"
        r"|安装|装上|裝上|插入|连接",
        r"\b(?:remov|uninstall|detach|disconnect|dismantl)\w*"
        r"|\b(?:tak(?:e|ing)|get|lift|pull)(?: \w+){0,4} (?:off|out)\b|拆下|取下|拆卸|卸下|拔出|断开",
    ),
    (r"\block(?:ed|ing|s)?\b|锁定|上锁", r"\bunlock(?:ed|ing|s)?\b|解锁"),
    (r"\bstart(?:ed|ing|s)?\b|启动|啟動", r"\bstop(?:ped|ping|s)?\b|停止"),
    (
        r"\bincreas\w+|\braise[ds]?\b|调高|增大|增加",
        r"\bdecreas\w+|\blower(?:ed|ing|s)?\b|\breduc\w+|调低|减小|减少",
    ),
)


@cache
def _pairs() -> tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]:
    """Return the two sides of each pair, in all languages: a heading need not be in the question's."""
    others = [one.question.opposites for one in WORDINGS.values() if one.question.opposites]
    sides = ((both, *(other[at] for other in others)) for at, both in enumerate(_PAIRS))
    return tuple(
        (
            re.compile("|".join(one for one, _ in named), re.IGNORECASE),
            re.compile("|".join(other for _, other in named), re.IGNORECASE),
        )
        for named in map(tuple, sides)
    )


@lru_cache(1024)
def _sides(text: str) -> tuple[tuple[bool, bool], ...]:
    """Return for each pair whether a text names the one and the other."""
    return tuple((bool(one.search(text)), bool(other.search(text))) for one, other in _pairs())


def opposed(question: str, text: str) -> bool:
    """Whether a text is about the opposite of what a question names, and not about that itself."""
    named = zip(_sides(question), _sides(text), strict=True)
    return any(asked[0] != asked[1] and said == (asked[1], asked[0]) for asked, said in named)


def unasked(question: str, text: str) -> bool:
    """Whether a text is about off, closing or removing, of which a question names neither side."""
    named = zip(_sides(question), _sides(text), strict=True)
    return any(said == (False, True) and asked == (False, False) for asked, said in named)
