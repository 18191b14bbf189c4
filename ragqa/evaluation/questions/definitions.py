"""Questions from definitions, asked both ways: what is X, and what is it called that does so and so."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ragqa.evaluation.questions.drafting import Draft, Retold, Writer, chinese

_ENGLISH = re.compile(
    r"(?:The |An? )?(?P<term>[\w$./+'’-]+(?: [\w$./+'’-]+){0,3}?) "
    r"(?:(?:is|are) (?=(?:an?|the|used|called|responsible|meant|designed|for|where|what)\b)|means |refers to "
    r"|stands for |denotes |contains? |specif(?:y|ies) |controls? |describes? |shows? )(?P<body>.{20,})"
)
_CHINESE = re.compile(
    r"(?P<term>[^，。；：、]{2,14}?)\s*(?:是指|指的是|是一[种个套份]|是|指|用于|用来|负责|表示)(?P<body>[^？]{8,})"
)
_NO_TERM = re.compile(
    r"(?i)(?:the|it|this|that|these|those|there|they|you|we|he|she|if|when|in|on|for|by|as|which|what|note|see|here|after"
    r"|though|although|similarly|since|while|to|before|each|any|all|some|another|such|one|•|otherwise)(?:\b.*)?"
    r"|.*(?:这|那|此|其|您|你|我|它|如果|可以|应|不|如何|下面|以下|并|也|就|还|都|即|只|多半|遗憾|情况).*"
)


def drafts(writer: Writer) -> Iterator[Draft]:
    """Yield 'what is X' and its reverse for a sentence that defines X."""
    text = writer.source.text
    if writer.source.kind != "sentence":
        return
    found = (_CHINESE if chinese(text) else _ENGLISH).match(text)
    if not found or _NO_TERM.fullmatch(found["term"]):
        return
    term, body = found["term"], found["body"]
    told = writer.retold(body)
    called = writer.draft("叫什么" if chinese(text) else "What is it called:", told, term, "definition")
    if called:
        yield called
    meant = writer.draft("是做什么的" if chinese(text) else "What is", Retold(term, (term,)), body, "definition")
    if meant:
        yield meant
