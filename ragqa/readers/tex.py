r"""Simple TeX formulas as plain text: 10^5, 1/2, ± 0.1 mm. Anything past a small table of commands stays as written."""

from __future__ import annotations

import re

from ragqa.readers.scripts import fraction, index, power, root

LONGEST = 2000
"""Characters past which a formula stays as written."""
_DEEPEST = 12
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


def plain(formula: str) -> str:
    """Return a TeX formula, without its dollars, as plain text; '' where it holds anything that is not known here."""
    if len(formula) > LONGEST:
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
    if depth > _DEEPEST:
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
