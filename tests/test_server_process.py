"""``ragqa serve`` and ``ragqa mcp`` as a user starts them: where they listen, whom they refuse, how they stop."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters, stdio_client

from tests.conftest import PATIENCE, ROOT, Run, clean_environment
from tests.server_making import ASK, QUESTION


@contextmanager
def started(home: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start ``ragqa serve`` on a port that is free; yield the process and its address."""
    code = "from ragqa.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "serve", "--port", "0", *words],
        stderr=subprocess.PIPE,
        text=True,
        cwd=home,
        env=clean_environment(RAGQA_HOME=str(home), PYTHONPATH=str(ROOT)),
    )
    try:
        assert process.stderr
        for line in process.stderr:
            if found := re.search(r"at (http://\S+)/ ", line):
                yield process, found[1]
                break
        else:
            raise AssertionError("it said no address")
    finally:
        process.kill()
        process.wait(PATIENCE)
        if process.stderr:
            process.stderr.close()


def post(url: str, body: Any) -> Any:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:
        return json.load(response)


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
def test_it_serves_and_finishes_what_runs_when_it_is_stopped(server_home: Path) -> None:
    with started(server_home) as (process, url):
        answer = post(url + ASK, {"question": QUESTION})
        assert "every 14 days" in answer["answer"]
        with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as connection:
            body = json.dumps({"question": QUESTION}).encode()
            head = f"POST {ASK} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            connection.sendall(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body[:5])
            connection.settimeout(PATIENCE)
            # What has begun is answered, though the server was told to stop before the request was whole.
            import time

            time.sleep(0.2)
            process.send_signal(signal.SIGTERM)
            time.sleep(0.2)
            connection.sendall(body[5:])
            said = b"".join(iter(lambda: connection.recv(65536), b""))
        assert said.startswith(b"HTTP/1.1 200") and b"every 14 days" in said
        assert process.wait(PATIENCE) in (0, -signal.SIGTERM)


def test_what_others_could_reach_needs_a_token(ragqa: Run, small: Path) -> None:
    refused = ragqa("serve", "--host", "0.0.0.0").error
    assert "--token-file" in refused and "--trusted-header" in refused
    (small / "token").write_text("short\n")
    assert "should hold one random word of 32" in ragqa("serve", "--token-file", small / "token").error
    assert "can't be read" in ragqa("serve", "--token-file", small / "none").error
    (small / "token").write_text("a" * 40)
    assert "random" in ragqa("serve", "--token-file", small / "token").error


def test_a_port_in_use_and_wrong_options_are_one_line(ragqa: Run, small: Path) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        port = held.getsockname()[1]
        assert f"port {port} of 127.0.0.1 is in use" in ragqa("serve", "--port", port).error
    assert "--root-path should be" in ragqa("serve", "--root-path", "/a?b").error
    assert "--allow-origin should be" in ragqa("serve", "--allow-origin", "example.com").error
    assert "there is no library 'none'" in ragqa("serve", "--index", "none").error
    assert "no address of this machine" in ragqa("serve", "--host", "192.0.2.1", "--trusted-header", "X-User").error


def test_an_assistant_starts_it_and_uses_its_tools(server_home: Path) -> None:
    from tests.test_server_clients import use_tools

    environment = clean_environment(RAGQA_HOME=str(server_home), PYTHONPATH=str(ROOT))
    server = StdioServerParameters(
        command=sys.executable,
        args=["-c", "from ragqa.cli import main; main()", "mcp"],
        env=environment,
        cwd=server_home,
    )

    async def use() -> None:
        async with Client(stdio_client(server)) as client:
            await use_tools(client)

    asyncio.run(asyncio.wait_for(use(), PATIENCE))
