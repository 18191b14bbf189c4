"""A chat model of OpenAI, or of any server that speaks its interface (``OPENAI_BASE_URL``).

How requests are sent, and tried again, is ``openai_api``'s business. A cut answer is never taken for a whole one.
"""

from __future__ import annotations

from functools import partial

from ragqa.answerers import ChatOptions
from ragqa.answerers.asking import ModelAnswerer, Reply
from ragqa.answerers.completions import Choice, Completion, read_completion
from ragqa.answerers.models import context_of, cost_usd
from ragqa.answerers.prompting import Prompt, Room, estimate_tokens
from ragqa.answerers.requests import done_without, refused_part, request_for
from ragqa.answerers.visible import Live, only_closes, visible, without_thoughts
from ragqa.errors import NoAnswer
from ragqa.openai_api.calls import Calls, Request
from ragqa.openai_api.client import Server, open_server
from ragqa.openai_api.errors import Failure, ServerError, server_words
from ragqa.openai_api.lessons import Lessons
from ragqa.prompts import Prompts
from ragqa.types import Usage


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
        price = cost_usd(self._name, sent, written) if self._server.official else None
        return Usage(sent, written, cost_usd=price)


def _learn(error: ServerError, request: Request, lessons: Lessons) -> bool:
    part = refused_part(error, request)
    if part is not None:
        lessons.refused.add(part)  # so that it is no longer in the request: this ends
    return part is not None
