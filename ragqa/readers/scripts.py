"""Raised and lowered characters, and formulas, as text on one line. Knows nothing of the formats that set them.

A manual read without its superscripts is read wrongly: 10⁵ becomes 105, 2¹/₂ becomes 21/2, and a footnote's mark joins
the number before it. Exponents are written with '^' and fractions with '/', as in plain text mathematics (UnicodeMath,
Unicode Technical Note 28); an exponent of a unit stays an exponent (m²).
"""

from __future__ import annotations

import re

from ragqa.cjk import HAN, KANA

_DIGITS = str.maketrans("0123456789+-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻")
_UNIT = re.compile(r"(?:^|[^A-Za-z])(?:[kcdmµμn]?m|in|ft|yd|mi|s|米)$")
"""What is squared or cubed: a unit of length or time at the end of the text."""
_INVERSE_UNIT = re.compile(r"(?:^|[^A-Za-z])(?:[kcdmµμn]?m|m?s|min|h|d|K|kg|g|l|L|mol|Hz|V|A|W|J|N|Pa|bar|cd|°C)$")
_INTEGER = re.compile(r"[-+−–]?\d{1,4}")
_FRACTION = re.compile(r"\d+\s*[/⁄∕]\s*\d*")
_MARK = re.compile(
    r"[\[(](?:\d{1,3}|[a-z])|"
    r"[\[(]?(?:\d{1,3}|[a-z])(?:\s*[,;、]\s*(?:\d{1,3}|[a-z]))*[)\]）]|\d{1,3}(?:\s*[,;、]\s*\d{1,3})+|[*†‡§¶#]+|[①-⑳]"
)
"""Marks of footnotes that can't be exponents: 1), [3], (a), 1,2, *, †."""
_ORDINAL = re.compile(r"st|nd|rd|th|er|re|e|ème|ère|o|a|º|ª|ter|te|TM|SM|R|C|®|™|©|℠|′|″|'|\"", re.IGNORECASE)
_WORD = re.compile(rf"[^\W\d_]{{3,}}$|[{HAN}{KANA}]$|[.,;:!?)\]\"'’”。，；：！？）」』]$")
"""What is raised after a word or a sign that ends one is a footnote's mark."""
_CHARGE = re.compile(r"[1-9]?[+−–-]")
_FUNCTION = re.compile(r"(?:^|[^A-Za-z])(?:sin|cos|tan|cot|sec|csc|log|exp|det)h?$")
_FACTOR = re.compile(
    r"\((?!\s*[A-Z]\s*\)$)(?:[^()]*[-+−·×/^=][^()]*|\s*[a-zα-ωA-Z][\w.]?\s*|[^()]*\([^()]*\)[^()]*)\)$"
)
_COUNTED = re.compile(r"(?<![\d.,])\d{1,3}(?:[.,]\d{3})+$|(?<![\d.,])\d{1,3}(?: \d{3})+$")
"""A number with its thousands set apart: nobody writes an exponent behind it."""
_WORDS = re.compile(r"[^\W\d_]{3,}")


def write_superscript(before: str, text: str, after: str = "") -> str:
    """Return what to write for ``text`` set as a superscript after ``before``, with ``after`` behind it.

    '^5' after 10, '²' after m, ' 1' in 2¹/₂, 'th' after 5, '' for the mark of a footnote. At the start of a line the
    mark stands for the note itself and stays, apart from its first word.
    """
    mark = text.strip()
    if not mark:
        return text
    line = before.rpartition("\n")[2]
    if not line.strip():
        joined = not after or after[0].isspace() or after[0] in "/⁄∕)]）"
        return text if joined else f"{mark} "
    number = line[-1].isdecimal()
    if _FRACTION.fullmatch(mark) or _is_numerator(mark, line, after):
        return f" {mark}" if number else text
    if _MARK.fullmatch(mark):
        return ""
    if mark in ("o", "0", "º", "∘", "○") and (number or line[-1].isspace()) and re.match(r"\s*[CFK]\b", after):
        return "°"
    if _CHARGE.fullmatch(mark) and re.search(r"[A-Za-z][\d_)\]]*$", line):  # Na⁺, Ca²⁺
        return text
    if _INTEGER.fullmatch(mark):
        return _exponent(line, mark.replace("−", "-").replace("–", "-"))
    if _ORDINAL.fullmatch(mark) and (len(mark) > 1 or not mark.isalpha() or mark in ("oea" if number else "") + "RC"):
        return text
    if len(mark) == 1 and mark.isalpha():
        noted = _ends_word(line) or (mark in "abcdef" and (_UNIT.search(line) or _INVERSE_UNIT.search(line)))
        return "" if noted else f"^{mark}"
    if len(mark) > 1 and mark[0] in "-+−" and re.search(r"[^\W\d_]{3,}$", line):  # a remark
        return f" {mark}"
    if mark[0].isalnum() or mark[0] in "-+−(":
        return f"^{bracket_operand(mark)}" if not line[-1].isspace() else text
    return text


def _is_numerator(mark: str, line: str, after: str) -> bool:
    """Say whether a number begins a fraction, as in 2¹/₂: m³/h and 10⁵/2 have none."""
    below = re.match(r"\s*[/⁄∕]\s*(\d{0,4})", after) if mark.isdecimal() and len(mark) <= 4 else None
    if not below or _UNIT.search(line):
        return False
    return int(mark) < int(below[1]) if below[1] else not after.strip()[1:]


def _exponent(line: str, integer: str) -> str:
    line = line.rstrip()
    negative = integer.startswith("-")
    if (_INVERSE_UNIT if negative else _UNIT).search(line) and len(integer) <= 2 and integer.lstrip("-+") in "1234":
        return integer.translate(_DIGITS)
    if (
        not negative
        and not integer.startswith("+")
        and (
            _ends_word(line)
            or _COUNTED.search(line)
            or (integer == "1" and line[-1].isdecimal() and not line.endswith("10"))
        )
    ):
        return ""
    return f"^{integer}"


def _ends_word(line: str) -> bool:
    """Whether the line ends as prose does, and not in a function's name or a formula in brackets: cos², (x − y)²."""
    if not _WORD.search(line) or _FUNCTION.search(line):
        return False
    factor = _FACTOR.search(line)
    return not factor or bool(_WORDS.search(factor[0]))


def write_subscript(before: str, text: str) -> str:
    """Return what to write for ``text`` set as a subscript after ``before``: H2O is joined, digits never to digits."""
    index = text.strip()
    if index and before[-1:].isdecimal() and index[0].isdecimal():
        return f"_{index}"
    return text


def fraction(numerator: str, denominator: str) -> str:
    """Return 'a/b', in brackets where an operand is more than one factor."""
    return f"{bracket_operand(numerator)}/{bracket_operand(denominator)}"


def power(base: str, exponent: str) -> str:
    """Return 'base^exponent'; degrees and primes follow their base as they are."""
    exponent = exponent.strip()
    if exponent in ("°", "∘", "′", "″", "'", "*", "†"):
        return base + exponent.replace("∘", "°")
    if not exponent:
        return base
    whole = f"({base.strip()})" if re.match(r"\s*[-+−]|[^(]*\^", base) else bracket_operand(base)  # (-2)^2 is not -2^2
    return f"{whole}^{bracket_operand(exponent)}"


def index(base: str, subscript: str) -> str:
    """Return 'base_subscript', the subscript in brackets where it is more than one name or number."""
    subscript = subscript.strip()
    return f"{bracket_operand(base)}_{bracket_operand(subscript)}" if subscript else base


def root(radicand: str, degree: str = "") -> str:
    """Return '√x', '√(a + b)' or, with a degree, 'root(3, x)'."""
    degree = degree.strip()
    return f"root({degree}, {radicand.strip()})" if degree and degree != "2" else f"√{bracket_operand(radicand)}"


_ATOM = re.compile(r"[-+−]?[\w.,°′″∞]+|[-+−]?√?[\w.]*\([^()]*\)|(?:[^\W_]|\.)+[\^_][\w.]+")


def bracket_operand(text: str) -> str:
    """Return an operand, in brackets unless it is one number, name or bracket."""
    text = text.strip()
    return text if not text or _ATOM.fullmatch(text) else f"({text})"
