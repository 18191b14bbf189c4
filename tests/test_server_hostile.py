"""Clients that mean harm or have gone: a thousand streams, heads that never end, no HTTP at all, bytes nobody takes."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from ragqa.server import schemas
from ragqa.server.connections import connection_type
from tests.conftest import PATIENCE, copy_library
from tests.server_making import ASK, DOCUMENTS, QUESTION
from tests.test_server_process import post, started

BODY = json.dumps({"question": QUESTION}).encode()
ASKED = (
    f"POST {ASK} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\n"
    f"Content-Length: {len(BODY)}\r\n\r\n"
).encode() + BODY
HOST = b"Host: localhost\r\n"


@pytest.fixture(scope="module")
def server(served_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, str]]:
    """A server in a process of its own: its id and address."""
    home = tmp_path_factory.mktemp("hostile")
    copy_library(served_home, home)
    with started(home) as (process, url):
        yield process.pid, url


def get(url: str) -> tuple[int, Any]:
    """The status and the JSON that a path answers."""
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def said(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    answer = b""
    with suppress(ConnectionError):
        while piece := connection.recv(65536):
            answer += piece
    return answer


def problem(answer: bytes) -> tuple[int, str]:
    """The status and the code of a problem, which has the one shape."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head.lower(), answer
    told = schemas.ProblemBody(**json.loads(body))
    assert int(head.split()[1]) == told.status
    return told.status, told.code


@contextmanager
def streams(url: str, request: bytes, count: int) -> Iterator[list[socket.socket]]:
    """Connections that have sent ``request`` and read nothing. In the end half of them are cut, the others closed."""
    opened = []
    try:
        for _ in range(count):
            opened.append(connected(url))
            opened[-1].sendall(request)
        yield opened
    finally:
        for connection in opened[::2]:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # RST, no FIN
        for connection in opened:
            connection.close()


def connected(url: str) -> socket.socket:
    """A connection that takes few bytes at a time."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    connection.settimeout(PATIENCE)
    connection.connect(("127.0.0.1", int(url.rpartition(":")[2])))
    return connection


def held(process: int) -> tuple[int, int]:
    """How many files and threads a process has."""
    folder = Path(f"/proc/{process}")
    return len(list((folder / "fd").iterdir())), len(list((folder / "task").iterdir()))


def settled(process: int) -> tuple[int, int]:
    """The same once connections that were cut are gone."""
    before, now = (0, 0), held(process)
    while before != now:
        time.sleep(0.5)
        before, now = now, held(process)
    return now


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="what a process holds is read from /proc")
def test_a_thousand_streams_that_read_nothing_leave_nothing(server: tuple[int, str]) -> None:
    process, url = server
    with streams(url, ASKED, 40) as asked:  # every thread that it will ever have
        asked[-1].recv(1)
    files, threads = settled(process)
    jobs = [upload(url, f"{name}.md") for name in ("first", "second")]
    follow = f"GET /v1/libraries/default/jobs/{jobs[-1]}/events HTTP/1.1\r\n".encode() + HOST + b"\r\n"
    with streams(url, follow, 200) as followed, streams(url, ASKED, 800) as asked:
        assert get(f"{url}/v1/health")[0] == 200
        status, told = get(url + DOCUMENTS)
        assert status == 200 or (status, told["code"]) == (429, "too_many")
        begun = [connection.recv(12) for connection in followed + asked[-300:]]
        assert set(begun) == {b"HTTP/1.1 200", b"HTTP/1.1 429"}
        assert 50 < begun[:200].count(b"HTTP/1.1 200") <= 100
    ends = time.monotonic() + PATIENCE
    while (now := held(process))[0] > files + 8 or now[1] > threads + 4:
        assert time.monotonic() < ends, (now, files, threads)
        time.sleep(0.1)
    assert "every 14 days" in post(url + ASK, {"question": QUESTION})["answer"]
    metrics = urllib.request.urlopen(f"{url}/metrics", timeout=PATIENCE).read().decode()
    assert "\nragqa_questions_waiting 0\n" in metrics and "\nragqa_active_requests 1\n" in metrics


def upload(url: str, name: str) -> str:
    """Upload a small file; return the id of its job."""
    request = urllib.request.Request(f"{url}{DOCUMENTS}?name={name}", b"# Oven\n\nHeat it before you bake.\n")
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:
        return str(json.load(response)["id"])


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", (400, "invalid_request")),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"x" * 50_000, (400, "invalid_request")),
        (b"GET / HTTP/1.1\r\n\r\n", (400, "invalid_request")),
        (b"GET / HTTP/1.1\r\n" + HOST + b"Host: other\r\n\r\n", (400, "invalid_request")),
        (b"GET /v1/libraries HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", (403, "forbidden")),
        (b"POST " + ASK.encode() + b" HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n", (400, "invalid_request")),
        (
            b"POST " + ASK.encode() + b" HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
            (400, "invalid_request"),
        ),
        (
            b"POST "
            + ASK.encode()
            + b" HTTP/1.1\r\n"
            + HOST
            + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
            b"200000\r\n" + b"x" * 2**21 + b"\r\n0\r\n\r\n",
            (413, "too_large"),
        ),
        (b"GET /v1/../../etc/passwd HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", (404, "not_found")),
        (b"GET /page/%2e%2e%2fapp.py HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", (404, "not_found")),
        (b"GET /page/app%00.js HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", (404, "not_found")),
        (b"GET /page/" + b"a" * 5000 + b".js HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", (404, "not_found")),
        (
            b"GET "
            + DOCUMENTS.encode()
            + b"/%252e%252e%252fpump.md HTTP/1.1\r\n"
            + HOST
            + b"Connection: close\r\n\r\n",
            (404, "unknown_document"),
        ),
        (
            b"GET /v1/libraries/%ff%00/documents HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n",
            (404, "unknown_library"),
        ),
    ],
)
def test_what_no_client_would_send_is_told_in_one_shape(
    server: tuple[int, str], request_: bytes, expected: tuple[int, str]
) -> None:
    with connected(server[1]) as connection:
        with suppress(ConnectionError):
            connection.sendall(request_)
        assert problem(said(connection)) == expected


# Connections, with times that a test can wait for

STALL = 0.3


def bounded(use: Callable[[int], Coroutine[Any, Any, None]], app: Any, most: int = 100) -> set[Any]:
    """Serve ``app`` while ``use``, given the port, uses it; return the connections that are left a while after."""

    async def run() -> set[Any]:
        config = uvicorn.Config(app, http=connection_type(most, STALL), log_config=None, lifespan="off", ws="none")
        state = ServerState()
        config.load()
        listening = await asyncio.get_running_loop().create_server(
            lambda: config.http_protocol_class(config, state, {}),  # type: ignore[call-arg]
            "127.0.0.1",
        )
        async with listening:
            await asyncio.wait_for(use(listening.sockets[0].getsockname()[1]), PATIENCE)
            ends = time.monotonic() + PATIENCE
            while state.connections and time.monotonic() < ends:
                await asyncio.sleep(0.05)
            return state.connections

    return asyncio.run(run())


async def hello(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


async def endless(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": bytes(2**25)})


def test_a_head_that_trickles_or_never_comes_is_given_up() -> None:
    async def use(port: int) -> None:
        idle, slow, again = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        again[1].write(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
        assert (await again[0].readuntil(b"hello")).startswith(b"HTTP/1.1 200")
        for _, writer in (slow, again):
            writer.write(b"GET / HTTP/1.1\r\n")
        with suppress(ConnectionError):
            for _ in range(100):
                slow[1].write(b"X: y\r\n")
                await slow[1].drain()
                await asyncio.sleep(STALL / 10)
                if slow[0].at_eof():
                    break
        assert problem(await again[0].read()) == (408, "timeout")
        with suppress(ConnectionError):
            assert await idle[0].read() == b""
        for _, writer in (idle, slow, again):
            writer.close()

    assert not bounded(use, hello)


def test_a_request_that_comes_in_pieces_is_answered() -> None:
    async def use(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(2):
            for piece in (b"GET / HT", b"TP/1.1\r\n", HOST, b"\r\n"):
                writer.write(piece)
                await asyncio.sleep(STALL / 10)
            assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200")
        await asyncio.sleep(2 * STALL)  # the connection is kept, as no head has begun
        writer.write(b"GET / HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
        assert (await reader.read()).endswith(b"hello")
        writer.close()

    assert not bounded(use, hello)


def test_connections_beyond_the_most_are_told_to_come_again() -> None:
    async def use(port: int) -> None:
        first = await asyncio.open_connection("127.0.0.1", port)
        second = await asyncio.open_connection("127.0.0.1", port)
        second[1].write(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
        answer = await second[0].read()
        assert problem(answer) == (503, "too_many") and b"retry-after" in answer
        for _, writer in (first, second):
            writer.close()

    assert not bounded(use, hello, most=1)


def test_what_nobody_takes_is_not_kept() -> None:
    async def use(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(b"GET / HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
        await reader.read(10)  # and no more of the 32 MiB: the reader's own limit keeps the rest with the server
        asyncio.get_running_loop().call_later(10 * STALL + 5, writer.close)
        kept.append((reader, writer))

    kept: list[Any] = []
    assert not bounded(use, endless)
    assert not kept[0][1].is_closing(), "it was the client that closed the connection"
