"""Markdown within a paragraph as a reader sees it: markup and struck text gone, formulas and scripts on the line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from ragqa.cjk import HAN, KANA, PUNCTUATION
from ragqa.readers.formulas import LONGEST_TEX, tex_to_text
from ragqa.readers.html_text import spoken_alt
from ragqa.readers.note_wording import SHORT, bracket_note, write_long_note
from ragqa.readers.scripts import write_subscript, write_superscript

if TYPE_CHECKING:
    from markdown_it.rules_core import StateCore
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token


LONGEST_RUN = 50_000
"""Characters of a paragraph in which markup is looked for: the parser copies the rest of it at every sign."""
_LONGEST_FORMULA = LONGEST_TEX

_CJK = re.compile(f"[{PUNCTUATION}{KANA}{HAN}]")
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
            return tex_to_text(token.content) or f"{token.markup}{token.content}{token.meta}"
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
                return write_superscript(line, match[1], text[match.end() : match.end() + 16])
            return write_subscript(line, match[2])

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
            return bracket_note(line, note)
        self.long.append(write_long_note(line, note))
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


# fmt: off
_KINDS = frozenset((
    "note", "tip", "hint", "info", "important", "warning", "caution", "danger", "attention", "error", "success",
    "question", "example", "quote", "abstract", "summary", "bug", "failure", "seealso", "todo", "details",
))
_WORDS = {"seealso": "See also", "info": "Info", "todo": "To do", "details": "", "admonition": "", "quote": ""}
_TEXTUAL = frozenset((
    "admonition", "figure", "image", "table", "list-table", "tab-set", "tab-item", "tab", "grid", "grid-item", "card",
    "dropdown", "topic", "sidebar",
))
# fmt: on
_BOXES = ("alert", "notice", "callout", "admonition", "hint", "expand", "spoiler", "box")
_KIND = re.compile(r"(?<![a-z])(?:callout-|alert-|admonition-)?([a-z]+)(?:-title)?(?![a-z])", re.IGNORECASE)
_TITLE = re.compile(r"\b(?:title|name|label|summary|header)\s*=\s*(?:\"([^\"]{0,200})\"|'([^']{0,200})')")
_CONTENT = re.compile(r"\b(?:content|text)\s*=\s*(?:\"([^\"]{0,2000})\"|'([^']{0,2000})')")
_CAPTION = re.compile(r"\b(?:alt|caption|title)\s*=\s*(?:\"([^\"]{0,300})\"|'([^']{0,300})')")
_CODE_TAG = re.compile(
    r"\{\{[<%][-\s]*(/?)\s*([\w./-]*)([^{}]{0,2000}?)[-\s]*/?[%>]\}\}|\{%[-\s]*(end)?([\w]+)([^{}]{0,2000}?)[-\s]*%\}|\{:([^{}]{0,300})\}"
)
_ATTRIBUTES = re.compile(r"(?<=[\])*_`])\{(?:[#.:][^{}\n]{0,200}|[\w-]+=[^{}\n]{0,200})\}|\{:[^{}\n]{0,200}\}")
_ROLE = re.compile(r"\{[a-z][\w:-]{0,40}\}(?=`)")
_WIKI = re.compile(r"(!?)\[\[([^\[\]|\n]{1,200})(?:\\?\|([^\[\]\n]{1,200}))?\]\](?![(\[])")
_HAN = re.compile(f"[{HAN}]")


def label(kind: str, title: str = "") -> str:
    """Return what stands before an admonition's text: 'Warning:', 'Warning: Hot surface.', '' of an unknown kind."""
    kind = kind.lower()
    kind = _kind(kind) or kind
    word = _WORDS.get(kind, kind.capitalize() if kind in _KINDS else "")
    title = title.strip().strip("\"'").strip()
    if not title or title.casefold() == word.casefold():
        return f"{word}:" if word else ""
    stop = "" if title[-1] in ".!?:。！？：" else "：" if _HAN.search(title) else "."
    if _HAN.search(title):
        return f"{title}{stop}"
    return f"{word}: {title}{stop}" if word else f"{title}{stop}"


def kind_in(said: str) -> tuple[str, str]:
    """Return the kind that an opening line names, '' where it names none that holds text, and its title."""
    title = _quoted(_TITLE.search(said))
    if said.startswith("{"):
        names, _, rest = said[1:].partition("}")
    else:
        names, _, rest = said.replace("[", " [").partition(" ")
    rest = rest.strip()
    if rest.startswith("["):
        rest = rest[1:].partition("]")[0]
    found = _kind(names)
    word = names.strip(" .").lower()
    return found or (word if word in _TEXTUAL else ""), title or (rest if "=" not in rest else "")


def shortcode(line: str) -> tuple[str, str] | None:
    """Return the label that a line of one tag gives what follows, and the tag's own words; None of no tag."""
    match = _CODE_TAG.fullmatch(line)
    if not match:
        return None
    if match[7] is not None:
        kind = _kind(match[7])
        return label(kind) if kind else "", ""
    if match[1] or match[4]:
        return "", ""
    name, arguments = (match[2] or match[5] or "").lower(), match[3] or match[6] or ""
    title, given = _quoted(_TITLE.search(arguments)), arguments.strip().strip("\"'")
    if name in ("figure", "img", "image"):
        words = _quoted(_CAPTION.search(arguments))
        return "", f"[image: {words}]" if words else ""
    if name in ("tab", "tabitem", "tab-item"):
        title = title or given[:100]
        return f"{title}:" if title else "", ""
    styled = _kind(_TITLE.sub("", _CONTENT.sub("", arguments)))
    kind = styled or _kind(name) if name in _BOXES or name == "include" else _kind(name)
    if not kind and name not in _BOXES:
        return "", ""
    if kind == "details" or name in ("expand", "spoiler"):
        title = title or given
    return label(kind, title), _quoted(_CONTENT.search(arguments))


def _kind(text: str) -> str:
    return next((found[1].lower() for found in _KIND.finditer(text) if found[1].lower() in _KINDS), "")


def without_inline(line: str) -> str:
    """Return a line without tags, attribute lists and the brackets of wiki links, its code left alone."""
    if "{" not in line and "[[" not in line:
        return line
    stripped = line.rstrip()
    if stripped.endswith("}") and (at := stripped.rfind("{")) > 0 and stripped[at + 1 : at + 2] in ("#", ".", ":"):
        line = stripped[:at].rstrip()
    pieces = line.split("`")
    if len(pieces) % 2 == 0:  # code that goes on
        return line
    for at in range(0, len(pieces), 2):
        piece = pieces[at]
        if "{" in piece or "[[" in piece:
            piece = _CODE_TAG.sub("", _ATTRIBUTES.sub("", piece))
            pieces[at] = _WIKI.sub(_linked, piece)
    return _ROLE.sub("", "`".join(pieces))


def _linked(match: re.Match[str]) -> str:
    if match[1]:  # an embedded file
        return ""
    return match[3] or match[2].partition("#")[0] or match[2]


def _quoted(match: re.Match[str] | None) -> str:
    return (match[1] or match[2] or "").strip() if match else ""
