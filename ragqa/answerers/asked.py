"""What a question asks for: steps, a command, a list, a rule, one fact. Told by its wording, English and Chinese."""

from __future__ import annotations

import re
from typing import Literal

from ragqa.answerers.evidence import asked_kind

Asked = Literal["procedure", "code", "list", "rule", "fact", "other"]

_PROCEDURE = re.compile(
    r"\bhow (?:do|can|should|would|could|must|might) (?:I|we|you|one|somebody|someone)\b|\bhow to\b"
    r"|\bwhat (?:are the |)steps\b|\bwhat (?:do|should|must|has|have|can) (?:I|we|you|to be|one)\b.*\b(?:do|done)\b"
    r"|\b(?:right|best|proper|correct) way to\b|\bprocedure\b|\bwalk me through\b"
    r"|怎么(?!样)|怎麼|怎样|怎樣|如何|步骤|步驟|哪几步|哪幾步|一步步|咋",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"\bcommands?\b|\bwhat (?:do|should|must) (?:I|we|you) type\b|\bsyntax\b|\bsnippet\b"
    r"|命令|敲|语句|語句|代码|代碼|哪[一两兩几幾]行|指令",
    re.IGNORECASE,
)
_LIST = re.compile(
    r"\b(?:which|what)\b(?: \w+){0,3} \w+s\b (?:do|are|can|does|have|should|may|must|is)"
    r"|\bwhat (?:do|should|must) (?:I|we|you)\b.*\b(?:have|need|find|contain|bring)\b|\bwhat should\b|\blist of\b"
    r"|哪些|有哪|都有|哪几|哪幾|有什么[^？?]{0,6}[？?]",
    re.IGNORECASE,
)
_RULE = re.compile(
    r"^(?:can|may|must|should|do|does|is|are|will|if|am)\b|\b(?:can|may|must|should) (?:I|we|you)\b|\bdoes it\b"
    r"|\bwhat if\b|[吗嗎]|要不要|能不能|可不可以|是否|有没有|有沒有|会不会|會不會|行不行",
    re.IGNORECASE,
)


def asked_for(question: str) -> Asked:
    """Return what kind of answer a question asks for."""
    procedure = bool(_PROCEDURE.search(question))
    if _CODE.search(question):
        return "code"
    if asked_kind(question) in ("number", "time") and not procedure:
        return "fact"
    if procedure:
        return "procedure"
    if _LIST.search(question):
        return "list"
    return "rule" if _RULE.search(question) else "other"
