"""Markdown within a paragraph as a reader sees it: markup and struck text gone, formulas and scripts on the line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from ragqa.readers import tex
from ragqa.readers.html_text import spoken_alt
from ragqa.readers.note_wording import SHORT, bracketed, note_after
from ragqa.readers.scripts import lowered, raised

if TYPE_CHECKING:
    from markdown_it.rules_core import StateCore
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

LONGEST_RUN = 50_000
"""Characters of a paragraph in which markup is looked for: the parser copies the rest of it at every sign."""
_LONGEST_FORMULA = tex.LONGEST

_CJK = re.compile("[\u3000-\u303f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef]")
_TAG = re.compile(r"<[^>]*>")
_DRAWN_TAG = re.compile(
    r"<(?:/?(?:sup|sub|s|del|strike|math|svg|select|textarea|q|ruby|rt|rp|script|style|template|noscript)\b|img\b|input\b|"
    r"\w+\s[^>]*(?:style|hidden|class)\b)",
    re.IGNORECASE,
)
"""Tags that draw more than the text between them, or less."""
_BREAK = "\ue00a"
_SCRIPT = re.compile(r"\^([^\s^\[\]]{1,20})\^|(?<=[A-Za-z\u0391-\u03c9)])~([A-Za-z0-9+−-]{1,10})~")
_STRUCK = re.compile(r"(?<![\w~])~(?=[^\s~])([^~\n]{1,200})(?<=[^\s~])~(?![\w~])")
_PAINTED = re.compile(r"(?<![\w=+])(==|\+\+)(?=[^\s=+])([^\n=]{1,200}?)(?<=\S)\1(?![\w=+])")
_NOTE = re.compile(r"\[\^([^\]\s]{1,100})\]|\^\[([^\[\]]{1,1000})\]")
_MATHS_SIGN = re.compile(r"[\\^_={}<>+*/±×·≤≥≈°]|^[A-Za-z\u0391-\u03c9]$|^[\d.,]+$")


class Inline:
    """Turns inline tokens into text; ``notes`` are the file's footnotes, ``long`` those that are still to follow."""

    def __init__(self, notes: dict[str, str], name: str, room: int) -> None:
        self.notes = notes
        self.name = name
        self.room = room  # characters that repeated notes may take
        self.long: list[str] = []

    def text(self, tokens: Sequence[Token]) -> str:
        """Return what is shown of the tokens, with line breaks where they are forced."""
        if any(token.type == "html_inline" and _DRAWN_TAG.match(token.content) for token in tokens):
            from ragqa.readers.html import inline_text

            return inline_text(self._join(tokens, markup=True), self.name).replace(_BREAK, "\n")
        return self._join(tokens, markup=False)

    def _join(self, tokens: Sequence[Token], markup: bool) -> str:
        parts: list[str] = []
        struck = 0
        for at, token in enumerate(tokens):
            kind = token.type
            if kind in ("s_open", "s_close"):
                struck += 1 if kind == "s_open" else -1
            elif struck:
                continue
            elif kind == "html_inline":
                parts.append(self._tag(token.content, markup))
            elif kind == "hardbreak":
                parts.append(_BREAK if markup else "\n")
            elif kind == "softbreak":
                before = parts[-1][-1:] if parts else ""
                after = tokens[at + 1].content[:1] if at + 1 < len(tokens) else ""
                parts.append("" if _CJK.match(before) and _CJK.match(after) else " ")
            else:
                text = self._plain(token, parts)
                parts.append(escape(text, quote=False) if markup else text)
        return "".join(parts)

    def _tag(self, tag: str, markup: bool) -> str:
        if tag.startswith("<!--"):
            return ""
        if re.match(r"<br\b", tag, re.IGNORECASE):
            return _BREAK if markup else "\n"
        return tag if markup else _TAG.sub("", tag)

    def _plain(self, token: Token, parts: list[str]) -> str:
        if token.type == "code_inline":
            return token.content
        if token.type == "math_inline":
            return tex.plain(token.content) or f"{token.markup}{token.content}{token.meta}"
        if token.type == "image":
            alt = spoken_alt(self.text(token.children or ()))
            return f"[image: {alt}]" if alt else ""
        if token.type not in ("text", "text_special"):
            return ""
        text = token.content
        if "^" in text or "~" in text:
            text = self._scripts(text, "".join(parts[-4:]))
        return _PAINTED.sub(r"\2", text) if "==" in text or "++" in text else text

    def _scripts(self, text: str, before: str) -> str:
        def script(match: re.Match[str]) -> str:
            line = (before + text[max(match.start() - 64, 0) : match.start()])[-64:]
            if match[1]:
                return raised(line, match[1], text[match.end() : match.end() + 16])
            return lowered(line, match[2])

        def note(match: re.Match[str]) -> str:
            return self._note(match, (before + text[max(match.start() - 64, 0) : match.start()])[-64:])

        text = _NOTE.sub(note, text) if "[^" in text or "^[" in text else text
        return _STRUCK.sub("", _SCRIPT.sub(script, text))

    def _note(self, match: re.Match[str], line: str) -> str:
        """Return what stands where the mark of a footnote was."""
        if match[1] and match[1] not in self.notes:
            return match[0]
        note = match[2] or self.notes[match[1]]
        if not note or len(note) > self.room:
            return ""
        self.room -= len(note)
        if len(note) <= SHORT:
            return bracketed(line, note)
        self.long.append(note_after(line, note))
        self.notes[match[1] or ""] = ""  # once is enough
        return ""


def find_inline(state: StateCore) -> None:
    """Find the markup of each paragraph, as markdown-it's own rule does, but in no run that is longer than any."""
    for token in state.tokens:
        if token.type == "inline":
            token.children = []
            if len(token.content) > LONGEST_RUN:
                from markdown_it.token import Token

                token.children.append(Token("text", "", 0, content=token.content))
            else:
                state.md.inline.parse(token.content, state.md, state.env, token.children)


_OPENING = (("$$", "$$"), ("$", "$"), ("\\\\(", "\\\\)"), ("\\(", "\\)"), ("\\[", "\\]"))


def find_formula(state: StateInline, silent: bool) -> bool:
    r"""Take $…$, $$…$$, \(…\) or \[…\] as a formula: what is between is no markup."""
    source, start = state.src, state.pos
    if source[start] not in "$\\":
        return False
    for opening, closing in _OPENING:
        if not source.startswith(opening, start):
            continue
        first = start + len(opening)
        end = source.find(closing, first, first + _LONGEST_FORMULA)
        if end <= first or not _is_formula(source, first, end, closing):
            return False
        if not silent:
            token = state.push("math_inline", "math", 0)
            token.content, token.markup = source[first:end], opening.replace("\\\\", "\\")
            token.meta = closing.replace("\\\\", "\\")  # type: ignore[assignment]
        state.pos = end + len(closing)
        return True
    return False


def _is_formula(source: str, first: int, end: int, closing: str) -> bool:
    """Say whether dollars hold a formula rather than prices or names of a shell, by pandoc's rule and its signs."""
    inner = source[first:end]
    if closing != "$":
        return True
    if inner[0].isspace() or inner[-1].isspace() or source[end + 1 : end + 2].isalnum() or "\n\n" in inner:
        return False
    return _MATHS_SIGN.search(inner) is not None
