"""Formulas as text on one line, of simple TeX and of presentation MathML: 10^5, 1/2 k v^2, √(a+b), ∑_(i=1)^n.

Operands of MathML side by side are parted by a blank, as a product is read. What is more than a small table of TeX's
commands stays as written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from ragqa.readers.scripts import fraction, index, power, root

LONGEST_TEX = 2000
"""Characters past which a formula stays as written."""
_DEEPEST_TEX = 12
_TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|[{}^_&]|\d+(?:[.,]\d+)*|[ \n\t]+|~|[^\\{}^_&~\s\d]", re.DOTALL)
_SPACES = {r"\,", r"\;", r"\:", r"\ ", r"\quad", r"\qquad", r"\thinspace", r"\enspace", "~", r"\>"}
_NOTHING = {
    r"\!",
    r"\left",
    r"\right",
    r"\displaystyle",
    r"\textstyle",
    r"\limits",
    r"\big",
    r"\Big",
    r"\bigl",
    r"\bigr",
}
_TEXTS = {
    r"\text",
    r"\mathrm",
    r"\mathit",
    r"\mathbf",
    r"\mathsf",
    r"\textrm",
    r"\textbf",
    r"\textit",
    r"\operatorname",
    r"\rm",
}
# fmt: off
_SIGNS = {
    "pm": "±", "mp": "∓", "times": "×", "cdot": "·", "div": "÷", "le": "≤", "leq": "≤", "leqslant": "≤", "ge": "≥",
    "geq": "≥", "geqslant": "≥", "ne": "≠", "neq": "≠", "approx": "≈", "sim": "~", "simeq": "≃",
    "equiv": "≡", "ll": "≪", "propto": "∝",
    "gg": "≫", "lt": "<", "gt": ">", "infty": "∞", "to": "→", "rightarrow": "→", "leftarrow": "←", "Rightarrow": "⇒",
    "circ": "°", "degree": "°", "celsius": "°C", "ohm": "Ω", "prime": "′", "sum": "∑", "prod": "∏", "int": "∫",
    "partial": "∂", "nabla": "∇", "ldots": "…", "dots": "…", "cdots": "…", "percent": "%", "mid": "|", "in": "∈",
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε", "zeta": "ζ", "eta": "η",
    "theta": "θ", "vartheta": "ϑ", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ",
    "sigma": "σ", "tau": "τ", "phi": "φ", "varphi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ",
    "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
    "sin": "sin", "cos": "cos", "tan": "tan", "log": "log", "ln": "ln", "exp": "exp", "min": "min", "max": "max",
    "lim": "lim",
}
# fmt: on


class _Unknown(Exception):
    """Something that is not in the tables."""


def tex_to_text(formula: str) -> str:
    """Return a TeX formula, without its dollars, as plain text; '' where it holds anything that is not known here."""
    if len(formula) > LONGEST_TEX:
        return ""
    tokens = _TOKEN.findall(formula)[::-1]  # the next one last
    try:
        parts = _parts(tokens, 0)
        if tokens:
            return ""
    except (_Unknown, IndexError):
        return ""
    return " ".join("".join(parts).split())


def _parts(tokens: list[str], depth: int) -> list[str]:
    """Return the texts up to the bracket that closes this group, which is left, or to the end."""
    parts: list[str] = []
    while tokens and tokens[-1] != "}":
        token = tokens.pop()
        if token in ("^", "_"):
            script = _group(tokens, depth)
            base = parts.pop() if parts and not parts[-1].isspace() else ""
            bare = base in (")", "]", "∑", "∏", "∫")  # takes no brackets of ours
            scripted = power("" if bare else base, script) if token == "^" else index("" if bare else base, script)
            parts.append(base + scripted if bare else scripted)
        elif token.isspace() or token in _SPACES:
            parts.append(" ")
        else:
            parts.append(_one(token, tokens, depth))
    return parts


def _one(token: str, tokens: list[str], depth: int) -> str:
    """Return the text of a token, and of what it takes from those behind it."""
    if token == "{":
        tokens.append(token)
        return _group(tokens, depth)
    if token in _NOTHING:
        if token in (r"\left", r"\right") and tokens and tokens[-1] == ".":
            tokens.pop()
        return ""
    if token in _TEXTS:
        return _group(tokens, depth)
    if token in (r"\frac", r"\dfrac", r"\tfrac", r"\nicefrac", r"\sfrac"):
        if re.fullmatch(r"\d\d", tokens[-1]):  # \frac12
            return fraction(*tokens.pop())
        numerator = _group(tokens, depth)
        return fraction(numerator, _group(tokens, depth))
    if token == r"\sqrt":
        degree = ""
        if tokens and tokens[-1] == "[":
            tokens.pop()
            while tokens[-1] != "]":
                degree += _one(tokens.pop(), tokens, depth)
            tokens.pop()
        return root(_group(tokens, depth), degree)
    if token[0] == "\\":
        if token[1] in "%$#&{}_|":
            return token[1]
        return _spaced(_SIGNS.get(token[1:]), tokens)
    if token == "&":
        raise _Unknown
    return token


def _spaced(sign: str | None, tokens: list[str]) -> str:
    """Return a sign or name; TeX drops the blank that ends a command, so letters part from what follows."""
    if sign is None:
        raise _Unknown
    if tokens and tokens[-1].isspace():
        tokens.pop()
        return sign if sign == "°" else f"{sign} "
    return f"{sign} " if sign in ("±", "∓") and tokens and tokens[-1] not in ("}",) else sign


def _group(tokens: list[str], depth: int) -> str:
    """Take the next token, or all between braces."""
    if depth > _DEEPEST_TEX:
        raise _Unknown
    while tokens and tokens[-1].isspace():
        tokens.pop()
    token = tokens.pop()
    if token == "}":
        raise _Unknown
    if token != "{":
        return _one(token, tokens, depth + 1)
    parts = _parts(tokens, depth + 1)
    tokens.pop()
    return "".join(parts)


_DEEPEST = 40
"""Elements in each other past which only the words are taken: each level copies the text of those within it."""
_UNSEEN = dict.fromkeys(range(0x2061, 0x2065))
_RELATION = re.compile(r"[=≠≈≡≤≥<>≪≫∼≃≅∝→←↔⇒⇔∈∉⊂⊆≔±∓:]+|:=|<=|>=|mod")
_OPENING, _CLOSING = frozenset("([{⟨⌊⌈"), frozenset(")]}⟩⌋⌉!%′″'")
_ACCENTS = dict(zip("¯‾ˉ^ˆ~˜˙→⃗", "\u0304\u0304\u0304\u0302\u0302\u0303\u0303\u0307\u20d7\u20d7", strict=True))
_BIG = "∑∏∫∮⋃⋂"
_SCRIPTED = frozenset(("mfrac", "mroot", "msup", "msub", "msubsup", "mover", "munder", "munderover", "mmultiscripts"))


def mathml_to_text(math: Any) -> str:
    """Return what a <math> element shows, as text; where it shows nothing, its ``alttext``."""
    text = " ".join(_shown(math, 0).split())
    return text or tex_to_text(math.get("alttext") or "") or math.get("alttext") or ""


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
            return tex_to_text(written) or written
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
