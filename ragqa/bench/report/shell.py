"""A self-contained HTML page around its body: head, style, and the policy that nothing is fetched and nothing runs."""

from __future__ import annotations

from ragqa.bench.report.markup import Markup, tag
from ragqa.bench.report.style import CSS

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""Told to the browser too: nothing is fetched, nothing runs."""


def whole(title: str, *body: str | Markup) -> str:
    """Return the page whose body holds the parts of ``body``."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("style", Markup(CSS)),
    )
    return "<!doctype html>\n" + tag("html", head, tag("body", *body), lang="en") + "\n"
