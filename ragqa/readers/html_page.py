"""Which parts of a web page are its content, and which are its frame: navigation, banners, scripts, hidden things.

Two rules keep content safe from bad markup: a class or an id alone proves nothing, and whatever holds a good part of
the page's own words is content, whatever its tag says. Builds no text.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from lxml import etree
from lxml.html import HTMLParser, document_fromstring

from ragqa.errors import UnreadableFile

_DEEPEST = 2000
"""libxml2 gives up a little past this depth, and drops what lies below without a word."""
_INLINE_TAG = re.compile(
    r"</?(?:font|b|i|u|s|a|big|small|tt|em|strong|span|strike|nobr|center)\b[^<>]*>", re.IGNORECASE
)
_LONG_TAG = re.compile(r"<[a-zA-Z][^<>]{10000,}")
_QUOTED = re.compile("\"[^\"]*\"|'[^']*'")
_MOST_ATTRIBUTES = 1000
"""Of an element of that length: libxml2 compares each with all before it."""
_SELF_CLOSED = re.compile(
    r"<((?!(?:br|hr|img|input|meta|link|col|area|base|embed|source|track|wbr|param)\b)[a-zA-Z]\w*)((?:\s[^<>]*)?)/>"
)


def parse(text: str, name: str) -> Any:
    """Return the root element, or None where there is none. Raises UnreadableFile past libxml2's depth."""
    text = text.replace("\0", "")
    if text[:1000].lstrip("\ufeff \r\n\t").startswith("<?xml") or "www.w3.org/1999/xhtml" in text[:4096]:
        text = _SELF_CLOSED.sub(r"<\1\2></\1>", text)  # XML's <a/> is empty; HTML reads on to the next </a>
    text = _LONG_TAG.sub(_few_attributes, text)
    tree, deep = _tree(text)
    if deep:  # as where every <font> was left open: those nest, and say nothing
        tree, deep = _tree(_INLINE_TAG.sub("", text))
    if deep:
        raise UnreadableFile(f"{name} nests more than {_DEEPEST} elements in each other: save it anew as plain HTML")
    return tree


def _few_attributes(match: re.Match[str]) -> str:
    """Return a long tag as it is, or where its attributes are too many the first ones without their quoted values."""
    words = _QUOTED.sub('""', match[0]).split(None, _MOST_ATTRIBUTES)
    return " ".join(words[:_MOST_ATTRIBUTES]) if len(words) > _MOST_ATTRIBUTES else match[0]


def outermost(element: Any, tags: Collection[str]) -> Iterator[Any]:
    """Yield the elements below ``element`` with one of ``tags`` that lie in no other such."""
    walk = etree.iterwalk(element, events=("start",), tag=tuple(tags))
    for _, inner in walk:
        if inner is not element:
            walk.skip_subtree()
            yield inner


def _tree(text: str) -> tuple[Any, bool]:
    """Return the parsed page, and whether it nested too deeply to be whole."""
    # bytes, because lxml refuses text that declares an encoding
    parser = HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        tree = document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        tree = None
    return tree, any("depth" in entry.message.lower() for entry in parser.error_log)


Verdict = Literal["keep", "skip", "toc", "headings"]
"""``toc``: a list of links, kept as such. ``headings``: of a page's banner, only the headings."""

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
# fmt: off
SILENT = frozenset((
    "head", "script", "style", "noscript", "template", "iframe", "object", "embed", "canvas", "audio", "video",
    "map", "svg", "input", "select", "textarea", "datalist", "option", "optgroup", "meter", "progress", "rp", "rt",
    "annotation", "annotation-xml", "noframes", "frameset", "applet",
))
_FRAME_ROLES = frozenset((
    "navigation", "banner", "contentinfo", "search", "menu", "menubar", "toolbar", "tablist", "dialog",
    "alertdialog",
))
# fmt: on
_FRAME_TAGS = frozenset(("nav", "header", "footer", "aside", "form", "menu", "dialog", "button"))
_SECTIONS = frozenset(("main", "article", "section"))
_ADMONITION = re.compile(r"note|warning|caution|danger|tip|hint|important|admonition|footnote|topic|callout|alert|info")
_NAVIGATION = re.compile(
    r"(?<![a-z])(?:nav|navbar|navigation|navbox|menu|breadcrumbs?|sidebar|pagination|pager|sitemap|related|share|social|skip|"
    r"catlinks|footer|header|tags|languages?|prev|next|jump)(?![a-z])"
)
_TOC = re.compile(r"(?<![a-z])(?:[a-z]*toc|[a-z]*toc(?:box|proxy)|table-?of-?contents|contents)(?![a-z])")
_BANNER = re.compile(r"cookie|consent|gdpr|newsletter|subscribe|advert|(?<![a-z])ads?(?![a-z])|popup|modal")
_NO_TEXT = re.compile(
    r"(?<![a-z])(?:headerlink|header-anchor|anchor-?link|hash-link|mw-editsection|linenos?|linenodiv|line-numbers|gutter|"
    r"skip-?link|skip-?nav|sr-only|visually-hidden|screen-reader-text|copybtn|noprint)(?![a-z])"
)
_PANEL = re.compile(r"tab|collaps|accordion|panel|expand|toggle|spoiler|fold|content")
_INVISIBLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


@dataclass(slots=True)
class Weight:
    """Characters of text under an element, those of them within links, and how many links, in-page ones apart.

    ``heads`` where a heading lies in it or it is one, ``holds`` where a table or preformatted text lies in it.
    """

    text: int = 0
    linked: int = 0
    links: int = 0
    anchors: int = 0
    heads: bool = False
    holds: bool = False


@dataclass(slots=True)
class Content:
    """A parsed page, weighed. ``root`` is where its content lives; ``verdict`` says what becomes of an element."""

    tree: Any
    root: Any = None
    weights: dict[Any, Weight] = field(default_factory=dict)
    own: int = 1
    in_main: bool = False
    _sections: dict[Any, bool] = field(default_factory=dict)  # whether an element is one, or lies in one
    strict: bool = True
    """False: nothing but what is never shown is left out, for pages where the rules would leave nothing."""
    whole: bool = False
    """True: only what is hidden is left out; the page is a stretch of another document, without a frame."""

    def __post_init__(self) -> None:
        self._weigh()
        self.own = max(self._own(self.tree), 1)
        self.root = self._find_main()
        self.in_main = self.root is not self.tree

    def verdict(self, element: Any) -> Verdict:
        """Say whether an element is content. Cheap enough to be asked of every one."""
        tag, get = element.tag, element.get
        if tag in SILENT:
            return "skip"
        if not element.attrib and tag not in _FRAME_TAGS and tag not in ("ul", "ol"):
            return "keep"
        if not self.strict or element is self.root:
            return "keep"
        marks = f"{get('class') or ''} {get('id') or ''}".lower()
        if self.whole:
            return "skip" if self._is_hidden(element, marks) else "keep"
        if self._is_permalink(element, marks):
            return "skip"
        heavy = self._own(element) * 10 >= self.own * 4
        if not heavy and self._is_hidden(element, marks):
            return "skip"
        role = (get("role") or "").lower()
        if (
            not heavy
            and (tag in _FRAME_TAGS or role in _FRAME_ROLES)
            and (verdict := self._frame(element, role, marks))
        ):
            return verdict
        return self._by_links(element, tag, marks, heavy)

    def _frame(self, element: Any, role: str, marks: str) -> Verdict | None:
        tag = element.tag
        if tag == "button":  # named in a sentence it is text: Press <button>Start</button>
            parent = element.getparent()
            spoken = parent is not None and parent.tag in (
                "p",
                "li",
                "td",
                "th",
                "dd",
                "dt",
                "span",
                "b",
                "strong",
                *HEADINGS,
            )
            return None if spoken else "skip"
        if tag == "aside":
            inside = self.in_main or self._in_section(element)
            return None if inside or _ADMONITION.search(marks) or role == "note" else "skip"
        if tag == "header" or role == "banner":
            if self._in_section(element):
                return None
            return "headings"
        return "skip"

    def _by_links(self, element: Any, tag: str, marks: str, heavy: bool) -> Verdict:
        weight = self.weights[element]
        if tag in ("p", "a", "span", "body", "html", *HEADINGS) or not weight.text:
            return "keep"
        density = weight.linked / weight.text
        if density >= 0.6 and weight.links + weight.anchors >= 2 and _TOC.search(marks):
            return "toc"
        if not heavy and density >= 0.5 and _NAVIGATION.search(marks):
            return "headings" if next(element.iter("h1"), None) is not None else "skip"
        if not heavy and weight.text < 1500 and _BANNER.search(marks) and weight.text * 4 < self.own:
            return "skip"
        if tag in ("ul", "ol") and density >= 0.9:
            enough = weight.anchors >= 4 and weight.anchors > weight.links
            if enough or (weight.links >= 6 and not self.in_main):
                return "toc"
        return "keep"

    def _is_hidden(self, element: Any, marks: str) -> bool:
        get = element.get
        if get("aria-hidden") == "true" and self.weights[element].text < 40:
            return True
        if not is_unseen(element):
            return False
        # tabs and folds are shown by a click: their words belong to the page
        return not (_PANEL.search(marks) or get("role") == "tabpanel")

    def _is_permalink(self, element: Any, marks: str) -> bool:
        if element.tag == "a" and (element.text or "").strip() in ("¶", "#", "§", "🔗") and not len(element):
            return True
        return bool(_NO_TEXT.search(marks)) and self.weights[element].text * 4 < self.own + 400

    def _in_section(self, element: Any) -> bool:
        """Say whether an element lies in a <main>, an <article> or a <section>."""
        met, inside = [], False
        for above in element.iterancestors():
            inside = self._sections.get(above, above.tag in _SECTIONS)
            met.append(above)
            if inside or above in self._sections:
                break
        self._sections.update(dict.fromkeys(met, inside))
        return inside

    def _own(self, element: Any) -> int:
        weight = self.weights[element]
        return weight.text - weight.linked

    def _weigh(self) -> None:
        weights = self.weights
        for element in reversed(list(self.tree.iter())):  # children come before their parents
            weight = Weight(len((element.text or "").strip()))
            for child in element:
                inner = weights[child]
                weight.text += inner.text + len((child.tail or "").strip())
                weight.linked += inner.linked
                weight.links += inner.links
                weight.anchors += inner.anchors
                weight.heads |= inner.heads
                weight.holds |= inner.holds or child.tag in ("table", "pre")
            weight.heads |= element.tag in HEADINGS
            if element.tag in SILENT:
                weight = Weight(heads=weight.heads, holds=weight.holds)
            elif element.tag == "a" and (target := element.get("href")) is not None:
                weight.linked = weight.text
                weight.anchors, weight.links = (1, 0) if target.startswith("#") else (0, 1)
            weights[element] = weight

    def _find_main(self) -> Any:
        """Return <main> or the one <article> where most of the page's own words are in it; else the whole page."""
        mains = [element for element in self.tree.iter("main", "div", "section") if _says_main(element)]
        articles = list(outermost(self.tree, ("article",)))
        for candidates in (mains, articles):
            if len(candidates) == 1 and self._own(candidates[0]) * 2 >= self.own:
                return candidates[0]
        return self.tree


def is_unseen(element: Any) -> bool:
    """Say whether an element's own attributes hide it."""
    get = element.get
    return get("hidden") is not None or bool(_INVISIBLE.search(get("style") or ""))


def _says_main(element: Any) -> bool:
    return bool(element.tag == "main" or element.get("role") == "main")


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
