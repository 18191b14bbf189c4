"""Numbers of list items in the formats that Word knows: i, IV, b, 三, 甲, ③. Knows nothing of lists.

The names are those of ST_NumberFormat (ECMA-376, Part 1, 17.18.59). What is not listed here is written in digits.
"""

from __future__ import annotations

from collections.abc import Callable

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
