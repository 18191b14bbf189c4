"""Word's equations (Office Math, ECMA-376 Part 1, 22.1) as text on one line. Knows nothing of paragraphs.

A fraction is a/b, a root √x, a sum ∑_(i=1)^n x_i: the same linear form as that of other formats (``scripts``).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from ragqa.readers import scripts

M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"

LONGEST_EQUATION = 10_000
"""Characters; what claims to be a longer one is given as its characters in a row."""

_UNSHOWN = frozenset((f"{_W}del", f"{_W}moveFrom", f"{_W}rPr", f"{M}rPr", f"{M}ctrlPr"))
_ACCENTS = {"\u0302": "hat", "\u0303": "tilde", "\u0304": "bar", "\u0305": "bar", "\u0307": "dot", "\u0308": "ddot"}
_ACCENTS |= {"\u20d7": "vec", "\u20d1": "vec", "\u030c": "check", "\u0306": "breve"}
_RELATION = re.compile(r"[()\[\]]|[ \t]*(:=|[=≈≠≤≥≡∝≅⇒⇔])[ \t]*")
_LETTERS = re.compile("[\U0001d400-\U0001d7ff\u210a-\u2131]")
"""Slanted and bold letters of formulas, which are plain letters to whoever searches."""
_BLANKS = re.compile(r"[ \t\u2000-\u200b\u2061-\u2064]+")
_BRACKETS = frozenset("()[]{}|‖⌈⌉⌊⌋〈〉⟨⟩")


def equation_text(equation: Any) -> str:
    """Return an m:oMath element as text on one line."""
    length = sum(len(text.text or "") for text in equation.iter(f"{M}t"))
    if length > LONGEST_EQUATION:
        return _clean("".join(text.text or "" for text in equation.iter(f"{M}t")))
    return _clean(_spaced(_row(equation)))


def _spaced(text: str) -> str:
    """Return an equation with spaces around its equals signs, but not within brackets: ∑_(i=1)."""
    depth = 0

    def written(match: re.Match[str]) -> str:
        nonlocal depth
        if not match[1]:
            depth += 1 if match[0] in "([" else -1
            return match[0]
        return f" {match[1]} " if depth <= 0 else match[0]

    return _RELATION.sub(written, text)


def _clean(text: str) -> str:
    return _BLANKS.sub(" ", text).strip()


def _row(element: Any) -> str:
    """Return what stands in an element, one thing after the other; None gives nothing.

    Two things that would run into one, 2 and 1/2 or k and v^2, are kept apart by a space.
    """
    parts: list[str] = []
    built_before = False
    for child in element if element is not None else ():
        tag = child.tag
        if not isinstance(tag, str) or tag in _UNSHOWN:
            continue
        build = _BUILDERS.get(tag)
        text = build(child) if build else _run(child) if tag == f"{M}r" else _row(child)
        if not text:
            continue
        if parts and _meet(parts[-1][-1], text[0], built_before, build is not None):
            parts.append(" ")
        parts.append(text)
        built_before = build is not None
    return "".join(parts)


def _meet(last: str, first: str, built_before: bool, built: bool) -> bool:
    """Say whether two things that stand side by side would be read as one."""
    if not (built_before or built):
        return False
    opens = first.isalnum() or first in "√∑∏∫∮" or (built_before and first in "([")
    return opens and (last.isalnum() or last in ")]′″°∞")


def _run(run: Any) -> str:
    properties = run.find(f"{_W}rPr")
    for name in ("strike", "dstrike", "vanish"):
        switch = properties.find(f"{_W}{name}") if properties is not None else None
        if switch is not None and (switch.get(f"{_W}val") or "1").lower() not in ("0", "false", "off"):
            return ""
    text = "".join(child.text or "" for child in run if child.tag in (f"{M}t", f"{_W}t"))
    return _LETTERS.sub(lambda letter: unicodedata.normalize("NFKC", letter.group()), text.replace("\u2061", " "))


def _part(element: Any, name: str) -> str:
    return _row(element.find(f"{M}{name}")).strip()


def _property(element: Any, name: str, default: str) -> str:
    """Return a property of an element, '' where it is there and empty."""
    found = element.find(f"{M}{element.tag[len(M) :]}Pr/{M}{name}")
    return default if found is None else found.get(f"{M}val", "")


def _is_set(element: Any, name: str, default: str = "0") -> bool:
    return (_property(element, name, default) or "1").lower() not in ("0", "false", "off")


def _fraction(element: Any) -> str:
    above, below = _part(element, "num"), _part(element, "den")
    if _property(element, "type", "bar") == "noBar":
        choice = f"{above} choose {below}"
        return choice if _in_brackets(element) else f"({choice})"
    return scripts.fraction(above, below) if below else above


def _in_brackets(element: Any) -> bool:
    """Say whether nothing but brackets of a delimiter stand around an element."""
    parent = element.getparent()
    alone = parent is not None and parent.tag == f"{M}e" and len([c for c in parent if c.tag != f"{M}argPr"]) == 1
    if not alone or parent.getparent() is None or parent.getparent().tag != f"{M}d":
        return False
    return bool(_property(parent.getparent(), "begChr", "("))


def _superscript(element: Any) -> str:
    return scripts.power(_part(element, "e"), _part(element, "sup"))


def _subscript(element: Any) -> str:
    return scripts.index(_part(element, "e"), _part(element, "sub"))


def _both_scripts(element: Any) -> str:
    return scripts.power(_subscript(element), _part(element, "sup"))


def _scripts_before(element: Any) -> str:
    above, below = _part(element, "sup"), _part(element, "sub")
    return f"{_script('^', above)}{_script('_', below)} {_part(element, 'e')}"


def _root(element: Any) -> str:
    degree = "" if _is_set(element, "degHide") else _part(element, "deg")
    return scripts.root(_part(element, "e"), degree)


def _sum(element: Any) -> str:
    sign = _property(element, "chr", "∫") or ""
    below = "" if _is_set(element, "subHide") else _part(element, "sub")
    above = "" if _is_set(element, "supHide") else _part(element, "sup")
    return f"{sign}{_script('_', below)}{_script('^', above)} {_part(element, 'e')}".strip()


def _script(mark: str, operand: str) -> str:
    return f"{mark}{scripts.bracket_operand(operand)}" if operand else ""


def _delimited(element: Any) -> str:
    opens, closes = _property(element, "begChr", "("), _property(element, "endChr", ")")
    parts = [_row(part).strip() for part in element.iterchildren(f"{M}e")]
    return f"{opens}{_property(element, 'sepChr', '|').join(parts)}{closes}"


def _function(element: Any) -> str:
    name, argument = _part(element, "fName"), _part(element, "e")
    return f"{name}{argument}" if argument[:1] in _BRACKETS and argument else f"{name} {argument}".strip()


def _accent(element: Any) -> str:
    base = _part(element, "e")
    mark = _property(element, "chr", "\u0302")
    return _marked(base, mark)


def _bar(element: Any) -> str:
    base = _part(element, "e")
    return _marked(base, "\u0304") if _property(element, "pos", "bot") == "top" else base


def _marked(base: str, mark: str) -> str:
    if len(base) == 1 and unicodedata.combining(mark[:1] or " "):
        return unicodedata.normalize("NFC", base + mark)
    return f"{_ACCENTS[mark]}({base})" if mark in _ACCENTS and base else base


def _matrix(element: Any) -> str:
    rows = [", ".join(_row(cell).strip() for cell in row) for row in element.iterchildren(f"{M}mr")]
    text = "; ".join(rows)
    return text if _in_brackets(element) else f"[{text}]"


def _lines(element: Any) -> str:
    """Return the lines of an array of equations; '&' only aligns them, '#' parts an equation from its number."""
    lines = [_row(line).replace("&", "").replace("#", " ").strip() for line in element.iterchildren(f"{M}e")]
    return "; ".join(filter(None, lines))


def _lower_limit(element: Any) -> str:
    below = _part(element, "lim")
    return _part(element, "e") + (f"_{scripts.bracket_operand(below)}" if below else "")


def _upper_limit(element: Any) -> str:
    above = _part(element, "lim")
    return _part(element, "e") + (f"^{scripts.bracket_operand(above)}" if above else "")


def _grouping(element: Any) -> str:
    """Return what a brace or an arrow spans; an arrow says something itself."""
    base, mark = _part(element, "e"), _property(element, "chr", "⏟")
    return f"{mark}({base})" if mark in "←→↔⇐⇒⇔⇌" and mark and base else base


def _phantom(element: Any) -> str:
    return _part(element, "e") if _is_set(element, "show", "1") else ""


def _plain(element: Any) -> str:
    return _part(element, "e")


_BUILDERS: dict[str, Callable[[Any], str]] = {
    f"{M}f": _fraction,
    f"{M}sSup": _superscript,
    f"{M}sSub": _subscript,
    f"{M}sSubSup": _both_scripts,
    f"{M}sPre": _scripts_before,
    f"{M}rad": _root,
    f"{M}nary": _sum,
    f"{M}d": _delimited,
    f"{M}func": _function,
    f"{M}acc": _accent,
    f"{M}bar": _bar,
    f"{M}m": _matrix,
    f"{M}eqArr": _lines,
    f"{M}limLow": _lower_limit,
    f"{M}limUpp": _upper_limit,
    f"{M}groupChr": _grouping,
    f"{M}phant": _phantom,
    f"{M}box": _plain,
    f"{M}borderBox": _plain,
}
