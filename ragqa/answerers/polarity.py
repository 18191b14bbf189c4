"""On or off, open or close, install or remove: which of two opposite things a text is about, English and Chinese."""

from __future__ import annotations

import re
from functools import lru_cache

_SWITCH = r"\b(?:turn|switch|power)(?:ed|ing)?(?: \w+){0,3}"
_PAIRS = (
    (rf"{_SWITCH} on\b", rf"{_SWITCH} off\b"),
    (
        r"\b(?:en|re)able[ds]?\b|\bactivat\w+|打开|开启|启用|開啟|啟用",
        r"\bdisable[ds]?\b|\bdeactivat\w+|关闭|停用|禁用|關閉",
    ),
    (r"\bopen(?:ed|ing|s)?\b", r"\bclos(?:e|ed|ing|es)\b"),
    (
        r"\b(?:install|fit|attach|insert|mount|connect)(?:ed|ing|s)?\b|\bput(?: \w+){0,4} (?:in|on|back)\b"
        r"|安装|装上|裝上|插入|连接",
        r"\b(?:remov|uninstall|detach|disconnect|dismantl)\w*"
        r"|\b(?:tak(?:e|ing)|get|lift|pull)(?: \w+){0,4} (?:off|out)\b|拆下|取下|拆卸|卸下|拔出|断开",
    ),
    (r"\block(?:ed|ing|s)?\b|锁定|上锁", r"\bunlock(?:ed|ing|s)?\b|解锁"),
    (r"\bstart(?:ed|ing|s)?\b|启动|啟動", r"\bstop(?:ped|ping|s)?\b|停止"),
    (
        r"\bincreas\w+|\braise[ds]?\b|调高|增大|增加",
        r"\bdecreas\w+|\blower(?:ed|ing|s)?\b|\breduc\w+|调低|减小|减少",
    ),
)
PAIRS = tuple((re.compile(one, re.IGNORECASE), re.compile(other, re.IGNORECASE)) for one, other in _PAIRS)


@lru_cache(1024)
def _sides(text: str) -> tuple[tuple[bool, bool], ...]:
    """Return for each pair whether a text names the one and the other."""
    return tuple((bool(one.search(text)), bool(other.search(text))) for one, other in PAIRS)


def opposed(question: str, text: str) -> bool:
    """Whether a text is about the opposite of what a question names, and not about that itself."""
    named = zip(_sides(question), _sides(text), strict=True)
    return any(asked[0] != asked[1] and said == (asked[1], asked[0]) for asked, said in named)


def unasked(question: str, text: str) -> bool:
    """Whether a text is about off, closing or removing, of which a question names neither side."""
    named = zip(_sides(question), _sides(text), strict=True)
    return any(said == (False, True) and asked == (False, False) for asked, said in named)
