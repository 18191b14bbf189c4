"""The words that a site generator's tags show: labels of admonitions, shortcodes, attributes. Knows no blocks."""

from __future__ import annotations

import re

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
_CJK = re.compile("[\u3400-\u9fff]")


def label(kind: str, title: str = "") -> str:
    """Return what stands before an admonition's text: 'Warning:', 'Warning: Hot surface.', '' of an unknown kind."""
    kind = kind.lower()
    kind = _kind(kind) or kind
    word = _WORDS.get(kind, kind.capitalize() if kind in _KINDS else "")
    title = title.strip().strip("\"'").strip()
    if not title or title.casefold() == word.casefold():
        return f"{word}:" if word else ""
    stop = "" if title[-1] in ".!?:。！？：" else "：" if _CJK.search(title) else "."
    if _CJK.search(title):
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
