"""What a server sends of a chat completion → the texts of its choices. Whole replies and streamed ones are read alike.

Servers differ: the text comes in one piece, in pieces or as a list of parts; thinking in a part or field of its own;
choices, deltas and reasons to end are missing or null.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from ragqa.answerers.visible import Live
from ragqa.openai_api.bodies import Body
from ragqa.openai_api.errors import CutShort, OtherInterface, ServerError, Unreachable

_THINKING = ("reasoning_content", "reasoning", "thinking")
"""Fields that hold thinking apart from the answer; each maker has its own."""


@dataclass(slots=True)
class Choice:
    """An answer as it came so far."""

    pieces: list[str] = field(default_factory=list)
    end: str | None = None
    refusal: str = ""
    thought: bool = False
    """Whether thinking came apart from the text."""
    tools: list[str] = field(default_factory=list)
    """Names of the tools that the model would have called."""

    @property
    def text(self) -> str:
        return "".join(self.pieces)


@dataclass(frozen=True, slots=True)
class Completion:
    """What a server sent; ``usage`` counts prompt and answer in tokens, where it says so."""

    choices: tuple[Choice, ...]
    usage: tuple[int, int] | None
    unsure: bool = False
    """Whether neither the server nor the text's end tells that the answer is whole."""


def read_completion(body: Body, hearer: Live | None) -> Completion:
    """Return the completion; ``hearer`` is fed the first choice as it comes. Raises Failure.

    Without a reason to end, an answer is taken for whole where the server marked the end of its stream, or where the
    text ends with a sentence; else its connection may have broken.
    """
    choices: dict[int, Choice] = {}
    usage: tuple[int, int] | None = None
    known = False
    try:
        for event in body:
            usage = _usage(event.get("usage")) or usage
            known = known or "choices" in event
            said = event.get("choices")
            for at, one in enumerate(said if isinstance(said, list) else ()):
                _take(one, at, choices, hearer)
    except (ServerError, Unreachable) as error:
        came = max((len(choice.text) for choice in choices.values()), default=0)
        if not came:
            raise
        raise CutShort(came, error.words if isinstance(error, ServerError) else "") from None
    if not known:
        raise OtherInterface("JSON without choices")
    told = tuple(choices[at] for at in sorted(choices))
    left_open = [choice.text for choice in told if choice.end is None]
    if not body.ended and not all(map(_ends_a_sentence, left_open)):
        raise CutShort(max(map(len, left_open)))
    return Completion(told, usage, unsure=not all(body.ended and _looks_whole(text) for text in left_open))


def _take(said: Any, at: int, choices: dict[int, Choice], hearer: Live | None) -> None:
    if not isinstance(said, dict):
        return
    if isinstance(said.get("error"), dict):
        raise ServerError(200, said)
    if said.get("finish_reason") == "error":
        raise ServerError(200, "the model's server failed")
    index = said.get("index")
    choice = choices.setdefault(index if isinstance(index, int) else at, Choice())
    choice.end = str(said["finish_reason"]) if said.get("finish_reason") else choice.end
    message = said.get("delta") or said.get("message")
    if not isinstance(message, dict):
        return
    text, thought = _text_of(message.get("content"))
    if thought or any(isinstance(message.get(name), str) and message[name] for name in _THINKING):
        choice.thought = True
    refusal = message.get("refusal")
    choice.refusal += refusal if isinstance(refusal, str) else ""
    choice.tools += _tools_of(message)
    choice.pieces.append(text)
    if hearer and choice is next(iter(choices.values())):
        if choice.thought:
            hearer.release()
        hearer.feed(text)


def _text_of(content: Any) -> tuple[str, bool]:
    """Return the text of a message's content, a string or a list of parts, and whether thinking stood among them."""
    if isinstance(content, str):
        return content, False
    texts, thought = [], False
    for part in content if isinstance(content, list) else ():
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, dict):
            kind, text = part.get("type") or "text", part.get("text")
            thought = thought or "think" in str(kind) or "reason" in str(kind)
            if kind in ("text", "output_text") and isinstance(text, str):
                texts.append(text)
    return "".join(texts), thought


def _tools_of(message: dict[str, Any]) -> list[str]:
    calls = message.get("tool_calls")
    calls = [*(calls if isinstance(calls, list) else ()), {"function": message.get("function_call")}]
    functions = [call.get("function") for call in calls if isinstance(call, dict)]
    return [str(one["name"]) for one in functions if isinstance(one, dict) and one.get("name")]


def _usage(said: Any) -> tuple[int, int] | None:
    if not isinstance(said, dict):
        return None
    sent, written = (said.get(name) for name in ("prompt_tokens", "completion_tokens"))
    counts = [n if isinstance(n, int) and n >= 0 else 0 for n in (sent, written)]
    return (counts[0], counts[1]) if any(counts) else None


_END = re.compile(r"(?<!\d)[.!?…。！？][)\]}\"'”’»）】］」』*_]*\s*\Z|[)\]}）】］」』]\s*\Z")
_ROW = re.compile(r"\s*(?:[-*+•|#>]|\d{1,3}[.)])\s*\S")


def _ends_a_sentence(text: str) -> bool:
    """Say whether a text ends with a sentence or a bracket; the point after a figure may be a decimal one."""
    return not text.strip() or bool(_END.search(text[-200:]))


def _looks_whole(text: str) -> bool:
    """Say whether a text ends as one does that is whole: so, or in the row of a list or a table, or with a figure."""
    row = text[text.rfind("\n") + 1 :][:200]
    return _ends_a_sentence(text) or bool(_ROW.match(row)) or text.rstrip()[-1:] in "0123456789.%`*:"
