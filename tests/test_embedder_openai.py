"""OpenAI's interface over real HTTP: limits, order, retries, and one honest line for everything that goes wrong."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ragqa.embedders import open_embedder
from ragqa.embedders.openai import OpenAIEmbedder, estimate
from ragqa.engine import Library
from ragqa.errors import ModelError
from tests.conftest import PATIENCE
from tests.servers.embeddings import KEY, EmbeddingServer, count_tokens, vector_of

SOON = {"retry-after-ms": "1"}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddingServer]:
    with EmbeddingServer() as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        yield running


def opened(**options: float) -> OpenAIEmbedder:
    return OpenAIEmbedder("text-embedding-ada-002", **options)  # type: ignore[arg-type]


def complaint(embedder: OpenAIEmbedder) -> str:
    with pytest.raises(ModelError) as caught:
        embedder.embed_queries(["how do I reset it?"])
    line = str(caught.value)
    assert "\n" not in line
    assert KEY not in line
    return line


def test_vectors_are_those_of_the_texts_and_there_are_no_windows(server: EmbeddingServer) -> None:
    embedder = open_embedder("openai:text-embedding-ada-002")
    assert (embedder.spec, embedder.dim, embedder.max_tokens) == ("openai:text-embedding-ada-002", 1536, 8191)
    first, second = embedder.embed_passages(["press the key", "按下电源键"], [[(0, 5)], []])
    np.testing.assert_allclose(first.vector, vector_of("press the key", 1536), atol=1e-6)
    np.testing.assert_allclose(second.vector, vector_of("按下电源键", 1536), atol=1e-6)
    assert first.windows.shape == (0, 1536)
    assert embedder.embed_queries([]).shape == (0, 1536)


def test_many_texts_keep_their_order_over_several_requests_in_flight(server: EmbeddingServer) -> None:
    server.dim, server.delay = 8, 0.05
    texts = [f"text {number}" for number in range(10_000)]
    said: list[str] = []
    got = OpenAIEmbedder("my-model", said.append).embed_queries(texts)
    np.testing.assert_allclose(got, [vector_of(text, 8) for text in texts], atol=1e-6)
    assert [len(request["input"]) for request in server.requests].count(2048) == 4
    assert 2 <= server.most_at_once <= 4
    assert said[-1] == "openai:my-model: 10,000 of 10,000 texts embedded"


def test_requests_keep_within_the_token_limits(server: EmbeddingServer) -> None:
    texts = ["a b c d " * 2000] * 100 + ["一二三四五六七八" * 500] * 50
    got = opened().embed_passages(texts, [[]] * len(texts))
    assert len(got) == len(texts)
    assert all(sum(map(count_tokens, request["input"])) <= 300_000 for request in server.requests)


def test_a_text_past_the_models_length_is_cut_to_it(server: EmbeddingServer) -> None:
    assert len(opened().embed_queries(["reset the boiler " * 20_000])) == 1
    (request,) = server.requests
    assert 4000 < count_tokens(request["input"][0]) <= 8191


def test_an_empty_text_has_a_vector(server: EmbeddingServer) -> None:
    assert opened().embed_queries(["", " \n"]).shape == (2, 1536)


def test_a_server_with_a_smaller_batch_limit_is_served_in_halves(server: EmbeddingServer) -> None:
    server.max_inputs, server.dim = 32, 8
    texts = [f"text {number}" for number in range(100)]
    got = OpenAIEmbedder("my-model").embed_queries(texts)
    np.testing.assert_allclose(got, [vector_of(text, 8) for text in texts], atol=1e-6)


def test_an_unknown_models_dimension_is_learnt(server: EmbeddingServer) -> None:
    server.dim = 12
    assert OpenAIEmbedder("my-model").dim == 12


@pytest.mark.parametrize("trouble", [{"status": 429}, {"status": 500}, {"status": 503}, {"drop": True}])
def test_a_passing_trouble_is_tried_again(server: EmbeddingServer, trouble: dict[str, object]) -> None:
    server.troubles.append(trouble | {"headers": SOON})
    np.testing.assert_allclose(opened().embed_queries(["again"])[0], vector_of("again", 1536), atol=1e-6)
    assert len(server.requests) == 2


def test_no_key_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ModelError, match="set OPENAI_API_KEY"):
        open_embedder("openai:text-embedding-3-small")


def test_a_wrong_key_is_refused_and_never_shown(
    server: EmbeddingServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-mistyped")
    embedder = opened()
    line = complaint(embedder)
    assert "check OPENAI_API_KEY" in line
    assert "sk-mistyped" not in line + repr(embedder) + caplog.text


def test_a_server_of_ones_own_needs_no_key(server: EmbeddingServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    assert "refused the key" in complaint(OpenAIEmbedder("my-model"))  # it was asked, with the client's placeholder


def test_a_server_that_is_down_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert "127.0.0.1:9 can't be reached" in complaint(opened(max_retries=0))


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ({"status": 429, "code": "insufficient_quota"}, "no quota left"),
        ({"status": 429, "code": "rate_limit_exceeded"}, "try again in a minute"),
        ({"status": 500, "times": 2}, "failed with 500: told to fail"),
        ({"status": 400, "code": "context_length_exceeded", "message": "too\nlong"}, "(too long): shorten"),
        ({"drop": True}, "can't be reached"),
        ({"sleep": 2}, "did not answer"),
        ({"body": b"<html>hello</html>"}, "a web page, not JSON: hello"),
        ({"body": b'{"data": []}'}, "embeddings"),
        ({"body": b'{"data": [{"index": 0, "embedding": [1, 2]}]}'}, "2-d vectors where 1536-d ones"),
    ],
)
def test_a_lasting_trouble_is_one_line(server: EmbeddingServer, trouble: dict[str, object], words: str) -> None:
    server.troubles.extend([trouble] * int(str(trouble.get("times", 1))))
    patience = 0.5 if "sleep" in trouble else PATIENCE
    assert words in complaint(opened(max_retries=0, timeout=patience))


def test_a_model_that_the_server_lacks_is_named(server: EmbeddingServer) -> None:
    assert "no model 'no-such-model'" in complaint(OpenAIEmbedder("no-such-model"))


def test_one_failure_among_many_requests_ends_the_run(server: EmbeddingServer) -> None:
    server.dim = 8
    server.troubles.extend([{}, {"status": 401}])
    with pytest.raises(ModelError, match="refused the key"):
        OpenAIEmbedder("my-model").embed_queries([f"text {number}" for number in range(9000)])


@pytest.mark.parametrize(
    ("text", "real"),
    [  # counted once with the real cl100k_base table
        ("Hold the power key for three seconds until the ring turns green.", 13),
        ("长按电源键三秒，直到指示灯变为绿色。", 20),
        ("1670149c 428d1429 c9958c1c", 15),
        ("", 0),
    ],
)
def test_without_tables_tokens_are_never_underestimated(text: str, real: int) -> None:
    assert real <= estimate(text) <= max(2 * real, 30)


def test_a_lexical_search_asks_no_server_and_needs_no_key(
    home: Path, server: EmbeddingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "pump.txt").write_text("The pump runs at 5 bar. Drain it before frost.", encoding="utf-8")
    with Library.open(create=True, home=home, embedder="openai:text-embedding-ada-002") as library:
        library.ingest([home / "pump.txt"])
    asked = len(server.requests)
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.delenv("OPENAI_BASE_URL")
    with Library.open(home=home, mode="lexical") as library:
        assert library.search("drain the pump").hits[0].passage.document == "pump.txt"
        assert "5 bar" in library.ask("At how many bar does the pump run?").text
        with pytest.raises(ModelError, match="OPENAI_API_KEY"):
            library.search("drain the pump", mode="dense")
    assert asked and len(server.requests) == asked
