"""LangChain and LlamaIndex as clients of OpenAI's interface, as docs/server.md has them, where they are installed.

They are no part of what the tests install: both ask for another version of OpenAI's client than the project's own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest

from tests.conftest import copy_library
from tests.server_making import QUESTION, WIPE
from tests.test_server_process import started

MODEL = "ragqa/default"
WIPED = "every 14 days"


@pytest.fixture(scope="module")
def address(served_home: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not any(map(find_spec, ("langchain_openai", "llama_index"))):
        pytest.skip("neither langchain-openai nor llama-index is installed")
    home = tmp_path_factory.mktemp("frameworks")
    copy_library(served_home, home)
    with started(home) as (_, url):
        yield f"{url}/v1"


def test_langchain_answers_streams_and_embeds(address: str) -> None:
    langchain = pytest.importorskip("langchain_openai", reason="langchain-openai is not installed")
    served = {"model": MODEL, "base_url": address, "api_key": "none"}
    chat = langchain.ChatOpenAI(**served, stream_usage=True)
    whole = chat.invoke(QUESTION)
    assert WIPED in whole.content and "[1] [fan.pdf, page 1](http://127.0.0.1:" in whole.content
    assert whole.usage_metadata["total_tokens"] > 0
    pieces = list(chat.stream(QUESTION))
    assert "".join(piece.content for piece in pieces) == whole.content
    assert any(piece.usage_metadata for piece in pieces)

    async def beside() -> list[Any]:
        return list(await asyncio.gather(*(chat.ainvoke(QUESTION) for _ in range(3))))

    assert [one.content for one in asyncio.run(beside())] == [whole.content] * 3
    asked = [{"role": "user", "content": QUESTION}]
    told = chat.root_client.chat.completions.create(model=chat.model_name, messages=asked)
    assert told.citations[0]["quote"].startswith(WIPE) and told.choices[0].message.annotations
    embeddings = langchain.OpenAIEmbeddings(**served, check_embedding_ctx_length=False)
    assert [len(row) for row in embeddings.embed_documents(["a fan", "a lamp"] * 150)] == [384] * 300


def test_llamaindex_answers_streams_and_embeds(address: str) -> None:
    reason = "llama-index-llms-openai-like is not installed"
    like = pytest.importorskip("llama_index.llms.openai_like", reason=reason)
    embeddings = pytest.importorskip("llama_index.embeddings.openai_like", reason=reason)
    llms = pytest.importorskip("llama_index.core.llms", reason=reason)
    served = {"api_base": address, "api_key": "none"}
    asked = [llms.ChatMessage(role="user", content=QUESTION)]
    llm = like.OpenAILike(model=MODEL, is_chat_model=True, **served)
    whole = llm.chat(asked)
    assert WIPED in whole.message.content and whole.raw.citations[0]["quote"].startswith(WIPE)
    assert whole.raw.choices[0].message.annotations and whole.additional_kwargs["total_tokens"] > 0
    *_, last = llm.stream_chat(asked)
    assert last.message.content == whole.message.content and last.raw.citations == whole.raw.citations
    assert asyncio.run(llm.achat(asked)).message.content == whole.message.content
    with pytest.raises(Exception, match="is_chat_model=True"):
        like.OpenAILike(model=MODEL, **served).complete(QUESTION)
    embedding = embeddings.OpenAILikeEmbedding(model_name=MODEL, **served)
    assert len(embedding.get_text_embedding_batch(["a fan", "a lamp"] * 20)) == 40
    assert len(embedding.get_query_embedding("a fan")) == 384
