"""Citations as OpenAI's clients know them: links that end a text, and ``url_citation`` annotations of its markers.

Each leads to the browser page, which shows the quote lit where it stands.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urlencode

_MARKER = re.compile(r"\[(\d+)\]")
_LINKS = re.compile(r"\n\n(\[\d+\] \[[^\n]*\]\([^\n]*\)(\n|$))+$")


def without_links(text: str) -> str:
    """Return an answer without the links that end it, which a client sends back as part of the conversation."""
    return _LINKS.sub("", text)


class Cited:
    """The citations of an answer, with links to the page that shows them lit."""

    def __init__(self, library: str, page: str, answer: dict[str, Any]) -> None:
        self.citations = [{**one, "url": page_url(page, library, one)} for one in answer["citations"]]

    def links(self) -> str:
        """Return what ends the text: a line for each source; nothing where there is none."""
        lines = [f"[{one['marker']}] [{_escaped(_title(one))}]({one['url']})" for one in self.citations]
        return "\n\n" + "\n".join(lines) if lines else ""

    def annotations(self, text: str) -> list[dict[str, Any]]:
        """Return one for each marker in the text of the answer."""
        known = {one["marker"]: one for one in reversed(self.citations)}
        body = without_links(text)
        return [
            {
                "type": "url_citation",
                "url_citation": {
                    "start_index": found.start(),
                    "end_index": found.end(),
                    "url": one["url"],
                    "title": _title(one),
                },
            }
            for found in _MARKER.finditer(body)
            if (one := known.get(int(found[1])))
        ]


def page_url(page: str, library: str, citation: dict[str, Any]) -> str:
    """Return the address at which the browser page shows a citation lit. ``page`` is the server's own address."""
    place = {
        "library": library,
        "document": citation["document_id"],
        "page": citation["page"],
        "start": citation["start"] if citation["end"] else None,  # 0 and 0: where it stands is not known
        "end": citation["end"] or None,
    }
    return f"{page}#{urlencode({name: value for name, value in place.items() if value is not None}, quote_via=quote)}"


def _title(citation: dict[str, Any]) -> str:
    page = f", page {citation['page']}" if citation["page"] is not None else ""
    return f"{citation['document']}{page}"


def _escaped(text: str) -> str:
    """Return text as Markdown shows it: a document's name is no markup."""
    return re.sub(r"([\\`*_\[\]<>!&])", r"\\\1", text)
