"""The text of one element: a cell, a heading, preformatted lines. Knows nothing of blocks."""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from ragqa.readers.html_page import SILENT

WHITE = re.compile(r"\s{2,}|[^\S ]")
# fmt: off
_PARTING = frozenset((
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
            if inner.tag in SILENT or (inner is not element and _is_gutter(inner)):
                skipped = inner
                walk.skip_subtree()
                continue
            _begin(parts, inner, verbatim)
            parts.append(inner.text or "")
        else:
            if inner is skipped:
                skipped = None
            elif not verbatim and inner.tag in _PARTING:
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
    elif tag == "li" and inner.getprevious() is not None:
        parts.append("; " if not list_marker(inner) else " ")
        parts.append(list_marker(inner))
    elif tag in _PARTING:
        parts.append(" " if tag != "li" else list_marker(inner))
    elif tag == "img" and (alt := alt_text(inner)):
        parts.append(f" [image: {alt}] ")


def _is_gutter(element: Any) -> bool:
    marks = element.get("class") or ""
    return bool(marks) and re.search(r"(?<![a-z])(?:linenos?|line-numbers?|gutter|copybtn)(?![a-z])", marks) is not None


def alt_text(image: Any) -> str:
    """Return an image's alternative text where it says something: no file names, no 'icon', nothing hidden."""
    alt = WHITE.sub(" ", image.get("alt") or "").strip()
    if len(alt) > 300 or len(alt) < 2 or image.get("aria-hidden") == "true" or image.get("role") == "presentation":
        return ""
    return "" if _MEANINGLESS_ALT.fullmatch(alt) else alt


def list_marker(item: Any) -> str:
    """Return the number that a browser shows before an item of an ordered list, with a space; '' of a bullet."""
    parent = item.getparent()
    if parent is None or parent.tag != "ol":
        return ""
    # the count is kept on the list: looking back from every item would take time quadratic in its length
    count = _number(item.get("value"))
    if count is None:
        before = item.getprevious()
        while before is not None and before.tag != "li":
            before = before.getprevious()
        known = _number(before.get("data-ragqa-count")) if before is not None else None
        start = _number(parent.get("start"))
        count = known + 1 if known is not None else (start if start is not None else 1)
    item.set("data-ragqa-count", str(count))
    kind = parent.get("type") or ""
    if kind in ("a", "A") and 1 <= count <= 26:
        return f"{chr(ord(kind) + count - 1)}. "
    if kind in ("i", "I") and 1 <= count < 40:
        roman = "x" * (count // 10) + ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix")[count % 10]
        return f"{roman if kind == 'i' else roman.upper()}. "
    return f"{count}. "


def _number(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"-?\d{1,9}", text) else None
