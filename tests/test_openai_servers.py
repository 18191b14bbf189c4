"""Servers that speak OpenAI's interface in their own way: each habit is played over real HTTP, for the real client."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ragqa.answerers import ChatOptions, Turn, open_answerer
from ragqa.answerers.language_model import ModelAnswerer
from ragqa.embedders.openai import OpenAIEmbedder
from ragqa.errors import ModelError
from ragqa.prompts import load_prompts
from ragqa.types import Answer, Hit, Passage
from tests.servers import chat
from tests.servers.chat import ChatServer, Handler, Step, by_kind, chunk, message, sends_events, sends_json, serving
from tests.servers.embeddings import vector_of

TEXT = "The strainer is rinsed every 40 hours of running."
QUESTION = "How often is the strainer rinsed?"
SAID = "It is rinsed every 40 hours [1]."
HIT = Hit(1, Passage("crane.pdf", 0, len(TEXT), TEXT, ("Care",), page=1, page_end=1, passage_id=1), 1.0)
both = pytest.mark.parametrize("stream", [False, True])


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-abcdef1234567890")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Callable[[ChatServer], ModelAnswerer]:
    def opened(server: ChatServer) -> ModelAnswerer:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        answerer = open_answerer("openai:m", ChatOptions(), load_prompts())
        assert isinstance(answerer, ModelAnswerer)
        return answerer

    return opened


Opened = Callable[[ChatServer], ModelAnswerer]


def ask(answerer: ModelAnswerer, stream: bool) -> tuple[Answer, list[str]]:
    pieces: list[str] = []
    answer = answerer.answer(QUESTION, [HIT], on_text=pieces.append if stream else None)
    assert not stream or "".join(pieces) == answer.text
    return answer, pieces


def answered(opened: Opened, step: Step, stream: bool) -> Answer:
    with serving(step) as server:
        return ask(opened(server), stream)[0]


def complaint(opened: Opened, step: Step, stream: bool) -> str:
    with serving(step) as server, pytest.raises(ModelError) as error:
        ask(opened(server), stream)
    line = str(error.value)
    assert "\n" not in line and len(line) < 500
    return line


THOUGHT = {"type": "thinking", "thinking": [{"type": "text", "text": "The user asks [1]."}]}
PART = {"type": "text", "text": SAID}
WORDS = [f"{word} " for word in SAID.split()]
USAGE = {"prompt_tokens": 9, "completion_tokens": 5}

SHAPES = {
    "parts": by_kind(
        sends_json(message([THOUGHT, PART])),
        sends_events(chunk(content=[THOUGHT]), chunk(content=[PART]), chunk("stop", content="")),
    ),
    "only a closing tag": chat.says(f"Passage [1] says 40, let me check.\n</think>\n\n{SAID}", pieces=2),
    "only a closing tag, after a citation": chat.says(f"Okay, 40 hours [1], or 400 [1]?</think>{SAID}", pieces=3),
    "thinking in a tag of its own": chat.says(f" <Thought>Hm [1].</thought>{SAID}", pieces=1),
    "thinking in a field": by_kind(
        sends_json(message(SAID, reasoning_content="Hm [1].")),
        sends_events(chunk(reasoning_content="Hm", content=None), *(chunk(content=w) for w in WORDS), chunk("stop")),
    ),
    "no reason to end": by_kind(sends_json(message(SAID, None)), sends_events(*(chunk(content=w) for w in WORDS))),
    "no end at all": by_kind(
        sends_json(message(SAID, None)), sends_events(*(chunk(content=w) for w in WORDS), done=False)
    ),
    "JSON to all": sends_json(message(SAID)),
    "events to all": sends_events(*(chunk(content=w) for w in WORDS), chunk("stop")),
    "empty and null around it": by_kind(
        sends_json({**message(SAID), "usage": None, "error": None}),
        sends_events(
            {"id": "", "object": "", "choices": [], "prompt_filter_results": []},
            chunk(role="assistant"),
            {"choices": [{"index": 0, "delta": None, "finish_reason": None}]},
            *(chunk(content=w) for w in WORDS),
            chunk("stop", content=None),
            {"choices": [], "usage": USAGE},
        ),
    ),
    "comments, and no space after the colon": sends_events(
        ": OPENROUTER PROCESSING\n\n", chunk(content=SAID), ":\n\n", chunk("stop"), prefix="event: message\r\ndata:"
    ),
    "an event over two lines": sends_events(
        "data: " + json.dumps(chunk("stop", content=SAID), indent=1).replace("\n", "\ndata: ") + "\n\n"
    ),
}


@both
@pytest.mark.parametrize("shape", SHAPES)
def test_an_answer_of_any_shape_is_read(opened, shape, stream):
    answer = answered(opened, SHAPES[shape], stream)
    assert answer.text == SAID
    assert [citation.marker for citation in answer.citations] == [1]


def test_a_model_that_only_closes_its_thinking_is_known_for_the_session_and_then_heard_live(opened):
    with serving(chat.says(f"Let me see [1].</think>{SAID}", pieces=4)) as server:
        answerer = opened(server)
        for _ in range(2):
            answer, pieces = ask(answerer, stream=True)
            assert answer.text == SAID
    assert len(pieces) > 3


def test_thinking_that_ran_out_of_tokens_is_no_answer_of_a_model_that_is_known_to_think(opened):
    with serving(chat.says(f"Hm [1].</think>{SAID}"), chat.says("Let me see [1]. It", end="length")) as server:
        answerer = opened(server)
        ask(answerer, stream=True)
        with pytest.raises(ModelError, match="set a higher max_tokens"):
            ask(answerer, stream=True)


def test_an_answer_is_heard_live_once_it_cites_and_any_once_a_model_is_known(opened):
    bare = "It is rinsed every 40 hours, as is the pump."
    with serving(chat.says(f"{SAID} {bare}", pieces=4), chat.says(bare, pieces=4)) as server:
        answerer = opened(server)
        assert len(ask(answerer, stream=True)[1]) > 3
        assert len(ask(answerer, stream=True)[1]) > 3
    with serving(chat.says(bare, pieces=4)) as other:
        assert len(ask(opened(other), stream=True)[1]) == 1


@both
def test_an_end_in_mid_sentence_that_only_the_stream_marks_is_kept_with_a_warning(opened, stream):
    step = by_kind(
        sends_json(message("It is rinsed [1] every", None)), sends_events(chunk(content="It is rinsed [1] every"))
    )
    assert any("may be more" in warning for warning in answered(opened, step, stream).warnings)


@pytest.mark.parametrize("text", ["It is rinsed [1] every", "It is rinsed [1] every 40", "It [1] takes 1."])
def test_an_end_in_mid_sentence_that_nothing_marks_is_told(opened, text):
    step = sends_events(chunk(content=text), done=False)
    assert "not the whole answer" in complaint(opened, step, True)


# Refusals that are mended


def alternates(status: int, words: str) -> Step:
    def step(handler: Handler, body: dict[str, Any]) -> None:
        roles = [one["role"] for one in body["messages"]]
        if roles != ["user", "assistant"] * (len(roles) // 2) + ["user"]:
            return chat.send(handler, status, {"error": {"message": words, "code": status}}, {"retry-after-ms": "1"})
        return chat.says(SAID)(handler, body)

    return step


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "Conversation roles must alternate user/assistant/user/assistant/..."),
        (500, "Jinja Exception: System role not supported"),
        (400, "Only user and assistant roles are supported!"),
        (422, "Input should be 'user' or 'assistant'"),
        (400, "Developer instruction is not enabled for models/small"),
    ],
)
def test_roles_that_must_alternate_are_folded_once_and_for_all(opened, status, words):
    with serving(alternates(status, words)) as server:
        for _ in range(2):
            answer = opened(server).answer(QUESTION, [HIT], [Turn("Where is the strainer?", "In the boom [1].")])
            assert answer.text == SAID
    assert len(server.requests) == 3, "one refusal, and two answers"


@both
def test_a_parameter_is_left_out_though_a_gateway_wraps_the_refusal_in_a_500(opened, stream):
    refusal = {"words": "Unsupported value: 'temperature' does not support 0.0 with this model"}
    step = chat.refuses("temperature", chat.says(SAID), message=refusal["words"], status=500)
    with serving(step) as server:
        assert ask(opened(server), stream)[0].text == SAID
    assert len(server.requests) == 2


LIMITED = {"error": {"message": "Rate limit exceeded: free-models-per-hour", "code": 429}, "user_id": "u"}


@both
@pytest.mark.parametrize("step", [sends_json(LIMITED), sends_events(LIMITED), sends_json([LIMITED])])
def test_an_error_in_a_200_is_tried_again_as_its_status_would_be(opened, step, stream, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with serving(step, chat.says(SAID)) as server:
        assert ask(opened(server), stream)[0].text == SAID
    assert len(server.requests) == 2
    assert "too many requests (429: Rate limit exceeded: free-models-per-hour)" in complaint(opened, step, stream)


# What is told in one line


@both
@pytest.mark.parametrize(
    ("step", "words"),
    [
        (sends_json({"error": {"message": "bad template", "type": "x"}}), "answered with an error: bad template"),
        (sends_json({"object": "error", "message": "no worker", "code": 50001}), "no worker"),
        (sends_json({"detail": [{"loc": ["body", "top"], "msg": "not this"}]}, 422), "body.top: not this"),
        (sends_json({"error": {"message": "Provider error", "code": 400, "metadata": {"raw": "too hot"}}}), "too hot"),
        (chat.page("<!DOCTYPE html><html><title>502 Bad Gateway</title>", 502), "not JSON: 502 Bad Gateway"),
        (chat.page("<html><h1>Welcome</h1>"), "does OPENAI_BASE_URL end in /v1?"),
        (sends_json({"hello": "world"}), "JSON without choices"),
        (sends_json({**message(""), "choices": []}), "without an answer"),
        (sends_json(message(None, reasoning_content="Hm.")), "thought and then wrote no answer"),
        (sends_json(message(None, "length", reasoning_content="Hm.")), "set a higher max_tokens"),
        (
            sends_json(message(None, "tool_calls", tool_calls=[{"function": {"name": "look", "arguments": "{}"}}])),
            "called a tool ('look')",
        ),
        (sends_json(message(None, refusal="I\x1b[31m can't.")), "declined to answer: I can't."),
        (
            sends_json(
                {"error": {"message": "key sk-test-abcdef1234567890\x1b]0;t\x07 \u202eno\r\n" + "x" * 900}}, 418
            ),
            "418: key …",
        ),
    ],
)
def test_what_is_no_answer_is_told_with_the_servers_own_words(opened, step, words, stream):
    line = complaint(opened, step, stream)
    assert words in line
    assert not any(hidden in line for hidden in ("abcdef", "\x1b", "\u202e"))


def test_an_error_after_the_first_words_is_told_and_not_tried_again(opened):
    step = sends_events(chunk(content="It is"), LIMITED)
    with (
        serving(step) as server,
        pytest.raises(ModelError, match=r"broke off after 5 characters \(Rate limit exceeded"),
    ):
        ask(opened(server), stream=True)
    assert len(server.requests) == 1


def test_a_server_that_asks_for_too_long_a_wait_is_not_waited_for(opened):
    step = chat.fails(429, {"error": "slow down"}, **{"retry-after-ms": "", "retry-after": "3600"})
    with serving(step) as server, pytest.raises(ModelError, match="try again in 3,600 s"):
        ask(opened(server), stream=False)
    assert len(server.requests) == 1


def test_of_a_missing_model_it_says_which_there_are(opened):
    missing = sends_json({"error": {"message": "model 'm' not found, try pulling it first"}}, 404)
    with serving(missing) as server:
        server.models = ["small:1b", "large:70b"]
        with pytest.raises(ModelError, match=r"no model 'm' .*choose one that it serves: small:1b, large:70b"):
            ask(opened(server), stream=False)


# Embeddings


Reply = Callable[[list[str], str], Any]


def rows(inputs: list[str]) -> list[dict[str, Any]]:
    return [{"index": at, "embedding": [float(x) for x in vector_of(text, 8)]} for at, text in enumerate(inputs)]


def embeds(reply: Reply) -> Step:
    """Answer with what ``reply`` makes of the texts and the form asked for: JSON, or a status and JSON."""

    def step(handler: Handler, body: dict[str, Any]) -> None:
        said = reply(body["input"], body["encoding_format"])
        status, value = said if isinstance(said, tuple) else (200, said)
        chat.send(handler, status, value, {"retry-after-ms": "1"})

    return step


TEXTS = [f"text {number}" for number in range(40)]


def embedded(monkeypatch: pytest.MonkeyPatch, reply: Reply) -> tuple[np.ndarray, list[tuple[int, str]]]:
    with serving(embeds(reply)) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        vectors = OpenAIEmbedder("m").embed_queries(TEXTS)
        again = OpenAIEmbedder("m").embed_queries(TEXTS[:2])
    np.testing.assert_allclose(vectors, [vector_of(text, 8) for text in TEXTS], atol=1e-6)
    np.testing.assert_allclose(again, vectors[:2], atol=1e-6)
    return vectors, [(len(request["input"]), request["encoding_format"]) for request in server.requests]


ROWS: dict[str, Reply] = {
    "no index": lambda inputs, form: {"data": [{"embedding": row["embedding"]} for row in rows(inputs)]},
    "no index of 0, out of order": lambda inputs, form: {
        "data": [{name: row[name] for name in row if name != "index" or row[name]} for row in rows(inputs)][::-1]
    },
    "the same index": lambda inputs, form: {"data": [{**row, "index": 0} for row in rows(inputs)]},
    "usage that is none": lambda inputs, form: {"data": rows(inputs), "usage": {"total_tokens": None}},
    "a bare list": lambda inputs, form: [row["embedding"] for row in rows(inputs)],
    "lists of their own": lambda inputs, form: {"embeddings": [[row["embedding"]] for row in rows(inputs)]},
}


@pytest.mark.parametrize("shape", ROWS)
def test_rows_of_any_shape_are_read_in_the_order_of_the_texts(monkeypatch, shape):
    embedded(monkeypatch, ROWS[shape])


@pytest.mark.parametrize(
    "refusal",
    [
        (400, {"object": "error", "message": "base64 encoding is not currently supported"}),
        (422, {"detail": [{"loc": ["body", "encoding_format"], "msg": "Input should be 'float'"}]}),
        (500, {"detail": "Internal Server Error"}),
    ],
)
def test_a_server_without_base64_is_asked_for_numbers_once_and_for_all(monkeypatch, refusal):
    _, sent = embedded(monkeypatch, lambda inputs, form: refusal if form == "base64" else {"data": rows(inputs)})
    assert sent == [(40, "base64"), (40, "float"), (2, "float")]


@pytest.mark.parametrize(
    ("status", "words", "most", "requests"),
    [
        (400, "<400> InvalidParameter: batch size is invalid, it should not be larger than 10.: input", 10, 4),
        (422, "batch size 40 > maximum allowed batch size 32", 32, 2),
        (400, "Too many inputs. The max number of inputs is 16. We hope to increase this.", 16, 3),
        (413, "Payload Too Large", 20, 2),
        (500, "input is too large to process. increase the physical batch size", 7, 8),
    ],
)
def test_a_smaller_batch_is_learnt_from_the_words_or_by_halves_and_kept(monkeypatch, status, words, most, requests):
    def reply(inputs: list[str], form: str) -> Any:
        if len(inputs) > most:
            return status, {"error": {"message": words, "code": status}}
        return {"data": rows(inputs)}

    _, sent = embedded(monkeypatch, reply)
    taken = [count for count, _ in sent if count <= most]
    assert len(taken) == requests + 1, "each text once, and the two asked for again"
    assert len(sent) - len(taken) <= 3


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"data": [{"embedding": [1.0, float("nan")]}]}, "NaN"),
        ({"data": [{"embedding": [1.0, None]}]}, "no"),
        ({"data": [{"embedding": "not base64!"}]}, "no lists of numbers"),
        ({"data": [{"embedding": [1.0]}] * 2}, "2 embeddings for 1 texts"),
        ({"data": [{"embedding": []}]}, "empty"),
        ({"data": []}, "0 embeddings"),
        ({"model": "m", "data": None}, "not a list of embeddings"),
        ({"error": {"message": "no slot free", "code": 401}}, "no slot free"),
        (message("Hello"), "not a list of embeddings"),
    ],
)
def test_what_are_no_embeddings_is_told_in_one_line(monkeypatch, said, words):
    with serving(sends_json(said)) as server, pytest.raises(ModelError) as error:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        OpenAIEmbedder("m", max_retries=0).embed_queries(["one"])
    assert words in str(error.value) and "\n" not in str(error.value)


def test_vectors_of_different_lengths_are_told(monkeypatch):
    ragged = {"data": [{"embedding": [1.0, 2.0]}, {"embedding": [1.0, 2.0, 3.0]}]}
    with serving(sends_json(ragged)) as server, pytest.raises(ModelError, match="vectors of 2 and of 3 numbers"):
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        OpenAIEmbedder("m").embed_queries(["one", "two"])
