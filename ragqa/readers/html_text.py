"""The text of one element: a cell, a heading, preformatted lines. Knows nothing of blocks."""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from ragqa.readers.formulas import mathml_to_text, tex_to_text
from ragqa.readers.html_page import SILENT, is_unseen

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


WHITE = re.compile(r"\s{2,}|[^\S ]")
# fmt: off
PARTING = frozenset((
    "address", "article", "blockquote", "caption", "center", "dd", "div", "dl", "dt", "fieldset", "figcaption",
    "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "legend", "ol", "p", "pre", "section", "table", "td", "th",
    "tr", "ul", "li", "br", "summary", "details",
))
# fmt: on
_MEANINGLESS_ALT = re.compile(
    r"(?:an? )?(?:image|img|icon|logo|photo|picture|figure|spacer|bullet|thumbnail|banner|graphic|arrow)s?\W*\d*"
    r"|.*\.(?:png|jpe?g|gif|svg|webp|bmp|tiff?|ico)|\W*|https?:.*",
    re.IGNORECASE | re.DOTALL,
)


def text_of(element: Any, *, verbatim: bool = False) -> str:
    """Return an element's shown text: on one line with blocks parted by spaces, or ``verbatim`` as in <pre>."""
    parts: list[str] = []
    walk = etree.iterwalk(element, events=("start", "end"))
    skipped = None
    for event, inner in walk:
        if event == "start":
            if inner.tag in SILENT or (
                inner.attrib and inner is not element and (_is_gutter(inner) or is_unseen(inner))
            ):
                skipped = inner
                walk.skip_subtree()
                continue
            _begin(parts, inner, verbatim)
            parts.append(inner.text or "")
        else:
            if inner is skipped:
                skipped = None
            elif not verbatim and inner.tag in PARTING:
                parts.append(" ")
            elif verbatim and inner.tag in ("div", "p", "li", "tr") and parts and not parts[-1].endswith("\n"):
                parts.append("\n")
            if inner is not element:
                parts.append(inner.tail or "")
    text = "".join(parts)
    return text if verbatim else WHITE.sub(" ", text).strip().replace(" ; ", "; ")


def _begin(parts: list[str], inner: Any, verbatim: bool) -> None:
    tag = inner.tag
    if verbatim:
        if tag == "br":
            parts.append("\n")
    elif tag == "li":
        marker = list_marker(inner)
        if inner.getprevious() is not None:
            parts.append(" " if marker else "; ")
        parts.append(marker)
    elif tag in PARTING:
        parts.append(" ")
    elif tag == "img" and (alt := alt_text(inner)):
        parts.append(f" [image: {alt}] ")


def _is_gutter(element: Any) -> bool:
    marks = element.get("class") or ""
    return (
        bool(marks)
        and re.search(r"(?<![a-z])(?:linenos?|line-numbers?|gutter|copybtn|noprint)(?![a-z])", marks) is not None
    )


def alt_text(image: Any) -> str:
    """Return an image's alternative text where it says something; '' of one that is hidden or only decorates."""
    if image.get("aria-hidden") == "true" or image.get("role") == "presentation":
        return ""
    return spoken_alt(image.get("alt") or "")


def spoken_alt(alt: str) -> str:
    """Return an alternative text where it says something: no file name, no 'icon', no stretch of prose."""
    alt = WHITE.sub(" ", alt).strip()
    return "" if not 2 <= len(alt) <= 300 or _MEANINGLESS_ALT.fullmatch(alt) else alt


_RENDERED = re.compile(r"MathJax|MJX|mjx|katex", re.IGNORECASE)
_HIDES_MATHS = re.compile(r"mwe-math-mathml|MJX_Assistive|katex-mathml", re.IGNORECASE)


def become(element: Any, text: str) -> None:
    """Make an element a plain <span> of ``text``."""
    blank(element)
    element.tag = "span"
    element.attrib.clear()
    element.text = text


def blank(element: Any) -> None:
    element.text = None
    for child in list(element):
        element.remove(child)


def show_maths(math: Any) -> None:
    """Make a formula its text, and undo the hiding of one that stands beside its picture."""
    text = mathml_to_text(math)
    become(math, f" {text} " if math.get("display") == "block" else text)
    above = math.getparent()
    for _ in range(3):
        if above is None:
            return
        if _HIDES_MATHS.search(above.get("class") or "") or str(above.tag).startswith("mjx-assistive"):
            for hiding in ("style", "hidden", "aria-hidden"):
                above.attrib.pop(hiding, None)
        above = above.getparent()


def is_drawn_twice(element: Any) -> bool:
    """Say whether an element draws the formula that MathML beside it says."""
    names = element.get("class") or ""
    if element.tag == "nobr" or str(element.tag).startswith("mjx-math"):
        return element.get("aria-hidden") == "true" and element.getnext() is not None
    if "katex-html" in names:
        before = element.getprevious()
        return before is not None and "katex-mathml" in (before.get("class") or "")
    return "MathJax_Preview" in names


def was_rendered(script: Any) -> bool:
    before = script.getprevious()
    return (
        before is not None
        and "Preview" not in (before.get("class") or "")
        and bool(_RENDERED.search(f"{before.get('class') or ''} {before.tag}"))
    )


def formula_text(written: str) -> str:
    """Return a TeX formula as plain text, or as it stands."""
    inner = written.strip()
    for start, end in (("\\(", "\\)"), ("\\[", "\\]"), ("$$", "$$"), ("$", "$")):
        if inner.startswith(start) and inner.endswith(end) and len(inner) >= len(start + end):
            inner = inner[len(start) : -len(end)]
    if inner.startswith("{\\displaystyle") and inner.endswith("}"):
        inner = inner[len("{\\displaystyle") : -1]
    return tex_to_text(inner) or written
