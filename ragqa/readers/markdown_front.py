"""Front matter of a Markdown file: YAML, TOML or JSON before its text. Knows of it only the title."""

from __future__ import annotations

import json
import re

_FENCED = re.compile(r"\A(---|\+\+\+|;;;)[ \t]*\n(.*?)^(?:\1|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_FIELD = re.compile(r"^[\w\"'-]+\s*[:=]", re.MULTILINE)
_TITLE = re.compile(r"^[\"']?title[\"']?[ \t]*[:=](.*(?:\n[ \t]+\S.*)*)", re.MULTILINE | re.IGNORECASE)
_LONGEST = 65_536


def split_front(text: str) -> tuple[str, str]:
    """Return the title that front matter gives, '' where none does, and the text behind it."""
    text = text.removeprefix("\ufeff")
    if text.startswith("{"):
        try:
            fields, end = json.JSONDecoder().raw_decode(text[:_LONGEST])
        except (ValueError, RecursionError):
            return "", text
        if text[end : end + 1] not in ("\n", "") or not fields:
            return "", text
        title = fields.get("title")
        return title if isinstance(title, str) else "", text[end:]
    front = _FENCED.match(text[:_LONGEST])
    if not front or not _FIELD.search(front[2]):
        return "", text  # two rules with text between them
    named = _TITLE.search(front[2])
    return _value(named[1]) if named else "", text[front.end() :]


def _value(written: str) -> str:
    """Return a YAML or TOML string, folded or quoted, without a comment behind it."""
    value = " ".join(re.sub(r"^\s*[|>][+-]?\s*\n", "", written).split())
    if value[:1] in ("'", '"') and (end := value.find(value[0], 1)) > 0:
        return value[1:end]
    return re.split(r"\s#", value)[0].strip()
