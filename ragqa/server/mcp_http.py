"""``/mcp``: the tools over streamable HTTP, read-only. The SDK is loaded at the first request and not before.

Without sessions: each request stands for itself, so nothing is left of a client that went away. Hosts, origins and the
token are checked before a request comes here (``security.py``).
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any

from starlette.types import Receive, Scope, Send

from ragqa.server.problems import Problem, response_of
from ragqa.server.served import Served

PATH = "/mcp"


class McpEndpoint:
    """An ASGI application that becomes an MCP server when it is first asked. Enter it while the server runs."""

    def __init__(self) -> None:
        self._served: Served | None = None
        self._manager: Any = None
        self._starting = asyncio.Lock()
        self._running: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()

    def serve(self, served: Served) -> McpEndpoint:
        """Use these libraries from now on."""
        self._served = served
        return self

    async def __aenter__(self) -> McpEndpoint:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._running:
            await self._running

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":  # there is no session to listen to or to end
            problem = Problem(405, "method_not_allowed", "MCP is asked by POST here", headers={"Allow": "POST"})
            await response_of(problem, PATH)(scope, receive, send)
            return
        manager = await self._started()
        await manager.handle_request(scope, receive, send)

    async def _started(self) -> Any:
        async with self._starting:
            if self._manager is None:
                assert self._served is not None
                manager = await asyncio.to_thread(_make_manager, self._served)
                running = asyncio.Event()
                self._running = asyncio.create_task(self._run(manager, running))
                await running.wait()
                self._manager = manager
            return self._manager

    async def _run(self, manager: Any, running: asyncio.Event) -> None:
        """Keep the manager's tasks alive until the server stops: who opens them must close them."""
        async with manager.run():
            running.set()
            await self._stop.wait()


def _make_manager(served: Served) -> Any:
    from mcp.server.transport_security import TransportSecuritySettings

    from ragqa.server.mcp_tools import make_mcp

    mcp = make_mcp(served.libraries, served.workers.answer, keep=not served.options.read_only, write=False)
    checked = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    mcp.streamable_http_app(
        json_response=True,
        stateless_http=True,
        transport_security=checked,
        max_request_body_size=served.options.most_body_bytes,
    )
    return mcp.session_manager
