"""Citations: markers that name a passage, quotes from it, and claims that no passage supports.

A marker [n] names the n-th passage shown; a quote stands in its passage letter for letter. A claim is a number, a name
or a code: a number counts with the unit that adjoins it, a name if it is capitalised inside a sentence or stands in
quotation marks, a code if it has letters and digits or stands in backticks. Numbers of steps, list markers and [n]
markers are no claims, nor are numbers in words, though 'three' supports '3'. An answer in another language than the
passages translates their names, so that names are not compared then. Does not know whether what is said is true.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ragqa.analysis import cjk_share, compatible, is_stop, terms
from ragqa.answerers.untrusted import without_images
from ragqa.cjk import CJK
from ragqa.sentences import sentences
from ragqa.types import Citation, Hit, Span

_CODE_BLOCK = re.compile(
    r"^[ ]{0,3}(?P<fence>`{3,}|~{3,})[^\n`]*(?:\Z|\n.*?(?:^[ ]{0,3}(?P=fence)[`~]*[ \t]*$|\Z))"
    r"|(?<!`)(?P<ticks>`+)(?!`)[^\n]*?(?<!`)(?P=ticks)(?!`)",
    re.MULTILINE | re.DOTALL,
)
_ITEM = r"\d+(?:[ \t]*(?:[-–—~～至]|to)[ \t]*\d+)?"
_ANY_MARKER = re.compile(
    rf"""(?P<space>(?<![ \t])[ \t]*)(?:
        (?:(?P<two>\[\[)|[\[【［])[ \t]*\^?(?:passages?|sources?|段落|来源|來源)?[ \t]*\#?
            (?P<items>{_ITEM}(?:[ \t]*[,，、;；&][ \t]*{_ITEM})*)[ \t]*(?(two)\]\]|[\]】］])
      | 【(?P<dagger>\d+)(?:[:†][^】\n]*)】                       # 【1†source】, as some models were taught
    )(?:\((?:https?:|www\.|\#)[^()\s]*\))?                        # a link made of a marker: we make our own""",
    re.VERBOSE | re.IGNORECASE,
)
_INDEX = re.compile(r"\[[\d \t,;&–-]+\]")
_AFTER_NAME = re.compile(r"[A-Za-z0-9_À-ɏ](?:\[[^\[\]\n]{0,40}\])*\Z")
_ENDS_CLAUSE = frozenset(("", "\n", *".,;:!?)[…。，；：！？）"))


@dataclass(frozen=True, slots=True)
class Checked:
    """An answer whose markers all name a passage."""

    text: str
    markers: tuple[int, ...]
    """The passages named, in the order in which they are first named."""
    dropped: int
    """Markers that named no passage."""


def check_markers(text: str, passages: int) -> Checked:
    """Return ``text`` with every marker written [n], 1 <= n <= ``passages``; the others are dropped and counted.

    Text and no marker is a range of figures that begins beyond the passages, as in 'a torque of [10-20]', and what is
    glued to a name, as in 'array[3]'. Some models glue their markers to words, though: where a text has no other,
    'every 30 days[1].' is one at the end of a clause.

    Images and links are broken up with them: where a marker was taken out, one may come to be.
    """
    used: list[int] = []
    glued: list[int] = []
    dropped = 0

    def written(match: re.Match[str]) -> str:
        nonlocal dropped
        marker = match.group()
        if _INDEX.fullmatch(marker) and _follows_name(match):
            if marker[1:-1].isdecimal() and match.string[match.end() : match.end() + 1] in _ENDS_CLAUSE:
                glued.extend(_passage_numbers(match, passages)[0])
            return marker
        if _is_range_beyond(match, passages):
            return marker
        valid, wrong = _passage_numbers(match, passages)
        dropped += wrong
        used.extend(valid)
        if not valid:
            return match["space"] if _is_kept(_ANY_MARKER.match(match.string, match.end()), passages) else ""
        return match["space"] + "".join(f"[{number}]" for number in valid)

    while True:  # what is left of '[[9]8]' once [9] is gone is a marker again
        glued.clear()
        found = outside_code(text, lambda prose: without_images(_ANY_MARKER.sub(written, prose)))
        if found == text:
            return Checked(text, tuple(dict.fromkeys(used or glued)), dropped)
        text = found


def _follows_name(match: re.Match[str]) -> bool:
    """Say whether a marker is glued to a word or a name, alone or behind others: 'array[3]', 'grid[2][9]'."""
    return bool(_AFTER_NAME.search(match.string[max(0, match.start() - 200) : match.start() + len(match["space"])]))


def _is_range_beyond(match: re.Match[str], passages: int) -> bool:
    """Say whether a marker is one range that begins beyond the passages."""
    ends = re.findall(r"\d+", match["items"] or "")
    return bool(len(ends) == 2 and re.fullmatch(_ITEM, match["items"], re.I) and _number(ends[0]) > passages)


def _is_kept(match: re.Match[str] | None, passages: int) -> bool:
    """Say whether anything is left of a marker or of those directly behind it."""
    while match and match.group():
        if _passage_numbers(match, passages)[0] or _is_range_beyond(match, passages):
            return True
        match = _ANY_MARKER.match(match.string, match.end())
    return False


def outside_code(text: str, change: Callable[[str], str]) -> str:
    """Return ``text`` with ``change`` made to what stands between its code."""
    parts: list[str] = []
    last = 0
    for code in _CODE_BLOCK.finditer(text):
        parts += [change(text[last : code.start()]), code.group()]
        last = code.end()
    return "".join((*parts, change(text[last:])))


def _passage_numbers(match: re.Match[str], passages: int) -> tuple[list[int], int]:
    """Return the passages that a marker names, each once, and how many of its items name none."""
    valid: list[int] = []
    wrong = 0
    for item in re.finditer(_ITEM, match["dagger"] or match["items"], re.IGNORECASE):
        ends = [_number(digits) for digits in re.findall(r"\d+", item.group())]
        named = range(max(ends[0], 1), min(ends[-1], passages) + 1)
        valid.extend(named)
        wrong += len(named) == 0 or ends[0] < 1 or ends[-1] > passages
    return list(dict.fromkeys(valid)), wrong


def _number(digits: str) -> int:
    return int(digits) if len(digits) < 10 else 10**9  # int() refuses very long ones


def cite(checked: Checked, hits: Sequence[Hit], question: str) -> tuple[Citation, ...]:
    """Return a citation for each marker: the sentence or row of its passage that best bears out what it stands behind.

    ``hits[n - 1]`` is passage n. A quote is found letter for letter in the passage; its page is the quote's own.
    """
    claims: dict[int, list[str]] = {number: [] for number in checked.markers}
    for number, claim in _cited_statements(checked.text):
        if number in claims:  # else an index, as in 'array[3]'
            claims[number].append(claim)
    citations = []
    for number in checked.markers:
        hit = hits[number - 1]
        passage = hit.passage
        start, end = best_quote(hit, claims[number], question)
        place = (passage.document, passage.page_at(start), passage.section)
        span = (passage.start + start, passage.start + end)
        quote = passage.text[start:end]
        last = passage.page_after(start, end)
        citations.append(Citation(number, *place, quote, passage.passage_id, last, start=span[0], end=span[1]))
    return tuple(citations)


_PLAIN = re.compile(r"\[(\d+)\]")
_BEFORE = 800
"""Characters before a marker in which its sentence is looked for."""


def _cited_statements(text: str) -> Iterator[tuple[int, str]]:
    """Yield each marker with the sentence that it stands in or behind."""
    prose = _CODE_BLOCK.sub(lambda code: _PLAIN.sub(lambda m: " " * len(m.group()), code.group()), text)
    for match in _PLAIN.finditer(prose):
        line = prose.rfind("\n", 0, match.start()) + 1
        before = _PLAIN.sub("", prose[max(line, match.start() - _BEFORE) : match.start()]).strip(" \t-*#>|")
        if not before:  # alone behind a block, or in front of what it bears out
            rest = _PLAIN.sub("", prose[match.end() :].split("\n", 1)[0]).strip()
            before = rest or _PLAIN.sub("", prose[max(0, line - _BEFORE) : line]).strip()
        spans = sentences(before)
        yield int(match.group(1)), before[slice(*spans[-1])] if spans else ""


def best_quote(hit: Hit, claims: Sequence[str], question: str) -> Span:
    """Return the span of the passage's window that shares most with one of ``claims``; with the question, if none does.

    A claim in another language than the passage shares no words: the window that retrieval likes best is taken then.
    """
    windows = hit.passage.windows or tuple(sentences(hit.passage.text)) or ((0, len(hit.passage.text)),)
    bags = [_term_weights(hit.passage.text[start:end]) for start, end in windows]
    for sought in ([_term_weights(claim) for claim in claims], [_term_weights(question)]):
        scores = [max((_overlap(claim, bag) for claim in sought), default=0.0) for bag in bags]
        best = max(scores)
        if best > 0:
            return windows[scores.index(best)]
    if len(hit.evidence) == len(windows):
        return windows[hit.evidence.index(max(hit.evidence))]
    return windows[0]


def _term_weights(text: str) -> dict[str, float]:
    """Return the terms of ``text``: figures and codes tell most, CJK characters alone little."""
    return {
        term: 2.0 if any(c.isdigit() for c in term) else 0.3 if len(term) == 1 else 1.0
        for term in terms(text)
        if not is_stop(term)
    }


def _overlap(claim: dict[str, float], window: dict[str, float]) -> float:
    shared = sum(weight for term, weight in claim.items() if term in window)
    size = math.sqrt(sum(claim.values()) * sum(window.values()))
    return shared / size if size else 0.0


_UNITS = """
s sec secs second seconds 秒 秒钟 秒鐘
min mins minute minutes 分 分钟 分鐘
h hr hrs hour hours 小时 小時
day days 天 日
week weeks 周 週 星期
month months 月 个月 個月
year years 年
mm millimetre millimetres millimeter millimeters 毫米
cm centimetre centimetres centimeter centimeters 厘米 公分
m metre metres meter meters 米 公尺
km kilometre kilometres kilometer kilometers 公里 千米
inch inches 英寸 吋
ml millilitre millilitres milliliter milliliters 毫升
l litre litres liter liters 升
g gram grams 克
kg kilogram kilograms 公斤 千克
lb lbs pound pounds 磅
°c degrees 度 摄氏度 攝氏度
°f 华氏度 華氏度
% percent
v volt volts 伏 伏特
amp amps ampere amperes 安 安培
w watt watts 瓦
kw kilowatt kilowatts 千瓦
hz hertz 赫兹 赫茲
nm n·m 牛米 牛顿米
db 分贝 分貝
mah 毫安时 毫安時
ncm
ma
khz
mhz
ghz
kb
mb
gb
tb
bar
pa
kpa
psi
rpm
"""
_UNIT_OF = {name: line.split()[0] for line in _UNITS.splitlines() for name in line.split()}
"""Each way to write a unit → the unit. Other words behind a number are not compared with it."""

_LONGEST_FIRST = "|".join(re.escape(name) for name in sorted(_UNIT_OF, key=len, reverse=True))
_NUMBER = re.compile(
    rf"(?<![A-Za-z\d.,])(?P<digits>\d+(?:[.,]\d+)*)(?:[ -]?(?P<unit>{_LONGEST_FIRST})(?![A-Za-z]))?", re.IGNORECASE
)
_SPACE_BETWEEN_THOUSANDS = re.compile(r"(?<=\d) (?=\d{3}(?!\d))")

_ONES = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = "ten twenty thirty forty fifty sixty seventy eighty ninety"
_VALUES = {word: str(value) for value, word in enumerate(_ONES.split(), 1)}
_VALUES |= {word: f"{value}0" for value, word in enumerate(_TENS.split(), 1)}
_NUMERAL = re.compile(rf"\b(?:{'|'.join(_VALUES)})\b|[零一二两兩三四五六七八九十百]+", re.IGNORECASE)
_CHINESE = {c: value for value, c in enumerate("零一二三四五六七八九")} | {"两": 2, "兩": 2}

_FENCED = re.compile(r"^ {0,3}(`{3,}|~{3,})[^\n]*\n(?P<code>.*?)(?:^ {0,3}\1[^\n]*$|\Z)", re.MULTILINE | re.DOTALL)
_TICKED = re.compile(r"(?<!`)(`+)(?!`)(?P<code>[^\n]+?)(?<!`)\1(?!`)")
_LINK = re.compile(rf"(?i:https?://|www\.)[^\s<>()\[\]{CJK}，。；、]*[^\s<>()\[\]{CJK}，。；、.,:;!?]")
_QUOTED = re.compile(
    r'“(?P<curly>[^”\n]{1,60})”|(?<!\d)"(?P<straight>[^"\n]{1,60})"|[「『《](?P<corner>[^」』》\n]{1,60})[」』》]'
)
_MENU_STEP = re.compile(r"[>→»›]")

_MARKER = re.compile(r"\[\d+\]")
_LINE_START = re.compile(r"^[ \t>]*(?:[-*+•·][ \t]+)?(?:\*\*)?(?:\(?\d{1,3}[.)、](?!\d))?", re.MULTILINE)
_PLACE = re.compile(
    r"\b(?:steps?|pages?|passages?|sources?) \d+(?:(?:, ?| ?[-–] ?| to | and | or )\d+)*|\b\d+(?:st|nd|rd|th)\b"
    r"|第? ?\d+(?: ?[-–至到、] ?\d+)* ?(?:步|个步骤|個步驟|[页頁段])"
    r"|(?:步骤|步驟|段落|来源|來源) ?\d+(?: ?[-–至到、] ?\d+)*",
    re.IGNORECASE,
)
"""Numbers that name a place: in the answer, in what the model was shown, in an order."""

_TOKEN = re.compile(r"[A-Za-z\d]+(?:[-_./:][A-Za-z\d]+)*")
_COUNTING = re.compile(r"\d+(?:[.,]\d+)*-[a-z]{3,}")
"""'4-digit': a number, no code."""

_NAME = re.compile(
    rf"(?:[a-z\d,)][ *_]*[ ][*_]*|[{CJK}][ *_]*)(?P<name>[A-Z][A-Za-z\d&'’-]+(?: [A-Z][A-Za-z\d&'’-]+)*)"
)
_NO_NAMES = frozenset(["all", "always", "both", "never", "no", "not", "ok", "passage", "passages", "source", "sources"])
"""Words that a writer capitalises to stress them, or by which it names what it was shown."""


def unsupported_claims(text: str, sources: Sequence[str]) -> tuple[str, ...]:
    """Return what an answer says and none of ``sources`` does, in the answer's order and words, each once.

    ``text`` is Markdown with [n] markers; ``sources`` are what it may be made from: passages, the question.
    """
    said = _Said.of(sources)
    missing = sorted((claim for claim in _claims(text) if not said.bears_out(claim)), key=lambda claim: claim.start)
    return tuple({claim.text.casefold(): claim.text for claim in reversed(missing)}.values())[::-1]


@dataclass(frozen=True, slots=True)
class _Claim:
    """What an answer says: a number with the unit that adjoins it, or a name, quote, token or line of code."""

    kind: str
    start: int
    text: str


@dataclass(frozen=True, slots=True)
class _Said:
    """What passages say, in the forms in which claims are looked for."""

    text: str
    """In lower case."""
    letters: str
    """Letters and digits alone."""
    code: str
    """Without white space."""
    terms: frozenset[str]
    numbers: dict[str, set[str]]
    """Each number → the units that adjoin it, '' where none does."""
    chinese: bool

    @classmethod
    def of(cls, sources: Sequence[str]) -> _Said:
        text = compatible("\n".join(sources))
        lower = text.lower()
        numbers: dict[str, set[str]] = {}
        for value, unit in [*_numbers(lower), *_numbers(_SPACE_BETWEEN_THOUSANDS.sub("", lower)), *_numerals(lower)]:
            numbers.setdefault(value, set()).add(unit)
        chinese = cjk_share(text) > 0.5
        return cls(lower, _letters(text), _code(text), frozenset(terms(text)), numbers, chinese)

    def bears_out(self, claim: _Claim) -> bool:
        """Say whether the passages hold what is claimed."""
        if claim.kind == "number":
            return all(self._has_number(value, unit) for value, unit in _numbers(claim.text.lower()))
        if claim.kind == "name":
            return self.chinese or all(self._has_word(word) for word in claim.text.split())
        if claim.kind == "quote":
            foreign = self.chinese != (cjk_share(claim.text) > 0.5)
            return foreign or all(_letters(part) in self.letters for part in _MENU_STEP.split(claim.text))
        return self._has_token(claim.text) if _TOKEN.fullmatch(claim.text) else _code(claim.text) in self.code

    def _has_number(self, value: str, unit: str) -> bool:
        # A number that stands alone may have its unit elsewhere, as in the header of a table.
        units = self.numbers.get(value, set())
        return bool(units) and (not unit or bool(units & {unit, ""}))

    def _has_word(self, word: str) -> bool:
        whole, *parts = terms(word) or [""]
        known = whole in self.terms or (bool(parts) and self.terms.issuperset(parts))
        return known or is_stop(whole) or whole in _NO_NAMES

    def _has_token(self, token: str) -> bool:
        """Say whether a code stands there, with whatever signs between its letters and digits: XJ-9, XJ9, xj 9."""
        parts = re.findall(r"[a-z]+|\d+", token.lower())
        return re.search(rf"(?<![a-z\d]){r'[^a-z0-9]*'.join(parts)}(?![a-z\d])", self.text) is not None


def _claims(text: str) -> Iterator[_Claim]:
    """Yield what an answer claims; what was looked at as one kind is not looked at as another."""
    text = _SPACE_BETWEEN_THOUSANDS.sub("", compatible(text))
    for pattern in (_FENCED, _TICKED):
        for match in pattern.finditer(text):
            lines = [line.strip() for line in match["code"].split("\n")]
            yield from (_Claim("code", match.start(), line) for line in lines if line)
        text = pattern.sub(_blank, text)
    yield from (_Claim("code", match.start(), match[0]) for match in _LINK.finditer(text))
    text = _LINK.sub(_blank, text)
    for match in _QUOTED.finditer(text):
        yield _Claim("quote", match.start(), next(inside for inside in match.groups() if inside).strip(" ,.;:，。"))
    for pattern in (_QUOTED, _MARKER, _LINE_START, _PLACE):
        text = pattern.sub(_blank, text)
    yield from (_Claim("code", match.start(), match[0]) for match in _TOKEN.finditer(text) if _is_code(match[0]))
    text = _TOKEN.sub(lambda match: _stand_in(match) if _is_code(match[0]) else match[0], text)
    yield from (_Claim("number", match.start(), match[0]) for match in _NUMBER.finditer(text))
    text = _NUMBER.sub(_stand_in, text)
    yield from (_Claim("name", match.start("name"), match["name"]) for match in _NAME.finditer(text))


def _is_code(token: str) -> bool:
    """Say whether a token of letters and digits is neither a number with its unit nor one with what it counts."""
    if token.isalpha() or not any(c.isalpha() for c in token) or not any(c.isdigit() for c in token):
        return False
    return not (_NUMBER.fullmatch(token) or _COUNTING.fullmatch(token))


def _numbers(text: str) -> Iterator[tuple[str, str]]:
    """Yield the value of each number in digits, and the unit that adjoins it or ''."""
    for match in _NUMBER.finditer(text):
        yield _value(match["digits"]), _UNIT_OF.get((match["unit"] or "").lower(), "")


def _value(digits: str) -> str:
    """Return one spelling of a number: '1000' for '1,000', '2.5' for '2,50', '.5' for '0.5'."""
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", digits):
        digits = digits.replace(",", "")
    digits = digits.replace(",", ".")
    if digits.count(".") == 1:
        digits = digits.rstrip("0").rstrip(".")
    return digits.lstrip("0") or "0"


def _numerals(text: str) -> Iterator[tuple[str, str]]:
    """Yield the value of each number in words, as '3' for 'three' and '15' for '十五', with the unit ''."""
    for match in _NUMERAL.finditer(text):
        yield _VALUES.get(match[0].lower()) or str(_chinese_value(match[0])), ""


def _chinese_value(numeral: str) -> int:
    total, last = 0, 0
    for c in numeral:
        if c in "十百":
            total += (last or 1) * (10 if c == "十" else 100)
            last = 0
        else:
            last = _CHINESE[c]
    return total + last


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).lower()


def _code(text: str) -> str:
    """Return what counts of code when two are compared: no white space, one shape of quotes."""
    return re.sub(r"\s+", "", text.translate(_STRAIGHT)).lower()


_STRAIGHT = str.maketrans("‘’“”", "''\"\"")


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match[0])


def _stand_in(match: re.Match[str]) -> str:
    """Return a word as long as what was found, so that a name behind it still stands inside a sentence."""
    return "x" * len(match[0])
