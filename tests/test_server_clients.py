"""The interfaces of others, shown with their own clients: OpenAI's and MCP's."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx2
import openai
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from openai import OpenAI
from starlette.testclient import TestClient

from ragqa.server.libraries import Libraries
from ragqa.server.mcp_tools import make_mcp
from tests.conftest import copy_library
from tests.server_making import HERE, QUESTION, WIPE, document_id, served

MODEL = "ragqa/default"
ASKED: Any = [{"role": "user", "content": QUESTION}]


@pytest.fixture(scope="module")
def server(served_home: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    home = tmp_path_factory.mktemp("clients")
    copy_library(served_home, home)
    with served(home) as client:
        yield client


@pytest.fixture(scope="module")
def client(server: TestClient) -> OpenAI:
    """OpenAI's client; its requests go to the server within this process."""
    return OpenAI(api_key="none", base_url=f"{HERE}/v1", http_client=server, max_retries=0)


def test_a_library_is_a_model(client: OpenAI) -> None:
    assert [model.id for model in client.models.list()] == [MODEL]
    assert client.models.retrieve(MODEL).owned_by == "ragqa"
    with pytest.raises(openai.NotFoundError, match="there is no model 'ragqa/none'"):
        client.models.retrieve("ragqa/none")


def test_an_answer_has_links_annotations_and_citations(client: OpenAI, server: TestClient) -> None:
    done = client.chat.completions.create(model=MODEL, messages=ASKED, temperature=0.3)
    message = done.choices[0].message
    text = message.content or ""
    url = f"{HERE}/#library=default&document={document_id(server, 'fan.pdf')}&page=1"
    assert "every 14 days" in text and f"\n\n[1] [fan.pdf, page 1]({url}" in text
    (note,) = message.annotations or []
    cited = note.url_citation
    assert text[cited.start_index : cited.end_index] == "[1]" and cited.url.startswith(url)
    (citation,) = (done.model_extra or {})["citations"]
    assert citation["page"] == 1 and citation["quote"].startswith(WIPE)
    assert done.usage and done.usage.total_tokens == done.usage.prompt_tokens + done.usage.completion_tokens


def test_a_stream_says_the_same_and_its_usage_last(client: OpenAI) -> None:
    done = client.chat.completions.create(model=MODEL, messages=ASKED)
    options: Any = {"include_usage": True}
    chunks = list(client.chat.completions.create(model=MODEL, messages=ASKED, stream=True, stream_options=options))
    *spoken, last = chunks
    assert "".join(chunk.choices[0].delta.content or "" for chunk in spoken) == done.choices[0].message.content
    assert spoken[-1].choices[0].finish_reason == "stop" and (spoken[-1].model_extra or {})["citations"]
    assert (spoken[-1].choices[0].delta.model_extra or {})["annotations"]
    assert last.choices == [] and last.usage == done.usage


def test_a_conversation_is_taken_with_the_links_that_came_back(client: OpenAI) -> None:
    messages: Any = [
        {"role": "system", "content": "Answer like a pirate."},
        {"role": "user", "content": "How do I clean the pump filter?"},
        {"role": "assistant", "content": f"With warm water [1].\n\n[1] [pump.md]({HERE}/#library=default)"},
        {"role": "user", "content": [{"type": "text", "text": "And how often?"}]},
    ]
    done = client.chat.completions.create(model=MODEL, messages=messages)
    assert "30 days" in (done.choices[0].message.content or "")


def test_embeddings_are_the_librarys_in_both_encodings(client: OpenAI) -> None:
    plain = client.embeddings.create(model=MODEL, input=["a fan", "a lamp"], encoding_format="float")
    packed = client.embeddings.create(model=MODEL, input="a fan")  # the client asks for base64 and unpacks it
    assert len(plain.data) == 2 and len(plain.data[0].embedding) == 384
    assert packed.data[0].embedding == pytest.approx(plain.data[0].embedding, abs=2e-3)
    assert plain.usage.total_tokens > 2


def test_as_many_texts_are_embedded_as_clients_send_at_once(client: OpenAI) -> None:
    assert len(client.embeddings.create(model=MODEL, input=["fan"] * 300).data) == 300
    with pytest.raises(openai.BadRequestError, match="1 to 2048 texts; got 2049"):
        client.embeddings.create(model=MODEL, input=["fan"] * 2049)


def test_errors_are_those_that_its_client_knows(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="tokens of another model"):
        client.embeddings.create(model=MODEL, input=[1, 2, 3])
    with pytest.raises(openai.BadRequestError, match="messages"):
        client.chat.completions.create(model=MODEL, messages=[])
    with pytest.raises(openai.BadRequestError, match="n should be 1"):
        client.chat.completions.create(model=MODEL, messages=ASKED, n=2)
    with pytest.raises(openai.BadRequestError, match="response_format should be text"):
        client.chat.completions.create(model=MODEL, messages=ASKED, response_format={"type": "json_object"})
    forced: Any = {"type": "function", "function": {"name": "f"}}
    with pytest.raises(openai.BadRequestError, match="tool_choice should be"):
        client.chat.completions.create(model=MODEL, messages=ASKED, tool_choice=forced)
    for other in (client.completions, client.responses):
        ask: Any = other.create
        with pytest.raises(openai.NotFoundError, match="is_chat_model=True") as refused:
            ask(model=MODEL, **{"prompt" if other is client.completions else "input": QUESTION})
        assert refused.value.code == "not_found"
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(model="gpt-none", messages=ASKED)
    with pytest.raises(openai.BadRequestError, match="no word to look for"):
        client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "?!"}])


async def use_tools(client: Client) -> None:
    """Ask, search, list and read as an assistant does."""
    tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert set(tools) == {"ask", "search", "list_documents", "read_page"}
    assert all(tool.annotations and tool.annotations.read_only_hint for tool in tools.values())
    told: Any = (await client.call_tool("ask", {"question": QUESTION})).structured_content
    assert "every 14 days" in told["answer"] and told["citations"][0]["quote"].startswith(WIPE)
    assert (told["citations"][0]["document"], told["citations"][0]["page"]) == ("fan.pdf", 1)
    found: Any = (await client.call_tool("search", {"question": "motor blocked", "k": 1})).structured_content
    assert [passage["page"] for passage in found["passages"]] == [2]
    listed: Any = (await client.call_tool("list_documents", {})).structured_content
    assert [one["name"] for one in listed["documents"]] == ["fan.pdf", "lamp.md", "pump.md"]
    page: Any = (await client.call_tool("read_page", {"document": "fan.pdf", "page": 2})).structured_content
    assert "F3" in page["text"] and page["pages"] == 2
    wrong = await client.call_tool("read_page", {"document": "fan.pdf", "page": 3})
    assert wrong.is_error and "has pages 1 to 2" in str(wrong.content)


def test_an_assistant_uses_the_tools_over_http(server: TestClient) -> None:
    async def over_http() -> None:
        async with (
            httpx2.AsyncClient(transport=httpx2.ASGITransport(server.app), base_url=HERE) as http,
            Client(streamable_http_client(f"{HERE}/mcp", http_client=http)) as client,
        ):
            await use_tools(client)

    assert server.portal is not None
    server.portal.call(over_http)
    assert server.get("/mcp").status_code == 405


def test_tools_change_a_library_only_where_they_may(server_home: Any) -> None:
    (server_home / "oven.md").write_text("# Oven\n\nHeat the oven to 180 degrees before you bake.\n", encoding="utf-8")

    async def run(do: Any) -> Any:
        return await asyncio.to_thread(do)

    async def change() -> None:
        async with Client(make_mcp(libraries, run, keep=False, write=True)) as client:
            added: Any = await client.call_tool("ingest", {"path": str(server_home / "oven.md")})
            assert [one["status"] for one in added.structured_content["result"]] == ["added"]
            told: Any = await client.call_tool("ask", {"question": "How hot should the oven be?"})
            assert "180 degrees" in told.structured_content["answer"]
            removed: Any = await client.call_tool("remove", {"document": "oven.md"})
            assert removed.structured_content["status"] == "removed"
            gone = await client.call_tool("read_page", {"document": "oven.md", "page": 1})
            assert gone.is_error

    libraries = Libraries.find(None, {"home": server_home}, lambda line: None, create=False)
    asyncio.run(change())
    libraries.close()
