"""Find in a sentence what could be the answer to a question: a time, an amount, a code, a reason, a condition.

Each comes with the words that ask for it. Knows nothing of how the rest of the sentence is worded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ragqa.evaluation.questions.drafting import chinese


@dataclass(frozen=True, slots=True)
class Gap:
    """What is left out of a sentence, as the answer, and what asks for it."""

    start: int
    end: int
    asks: str
    """Before the rest in English, after it in Chinese."""


_NUMBER = r"\d+(?:[.,]\d+)*(?:\s*(?:to|至|到|-|–|~|～)\s*\d+(?:[.,]\d+)*)?"
_UNIT = (
    r"%|‰|°\s?[CF]|℃|℉|Ω|[kM]Ω|[µmck]?m[²³]?(?:/[smh])?|[km]?g|m?l|litres?|liters?|[kmM]?V|m?A|[kM]?W(?:h)?|[kMG]?Hz|[kMh]?Pa|bar"
    r"|dB(?:\(A\))?|ppm|N·?m|[KMG]i?B|bits?|bytes?|pixels?|characters?|lines?|times|turns|persons?|people|metres?|feet|inch(?:es)?"
)
_CODE = (
    r"(?<![\w-])--?[a-z][\w-]{2,}|(?<!\w)\$?[A-Z][A-Z0-9]*_[A-Z0-9_]+|(?<![\w.])(?:/[\w.*-]+){2,}/?"
    r"|(?<![\w.-])[a-z]+(?:_[a-z0-9]+)+(?![\w.-])|[\w.-]+@[\w-]+\.[\w.-]*\w"
    r"|(?<![\w.-])[A-Z]{1,4}-?\d{1,5}[A-Z]?(?![\w.-])|“[^”]{2,40}”|\"[^\"]{2,40}\"|‘[^’]{3,40}’"
)
_NOT_A_PLACE = (
    r"(?<![\w.,$#-])(?<!p\. )(?<!ection )(?<!hapter )(?<!able )(?<!igure )(?<!tep )(?<!ersion )(?<!第)(?<!第 )"
)
"""What may not stand before a number that answers: page and section numbers only lead elsewhere."""

_ENGLISH = (
    (rf"\bevery\s+(?:{_NUMBER}\s*)?(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?)\b", "How often"),
    (rf"{_NOT_A_PLACE}{_NUMBER}\s*(?:seconds?|minutes?|min|hours?|days?|weeks?|months?|years?)\b", "How long"),
    (rf"{_NOT_A_PLACE}{_NUMBER}\s*(?:{_UNIT})(?!\w)", "How much"),
    (_CODE, "What"),
)
_CHINESE = (
    (rf"每(?:隔)?\s*{_NUMBER}\s*(?:秒|分钟|小时|天|日|周|个月|月|年)", "多久一次"),
    (rf"{_NOT_A_PLACE}{_NUMBER}\s*(?:秒|分钟|小时|天|日|周|个月|年)", "多久"),
    (rf"{_NOT_A_PLACE}{_NUMBER}\s*(?:{_UNIT}|[个次片台块根条颗伏瓦])", "多少"),
    (_CODE, "是什么"),
)

_ENGLISH_CLAUSES = (
    (r"(?P<asked>.+?),?\s+(?P<hidden>(?:because|since|so that|in order to|otherwise)\s.+)", "Why"),
    (r"(?P<asked>.+?),?\s+(?P<hidden>(?:before|after|until|when|once|as soon as)\s.+)", "When"),
    (r"If\s(?P<asked>[^,]+),\s+(?P<hidden>.+)", "What to do if"),
    (r"(?:When|Where|Once)\s(?P<asked>[^,]+),\s+(?P<hidden>.+)", "What to do when"),
    (r"(?P<hidden>[A-Z][^,;]+?)\s+if\s(?P<asked>.+)", "What happens if"),
    (r"(?P<hidden>(?:To|In order to)\s[^,]+),\s+(?P<asked>.+)", "What for"),
)
_CHINESE_CLAUSES = (
    (r"(?P<asked>.+?)[，,](?P<hidden>(?:因为|否则|以免|以便|避免|防止).+)", "为什么"),
    (r"(?:如果|若|当)(?P<asked>.+?)[，,](?P<hidden>.+)", "怎么办"),
    (r"(?P<hidden>[^，,]+(?:时|后|前))[，,](?P<asked>.+)", "什么时候"),
)


def gaps(text: str) -> Iterator[Gap]:
    """Yield what could be left out of ``text``: exact things first, then clauses."""
    exact, clauses = (_CHINESE, _CHINESE_CLAUSES) if chinese(text) else (_ENGLISH, _ENGLISH_CLAUSES)
    taken: list[Gap] = []
    for pattern, asks in exact:
        for match in re.finditer(pattern, text):
            if not any(gap.start < match.end() and match.start() < gap.end for gap in taken):
                taken.append(Gap(match.start(), match.end(), asks))
    yield from taken
    body = text.rstrip("。.!！；;")
    for pattern, asks in clauses:
        found = re.fullmatch(pattern, body)
        if found and len(found["hidden"]) >= 6 and len(found["asked"]) >= 6:
            yield Gap(*found.span("hidden"), asks)
