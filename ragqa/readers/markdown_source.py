"""What site generators add to Markdown, made plain Markdown before it is parsed: admonitions, tabs, tags, notes.

Works on lines, and leaves the lines of code alone. Written for MkDocs, Docusaurus, MyST, Hugo, Jekyll, GitBook, GitHub,
Obsidian and pandoc; what it does not know stays as it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ragqa.readers.markdown_inline import kind_in, label, shortcode, without_inline

_FENCE = re.compile(r"[ ]*(?:(?:[-*+]|\d{1,9}[.)])[ ]+)?(`{3,}|~{3,})([^`]*)$")
_ITEM = re.compile(r"[ ]*(?:[-*+]|\d{1,9}[.)])(?:[ ]+|$)")
_PROSE = re.compile(r"(?![-*+] |\d{1,9}[.)] |[#>|<`~]|:::|!!!|\?\?\?|===|\$\$|\[\^|\{[{%:])\S")
_BOX = re.compile(r"(?:!!!|\?\?\?\+?)[ ]+([\w-]+(?:[ ]+(?:inline|end))*)[ ]*(?:\"(.*)\")?[ ]*$")
_TAB = re.compile(r"===[!+]?[ ]+\"(.{1,100})\"[ ]*$")
_QUOTE = re.compile(r"((?:>[ ]?)+)\[!([\w-]+)\][+-]?[ ]*(.*)$")
_COLONS = re.compile(r"(:{3,})[ ]*(.*)$")
_DIRECTIVE = re.compile(r"\{([\w:-]+)\}[ ]*(.*)$")
_FOOTNOTE = re.compile(r"\[\^([^\]\s]{1,100})\]:[ ]*(.*)$")
_DROPPED = re.compile(
    r"-{1,2}8<-{1,2}.*|\{!.*!\}|\[\[?_?TOC_?\]\]?|\*\[[^\]]{1,80}\]:.*|\\(?:newpage|pagebreak|clearpage)|"
    r"import .{1,200} from ['\"].*|</?(?:Tabs|TabItem)\b[^<>]*>",
    re.IGNORECASE,
)
_TAB_TAG = re.compile(r"<TabItem\b[^<>]*?\blabel=[\"']([^\"'<>]{1,100})", re.IGNORECASE)
_RULE_OF_TABLE = re.compile(r"[ ]*\|?[ ]*:?-+:?[ ]*(?:\|[ ]*:?-+:?[ ]*)*\|?[ ]*$")
_BAR = re.compile(r"(?<!\\)\|")
_LITERAL = frozenset(
    ("code", "code-block", "code-cell", "sourcecode", "math", "eval-rst", "mermaid", "raw", "literalinclude")
)
_SILENT = frozenset(("toctree", "include", "index", "contents", "bibliography"))
_MOST_TERMS = 4
_MOST_OPEN = 20
"""Boxes in each other; each line looks at all that are open."""


@dataclass
class _Open:
    """An admonition, a tab or the like whose content is being read."""

    indent: int  # of its content; -1 where a closing fence ends it
    dedent: int = 0
    fence: str = ""
    each: str = ""  # stands before each paragraph of it
    options: bool = False  # its first lines may be options
    silent: bool = False


def plain_markdown(text: str) -> tuple[str, dict[str, str]]:
    """Return the text as plain Markdown, and the texts of its footnotes by their labels."""
    source = _Source(len(text))
    for line in text.split("\n"):
        source.take(line)
    source.end()
    return "\n".join(source.out), {name: " ".join(" ".join(lines).split()) for name, lines in source.notes.items()}


class _Source:
    def __init__(self, room: int) -> None:
        self.out: list[str] = []
        self.notes: dict[str, list[str]] = {}
        self.room = room  # characters that labels may be repeated
        self.open: list[_Open] = []
        self.fence = ""
        self.quoted = False  # whether the open fence stands in a quotation
        self.label = ""  # to stand before the next paragraph
        self.note: list[str] | None = None  # the footnote that goes on
        self.formula: list[str] = []
        self.listed = False
        self.columns = 0
        self.terms = ""  # of the definition before

    def take(self, line: str) -> None:
        line = line.expandtabs(4) if line[:1] in (" ", "\t") else line
        indent = len(line) - len(line.lstrip(" "))
        blank = not line.strip()
        while not blank and self.open and self.open[-1].indent > indent:
            self._close()
        dedent = sum(box.dedent for box in self.open)
        line = line[min(indent, dedent) :]
        indent -= min(indent, dedent)
        if self.fence:
            self._in_code(line)
        elif blank:
            self._blank()
        elif any(box.silent for box in self.open):
            self._closes(line.strip())
        elif self.formula or line.lstrip().startswith("$$"):
            self._in_formula(line)
        elif not self._continues_note(line, indent):
            self._line(line, indent)

    def end(self) -> None:
        while self.open:
            self._close()
        self._flush_label("")
        self.out += self.formula

    def _line(self, line: str, indent: int) -> None:
        """Take a line that is neither blank nor code."""
        bare = line.strip()
        item = _ITEM.match(line)
        if item:
            self.listed = True
        elif not indent and self.out and not self.out[-1].strip():
            self.listed = False
        if indent >= 4 and not self.listed:
            self._put(line)  # indented code
            return
        opening = _FENCE.match(line.lstrip("> ") if line.startswith(">") else line)
        if self._closes(bare):
            return
        if opening:
            self._opens_fence(line, opening[1], opening[2].strip())
        elif not (self._is_option(bare) or self._opens(line, bare, indent)):
            self._text(self._cells(line), bare)

    def _opens(self, line: str, bare: str, indent: int) -> bool:
        """Take a line that begins or ends something of a generator's; say whether it did."""
        lead = " " * indent
        if len(self.open) >= _MOST_OPEN:
            return False
        if match := _BOX.match(bare):
            kind, *_ = match[1].split()
            title = match[2] if match[2] is not None else ""
            self._begin(label(kind, title) if match[2] != "" else "")
            self.open.append(_Open(self._indent(indent) + 1, 4))
        elif match := _TAB.match(bare):
            self._begin(f"{match[1]}:")
            self.open.append(_Open(self._indent(indent) + 1, 4, each=f"{match[1]}:"))
        elif match := _QUOTE.match(bare):
            self._put(f"{lead}{match[1]}{label(match[2], match[3])}")
        elif (match := _COLONS.match(bare)) and match[2]:
            directive = _DIRECTIVE.match(match[2])
            name, said = kind_in(match[2]) if not directive else (directive[1], directive[2])
            self._directive(name, said, match[1])
        elif match := _FOOTNOTE.match(bare):
            self.note = self.notes.setdefault(match[1], [])
            self.note.append(match[2])
        elif match := _TAB_TAG.match(bare):
            self._begin(f"{match[1]}:")
        elif _DROPPED.fullmatch(bare):
            self._put("")
        elif bare[0] == "{" and bare[-1] == "}" and (said := shortcode(bare)) is not None:
            self._shortcode(*said, bare.startswith("{:"))
        elif bare.startswith(": ") and self._defines(bare[1:].strip()):
            pass
        else:
            return False
        return True

    def _indent(self, indent: int) -> int:
        """Return how far a line of this indent is indented in the file."""
        return indent + sum(box.dedent for box in self.open)

    def _shortcode(self, said: str, words: str, attributes: bool) -> None:
        """Take a tag alone on its line: the label that it gives what follows, and words of its own."""
        if attributes and self.out and self.out[-1].strip():  # below the paragraph that it is about
            at = len(self.out) - 1
            while said and at and self.out[at - 1].strip():
                at -= 1
            start = len(self.out[at]) - len(self.out[at].lstrip("> "))
            self.out[at] = f"{self.out[at][:start]}{said} {self.out[at][start:]}" if said else self.out[at]
        elif words:
            self.out += ["", f"{said} {words}".strip(), ""]
        else:
            self._begin(said)

    def _opens_fence(self, line: str, fence: str, info: str) -> None:
        directive = _DIRECTIVE.match(info)
        known = directive and directive[1].lower() not in _LITERAL and kind_in(info)[0]
        if directive and (known or directive[1].lower() in _SILENT) and len(self.open) < _MOST_OPEN:
            self._directive(directive[1], directive[2], fence)
            return
        self._flush_label("")
        self.fence, self.quoted = fence, line.startswith(">")
        self._put(line)

    def _directive(self, name: str, said: str, fence: str) -> None:
        name = name.lower()
        box = _Open(-1, fence=fence, options=True, silent=name in _SILENT)
        if name in ("tab-item", "tab"):
            self._begin(f"{said[:100]}:")
            box.each = f"{said[:100]}:"
        else:
            self._begin(label(name, said))
        self.open.append(box)

    def _closes(self, bare: str) -> bool:
        """Take a line that is only a fence where it closes what is open."""
        if not bare or bare.strip(bare[0]) or bare[0] not in ":`~" or len(bare) < 3:
            return False
        for at in range(len(self.open) - 1, -1, -1):
            fence = self.open[at].fence
            if fence and fence[0] == bare[0] and len(bare) >= len(fence):
                while len(self.open) > at:
                    self._close()
                return True
        return bare[0] == ":"

    def _is_option(self, bare: str) -> bool:
        """Say whether a line is an option of the directive that has just begun."""
        box = self.open[-1] if self.open else None
        if box is None or not box.options:
            return False
        box.options = bool(re.match(r":[\w-]+:", bare))
        return box.options

    def _close(self) -> None:
        self._flush_label("")
        self.open.pop()
        self._put("")
        self.listed = False

    def _begin(self, said: str) -> None:
        self._flush_label("")
        self._put("")
        self.label = said

    def _flush_label(self, indent: str) -> None:
        """Put a label that no prose follows on a line of its own."""
        if self.label:
            self.out += [f"{indent}{self.label}", ""]
            self.label = ""

    def _blank(self) -> None:
        self.columns = 0
        if self.note is not None:
            self.note.append("")
        elif self.formula:
            self.formula.append("")
        else:
            self._put("")

    def _text(self, line: str, bare: str) -> None:
        """Put a line, its label before it where one waits."""
        lead = line[: len(line) - len(line.lstrip())]
        self.terms = self.terms if lead else ""
        each = next((box.each for box in reversed(self.open) if box.each), "")
        starts = not self.out or not self.out[-1].strip()
        said = self.label
        item = _ITEM.match(line)
        if each and not said and (starts or (item and not lead)) and len(each) <= self.room:
            said = each
            self.room -= len(each)
        self.label = ""
        line = without_inline(line)
        if not said:
            self._put(line)
        elif _PROSE.match(bare) and not _BAR.search(bare):
            self._put(f"{lead}{said}{'' if said[-1] in '：。！？' else ' '}{line.strip()}")
        elif item and said == each:
            self._put(f"{line[: item.end()]}{said} {line[item.end() :]}")
        elif bare[0] == ">":
            self._put(f"{lead}> {said} {line.strip().lstrip('> ')}")
        else:
            if said != each or starts:
                self.out += [f"{lead}{said}", ""] if not line.lstrip().startswith("#") else []
            self._put(line)

    def _put(self, line: str) -> None:
        self.out.append(line)

    def _in_code(self, line: str) -> None:
        bare = line.lstrip("> ").strip() if self.quoted else line.strip()
        if self.quoted and not line.startswith(">"):
            self.fence = ""
            self._line(line, 0) if line.strip() else self._blank()
            return
        self._put(line)
        if bare and not bare.strip(self.fence[0]) and len(bare) >= len(self.fence):
            self.fence = ""

    def _in_formula(self, line: str) -> None:
        r"""Gather $$…$$ of several lines on one, so that no line of it is taken for a heading or a list."""
        self.formula.append(line)
        if len(self.formula) > 50:
            self.out += self.formula
            self.formula = []
        elif "$$" in (line.strip() if len(self.formula) > 1 else line.strip()[2:]):
            lead = self.formula[0][: len(self.formula[0]) - len(self.formula[0].lstrip())]
            self._text(lead + " ".join(part.strip() for part in self.formula if part.strip()), "$$")
            self.formula = []

    def _continues_note(self, line: str, indent: int) -> bool:
        if self.note is None:
            return False
        lazy = (
            bool(self.note) and self.note[-1] != "" and not _FOOTNOTE.match(line.strip()) and _PROSE.match(line.strip())
        )
        if indent >= 2 or lazy:
            self.note.append(line.strip())
            return True
        self.note = None
        self._put("")
        return False

    def _defines(self, definition: str) -> bool:
        """Join a definition to its terms, which stand in the lines before it, or before another one."""
        if not self.terms:
            end = len(self.out) - (not self.out or not self.out[-1].strip())
            at = end
            while at > 0 and self.out[at - 1].strip():
                at -= 1
            terms = [term.strip() for term in self.out[at:end]] if end > 0 else []
            if not 0 < len(terms) <= _MOST_TERMS or not all(_PROSE.match(term) and len(term) < 200 for term in terms):
                return False
            del self.out[at:]
            self.terms = ", ".join(terms)
        self.out += ["", f"- {self.terms}: {definition}"]
        self.listed = True
        return True

    def _cells(self, line: str) -> str:
        """Escape the bars within code of a row that has more cells than its table's header."""
        if "|" not in line:
            self.columns = 0
            return line
        if _RULE_OF_TABLE.match(line) and self.out:
            self.columns = _count(self.out[-1])
        elif self.columns and "`" in line and _count(line) > self.columns:
            return re.sub(r"(`+)([^`]+)\1", lambda code: _BAR.sub(r"\\|", code[0]), line)
        return line


def _count(row: str) -> int:
    return len(_BAR.findall(row.strip().removeprefix("|").removesuffix("|"))) + 1
