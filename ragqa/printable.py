"""Make untrusted text safe to show: names, titles, quotes, answers, errors. Knows nothing of where it is shown.

A terminal obeys control characters; override and isolate characters reorder what is seen; characters without width
make two names look alike. A name or an error shows them as escapes; running text goes without them.
"""

from __future__ import annotations

import json
import re

_UNSEEN = (
    r"\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls, C0 and C1: ESC, BEL, CSI, NEL
    r"\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"  # directions, line and paragraph separators
    r"\xad\u034f\u180b-\u180f\u200b\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb"  # without width
    r"\u115f\u1160\u17b4\u17b5\u3164\uffa0"  # fillers: letters that show nothing
    r"\ud800-\udfff"  # halves of characters, which have no bytes
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff"  # shorthand, music, tags
)
_JOINERS = (
    r"[\u200c\u200d](?<!["  # needed after these only:
    r"\u0600-\u109f\u1780-\u17ff\ufe0f\u2600-\u27bf\U0001f000-\U0001faff].)"
    r"|[\ufe00-\ufe0f\U000e0100-\U000e01ef](?<=[\ufe00-\ufe0f\U000e0100-\U000e01ef].)"  # two variants of one sign
)
_IN_TEXT = rf"(?s)[{_UNSEEN}]|{_JOINERS}"  # strings, which re compiles once at need: a start that needs none is quicker
_IN_LINE = rf"(?s)[{_UNSEEN}\t\n\u200c\u200d]|{_JOINERS}"
_ESCAPES = (
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor, clearing
    r"|(?:\x1b[\]PX^_]|[\x9d\x90])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"  # OSC and other strings: titles, clipboard
    r"|\x1b[ -/]*[0-~]?"
)
_BREAKS = re.compile("\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")


def printable(text: str) -> str:
    """Return running text without what is unseen; every kind of line break becomes a newline, tabs stay."""
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    return re.sub(_IN_TEXT, _without, _BREAKS.sub("\n", text))


def without_escapes(text: str) -> str:
    """Return ``text`` without terminal escapes, whole ones: what is between their first and last character too."""
    return text if text.isprintable() else re.sub(_ESCAPES, "", text)


def printable_name(name: str) -> str:
    """Return a name on one line, what is unseen in it escaped as Python does: ``'a\\nb'`` → ``'a\\\\nb'``."""
    return name if name.isascii() and name.isprintable() else re.sub(_IN_LINE, _escaped, name)


def printable_line(text: str) -> str:
    """Return ``text`` on one line, white space as single spaces, what is unseen in it escaped."""
    return printable_name(" ".join(text.split()))


def quantity(number: int, thing: str, things: str = "") -> str:
    """Return a number with what it counts: '1 page', '1,200 pages', '2 passes' of ``things`` that take no plain s."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def printable_json(document: str) -> str:
    r"""Return JSON of the same value in which all that is unseen is written ``\uXXXX``."""
    return re.sub(_IN_TEXT, lambda match: json.dumps(match.group())[1:-1], document)


def _without(match: re.Match[str]) -> str:
    return _escaped(match) if "\ud800" <= match.group() <= "\udfff" else ""


def _escaped(match: re.Match[str]) -> str:
    # Of a file name that is no UTF-8, Python keeps the bytes as U+DC80 to U+DCFF.
    number = ord(match.group()[0])
    return (
        f"\\x{number - 0xDC00:02x}" if 0xDC80 <= number <= 0xDCFF else match.group().encode("unicode_escape").decode()
    )
