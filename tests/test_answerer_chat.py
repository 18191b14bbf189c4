"""The answerer openai:MODEL against a server of our own: what it sends, what it makes of answers, how it fails."""

from __future__ import annotations

import threading

import pytest

from ragqa.answerers import ChatOptions, Turn, open_answerer
from ragqa.errors import ModelError
from ragqa.prices import Price
from ragqa.prompts import load_prompts
from ragqa.types import Answer, Hit, Passage
from tests.servers import chat
from tests.servers.chat import ChatServer, serving

KEY = "sk-proj-abcdef1234567890SECRET"
TEXTS = ("The filter is cleaned every 40 hours.", "Wear gloves when you clean it.", "The pump is blue.")
QUESTION = "How often is the filter cleaned?"


def hits(*texts: str) -> list[Hit]:
    return [
        Hit(n, Passage("pump.pdf", 0, len(t), t, ("Care",), page=n, page_end=n, passage_id=n), 1.0)
        for n, t in enumerate(texts or TEXTS, 1)
    ]


@pytest.fixture(autouse=True)
def no_key(monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def ask(monkeypatch):
    def ask(server: ChatServer, *, model: str = "test", stream: bool = False, **options: object) -> Answer:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        answerer = open_answerer(f"openai:{model}", ChatOptions(**options), load_prompts())  # type: ignore[arg-type]
        pieces: list[str] = []
        answer = answerer.answer(QUESTION, hits(), on_text=pieces.append if stream else None, confidence=0.8)
        if stream:
            assert "".join(pieces) == answer.text
        return answer

    return ask


both = pytest.mark.parametrize("stream", [False, True])


@both
def test_an_answer_comes_with_checked_markers_quotes_and_usage(ask, stream):
    with serving(chat.says("Every **40 hours** [1], with gloves【2】 [8].")) as server:
        answer = ask(server, stream=stream)
    assert answer.text == "Every **40 hours** [1], with gloves[2]."
    assert [(c.marker, c.page, c.quote) for c in answer.citations] == [(1, 1, TEXTS[0]), (2, 2, TEXTS[1])]
    assert (answer.abstained, answer.confidence, answer.answerer) == (False, 0.8, "openai:test")
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (100, 20)
    assert answer.usage.cost_usd is None, "the price of a server of one's own is not known"
    assert answer.warnings == ("1 marker names no passage that the model was given, and was dropped",)


def test_an_answer_costs_what_the_user_says_that_its_tokens_cost(ask):
    prices = {"test": Price(2.0, 8.0), "half": Price(input=2.0)}
    with serving(*[chat.says("Yes [1].")] * 3) as server:
        assert ask(server, prices=prices).usage.cost_usd == (100 * 2 + 20 * 8) / 1e6
        assert ask(server, model="test-2026-01-01", prices=prices).usage.cost_usd == (100 * 2 + 20 * 8) / 1e6
        assert ask(server, model="half", prices=prices).usage.cost_usd is None


@both
def test_the_request_holds_what_the_user_set(ask, stream):
    with serving(chat.says("Yes [1].")) as server:
        ask(server, stream=stream, max_tokens=50, temperature=0.5, stop=("END",), seed=7, instructions="Be {brief}.")
    sent = server.sent
    assert (sent["model"], sent["max_tokens"], sent["temperature"]) == ("test", 50, 0.5)
    assert (sent["stop"], sent["seed"]) == (["END"], 7)
    assert sent["path"] == "/v1/chat/completions"
    assert "Be {brief}." in sent["messages"][0]["content"]
    assert all(text in server.prompt for text in TEXTS)
    assert server.prompt.rstrip().endswith(QUESTION)


@both
def test_a_refusal_abstains_with_low_confidence_and_no_citations(ask, stream):
    with serving(chat.says("The manual does not say.")) as server:
        answer = ask(server, stream=stream)
    assert answer.abstained and answer.citations == () and answer.confidence < 0.3
    assert answer.warnings == ()


@pytest.mark.parametrize(
    ("text", "abstained"),
    [
        ("the manual does not say", True),
        ("**The manual does not say.**", True),
        ("The manual does not say [1].", True),
        ("手册中没有说明", True),
        ("The passages do not mention how often.", True),
        ("The provided context doesn't contain information about that.", True),
        ("I cannot find this in the manual.", True),
        ("提供的段落中没有提到清洗周期。", True),
        ("The manual does not specify a limit, but stop at 5 mm [2].", False),
        ("The manual does not say. It does say to wear gloves [2].", False),
        ("Every 40 hours.", False),
        ("It is not blue [3].", False),
        ("The manual does not include batteries; buy two AA cells.", False),
        ("The documents do not contain lithium cells. Use alkaline ones.", False),
        ("手册不包含电池，请购买两节五号电池。", False),
        ("The manual does not include any instructions for that.", True),
        ("The document does not contain this.", True),
        ("The passages do not include the weight.", True),
        ("Information on the weight is not included in the manual.", True),
        ("手册中不包含相关说明。", True),
    ],
)
def test_refusals_are_known_in_other_words_and_answers_are_not_taken_for_them(ask, text, abstained):
    with serving(chat.says(text)) as server:
        answer = ask(server)
    assert answer.abstained is abstained
    assert bool(answer.citations) == ("[" in text and not abstained)


def test_an_answer_without_markers_says_that_it_cites_nothing(ask):
    with serving(chat.says("Every 40 hours.")) as server:
        answer = ask(server)
    assert not answer.abstained
    assert any("cites no passage" in warning for warning in answer.warnings)


def test_without_passages_no_model_is_asked(monkeypatch):
    with serving(chat.says("Hello.")) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        pieces: list[str] = []
        answer = open_answerer("openai:m", ChatOptions(), load_prompts()).answer(
            "怎么清洗？", [], on_text=pieces.append
        )
        assert server.requests == []
    assert answer.abstained and answer.text == "手册中没有说明。" and pieces == [answer.text]


def test_of_several_answers_the_one_that_cites_most_is_shown(ask):
    with serving(chat.says("Often.", "Every 40 hours [1] in gloves [2].", "Daily [9].")) as server:
        answer = ask(server, n=3, stream=True)
    assert server.sent["n"] == 3 and "stream" not in server.sent
    assert [c.marker for c in answer.citations] == [1, 2]
    assert "3 answers came; shown is number 2, which cites most passages" in answer.warnings


def test_a_server_that_knows_one_answer_only_is_told_of(ask):
    with serving(chat.says("Every 40 hours [1].")) as server:
        assert any("3 answers were asked for" in warning for warning in ask(server, n=3).warnings)


def test_tokens_are_estimated_where_a_server_gives_none(ask):
    with serving(chat.says("Every 40 hours [1].", usage=None)) as server:
        answer = ask(server)
    assert answer.usage.prompt_tokens > 300 and answer.usage.completion_tokens > 3
    assert any("estimates" in warning for warning in answer.warnings)


def test_a_thinking_model_is_heard_only_when_it_speaks(ask):
    with serving(chat.says("<think>Maybe [3]?</think>Every 40 hours [1].")) as server:
        assert ask(server, stream=True).text == "Every 40 hours [1]."


def test_an_answer_cut_at_its_limit_says_so(ask):
    with serving(chat.says("Every 40 hours [1] and", end="length")) as server:
        assert any("cut off at 800 tokens" in warning for warning in ask(server, stream=True).warnings)


# What servers refuse


@pytest.mark.parametrize(
    ("parameter", "message"),
    [
        ("max_tokens", "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."),
        ("temperature", "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1)."),
        ("stream_options", "[{'type': 'extra_forbidden', 'loc': ('body', 'stream_options'), 'msg': 'Extra inputs'}]"),
        ("seed", "seed: unknown field"),
    ],
)
def test_a_refused_parameter_is_left_out_once_and_for_all(monkeypatch, parameter, message):
    with serving(chat.refuses(parameter, chat.says("Every 40 hours [1]."), message=message)) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        answerer = open_answerer("openai:m", ChatOptions(seed=1), load_prompts())
        for _ in range(2):
            assert answerer.answer(QUESTION, hits(), on_text=lambda _: None).text == "Every 40 hours [1]."
    assert [parameter in request for request in server.requests] == [True, False, False]
    if parameter == "max_tokens":
        assert server.sent["max_completion_tokens"] == 800


def test_a_model_without_system_messages_gets_the_rules_with_the_question(ask):
    def only_users(handler, body):
        if body["messages"][0]["role"] == "system":
            return chat.send(handler, 400, {"error": {"message": "System role not supported"}})
        chat.says("Every 40 hours [1].")(handler, body)

    with serving(only_users) as server:
        assert ask(server).citations
    assert [message["role"] for message in server.sent["messages"]] == ["user"]
    assert "Say only what the numbered passages say" in server.prompt


# What goes wrong: one line, naming the remedy


def failure(ask, *steps: chat.Step, stream: bool = False, **options: object) -> str:
    with serving(*steps) as server, pytest.raises(ModelError) as error:
        ask(server, stream=stream, **options)
    message = str(error.value)
    assert "\n" not in message and KEY[8:20] not in message
    return message


def test_without_a_key_it_names_the_variable():
    with pytest.raises(ModelError, match="set OPENAI_API_KEY"):
        open_answerer("openai:gpt-4.1-mini", ChatOptions(), load_prompts())


def test_a_key_goes_to_the_server_and_a_wrong_one_is_never_shown(ask, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    refusal = {"error": {"message": f"Incorrect API key provided: {KEY}.", "code": "invalid_api_key"}}
    assert "OPENAI_API_KEY" in failure(ask, chat.fails(401, refusal))
    assert "…" in failure(ask, chat.fails(400, {"error": {"message": f"bad thing {KEY}"}}))
    with serving(chat.says("Yes [1].")) as server:
        ask(server)
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"


def test_a_busy_server_is_asked_again(ask):
    busy = {"error": {"message": "Rate limit reached", "code": "rate_limit_exceeded"}}
    with serving(chat.fails(429, busy), chat.fails(500, {}), chat.says("Every 40 hours [1].")) as server:
        assert ask(server, stream=True).citations
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [
        (429, {"error": {"message": "Rate limit reached", "code": "rate_limit_exceeded"}}, "too many requests"),
        (429, {"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}}, "quota"),
        (500, {"error": {"message": "The server\nhad an error"}}, "500: The server had an error"),
        (404, {"error": {"message": "The model 'test' does not exist", "code": "model_not_found"}}, "no model 'test'"),
        (404, {"detail": "Not Found"}, "/v1"),
        (400, {"error": {"message": "This model's maximum context length is 2048 tokens", "code": None}}, "context"),
        (400, {"detail": "Server is pinned to 'x'"}, "pinned to 'x'"),
        (403, {"error": {"message": "no access"}}, "does not allow"),
    ],
)
@both
def test_failures_are_told_in_one_line(ask, status, error, said, stream):
    assert said in failure(ask, chat.fails(status, error), stream=stream)


def test_a_stream_that_breaks_off_is_not_taken_for_an_answer(ask):
    said = failure(ask, chat.breaks_off("Every 40 hours and then", cleanly=False), stream=True)
    assert "not the whole answer" in said


def test_an_error_in_the_stream_is_told(ask):
    assert "out of memory" in failure(ask, chat.errs_in_stream("Every", "CUDA out of memory"), stream=True)


@both
def test_a_slow_server_times_out(ask, stream):
    over = threading.Event()
    assert "within 0.2 s" in failure(ask, chat.stalls(over), stream=stream, timeout_s=0.2)
    over.set()  # the client did not wait for this


@both
def test_a_web_page_is_no_answer(ask, stream):
    assert "OPENAI_BASE_URL" in failure(ask, chat.page("<html>Welcome</html>"), stream=stream)


@both
def test_empty_and_filtered_answers_are_errors(ask, stream):
    assert "empty answer" in failure(ask, chat.says(" "), stream=stream)
    assert "content filter" in failure(ask, chat.says("Every", end="content_filter"), stream=stream)
    assert "max_tokens" in failure(ask, chat.says("<think>Hm", end="length"), stream=stream)


def test_a_server_that_is_down_is_named_without_its_password(monkeypatch):
    with serving(chat.says("x")) as server:
        pass  # its port is free again
    monkeypatch.setenv("OPENAI_BASE_URL", server.url.replace("//", "//user:hunter2@"))
    with pytest.raises(ModelError) as error:
        open_answerer("openai:m", ChatOptions(timeout_s=5), load_prompts()).answer(QUESTION, hits())
    assert "127.0.0.1:" in str(error.value) and "hunter2" not in str(error.value)


@pytest.mark.parametrize("url", ["localhost:8000/v1", "ftp://x/v1", "http://", "http://[::1"])
def test_an_address_that_is_none_is_told_before_anything_is_sent(monkeypatch, url):
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    with pytest.raises(ModelError, match="OPENAI_BASE_URL should be an address"):
        open_answerer("openai:m", ChatOptions(), load_prompts())


@pytest.mark.parametrize("spec", ["gpt-4", "openai:", "azure:x", "openai", "transformers: "])
def test_an_unknown_spec_names_the_forms(spec):
    with pytest.raises(ModelError, match=r"extractive, openai:MODEL.*transformers:PATH"):
        open_answerer(spec, ChatOptions(), load_prompts())


def test_no_spec_is_the_answerer_without_a_model():
    assert open_answerer(None, ChatOptions(), load_prompts()).spec == "extractive"


# Conversations


def test_a_follow_up_is_rewritten_by_the_model_and_counted(monkeypatch):
    history = [Turn("How do I clean the filter?", "Rinse it [1].")]
    with serving(chat.says('"How long does cleaning the filter take?"'), chat.says("An hour [1].")) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        answerer = open_answerer("openai:m", ChatOptions(), load_prompts())
        asked = answerer.standalone("And how long does that take?", history)
        answer = answerer.answer(asked, hits(), history)
    assert asked == "How long does cleaning the filter take?"
    assert "How do I clean the filter?" in server.requests[0]["messages"][0]["content"]
    assert [m["role"] for m in server.sent["messages"]] == ["system", "user", "assistant", "user"]
    assert server.sent["messages"][2]["content"] == "Rinse it.", "old markers named other passages"
    assert answer.usage.prompt_tokens == 200


@pytest.mark.parametrize("babble", ["", "Sure!\nHere it is:\nIt takes long.", "x" * 900])
def test_a_model_that_babbles_does_not_spoil_the_question(monkeypatch, babble):
    with serving(chat.says(babble)) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        answerer = open_answerer("openai:m", ChatOptions(), load_prompts())
        asked = answerer.standalone("And how long does that take?", [Turn("How do I clean the filter?", "Rinse.")])
    assert asked == "How do I clean the filter? And how long does that take?"


def test_a_first_question_asks_no_model(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    assert open_answerer("openai:m", ChatOptions(), load_prompts()).standalone("Why?", []) == "Why?"
