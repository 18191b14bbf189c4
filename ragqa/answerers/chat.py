"""Answer by a chat model of OpenAI, or of any server that speaks its interface (``OPENAI_BASE_URL``).

Retries are the client's; what it gives up on becomes a ModelError. A cut answer is never returned as if it were whole.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ragqa.answerers import ChatOptions, Turn
from ragqa.answerers.condensing import condensed
from ragqa.answerers.models import context_of, cost_usd
from ragqa.answerers.prompting import Prompt, Room, build_prompt, condense_prompt, estimate_tokens
from ragqa.answerers.requests import Request, done_without, refused_parameter, request_for
from ragqa.answerers.visible import Live
from ragqa.answerers.written import Asked, choose, is_blank, live, refused_unasked, written_answer
from ragqa.errors import ModelError
from ragqa.openai_client import Server, open_server
from ragqa.openai_errors import OtherInterface, cut_short, explain
from ragqa.prompts import Prompts
from ragqa.types import Answer, Hit, Usage

if TYPE_CHECKING:
    from openai.types import CompletionUsage


def open_chat(model: str, options: ChatOptions, prompts: Prompts) -> ChatAnswerer:
    """Return the answerer ``openai:MODEL``. Raises ModelError where no key is set; speaks to nobody yet."""
    return ChatAnswerer(model, options, prompts, open_server(f"openai:{model}", options.timeout_s))


@dataclass(frozen=True, slots=True)
class _Reply:
    """What a model sent: its choices' texts and why each ended, and the tokens used, where the server says so."""

    texts: tuple[str, ...]
    ends: tuple[str | None, ...]
    usage: CompletionUsage | None
    refusal: str = ""


class ChatAnswerer:
    """A chat model behind an HTTP interface. Safe to call from several threads."""

    def __init__(self, model: str, options: ChatOptions, prompts: Prompts, server: Server) -> None:
        self.spec = f"openai:{model}"
        self._model, self._options, self._prompts, self._server = model, options, prompts, server
        self._room = Room(options.context_tokens or context_of(model), options.max_tokens)
        self._refused: set[str] = set()
        self._condensing: dict[str, Usage] = {}

    def standalone(self, question: str, history: Sequence[Turn]) -> str:
        """Return the question as it would be asked without the turns before, as the model writes it."""
        if not history:
            return question
        prompt = condense_prompt(self._prompts, question, history, self._room)
        one = ChatOptions(max_tokens=self._options.max_tokens, temperature=self._options.temperature)
        reply = self._ask(prompt, one, None)
        asked = condensed(reply.texts[0], question, history)
        self._condensing[asked] = self._usage(reply, prompt)
        return asked

    def answer(
        self,
        question: str,
        hits: Sequence[Hit],
        history: Sequence[Turn] = (),
        on_text: Callable[[str], None] | None = None,
        confidence: float = 0.5,
    ) -> Answer:
        """Answer from ``hits``; stream to ``on_text``. Raises ModelError in one line for whatever goes wrong.

        Of several answers (``n``) the one that cites most passages is kept, and handed to ``on_text`` when it is whole.
        """
        prompts, options = self._prompts, self._options
        prompt = build_prompt(prompts, question, hits, self._room, instructions=options.instructions, history=history)
        refusals = prompts.refusals_to(question)
        asked = Asked(question, hits, prompt, refusals, confidence, self.spec, options.stop)
        before = self._condensing.pop(question, Usage())  # rewriting the question was part of answering it
        if not hits:
            answer = refused_unasked(asked, before)
            if on_text:
                on_text(answer.text)
            return answer
        hearer = live(asked, on_text) if on_text else None
        reply = self._ask(prompt, options, hearer if options.n == 1 else None)
        at, warnings = self._chosen(reply, asked)
        answer = written_answer(reply.texts[at], asked, before + self._usage(reply, prompt), warnings)
        if hearer:
            hearer.finish(answer.text)
        return answer

    def _chosen(self, reply: _Reply, asked: Asked) -> tuple[int, list[str]]:
        """Return which choice to show, and what to say of it. Raises ModelError where there is nothing to show."""
        warnings = done_without(self._refused, self._options)
        at = choose(reply.texts, asked)
        if reply.ends[at] == "content_filter":
            raise ModelError(f"{self._server.host} cut the answer by its content filter: ask in other words")
        if is_blank(reply.texts[at], asked):
            raise self._nothing(reply, at)
        if reply.ends[at] == "length":
            limit = asked.prompt.answer_tokens
            warnings.append(f"the answer was cut off at {limit:,} tokens: set a higher max_tokens for all of it")
        if reply.usage is None:
            warnings.append(f"{self._server.host} gave no token counts: those shown are estimates")
        n, came = self._options.n, len(reply.texts)
        if n > 1:
            short = f" of {n} asked for" if came != n else ""
            warnings.append(f"{came} answers came{short}; shown is number {at + 1}, which cites most passages")
        return at, warnings

    def _nothing(self, reply: _Reply, at: int) -> ModelError:
        if reply.refusal:
            return ModelError(f"{self._model} declined to answer: {' '.join(reply.refusal.split())[:200]}")
        if reply.ends[at] == "length":
            limit = self._options.max_tokens
            return ModelError(f"{self._model} spent all {limit:,} tokens before its answer: set a higher max_tokens")
        return ModelError(
            f"{self._model} at {self._server.host} gave an empty answer: ask again or choose another model"
        )

    def _ask(self, prompt: Prompt, options: ChatOptions, hearer: Live | None) -> _Reply:
        import openai

        try:
            while True:
                official, refused = self._server.official, self._refused
                stream = hearer is not None
                request = request_for(self._model, prompt, options, stream=stream, official=official, refused=refused)
                try:
                    return self._streamed(request, hearer) if hearer else self._whole(request)
                except openai.APIStatusError as error:
                    parameter = refused_parameter(error, request)
                    if parameter is None or parameter in refused:
                        raise
                    refused.add(parameter)
        except (openai.OpenAIError, json.JSONDecodeError, OtherInterface) as error:
            raise explain(error, self._model, self._server.host, self._options.timeout_s) from None

    def _whole(self, request: Request) -> _Reply:
        completion = self._server.client.chat.completions.create(**request)
        choices = getattr(completion, "choices", None)
        if not choices:
            raise OtherInterface
        texts = tuple(choice.message.content or "" for choice in choices)
        refusal = next((choice.message.refusal for choice in choices if choice.message.refusal), "")
        return _Reply(texts, tuple(choice.finish_reason for choice in choices), completion.usage, refusal)

    def _streamed(self, request: Request, hearer: Live) -> _Reply:
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
        return _Reply((hearer.raw,), (end,), usage, refusal)

    def _unbroken(self, chunks: Iterable[Any], hearer: Live) -> Iterator[Any]:
        """Yield the chunks; a connection that breaks among them cut the answer."""
        import openai

        try:
            yield from chunks
        except (openai.APIConnectionError, ValueError) as error:
            if isinstance(error, openai.APITimeoutError) and not hearer.sent:
                raise
            raise cut_short(self._server.host, len(hearer.sent)) from None

    def _usage(self, reply: _Reply, prompt: Prompt) -> Usage:
        if reply.usage is not None:
            sent, written = reply.usage.prompt_tokens or 0, reply.usage.completion_tokens or 0
        else:
            sent = sum(estimate_tokens(message.content) for message in prompt.messages)
            written = sum(estimate_tokens(text) for text in reply.texts)
        price = cost_usd(self._model, sent, written) if self._server.official else None
        return Usage(sent, written, cost_usd=price)
