"""Break up Markdown and HTML that a viewer would load or run: an image's address can carry text of a manual away.

What is broken up stays readable, and nothing of it is changed further than a few characters ahead, so that it can be
streamed. Knows nothing of code, which is the caller's to leave out.
"""

from __future__ import annotations

import re

LONGEST_LABEL = 150
"""Characters between the brackets of an image or a link; a longer one is only broken up."""

_IMAGE = re.compile(rf"!\[([^\[\]\n]{{0,{LONGEST_LABEL}}})\]\([^)\n]*\)?")
_LINK = re.compile(rf"(?<!!)\[(?!\d+\])([^\[\]\n]{{1,{LONGEST_LABEL}}})\](?=\()")
_DEFINITION = re.compile(r"^([ \t>*+-]{0,12}\[[^\[\]\n]{1,150}\])(?=:)", re.MULTILINE)
_TAG = re.compile(
    r"<(?=[a-z][\w:-]{0,30}[\s/]|[!?]"
    r"|/?(?:a|audio|base|body|button|embed|form|frame|frameset|iframe|image|img|input|link|math|meta|object|picture"
    r"|script|source|style|svg|template|textarea|title|video)>)",
    re.IGNORECASE,
)


def unlinked(text: str) -> str:
    """Return ``text`` with its images, links and HTML elements broken up by spaces, none of its words changed."""
    text = _DEFINITION.sub(r"\1 ", text.replace("](", "] ("))
    return _TAG.sub("< ", text)


def without_images(text: str) -> str:
    """Return a model's text with images as their labels, links as label and address, HTML elements broken up."""
    return unlinked(_LINK.sub(r"\1 ", _IMAGE.sub(r"\1", text)))
