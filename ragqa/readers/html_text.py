"""The text of one element: a cell, a heading, preformatted lines. Knows nothing of blocks."""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from ragqa.readers.html_lists import list_marker
from ragqa.readers.html_page import SILENT, is_unseen

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
