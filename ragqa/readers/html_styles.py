"""Three things that a page's styles say about its words: struck out, raised, lowered. Knows no other style.

Style attributes, the commonest class names, and rules of <style> whose selector is one class, as word processors and
Google Docs write them.
"""

from __future__ import annotations

import re
from typing import Any, Literal

Drawn = Literal["struck", "raised", "lowered", ""]

_STRUCK = re.compile(r"text-decoration(?:-line)?\s*:[^;]*line-through", re.IGNORECASE)
_ALIGNED = re.compile(r"vertical-align\s*:\s*(super|sub)\b", re.IGNORECASE)
_CLASSES: dict[str, Drawn] = {
    "line-through": "struck",
    "strikethrough": "struck",
    "text-decoration-line-through": "struck",
}
_SELECTOR = re.compile(r"\s*(?:[a-z][a-z0-9]*)?\.([\w-]+)\s*", re.IGNORECASE)
_INLINE = frozenset(("span", "a", "font", "b", "i", "em", "strong", "small", "code", "u"))


class Styles:
    """What elements of one page look like, by its styles."""

    def __init__(self, tree: Any) -> None:
        self.classes = dict(_CLASSES)
        for sheet in tree.iter("style"):
            text = sheet.text or ""
            if "line-through" in text or "vertical-align" in text:
                self._take(text)

    def _take(self, sheet: str) -> None:
        for rule in sheet.split("}"):
            selectors, _, body = rule.rpartition("{")
            if "{" not in selectors and (drawn := _drawn(body)):  # else it holds on some media only
                for selector in selectors.split(","):
                    if match := _SELECTOR.fullmatch(selector):
                        self.classes[match[1]] = drawn

    def drawn(self, element: Any) -> Drawn:
        """Return how an element's words are drawn, those around it apart."""
        tag = element.tag
        if tag in ("s", "del", "strike"):
            return "struck"
        drawn: Drawn = "raised" if tag == "sup" else "lowered" if tag == "sub" else ""
        if attributes := element.attrib:
            said = _drawn(attributes.get("style", ""))
            for name in attributes.get("class", "").split() if not said else ():
                said = said or self.classes.get(name, "")
            if said == "struck" or (said and tag in _INLINE):
                drawn = said
        return drawn


def _drawn(style: str) -> Drawn:
    if not style:
        return ""
    if _STRUCK.search(style):
        return "struck"
    aligned = _ALIGNED.search(style)
    return ("raised" if aligned[1].lower() == "super" else "lowered") if aligned else ""
