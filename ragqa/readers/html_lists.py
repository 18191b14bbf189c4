"""What stands before an item of a list: its number, or the terms that it defines. Knows no counter of style sheets."""

from __future__ import annotations

import re
from typing import Any

_ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl")),
    *((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)
_STYLE = re.compile(r"list-style(?:-type)?\s*:\s*([^;]*)", re.IGNORECASE)
_BULLETS = frozenset(("disc", "circle", "square", "none"))
_KINDS = {
    "lower-alpha": "a",
    "lower-latin": "a",
    "upper-alpha": "A",
    "upper-latin": "A",
    "lower-roman": "i",
    "upper-roman": "I",
    "decimal": "1",
    "decimal-leading-zero": "01",
}
_LONGEST_TERM = 80
"""Characters of a term that is said again before its second definition."""


def list_marker(item: Any) -> str:
    """Return the number of an item with a space, '' of a bullet. To be asked once of each item, in their order."""
    parent = item.getparent()
    if parent is None or parent.tag not in ("ol", "ul", "menu"):
        return ""
    kind = _kind(item, parent)
    if not kind:
        return ""
    # the count is kept on the list: looking back from every item would take time quadratic in its length
    step = -1 if parent.get("reversed") is not None else 1
    count = _number(item.get("value"))
    if count is None:
        count = _number(parent.get("data-ragqa-next"))
    if count is None:
        count = _number(parent.get("start"))
    if count is None:
        count = 1 if step > 0 else sum(1 for _ in parent.iterchildren("li"))
    parent.set("data-ragqa-next", str(count + step))
    return f"{numeral(count, kind)}. "


def _kind(item: Any, parent: Any) -> str:
    """Return 'a', 'A', 'i', 'I', '1' or '01'; '' of a bullet."""
    for element in (item, parent):
        styled = _STYLE.search(element.get("style") or "")
        for word in styled[1].lower().split() if styled else ():
            if word in _KINDS:
                return _KINDS[word]
            if word in _BULLETS:
                return ""
        if (kind := element.get("type") or "") in ("a", "A", "i", "I", "1"):
            return kind
    return "1" if parent.tag == "ol" else ""


def numeral(count: int, kind: str) -> str:
    """Return a count as letters, Roman or decimal digits; decimal where the others can't say it."""
    text = ""
    if kind in ("a", "A") and count > 0:
        while count:
            count, letter = divmod(count - 1, 26)
            text = chr(ord("a") + letter) + text
    elif kind in ("i", "I") and 0 < count < 4000:
        for value, letters in _ROMAN:
            text += letters * (count // value)
            count %= value
    else:
        text = f"{count:02}" if kind == "01" else str(count)
    return text.upper() if kind.isupper() else text


def _number(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"\s*[+-]?\d{1,9}\s*", text) else None


class Definition:
    """The terms of a <dl> that wait for their definition; each definition begins with its terms."""

    def __init__(self) -> None:
        self.waiting: list[str] = []
        self.open = False  # whether a <dd> has begun, and said nothing yet
        self.said = ""  # the terms of the definition before, where the next is of them too

    def begin(self, tag: str) -> None:
        self.open = tag == "dd"
        if tag == "dt":
            self.said = ""

    def of(self, text: str) -> str:
        """Return a definition with its terms before it; what follows within the same <dd> stays as it is."""
        terms = ", ".join(self.take())
        if not terms and self.open and len(self.said) <= _LONGEST_TERM:
            terms = self.said
        self.open = False
        if not terms:
            return text
        return f"{terms}{' ' if terms.endswith((':', '：', '?', '？', '—', '–', '-')) else ': '}{text}"

    def take(self) -> list[str]:
        terms, self.waiting = self.waiting, []
        self.said = ", ".join(terms) or self.said
        return terms
