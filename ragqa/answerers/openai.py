"""A chat model of OpenAI, or of any server that speaks its interface (``OPENAI_BASE_URL``).

How requests are sent, and tried again, is ``openai_api``'s business. A cut answer is never taken for a whole one.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ragqa.answerers import ChatOptions
from ragqa.answerers.language_model import ModelAnswerer, Reply
from ragqa.answerers.prompting import Prompt, Room, estimate_tokens, folded
from ragqa.answerers.untrusted import Live, only_closes, visible, without_thoughts
from ragqa.errors import NoAnswer
from ragqa.openai_api.bodies import Body
from ragqa.openai_api.calls import Calls, Request
from ragqa.openai_api.client import Server, open_server
from ragqa.openai_api.errors import CutShort, Failure, Lessons, OtherInterface, ServerError, Unreachable, server_words
from ragqa.prices import price_of
from ragqa.prompts import Prompts
from ragqa.types import Usage

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


DEFAULT_CONTEXT = 8192
"""Tokens that a model is taken to read where nothing is known of it."""

_CONTEXTS = {
    "gpt-5": 272_000,
    "gpt-4.1": 1_047_576,
    "gpt-4o": 128_000,
    "gpt-4-turbo": 128_000,
    "gpt-4": 8_192,
    "gpt-3.5-turbo": 16_385,
    "o1": 128_000,
    "o3": 200_000,
    "o4-mini": 200_000,
    "gpt-oss": 131_072,
}
"""Tokens, as OpenAI stated them in March 2026, by the beginning of a model's name; the longest that fits counts."""


def context_of(model: str) -> int:
    """Return how many tokens ``model`` reads, prompt and answer together."""
    fitting = [name for name in _CONTEXTS if model == name or re.match(rf"{re.escape(name)}\W", model)]
    return _CONTEXTS[max(fitting, key=len)] if fitting else DEFAULT_CONTEXT


def open_chat(model: str, options: ChatOptions, prompts: Prompts) -> ModelAnswerer:
    """Return the answerer ``openai:MODEL``. Raises ModelError where no key is set; speaks to nobody yet."""
    server = open_server(f"openai:{model}", options.timeout_s)
    return ModelAnswerer(ChatModel(model, options, server), options, prompts)


class ChatModel:
    """A chat model behind an HTTP interface. Safe to call from several threads."""

    def __init__(self, model: str, options: ChatOptions, server: Server) -> None:
        self.spec = f"openai:{model}"
        self._name, self._options, self._server = model, options, server
        self._room = Room(options.context_tokens or context_of(model), options.max_tokens)
        self._calls = Calls(model, server, options.timeout_s)

    def room(self) -> Room:
        """Return what is known of the model's context by its name."""
        return self._room

    def complete(self, prompt: Prompt, n: int, hearer: Live | None) -> Reply:
        """Return what the model writes. Several answers are never streamed: they would come interleaved.

        Of a server of the user's own it is not known before the first answer whether this model thinks aloud without
        saying where that begins: what may be such thinking is heard only when the answer is whole.
        """
        hearer, lessons = hearer if n == 1 else None, self._calls.lessons
        if hearer and not self._server.official and lessons.thinks is not False:
            hearer.hold()
        form = partial(self._request, prompt, n, hearer is not None)
        try:
            done = self._calls.send("chat", form, partial(read_completion, hearer=hearer), _learn)
        except Failure as error:
            raise self._calls.explain(error) from None
        choices = [choice for choice in done.choices if choice.end != "content_filter"]
        if not choices:
            raise NoAnswer(self._nothing_in(done))
        texts = tuple(self._written(choice) for choice in choices)
        if not any(visible(text).strip() for text in texts) and (reason := self._silence(choices[0])):
            raise NoAnswer(reason)
        warnings = done_without(lessons.refused, self._options)
        if done.unsure:
            warnings.append(f"{self._server.host} does not say whether the answer is whole: there may be more")
        if len(done.choices) < n:
            warnings.append(f"{n} answers were asked for, and {self._server.host} gave {len(done.choices)}")
        if done.usage is None:
            warnings.append(f"{self._server.host} gave no token counts: those shown are estimates")
        return Reply(texts, tuple(c.end == "length" for c in choices), self._usage(done, prompt), tuple(warnings))

    def _request(self, prompt: Prompt, n: int, stream: bool, lessons: Lessons) -> Request:
        official, refused = self._server.official, lessons.refused
        return request_for(self._name, prompt, self._options, n=n, stream=stream, official=official, refused=refused)

    def _written(self, choice: Choice) -> str:
        """Return the text of a choice; "" where it is all thinking, of a model that is known to begin with it."""
        text, lessons = choice.text, self._calls.lessons
        if only_closes(text):
            lessons.thinks = True
        elif lessons.thinks and choice.end == "length" and without_thoughts(text) == text:
            return ""
        elif lessons.thinks is None and choice.end != "length" and visible(text).strip():
            lessons.thinks = False
        return text

    def _nothing_in(self, done: Completion) -> str:
        if done.choices:
            return f"{self._server.host} cut the answer by its content filter: ask in other words"
        return f"{self._server.host} sent a reply without an answer: ask again, or choose another model"

    def _silence(self, choice: Choice) -> str:
        """Return why a model wrote nothing that can be shown, where that is known."""
        if choice.refusal:
            return f"{self._name} declined to answer: {server_words(choice.refusal)}"
        if choice.tools:
            tool = server_words(choice.tools[0], 40)
            return f"{self._name} called a tool ('{tool}') instead of answering: ask again, or choose another model"
        if choice.thought and choice.end != "length":
            return f"{self._name} thought and then wrote no answer: ask again, or set a higher max_tokens"
        return ""

    def _usage(self, done: Completion, prompt: Prompt) -> Usage:
        if done.usage is not None:
            sent, written = done.usage
        else:
            sent = sum(estimate_tokens(message.content) for message in prompt.messages)
            written = sum(estimate_tokens(choice.text) for choice in done.choices)
        return Usage(sent, written, cost_usd=self._cost_usd(sent, written))

    def _cost_usd(self, sent: int, written: int) -> float | None:
        """Return what so many tokens cost by the user's prices; None where there is none for this model."""
        price = price_of(self._options.prices, self._name)
        if price is None or price.input is None or price.output is None:
            return None
        return (sent * price.input + written * price.output) / 1e6


def _learn(error: ServerError, request: Request, lessons: Lessons) -> bool:
    part = refused_part(error, request)
    if part is not None:
        lessons.refused.add(part)  # so that it is no longer in the request: this ends
    return part is not None
