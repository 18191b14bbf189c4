"""What changes a library beside the questions, and what is taken at once: uploads, removals, streams that are cut."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from ragqa.server.served import Served
from tests.conftest import PATIENCE
from tests.server_making import ASK, DOCUMENTS, QUESTION, events_of, served
from tests.servers.chat import serving, stalls

OVEN = b"# Oven\n\n## Baking\n\nHeat the oven to 180 degrees before you bake bread.\n"
JOBS = "/v1/libraries/default/jobs"


def state_of(client: TestClient) -> Served:
    """What the server holds."""
    state: Served = client.app.state.served  # type: ignore[attr-defined]
    return state


def wait_for(what: Callable[[], bool]) -> None:
    """Return once ``what`` is so."""
    ends = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < ends
        time.sleep(0.02)


def test_an_upload_is_read_beside_questions_asked_and_removed(server_home: Path) -> None:
    with served(server_home) as client:
        uploaded = client.post(f"{DOCUMENTS}?name=kitchen/oven.md", content=OVEN)
        assert uploaded.status_code == 202
        job = f"{JOBS}/{uploaded.json()['id']}"
        assert "14 days" in client.post(ASK, json={"question": QUESTION}).json()["answer"]
        events = events_of(client.get(f"{job}/events").text)
        assert {kind for kind, _ in events} == {"job"}
        last = events[-1][1]
        assert (last["status"], last["result"]["status"], last["share"]) == ("done", "added", 1.0)
        assert client.get(job).json() == last
        told = client.post(ASK, json={"question": "How hot should the oven be for bread?"}).json()
        assert "180 degrees" in told["answer"] and told["citations"][0]["document"] == "kitchen/oven.md"
        removed = client.delete(f"{DOCUMENTS}/{told['citations'][0]['document_id']}").json()
        wait_for(lambda: client.get(f"{JOBS}/{removed['id']}").json()["status"] == "done")
        assert [one["name"] for one in client.get(DOCUMENTS).json()["documents"]] == ["fan.pdf", "lamp.md", "pump.md"]
        assert not any(state_of(client).jobs._folder.iterdir())


def test_a_file_that_gives_no_text_fails_with_the_reason_and_one_that_waits_is_cancelled(server_home: Path) -> None:
    with served(server_home, options={"most_jobs": 1}) as client:
        broken = client.post(f"{DOCUMENTS}?name=broken.pdf", content=b"%PDF-1.7\nnothing").json()
        wait_for(lambda: client.get(f"{JOBS}/{broken['id']}").json()["status"] == "running")
        waiting = client.post(f"{DOCUMENTS}?name=oven.md", content=OVEN).json()
        full = client.post(f"{DOCUMENTS}?name=more.md", content=OVEN)
        assert (full.status_code, full.json()["code"]) == (429, "too_many") and full.headers["retry-after"]
        assert client.delete(f"{JOBS}/{waiting['id']}").json()["status"] == "cancelled"
        assert client.delete(f"{JOBS}/{waiting['id']}").json()["code"] == "conflict"
        ended = events_of(client.get(f"{JOBS}/{broken['id']}/events").text)[-1][1]
        assert ended["status"] == "failed" and "broken.pdf" in ended["error"]
        assert [job["document"] for job in client.get(JOBS).json()["jobs"]] == ["oven.md", "broken.pdf"]
    assert not state_of(client).jobs._folder.exists()


def scope(method: str, path: str, query: str = "", **headers: str) -> dict[str, Any]:
    """A request as a server hands it to the application."""
    named = {"host": "127.0.0.1:8321", **headers}
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in named.items()],
        "scheme": "http",
        "server": ("127.0.0.1", 8321),
        "client": ("127.0.0.1", 1),
    }


def test_an_upload_that_is_cut_leaves_nothing(server_home: Path) -> None:
    with served(server_home) as client:
        messages: list[Any] = [
            {"type": "http.request", "body": b"# Half of", "more_body": True},
            {"type": "http.disconnect"},
        ]

        async def receive() -> Any:
            return messages.pop(0) if messages else await asyncio.sleep(60)

        async def cut() -> None:
            sent: list[Any] = []

            async def send(message: Any) -> None:
                sent.append(message)

            await client.app(scope("POST", DOCUMENTS, "name=half.md"), receive, send)  # type: ignore[operator]

        assert client.portal is not None
        client.portal.call(cut)
        assert not any(state_of(client).jobs._folder.iterdir()) and state_of(client).jobs.receiving == 0
        assert client.get(JOBS).json() == {"jobs": []}


def test_a_body_that_stalls_is_given_up(server_home: Path) -> None:
    with served(server_home, options={"stall_seconds": 0.05}) as client:

        async def receive() -> Any:
            await asyncio.sleep(60)

        async def ask() -> int:
            status = 0

            async def send(message: Any) -> None:
                nonlocal status
                status = message.get("status", status)

            asked = scope("POST", ASK, content_type="application/json", content_length="30")
            await client.app(asked, receive, send)  # type: ignore[operator]
            return status

        assert client.portal is not None
        assert client.portal.call(ask) == 408


def test_a_cut_stream_frees_its_place_and_too_many_questions_are_sent_away(
    server_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-abcdef1234567890")
    with serving(stalls(over)) as model, pytest.MonkeyPatch.context() as patched:
        patched.setenv("OPENAI_BASE_URL", model.url)
        options = {"most_waiting": 1, "question_seconds": 60.0}
        with served(server_home, options=options, answerer="openai:slow", timeout=2.0) as client:

            async def begin_and_cut() -> tuple[int, str]:
                body = f'{{"question": "{QUESTION}"}}'.encode()
                cut = asyncio.Event()
                messages: list[Any] = [{"type": "http.request", "body": body, "more_body": False}]

                async def receive() -> Any:
                    if messages:
                        return messages.pop(0)
                    await cut.wait()
                    return {"type": "http.disconnect"}

                async def send(message: Any) -> None:
                    pass

                asked = scope("POST", ASK, content_type="application/json", accept="text/event-stream")
                stream = asyncio.create_task(client.app(asked, receive, send))  # type: ignore[operator]
                while not state_of(client).workers.waiting:
                    await asyncio.sleep(0.01)
                refused = await asyncio.to_thread(client.post, ASK, json={"question": QUESTION})
                cut.set()
                with suppress(Exception):
                    await stream
                return refused.status_code, refused.json()["code"]

            assert client.portal is not None
            assert client.portal.call(begin_and_cut) == (429, "too_many")
            over.set()
            wait_for(lambda: state_of(client).workers.waiting == 0)
            assert state_of(client).metrics.active == 0


def test_more_requests_than_are_taken_are_sent_away_and_the_others_answered(server_home: Path) -> None:
    with served(server_home, options={"most_requests": 0}) as client:
        refused = client.get("/v1/libraries")
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many")
        assert client.get("/v1/health").status_code == 200
