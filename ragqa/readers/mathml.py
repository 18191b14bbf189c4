"""MathML as text on one line: 1/2 k v^2, √(a+b), ∑_(i=1)^n. Reads presentation markup; knows no rule of mathematics.

Operands side by side are parted by a blank, as a product is read; signs stand between them as written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from ragqa.readers import tex
from ragqa.readers.scripts import fraction, index, power, root

_DEEPEST = 40
"""Elements in each other past which only the words are taken: each level copies the text of those within it."""
_UNSEEN = dict.fromkeys(range(0x2061, 0x2065))
_RELATION = re.compile(r"[=≠≈≡≤≥<>≪≫∼≃≅∝→←↔⇒⇔∈∉⊂⊆≔±∓:]+|:=|<=|>=|mod")
_OPENING, _CLOSING = frozenset("([{⟨⌊⌈"), frozenset(")]}⟩⌋⌉!%′″'")
_ACCENTS = dict(zip("¯‾ˉ^ˆ~˜˙→⃗", "\u0304\u0304\u0304\u0302\u0302\u0303\u0303\u0307\u20d7\u20d7", strict=True))
_BIG = "∑∏∫∮⋃⋂"
_SCRIPTED = frozenset(("mfrac", "mroot", "msup", "msub", "msubsup", "mover", "munder", "munderover", "mmultiscripts"))


def linear(math: Any) -> str:
    """Return what a <math> element shows, as text; where it shows nothing, its ``alttext``."""
    text = " ".join(_shown(math, 0).split())
    return text or tex.plain(math.get("alttext") or "") or math.get("alttext") or ""


def _tag(element: Any) -> str:
    return str(element.tag).rpartition(":")[2].lower()


def _shown(element: Any, depth: int) -> str:
    """Return the text of one element."""
    tag = _tag(element)
    parts = list(element)
    if depth > _DEEPEST:
        return " ".join(text for text in element.itertext() if text.strip())
    if tag in ("mphantom", "annotation", "annotation-xml", "maligngroup", "malignmark", "none"):
        return ""
    if tag in ("mi", "mn", "mo", "mtext", "ms"):
        return " ".join("".join(element.itertext()).translate(_UNSEEN).split())
    if tag == "semantics":
        return _semantics(parts, depth)
    if tag == "maction":
        return _shown(parts[0], depth + 1) if parts else ""
    if tag == "mtable":
        return _table(parts, depth)
    if tag == "mfenced":
        return _fenced(element, parts, depth)
    if tag == "msqrt":
        return root(_row(parts, depth))
    if not parts:
        return (element.text or "").strip()
    if tag not in _SCRIPTED:
        return _row(parts, depth)
    shown = [_shown(part, depth + 1) for part in parts]
    return _multiscripts(parts, shown) if tag == "mmultiscripts" else _scripts(tag, element, shown)


def _scripts(tag: str, element: Any, shown: list[str]) -> str:
    """Return a fraction, a root, or a base with what stands around it."""
    base, first, second = [*shown, "", "", ""][:3]
    if tag == "mfrac":
        if element.get("linethickness") in ("0", "0px", "0pt"):
            return f"({base} over {first})"
        return fraction(base, first)
    if tag == "mroot":
        return root(base, first)
    first, second = (text.replace(" = ", "=").replace("−", "-") for text in (first, second))
    if base and base in _BIG:  # a sign, which takes no brackets
        return base + (power("", first) if tag in ("msup", "mover") else index("", first) + power("", second))
    if tag == "msup":
        return power(base, first)
    if tag == "mover":
        return base + _ACCENTS[first] if first in _ACCENTS and len(base) == 1 else power(base, first)
    if tag in ("msub", "munder"):
        return base if first in ("_", "¯", "⏟") else index(base, first)
    return index(base, first) + power("", second)


def _multiscripts(parts: list[Any], shown: list[str]) -> str:
    """Return a base with pairs of scripts behind it, and those after <mprescripts> before it."""
    at = next((at for at, part in enumerate(parts) if _tag(part) == "mprescripts"), len(parts))
    behind = "".join(index("", low) or power("", high) for low, high in _pairs(shown[1:at]))
    before = "".join(power("", high) + index("", low) for low, high in _pairs(shown[at + 1 :]))
    return f"{before}{shown[0] if shown else ''}{behind}"


def _pairs(scripts: list[str]) -> Iterable[tuple[str, str]]:
    return zip(scripts[::2], scripts[1::2], strict=False)


def _semantics(parts: list[Any], depth: int) -> str:
    if parts and not _tag(parts[0]).startswith("annotation") and (text := _shown(parts[0], depth + 1)):
        return text
    for part in parts:
        if "tex" in (part.get("encoding") or "").lower():
            written = "".join(part.itertext()).strip()
            return tex.plain(written) or written
    return ""


def _fenced(element: Any, parts: list[Any], depth: int) -> str:
    marks = "".join((element.get("separators", ",")).split())
    text = ""
    for at, part in enumerate(parts):
        mark = marks[min(at, len(marks)) - 1] if at and marks else ""
        text += f"{mark} {_shown(part, depth + 1)}" if at else _shown(part, depth + 1)
    return f"{element.get('open', '(')}{text}{element.get('close', ')')}"


def _table(rows: list[Any], depth: int) -> str:
    """Return a matrix as [a, b; c, d]; lines of an equation, and cases, parted by semicolons."""
    grid = [[_shown(cell, depth + 2) for cell in row if _tag(cell) == "mtd"] for row in rows if _tag(row) != "none"]
    grid = [row for row in grid if any(row)]
    width = max(map(len, grid), default=0)
    aligned = any(_RELATION.match(cell) for row in grid for cell in row[1:])
    text = "; ".join((" " if aligned else ", ").join(filter(None, row)) for row in grid)
    return f"[{text}]" if width > 1 and len(grid) > 1 and not aligned else text


def _row(parts: list[Any], depth: int) -> str:
    """Return elements side by side: relations between blanks, other signs tight, a blank between two operands."""
    spaced = any(_tag(part) == "mtext" and re.search(r"[^\W\d_]{2}", part.text or "") for part in parts)
    line: list[str] = []
    bars = 0
    operand = False  # whether what stands last can be followed by another operand
    for part in parts:
        tag = _tag(part)
        if tag == "mspace":
            operand = operand or bool(line)
            continue
        text = _shown(part, depth + 1)
        if not text:
            continue
        if tag != "mo":
            tight = (
                not operand or (line[-1][-1:] == "°" and text[0] in "CFK") or (text[0] in "([" and line[-1].isalpha())
            )
            line.append(text if tight else f" {text}")
            operand = True
        elif _RELATION.fullmatch(text) or (operand and spaced and text in "+-−–×·*⋅"):
            line.append(f" {text} " if line else text)
            operand = False
        elif text[0] in _OPENING:
            line.append(text)
            operand = False
        elif text in ("|", "‖"):
            bars += 1
            line.append(text)
            operand = bars % 2 == 0
        elif text[-1] in _CLOSING:
            line.append(text)
            operand = True
        elif text[-1] in ",;":
            line.append(f"{text} ")
            operand = False
        elif text[0].isalpha() or text in f"{_BIG}∂∇…⋯":
            line.append(f" {text}" if operand else text)
            operand = True
        else:
            line.append(text.replace("⋅", "·"))
            operand = False
    return "".join(line).replace("  ", " ")
