"""``ragqa mcp``: the tools over standard input and output, for an assistant that starts this program itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from ragqa.server.libraries import Libraries
from ragqa.server.mcp_tools import make_mcp

Result = TypeVar("Result")


def serve_stdio(libraries: Libraries, *, write: bool) -> None:
    """Serve until standard input ends."""

    async def run(do: Callable[[], Result]) -> Result:
        return await asyncio.to_thread(do)

    async def serve() -> None:
        await make_mcp(libraries, run, keep=True, write=write).run_stdio_async()

    asyncio.run(serve())
