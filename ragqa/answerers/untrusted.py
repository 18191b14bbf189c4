"""Untrusted text on its way into a prompt and out of a model: fenced, stripped of what a viewer would load or run."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Sequence

from ragqa.cjk import CJK
from ragqa.printable import printable, without_escapes

LONGEST_LABEL = 150
"""Characters between the brackets of an image or a link; a longer one is only broken up."""

_IMAGE = re.compile(rf"!\[([^\[\]\n]{{0,{LONGEST_LABEL}}})\]\([^)\n]*\)?")
_LINK = re.compile(rf"(?<!!)\[(?!\d+\])([^\[\]\n]{{1,{LONGEST_LABEL}}})\](?=\()")
_DEFINITION = re.compile(r"^([ \t>*+-]{0,12}\[[^\[\]\n]{1,150}\])(?=:)", re.MULTILINE)
_TAG = re.compile(
    r"<(?=[a-z][\w:-]{0,30}[\s/]|[!?]"
    r"|/?(?:a|audio|base|body|button|embed|form|frame|frameset|iframe|image|img|input|link|math|meta|object|picture"
    r"|script|source|style|svg|template|textarea|title|video)>)",
    re.IGNORECASE,
)


def unlinked(text: str) -> str:
    """Return ``text`` with its images, links and HTML elements broken up by spaces, none of its words changed."""
    text = _DEFINITION.sub(r"\1 ", text.replace("](", "] ("))
    return _TAG.sub("< ", text)


def without_images(text: str) -> str:
    """Return a model's text with images as their labels, links as label and address, HTML elements broken up."""
    return unlinked(_LINK.sub(r"\1 ", _IMAGE.sub(r"\1", text)))


def boundary_for(texts: Sequence[str]) -> str:
    """Return a code that stands in none of ``texts``. Derived, so that the same question gives the same prompt."""
    whole = "\0".join(texts)
    seed = whole.encode("utf-8", "surrogatepass")
    while True:
        seed = hashlib.sha256(seed).digest()
        code = seed.hex()[:12]
        if code not in whole.casefold():
            return code


_NUMBERS = r"\d{1,3}(?:[ \t]*(?:[-–—~～至,，、;；&]|to)[ \t]*\d{1,3})*|[¹²³⁰⁴-⁹]{1,3}"
_REFERENCE = (
    rf"[ \t]*[\^#]?(?:passages?|sources?|段落|来源|來源)?[ \t]*\#?(?:{_NUMBERS})[ \t]*(?:†[^\[\]【】\n]{{0,60}})?"
)
_LOOKALIKE = re.compile(
    rf"""(?:(?<=[{CJK}。，、；：）.,;:)!?\d])|(?<=[^\W\d_][ ])|(?<=[.,;:)][ ])|(?<=^))     # in running text, so that
         (?:\[\[?{_REFERENCE}\]\]?)+(?![ ]?=)                                       # a[1] and x = [1] stay code
       | [【［]{_REFERENCE}(?::[^\[\]【】\n]{{0,60}})?[】］]""",
    re.VERBOSE | re.MULTILINE | re.IGNORECASE,
)
_TO_ROUND = str.maketrans("[]【】［］", "()()()")


def without_lookalikes(text: str) -> str:
    """Return a passage with its own references, '[3]', as '(3)': they would be taken for ours, or copied as such."""
    return _LOOKALIKE.sub(lambda match: match.group().replace("[[", "[").replace("]]", "]").translate(_TO_ROUND), text)


_SPECIAL = re.compile(
    r"[<＜](?=[|｜]"
    r"|/?(?:s|bos|eos|pad|unk|sop|eop|think|tool_call|tool_response|(?:start|end)_of_\w+|extra_id_\d+)[>＞]"
    r"|[<＜]?/?SYS[>＞])"
    r"|[\[［](?=(?:/?INST|/?(?:AVAILABLE_)?TOOLS|TOOL_CALLS|/?TOOL_RESULTS|/?SYSTEM_PROMPT|g?MASK|BOS|EOS|CLS|SEP)[\]］])",
    re.IGNORECASE,
)
"""Where the special tokens of known templates begin: it is enough to break that up, and the pipe |> stays whole."""

_ROLE = re.compile(
    r"^(?P<before>[ \t#>*_\[（(【-]{0,12})(?P<name>[^\W_]{2,12})(?P<after>[\]）)】*_ ]{0,4})(?P<colon>[:：])",
    re.MULTILINE,
)
_HEADED = re.compile(
    r"^([ \t]*#{1,6}[ \t]*)(?=(?:instructions?|response|input|system|user|human|assistant)\b)", re.M | re.I
)
_FENCE = re.compile(r"^(\W{0,12}(?:BEGIN|END))[ \t]+(?=PASSAGE\b)", re.MULTILINE | re.IGNORECASE)
_ROLES = re.compile(
    "system|user|human|assistant|developer|tool|model|ai|bot|question|answer|instructions?|response"
    "|系[统統]|用[户戶]|助手|人[类類]|[问問][题題]|回答"
)


def harmless(text: str, specials: Sequence[str] = ()) -> str:
    """Return ``text`` with what a model could read as the end of a message or of a passage broken up by a space.

    Roles at the start of a line, special tokens, our own fences; a Markdown image or link no longer is one. What is
    unseen is gone before, lest it hide in them.
    """
    text = _SPECIAL.sub(lambda match: match.group() + " ", printable(text))
    text = _HEADED.sub("", _ROLE.sub(_apart, text))
    text = unlinked(_FENCE.sub(r"\1-", text))
    for special in specials:
        if len(special) > 1 and not special.isspace():
            text = text.replace(special, f"{special[0]} {special[1:]}")
    return text


def _apart(match: re.Match[str]) -> str:
    if not _ROLES.fullmatch(unicodedata.normalize("NFKC", match["name"]).casefold()):
        return match.group()
    return f"{match['before']}{match['name']}{match['after']} {match['colon']}"


def one_line(text: str, specials: Sequence[str] = ()) -> str:
    """Return a name, a title or a section on one line, as harmless as a passage."""
    return harmless(" ".join(without_lookalikes(text).split()), specials)


_OPEN_ESCAPE = re.compile(
    r"(?:(?:\x1b\[|\x9b)[0-?]*[ -/]*|(?:\x1b[\]PX^_]|[\x9d\x90])[^\x07\x1b\x9c\n]*\x1b?|\x1b[ -/]*)\Z"
)
_NAMES = ("think", "thinking", "thought", "thoughts", "reasoning", "seed:think")
_OPENING_TAGS = (*(f"<{name}>" for name in _NAMES), "[think]", "◁think▷")
_CLOSES = re.compile(rf"</(?:{'|'.join(_NAMES)})>|\[/think\]|◁/think▷", re.IGNORECASE)
LONGEST_TAG = 16
"""Characters of the longest tag around thinking, at most."""

_FIRST_SENTENCE = 400
"""Characters in which an answer cites its first passage, else it is not known for one before its end."""
_CITED = re.compile(r"[^.!?。！？\n]{8,}?[\[【［]\d{1,3}[\]】］]\s*[.,;:!?。，；：！？、)）\n]")
_MUSING = re.compile(
    r"(?:ok|okay|alright|all right|hm+|well|wait|so|now|first|let|looking|thinking|we|i|the user|user|passages?)\b"
    r"|[好嗯首用让我先]"
)
"""How thinking aloud begins; some answers do too, and are heard at their end."""


def visible(text: str) -> str:
    """Return ``text`` without control characters, terminal escapes, direction overrides and thinking aloud."""
    return without_thoughts(_clean(text))


def without_thoughts(text: str) -> str:
    """Return what follows thinking aloud. Its opening tag may be missing: some models' prompts end with it."""
    closed = _CLOSES.search(text)
    if closed:
        return text[closed.end() :].lstrip()
    return "" if text.lstrip().lower().startswith(_OPENING_TAGS) else text


def only_closes(text: str) -> bool:
    """Say whether thinking is closed in ``text`` that nothing opened."""
    return bool(_CLOSES.search(text)) and not text.lstrip().lower().startswith(_OPENING_TAGS)


def _clean(text: str) -> str:
    text = without_escapes(text)
    if any("\ud800" <= c <= "\udfff" for c in text):  # halves of characters that a server sent apart
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
    return printable(text)


def cut_at(text: str, stops: Sequence[str]) -> str:
    """Return ``text`` up to the first of ``stops``: some models write it, some servers ignore that it was given."""
    return text[: min((at for stop in stops if stop and (at := text.find(stop)) >= 0), default=len(text))]


class Live:
    """Hands a growing text on in pieces that together are ``render`` of the whole, without white space around it.

    What a later piece may still change is held back: a marker or code span that is open, white space, half an escape.
    ``render`` may look no further than a line, save in fenced code. Thinking aloud at the beginning is left out.
    """

    def __init__(self, on_text: Callable[[str], None], render: Callable[[str], str], stops: Sequence[str] = ()) -> None:
        self._on_text, self._render, self._stops = on_text, render, stops
        self._lines, self._tail = "", ""
        self._held: list[str] | None = []
        self._head, self._last, self._patient = "", "", False
        self.sent = ""

    def hold(self) -> None:
        """Wait longer: the text may begin with thinking that no tag opens, and that a tag will close.

        An answer is known by its first sentence: it cites a passage behind what it says. Any other is held.
        """
        self._patient = True

    def release(self) -> None:
        """Take back ``hold``: the thinking came apart from the answer."""
        self._patient = False
        self.feed("")

    def feed(self, piece: str) -> None:
        """Take what came and hand on what is settled."""
        if self._held is not None:
            piece = self._past_thoughts(piece)
        if not piece:
            return
        self._tail += piece
        text = _clean(_whole_escapes(self._tail))
        shown = self._lines + self._render(settled(text, self._stops))
        self._send(shown[: _open_tag(shown)].strip())  # of what is shown: a marker taken out may have parted a tag
        self._freeze_lines()

    def _past_thoughts(self, piece: str) -> str:
        """Return what came of the answer; "" as long as it may be thinking. A tag may come in pieces."""
        assert self._held is not None
        self._held.append(piece)
        self._head = (self._head + piece).lstrip()[:_FIRST_SENTENCE]
        window = self._last + piece
        self._last = window[-LONGEST_TAG:]
        closed, head = _CLOSES.search(window), _clean(_whole_escapes(self._head)).lstrip().lower()
        opens = head.startswith(_OPENING_TAGS)
        if closed:
            answer = window[closed.end() :]
        elif opens or any(tag.startswith(head) for tag in _OPENING_TAGS) or self._may_be_musing(head):
            return ""
        else:
            answer = "".join(self._held)
        self._held = None
        return answer

    def _may_be_musing(self, head: str) -> bool:
        return self._patient and not (_CITED.match(head) and not _MUSING.match(head))

    def finish(self, text: str) -> None:
        """Hand on what is left of ``text``, the whole answer."""
        self._send(text)

    def _freeze_lines(self) -> None:
        """Render whole lines for good, lest a long answer be rendered again for each of its pieces."""
        end = self._tail.rfind("\n") + 1
        lines = _clean(self._tail[:end])
        if end < LINES_AT or self._stops or re.search(r"```|~~~", lines):
            return
        self._lines += self._render(lines)
        self._tail = self._tail[end:]

    def _send(self, text: str) -> None:
        if text.startswith(self.sent) and len(text) > len(self.sent):
            self._on_text(text[len(self.sent) :])
            self.sent = text


LINES_AT = 300
"""Characters that are put by at a time."""


def _whole_escapes(raw: str) -> str:
    """Return ``raw`` without an escape or a pair of surrogates at its end that is not whole yet."""
    if (raw and "\ud800" <= raw[-1] <= "\udbff") or raw.endswith("\r"):
        raw = raw[:-1]
    return _OPEN_ESCAPE.sub("", raw)


LONGEST_MARKER = 200
"""An opening bracket that is not closed within so many characters opens no marker."""

_OPEN_TAG = re.compile(r"<[\w:/!?-]{0,32}\Z")

_CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)")
_PAIRS = {"[": "]", "【": "】", "［": "］"}


def settled(text: str, stops: Sequence[str] = ()) -> str:
    """Return the start of ``text`` that no continuation changes."""
    text = cut_at(text, stops)
    for stop in stops:
        tail = next((n for n in range(min(len(stop), len(text)), 0, -1) if stop.startswith(text[-n:])), 0)
        text = text[: len(text) - tail]
    line = text.rfind("\n") + 1
    text = text[: _open_code(text, line)]
    prose = text[:line] + _CODE_SPAN.sub(lambda code: "x" * len(code.group()), text[line:])
    text = text[: _open_bracket(prose, line)].rstrip()
    while text.endswith("!"):  # which begins an image
        text = text.rstrip("!").rstrip()
    return text


def _open_bracket(text: str, line: int) -> int:
    """Return where the outermost bracket opens that is still open, or was closed at the very end; else the end."""
    depth, opened = 0, len(text)
    for at in range(line, len(text)):
        if text[at] in _PAIRS:
            opened = at if depth == 0 else opened
            depth += 1
        elif text[at] in _PAIRS.values() and depth:
            depth -= 1
            if depth == 0 and at < len(text) - 1 and text[at + 1] not in "([【［]】］":
                opened = len(text)
    return opened if len(text) - opened <= LONGEST_MARKER else len(text)


def _open_tag(text: str) -> int:
    """Return where a ``<`` stands of which it is not known yet whether an HTML element follows; else the end."""
    found = _OPEN_TAG.search(text, max(0, len(text) - 34))
    return found.start() if found else len(text)


def _open_code(text: str, line: int) -> int:
    """Return where a code span of the last line opens that is not closed; the end if none is open."""
    if re.match(r" {0,3}(?:`{3,}|~{3,})[^`]*\Z", text[line:]):
        return line  # what follows a fence counts as code once its line is whole
    opened, run = len(text), ""
    for match in re.finditer("`+", text[line:]):
        if not run:
            opened, run = line + match.start(), match.group()
        elif match.group() == run and line + match.end() < len(text):
            opened, run = len(text), ""
    return opened
