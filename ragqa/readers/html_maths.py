"""Formulas of a page, each said once: MathML, TeX that a script would draw, and what MathJax and KaTeX made of them."""

from __future__ import annotations

import re
from typing import Any

from ragqa.readers import tex
from ragqa.readers.mathml import linear

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
    text = linear(math)
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
    return tex.plain(inner) or written
