"""Keep untrusted text data: it can't close its fence, pass for a marker, or end a message of a chat template.

Changes only what a model is shown; what is quoted to a reader comes from the passage itself.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence

from ragqa.analysis import CJK
from ragqa.answerers.markup import unlinked
from ragqa.printable import printable


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
