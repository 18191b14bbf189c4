"""A chat model of OpenAI, or of any server that speaks its interface (``OPENAI_BASE_URL``).

Retries are the client's; what it gives up on becomes a ModelError. A cut answer is never returned as if it were whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ragqa.answerers import ChatOptions
from ragqa.answerers.asking import ModelAnswerer, Reply
from ragqa.answerers.models import context_of, cost_usd
from ragqa.answerers.prompting import Prompt, Room, estimate_tokens
from ragqa.answerers.requests import Request, done_without, refused_parameter, request_for
from ragqa.answerers.visible import Live
from ragqa.errors import NoAnswer
from ragqa.openai_client import Server, open_server
from ragqa.openai_errors import OtherInterface, cut_short, explain
from ragqa.prompts import Prompts
from ragqa.types import Usage

if TYPE_CHECKING:
    from openai.types import CompletionUsage


def open_chat(model: str, options: ChatOptions, prompts: Prompts) -> ModelAnswerer:
    """Return the answerer ``openai:MODEL``. Raises ModelError where no key is set; speaks to nobody yet."""
    server = open_server(f"openai:{model}", options.timeout_s)
    return ModelAnswerer(ChatModel(model, options, server), options, prompts)


@dataclass(frozen=True, slots=True)
class _Choice:
    text: str
    end: str | None
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class _Completion:
    """What a server sent; ``usage`` where it says so."""

    choices: tuple[_Choice, ...]
    usage: CompletionUsage | None


class ChatModel:
    """A chat model behind an HTTP interface. Safe to call from several threads."""

    def __init__(self, model: str, options: ChatOptions, server: Server) -> None:
        self.spec = f"openai:{model}"
        self._name, self._options, self._server = model, options, server
        self._room = Room(options.context_tokens or context_of(model), options.max_tokens)
        self._refused: set[str] = set()
        """Parameters that the server did not take: they are not sent again."""

    def room(self) -> Room:
        """Return what is known of the model's context by its name."""
        return self._room

    def complete(self, prompt: Prompt, n: int, hearer: Live | None) -> Reply:
        """Return what the model writes. Several answers are never streamed: they would come interleaved."""
        done = self._send(prompt, n, hearer if n == 1 else None)
        choices = [choice for choice in done.choices if choice.end != "content_filter"]
        if not choices:
            raise NoAnswer(f"{self._server.host} cut the answer by its content filter: ask in other words")
        if not any(choice.text for choice in choices) and choices[0].refusal:
            raise NoAnswer(f"{self._name} declined to answer: {' '.join(choices[0].refusal.split())[:200]}")
        warnings = done_without(self._refused, self._options)
        if len(done.choices) < n:
            warnings.append(f"{n} answers were asked for, and {self._server.host} gave {len(done.choices)}")
        if done.usage is None:
            warnings.append(f"{self._server.host} gave no token counts: those shown are estimates")
        texts = tuple(choice.text for choice in choices)
        return Reply(texts, tuple(c.end == "length" for c in choices), self._usage(done, prompt), tuple(warnings))

    def _send(self, prompt: Prompt, n: int, hearer: Live | None) -> _Completion:
        import openai

        official, refused = self._server.official, self._refused
        try:
            while True:
                request = request_for(
                    self._name, prompt, self._options, n=n, stream=bool(hearer), official=official, refused=refused
                )
                try:
                    return self._streamed(request, hearer) if hearer else self._whole(request)
                except openai.APIStatusError as error:
                    parameter = refused_parameter(error, request)
                    if parameter is None:
                        raise
                    refused.add(parameter)  # so that it is no longer in the request: this ends
        except (openai.OpenAIError, json.JSONDecodeError, OtherInterface) as error:
            raise explain(error, self._name, self._server.host, self._options.timeout_s) from None

    def _whole(self, request: Request) -> _Completion:
        done = self._server.client.chat.completions.create(**request)
        choices = getattr(done, "choices", None)
        if not choices:
            raise OtherInterface
        return _Completion(
            tuple(_Choice(c.message.content or "", c.finish_reason, c.message.refusal or "") for c in choices),
            done.usage,
        )

    def _streamed(self, request: Request, hearer: Live) -> _Completion:
        """Return the streamed reply. A stream that ends without saying why was cut."""
        chunks: Any = self._server.client.chat.completions.create(**request)
        if not hasattr(chunks, "response"):
            raise OtherInterface
        end, usage, refusal, came = None, None, "", False
        with chunks:
            for chunk in self._unbroken(chunks, hearer):
                came = True
                usage = chunk.usage or usage
                for choice in chunk.choices or ():
                    end = choice.finish_reason or end
                    if choice.delta:
                        refusal += choice.delta.refusal or ""
                        hearer.feed(choice.delta.content or "")
        if not came:
            raise OtherInterface
        if end is None:
            raise cut_short(self._server.host, len(hearer.sent))
        return _Completion((_Choice(hearer.raw, end, refusal),), usage)

    def _unbroken(self, chunks: Iterable[Any], hearer: Live) -> Iterator[Any]:
        """Yield the chunks; a connection that breaks among them cut the answer."""
        import openai

        try:
            yield from chunks
        except (openai.APIConnectionError, ValueError) as error:
            if isinstance(error, openai.APITimeoutError) and not hearer.sent:
                raise
            raise cut_short(self._server.host, len(hearer.sent)) from None

    def _usage(self, done: _Completion, prompt: Prompt) -> Usage:
        if done.usage is not None:
            sent, written = done.usage.prompt_tokens or 0, done.usage.completion_tokens or 0
        else:
            sent = sum(estimate_tokens(message.content) for message in prompt.messages)
            written = sum(estimate_tokens(choice.text) for choice in done.choices)
        price = cost_usd(self._name, sent, written) if self._server.official else None
        return Usage(sent, written, cost_usd=price)
