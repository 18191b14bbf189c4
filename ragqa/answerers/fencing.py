"""Keep untrusted text data: it can't close its fence, pass for a marker, or end a message of a chat template.

Changes only what a model is shown; what is quoted to a reader comes from the passage itself.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from ragqa.analysis import CJK


def boundary_for(texts: Sequence[str]) -> str:
    """Return a code that stands in none of ``texts``. Derived, so that the same question gives the same prompt."""
    whole = "\0".join(texts)
    seed = whole.encode("utf-8", "surrogatepass")
    while True:
        seed = hashlib.sha256(seed).digest()
        code = seed.hex()[:12]
        if code not in whole.casefold():
            return code


_LOOKALIKE = re.compile(
    rf"""(?:(?<=[{CJK}。，、；：）.,;:)!?])|(?<=[^\W\d_][ ])|(?<=[.,;:)][ ])|(?<=^))   # in running text, so that a[1]
         [\[【［](\d{{1,3}})[\]】］](?![\[(=])                                        # and x = [1] stay code""",
    re.VERBOSE | re.MULTILINE,
)


def without_lookalikes(text: str) -> str:
    """Return a passage with its own references, '[3]', as '(3)': the model would copy them as if they were ours."""
    return _LOOKALIKE.sub(r"(\1)", text)


_SPECIAL = re.compile(r"<(?=[|｜]|/?s>|/?(?:start|end)_of_turn>|</?SYS>>)|\[(?=/?INST\])")
"""Where the special tokens of known templates begin: it is enough to break that up, and the pipe |> stays whole."""

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def harmless(text: str, specials: Sequence[str] = ()) -> str:
    """Return ``text`` with what a chat template would read as the end of a message broken up by a space."""
    text = _SPECIAL.sub(lambda match: match.group() + " ", _CONTROLS.sub("", text))
    for special in specials:
        if len(special) > 1 and not special.isspace():
            text = text.replace(special, f"{special[0]} {special[1:]}")
    return text


def one_line(text: str, specials: Sequence[str] = ()) -> str:
    return harmless(" ".join(without_lookalikes(text).split()), specials)
