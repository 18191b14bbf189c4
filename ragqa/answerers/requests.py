"""The form of a chat completion request, mended where a server refuses a part of it. Sends nothing.

Servers differ: OpenAI's reasoning models take no ``max_tokens`` and only the default temperature, older vLLM and Ollama
know no ``max_completion_tokens``, some take no ``stream_options``, some models no system message.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from ragqa.answerers import ChatOptions
from ragqa.answerers.prompting import Prompt, folded
from ragqa.openai_api.calls import Request
from ragqa.openai_api.errors import ServerError

SYSTEM = "system"
"""Stands among the refused parameters for a system message, and for messages of one role that follow each other."""

LIMITS = ("max_tokens", "max_completion_tokens")
_OPTIONAL = ("temperature", "seed", "stop", "n", "stream_options")


def request_for(
    model: str, prompt: Prompt, options: ChatOptions, *, n: int, stream: bool, official: bool, refused: Collection[str]
) -> Request:
    """Return the keyword arguments of ``chat.completions.create``, without what this server has ``refused``."""
    messages = folded(prompt.messages) if SYSTEM in refused else prompt.messages
    request: Request = {
        "model": model,
        "messages": [{"role": message.role, "content": message.content} for message in messages],
        "temperature": options.temperature,
    }
    # Old servers leave a limit that they don't know unheeded, so the name that they all know goes to them.
    names = [name for name in (reversed(LIMITS) if official else LIMITS) if name not in refused]
    if names:
        request[names[0]] = prompt.answer_tokens
    if options.seed is not None:
        request["seed"] = options.seed
    if options.stop:
        request["stop"] = list(options.stop)
    if n > 1:
        request["n"] = n
    if stream:
        request |= {"stream": True, "stream_options": {"include_usage": True}}
    return {name: value for name, value in request.items() if name not in refused}


_REFUSES = re.compile(
    r"unsupported|not support|n[o']t (?:permitted|allowed|accept)|unexpected|unrecogni[sz]ed|unknown|extra|invalid"
    r"|must be|has to be|only the default",
    re.IGNORECASE,
)


_ROLES = re.compile(
    r"\b(?:system|developer)\b.{0,20}\b(?:roles?|messages?|prompts?|instructions?)\b"
    r"|\broles?\b.{0,30}\b(?:system|developer)\b|\balternat|\bonly user\b.{0,20}\bassistant\b"
    r"|\bmessages?\b.{0,30}\b(?:must|should|has to) (?:be|start|begin).{0,20}\buser\b"
    r"|['\"]user['\"].{0,8}['\"]assistant['\"]",
    re.IGNORECASE,
)
_NOT_OF_PARAMETERS = frozenset((401, 402, 403, 404, 408, 413, 429))


def refused_part(error: ServerError, request: Request) -> str | None:
    """Return the parameter of ``request`` that the server won't take, or None where that isn't what it says.

    The status says little: gateways wrap what a server behind them refuses in one of their own.
    """
    if error.status in _NOT_OF_PARAMETERS or error.too_long:
        return None
    words = error.words
    if request["messages"][0]["role"] == SYSTEM and _ROLES.search(words):
        return SYSTEM
    if not _REFUSES.search(words):
        return None
    sent = [name for name in (*LIMITS, *_OPTIONAL) if name in request]
    if error.param in sent:
        return error.param
    named = [
        name for name in sent if re.search(rf"(?<![\w-]){name}(?![\w-])", words) and (name != "n" or "'n'" in words)
    ]
    # 'Unsupported parameter: max_tokens. Use max_completion_tokens': the one that comes first is meant.
    return min(named, key=words.index) if named else None


def done_without(refused: Collection[str], options: ChatOptions) -> list[str]:
    """Return what a reader should know of the parameters that a server did not take."""
    said = []
    if "temperature" in refused:
        said.append(f"the model takes no temperature of {options.temperature:g}: its own was used")
    if "seed" in refused and options.seed is not None:
        said.append("the model takes no seed: the same question may be answered otherwise")
    if LIMITS[0] in refused and LIMITS[1] in refused:
        said.append("the model takes no limit of the answer's length: its own was used")
    return said
