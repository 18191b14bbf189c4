"""Count the numbered paragraphs of a Word file as Word does, and say what it shows before each. Reads no text.

Lists that share a definition go on counting together; a list restarts the first time that it is used where it says so.
A numbered paragraph whose text is empty or struck out still counts.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ragqa.readers.docx_styles import Style, W, depth_of, is_on, numbering_of, value_of

_ONES = ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")
_ROMAN = (
    ("", "m", "mm", "mmm"),
    ("", "c", "cc", "ccc", "cd", "d", "dc", "dcc", "dccc", "cm"),
    ("", "x", "xx", "xxx", "xl", "l", "lx", "lxx", "lxxx", "xc"),
    _ONES,
)
_WORDS = ("One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve")
_ORDINALS = (
    *("First", "Second", "Third", "Fourth", "Fifth", "Sixth"),
    *("Seventh", "Eighth", "Ninth", "Tenth", "Eleventh", "Twelfth"),
)
_SERIES = {
    "cardinalText": _WORDS,
    "ordinalText": _ORDINALS,
    "ideographTraditional": "甲乙丙丁戊己庚辛壬癸",
    "ideographZodiac": "子丑寅卯辰巳午未申酉戌亥",
    "ideographZodiacTraditional": [
        "甲乙丙丁戊己庚辛壬癸"[at % 10] + "子丑寅卯辰巳午未申酉戌亥"[at % 12] for at in range(60)
    ],
    "ideographEnclosedCircle": "㊀㊁㊂㊃㊄㊅㊆㊇㊈㊉",
    "decimalEnclosedCircle": "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳㉑㉒㉓㉔㉕㉖㉗㉘㉙㉚㉛㉜㉝㉞㉟㊱㊲㊳㊴㊵㊶㊷㊸㊹㊺㊻㊼㊽㊾㊿",
    "decimalEnclosedParen": "⑴⑵⑶⑷⑸⑹⑺⑻⑼⑽⑾⑿⒀⒁⒂⒃⒄⒅⒆⒇",
    "decimalEnclosedFullstop": "⒈⒉⒊⒋⒌⒍⒎⒏⒐⒑⒒⒓⒔⒕⒖⒗⒘⒙⒚⒛",
    "ganada": "가나다라마바사아자차카타파하",
    "chosung": "ㄱㄴㄷㄹㅁㅂㅅㅇㅈㅊㅋㅌㅍㅎ",
    "aiueo": "ｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾅﾆﾇﾈﾉﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓﾔﾕﾖﾗﾘﾙﾚﾛﾜｦﾝ",
    "aiueoFullWidth": "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲン",
    "irohaFullWidth": "イロハニホヘトチリヌルヲワカヨタレソツネナラムウヰノオクヤマケフコエテアサキユメミシヱヒモセス",
    "russianLower": "абвгдежзиклмнопрстуфхцчшщэюя",
    "russianUpper": "АБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩЭЮЯ",
}
_CIRCLED = frozenset(("decimalEnclosedCircleChinese", "decimalEnclosedCircle"))
_MULTIPLES = {  # digits from zero, ten, hundred, thousand; whether 10 is written 'one ten', and zeros within
    **dict.fromkeys(
        ("chineseCounting", "chineseCountingThousand", "taiwaneseCounting", "taiwaneseCountingThousand"),
        ("零一二三四五六七八九", "十百千", False, True),
    ),
    **dict.fromkeys(("japaneseCounting", "koreanCounting"), ("〇一二三四五六七八九", "十百千", False, False)),
    "chineseLegalSimplified": ("零壹贰叁肆伍陆柒捌玖", "拾佰仟", True, True),
    "ideographLegalTraditional": ("零壹貳參肆伍陸柒捌玖", "拾佰仟", True, True),
    "japaneseLegal": ("零壱弐参四伍六七八九", "拾百阡", True, False),
}
_DIGITS = {
    **dict.fromkeys(("ideographDigital", "japaneseDigitalTenThousand"), "〇一二三四五六七八九"),
    "taiwaneseDigital": "○一二三四五六七八九",
    **dict.fromkeys(("decimalFullWidth", "decimalFullWidth2"), "０１２３４５６７８９"),
    "koreanDigital": "영일이삼사오육칠팔구",
}


def numeral(number: int, form: str) -> str:
    """Return ``number`` as Word writes it in the format called ``form``, in digits where it can't."""
    if form in _CIRCLED:
        form = "decimalEnclosedCircle"
    if form in _SERIES:
        series = _SERIES[form]
        return series[number - 1] if 1 <= number <= len(series) else str(number)
    if form in _DIGITS:
        return str(number).translate({48 + at: digit for at, digit in enumerate(_DIGITS[form])})
    if form in _MULTIPLES:
        return _in_tens(number, *_MULTIPLES[form])
    write = _WRITERS.get(form)
    return write(number) if write else str(number)


def _letters(number: int) -> str:
    """Return a, b … z, aa, bb … as Word goes on, not as spreadsheets do."""
    turns, at = divmod(number - 1, 26)
    return chr(97 + at) * (turns + 1) if 1 <= number <= 780 else str(number)


def _roman(number: int) -> str:
    if not 1 <= number < 4000:
        return str(number)
    return "".join(place[int(digit)] for place, digit in zip(_ROMAN, f"{number:04}", strict=True))


def _ordinal(number: int) -> str:
    last = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{last}"


def _in_tens(number: int, digits: str, tens: str, names_one: bool, fills: bool) -> str:
    if not 1 <= number <= 9999:
        return digits[0] if number == 0 else str(number)
    text = ""
    gap = False
    for place, char in enumerate(str(number)):
        power = len(str(number)) - place - 1
        if char == "0":
            gap = bool(text)
            continue
        text += digits[0] if gap and fills else ""
        gap = False
        bare = char == "1" and power and not names_one and ((power == 1 and not text) or not fills)
        text += ("" if bare else digits[int(char)]) + (tens[power - 1] if power else "")
    return text


_WRITERS: dict[str, Callable[[int], str]] = {
    "decimalZero": lambda number: f"{number:02}",
    "lowerLetter": _letters,
    "upperLetter": lambda number: _letters(number).upper(),
    "lowerRoman": _roman,
    "upperRoman": lambda number: _roman(number).upper(),
    "ordinal": _ordinal,
    "numberInDash": lambda number: f"- {number} -",
    "hex": lambda number: f"{number:X}",
    "none": lambda number: "",
    "bullet": lambda number: "",
}


_LONGEST_LABEL = 100
"""Characters that stand around the numbers of a list's level."""
_LINKS_FOLLOWED = 4
"""Styles of lists through which a list may get its levels; Word writes one."""


@dataclass(frozen=True, slots=True)
class _Level:
    form: str = "decimal"
    shown: str = ""
    start: int = 1
    restart: int | None = None
    """Levels from the top that restart this one; None for all above it, 0 for none."""
    legal: bool = False
    """Whether the levels above are shown in digits, whatever their own format."""
    style: str = ""
    """The style of paragraph that stands on this level."""


@dataclass(frozen=True, slots=True)
class _List:
    levels: Mapping[int, _Level]
    definition: str
    """What it counts together with."""
    restarts: Mapping[int, int]
    """Levels that begin with another number the first time that this list is used."""


class Numbering:
    """The lists of a document, and how far each has been counted."""

    def __init__(self, root: Any, styles: Any) -> None:
        """``root`` and ``styles`` are those of the parts for numbering and styles, None where there is none."""
        self._lists: dict[str, _List] = {}
        self._counts: dict[str, dict[int, int]] = defaultdict(dict)
        self._restarted: set[tuple[str, int]] = set()
        if root is not None:
            for number, levels, definition in _lists(root, styles):
                identity = number.get(f"{W}numId") or ""
                self._lists[identity] = _overridden(number, levels, definition)

    def label(self, paragraph: Any, style: Style) -> tuple[str, int]:
        """Return what stands before a paragraph ('2.1 ', '' of a bullet) and its depth from 1, 0 outside lists."""
        properties = paragraph.find(f"{W}pPr")
        number, depth = numbering_of(properties) if properties is not None else (None, None)
        listed = self._lists.get(number if number is not None else style.numbered[0] or "")
        if listed is None:
            return "", 0
        if depth is not None:
            at = depth
        elif number is not None:
            at = 0
        else:
            at = _level_of(style, listed)
        self._count(number or style.numbered[0] or "", listed, at)
        return self._shown(listed, at), max(at, style.indent) + 1

    def _count(self, number: str, listed: _List, at: int) -> None:
        counts = self._counts[listed.definition]
        for above in range(at):
            counts.setdefault(above, _level(listed, above).start)
        if at in listed.restarts and (number, at) not in self._restarted:
            counts[at] = listed.restarts[at]
        else:
            counts[at] = counts.get(at, _level(listed, at).start - 1) + 1
        self._restarted.add((number, at))
        for deeper in [other for other in counts if other > at]:
            restart = _level(listed, deeper).restart
            if restart is None or at < restart:
                del counts[deeper]

    def _shown(self, listed: _List, at: int) -> str:
        level = _level(listed, at)
        counts = self._counts[listed.definition]

        def written(match: re.Match[str]) -> str:
            above = int(match[1]) - 1
            form = _level(listed, above).form
            number = counts.get(above, _level(listed, above).start)
            if level.legal and above < at and form not in ("none", "bullet"):
                form = "decimal"
            return _padded(number, form) if form.startswith("0") else numeral(number, form)

        if level.form == "bullet" and not re.search(r"[^\W_]{2}", level.shown):
            return ""  # a sign; words are part of what is read: 'Note:'
        shown = re.sub(r"%([1-9])", written, level.shown).strip()
        shown = shown.lstrip(".") if level.shown.startswith("%") else shown
        return f"{shown} " if re.search(r"\w|[①-⑳㉑-㊿㊀-㊉⑴-⒛]", shown) else ""


def _lists(root: Any, styles: Any) -> list[tuple[Any, dict[int, _Level], str]]:
    """Return each list with the levels of its definition, those of a style of lists looked up there."""
    definitions = {
        definition.get(f"{W}abstractNumId") or "": definition for definition in root.iterchildren(f"{W}abstractNum")
    }
    styled = {
        name: identity for identity, definition in definitions.items() if (name := value_of(definition, "styleLink"))
    }
    of_number = {
        number.get(f"{W}numId") or "": value_of(number, "abstractNumId") or ""
        for number in root.iterchildren(f"{W}num")
    }
    for style in styles.iterchildren(f"{W}style") if styles is not None else ():
        name = style.get(f"{W}styleId") or ""
        if style.get(f"{W}type") == "numbering" and name not in styled:
            properties = style.find(f"{W}pPr")
            number, _ = numbering_of(properties) if properties is not None else (None, None)
            styled[name] = of_number.get(number or "", "")
    levels: dict[str, dict[int, _Level]] = {}
    found = []
    for number in root.iterchildren(f"{W}num"):
        identity = value_of(number, "abstractNumId") or ""
        if identity in definitions:
            if identity not in levels:
                levels[identity] = _levels(definitions, styled, identity)
            found.append((number, levels[identity], identity))
    return found


def _levels(definitions: Mapping[str, Any], styled: Mapping[str, str], identity: str) -> dict[int, _Level]:
    levels: dict[int, _Level] = {}
    for _ in range(_LINKS_FOLLOWED):
        definition = definitions.get(identity)
        if definition is None:
            break
        for element in definition.iterchildren(f"{W}lvl"):
            levels.setdefault(depth_of(element.get(f"{W}ilvl")), _read_level(element))
        identity = styled.get(value_of(definition, "numStyleLink") or "", "")
    return levels


def _overridden(number: Any, levels: dict[int, _Level], definition: str) -> _List:
    """Return a list with the levels that it has of its own, and the numbers with which it restarts."""
    restarts = {}
    for override in number.iterchildren(f"{W}lvlOverride"):
        depth = depth_of(override.get(f"{W}ilvl"))
        own = override.find(f"{W}lvl")
        if own is not None:
            levels = {**levels, depth: _read_level(own)}
        start = value_of(override, "startOverride")
        if start is not None:
            restarts[depth] = _int(start, 1)
            if depth in levels:
                levels = {**levels, depth: replace(levels[depth], start=restarts[depth])}
    return _List(levels, definition, restarts)


def _read_level(element: Any) -> _Level:
    restart = value_of(element, "lvlRestart")
    legal = element.find(f"{W}isLgl")
    return _Level(
        form=_form(element),
        shown=(value_of(element, "lvlText") or "")[:_LONGEST_LABEL],
        start=_int(value_of(element, "start"), 1),
        restart=None if restart is None else _int(restart, 0),
        legal=legal is not None and is_on(legal),
        style=value_of(element, "pStyle") or "",
    )


def _form(element: Any) -> str:
    """Return the format of a level's numbers; one that a person drew up, '001, 002, …', by its first number."""
    form = next(element.iter(f"{W}numFmt"), None)
    if form is None:
        return "decimal"
    if form.get(f"{W}val") == "custom":
        first = (form.get(f"{W}format") or "").partition(",")[0].strip()
        return first if re.fullmatch(r"0\d{1,8}", first) else "decimal"
    return form.get(f"{W}val") or "decimal"


def _padded(number: int, first: str) -> str:
    return str(number).zfill(len(first))


def _level(listed: _List, at: int) -> _Level:
    return listed.levels.get(at) or _Level(form="bullet")


def _level_of(style: Style, listed: _List) -> int:
    """Return the level of a paragraph whose style numbers it: that which names the style, else what the style says."""
    linked = {level.style: at for at, level in listed.levels.items() if level.style}
    own = next((linked[style_id] for style_id in style.chain[:1] if style_id in linked), None)
    if own is not None:
        return own
    if style.numbered[1] is not None:
        return style.numbered[1]
    return next((linked[style_id] for style_id in style.chain if style_id in linked), 0)


def _int(text: str | None, otherwise: int) -> int:
    return int(text) if text and re.fullmatch(r"\d{1,6}", text) else otherwise
