"""HTML text to a tree of elements. Fetches nothing, expands no entity of a DTD; knows nothing of what elements mean."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from lxml import etree
from lxml.html import HTMLParser, document_fromstring

from ragqa.errors import UnreadableFile

_DEEPEST = 2000
"""libxml2 gives up a little past this depth, and drops what lies below without a word."""
_INLINE_TAG = re.compile(
    r"</?(?:font|b|i|u|s|a|big|small|tt|em|strong|span|strike|nobr|center)\b[^<>]*>", re.IGNORECASE
)
_LONG_TAG = re.compile(r"<[a-zA-Z][^<>]{10000,}")
_QUOTED = re.compile("\"[^\"]*\"|'[^']*'")
_MOST_ATTRIBUTES = 1000
"""Of an element of that length: libxml2 compares each with all before it."""
_SELF_CLOSED = re.compile(
    r"<((?!(?:br|hr|img|input|meta|link|col|area|base|embed|source|track|wbr|param)\b)[a-zA-Z]\w*)((?:\s[^<>]*)?)/>"
)


def parse(text: str, name: str) -> Any:
    """Return the root element, or None where there is none. Raises UnreadableFile past libxml2's depth."""
    text = text.replace("\0", "")
    if text[:1000].lstrip("\ufeff \r\n\t").startswith("<?xml") or "www.w3.org/1999/xhtml" in text[:4096]:
        text = _SELF_CLOSED.sub(r"<\1\2></\1>", text)  # XML's <a/> is empty; HTML reads on to the next </a>
    text = _LONG_TAG.sub(_few_attributes, text)
    tree, deep = _tree(text)
    if deep:  # as where every <font> was left open: those nest, and say nothing
        tree, deep = _tree(_INLINE_TAG.sub("", text))
    if deep:
        raise UnreadableFile(f"{name} nests more than {_DEEPEST} elements in each other: save it anew as plain HTML")
    return tree


def _few_attributes(match: re.Match[str]) -> str:
    """Return a long tag as it is, or where its attributes are too many the first ones without their quoted values."""
    words = _QUOTED.sub('""', match[0]).split(None, _MOST_ATTRIBUTES)
    return " ".join(words[:_MOST_ATTRIBUTES]) if len(words) > _MOST_ATTRIBUTES else match[0]


def outermost(element: Any, tags: Collection[str]) -> Iterator[Any]:
    """Yield the elements below ``element`` with one of ``tags`` that lie in no other such."""
    walk = etree.iterwalk(element, events=("start",), tag=tuple(tags))
    for _, inner in walk:
        if inner is not element:
            walk.skip_subtree()
            yield inner


def _tree(text: str) -> tuple[Any, bool]:
    """Return the parsed page, and whether it nested too deeply to be whole."""
    # bytes, because lxml refuses text that declares an encoding
    parser = HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        tree = document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        tree = None
    return tree, any("depth" in entry.message.lower() for entry in parser.error_log)
