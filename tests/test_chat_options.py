"""Every option of a language model reaches every kind of it: what arrives at the server, and at ``generate``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ragqa.answerers import ChatOptions, open_answerer
from ragqa.answerers.transformers import LocalModel
from ragqa.prompts import load_prompts
from ragqa.types import Hit, Passage
from tests import tiny_model
from tests.servers import chat
from tests.servers.chat import serving

Arrived = Callable[[ChatOptions], dict[str, Any]]

TEXT = "The filter is cleaned every 40 hours."
HITS = [Hit(1, Passage("pump.pdf", 0, len(TEXT), TEXT, page=1, passage_id=1), 1.0)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model.make(tmp_path_factory.mktemp("model"))


def ask(spec: str, options: ChatOptions) -> None:
    open_answerer(spec, options, load_prompts()).answer("How often is the filter cleaned?", HITS)


@pytest.fixture
def at_server(monkeypatch: pytest.MonkeyPatch) -> Arrived:
    def arrived(options: ChatOptions) -> dict[str, Any]:
        with serving(chat.says("Every 40 hours [1].")) as server:
            monkeypatch.setenv("OPENAI_BASE_URL", server.url)
            ask("openai:test", options)
            return dict(server.sent)

    return arrived


@pytest.fixture
def at_generate(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Arrived:
    """What arrives at the real ``generate``, and the seed that torch was given before."""

    def arrived(options: ChatOptions) -> dict[str, Any]:
        import torch

        found: dict[str, Any] = {}
        load = LocalModel._loaded

        def loaded(self: LocalModel) -> Any:
            held = load(self)
            if "generate" not in vars(held.model):
                generate = held.model.generate

                def noted(*given: Any, **named: Any) -> Any:
                    found.update(named, drawn_with=torch.initial_seed())
                    return generate(*given, **named)

                held.model.generate = noted
            return held

        monkeypatch.setattr(LocalModel, "_loaded", loaded)
        ask(f"transformers:{folder}", options)
        return found

    return arrived


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        (ChatOptions(max_tokens=17), {"max_tokens": 17}),
        (ChatOptions(temperature=0.7), {"temperature": 0.7}),
        (ChatOptions(), {"temperature": 0.0}),
        (ChatOptions(temperature=0.7, n=3), {"n": 3}),
        (ChatOptions(stop=("END", "\n\n")), {"stop": ["END", "\n\n"]}),
        (ChatOptions(seed=11), {"seed": 11}),
    ],
    ids=["max_tokens", "temperature", "no temperature", "n", "stop", "seed"],
)
def test_openai(at_server: Arrived, options: ChatOptions, sent: dict[str, Any]) -> None:
    arrived = at_server(options)
    assert {name: arrived[name] for name in sent} == sent


@pytest.mark.parametrize(
    ("options", "given"),
    [
        (ChatOptions(max_tokens=17), {"max_new_tokens": 17}),
        (ChatOptions(temperature=0.7), {"temperature": 0.7, "do_sample": True}),
        (ChatOptions(), {"temperature": None, "do_sample": False}),
        (ChatOptions(temperature=0.7, n=3, max_tokens=9), {"num_return_sequences": 3}),
        (ChatOptions(stop=("END", "\n\n")), {"stop_strings": ["END", "\n\n"]}),
        (ChatOptions(seed=11), {"drawn_with": 11}),
    ],
    ids=["max_tokens", "temperature", "no temperature", "n", "stop", "seed"],
)
def test_transformers(at_generate: Arrived, options: ChatOptions, given: dict[str, Any]) -> None:
    arrived = at_generate(options)
    assert {name: arrived[name] for name in given} == given


def test_what_an_option_is_not_given_is_not_sent(at_server: Arrived) -> None:
    assert not {"n", "stop", "seed"} & set(at_server(ChatOptions()))
