"""Run the server: take the port, say where it is, and stop gracefully when the system asks for it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable
from dataclasses import replace
from types import FrameType

import uvicorn
from fastapi import FastAPI

from ragqa.errors import RagqaError
from ragqa.server.app import make_app
from ragqa.server.connections import connection_type
from ragqa.server.libraries import Libraries
from ragqa.server.options import ServeOptions
from ragqa.server.served import Served

OTHER_FILES = 256
"""What is open beside connections: libraries, uploads, processes, and the connections that are told to come again."""


SWITCH_SECONDS = 0.0005
"""A thread that answers may keep the event loop from the interpreter so long, where others of them wait for it too."""


class _Server(uvicorn.Server):
    """Lets go of those who follow a job as soon as it is to stop: they would hold it up as long as the job takes."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._app = app
        self._ready = ready
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        if self.started:
            self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        served = getattr(self._app.state, "served", None)
        if self._loop and isinstance(served, Served):
            self._loop.call_soon_threadsafe(served.jobs.begin_stop)


def serve(
    libraries: Libraries,
    options: ServeOptions,
    listening: socket.socket,
    notice: Callable[[str], None],
    *,
    open_browser: bool,
) -> None:
    """Serve at a socket that listens until the system asks to stop. Raises RagqaError where that did not begin."""
    most = min(options.most_connections, _allow_connections())
    options = replace(options, port=listening.getsockname()[1])  # the one that it got, where any would do
    app = make_app(libraries, options)
    config = uvicorn.Config(
        app,
        http=connection_type(most, options.stall_seconds),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=options.stop_seconds,
        h11_max_incomplete_event_size=32 * 1024,
        ws="none",
        lifespan="on",
    )

    def ready() -> None:
        changes = "; nothing can be changed" if options.read_only else ""
        notice(f"serving {_names(libraries)} at {options.url()} (Ctrl-C stops it{changes})")
        if open_browser:
            threading.Thread(target=webbrowser.open, args=(options.url(),), daemon=True).start()

    sys.setswitchinterval(SWITCH_SECONDS)
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    server = _Server(config, app, ready)
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises it anew when it has stopped
        server.run([listening])
    if not server.started:
        raise RagqaError("the server did not start: the lines above say why")


def _allow_connections() -> int:
    """Let the process open as many files as the system allows it; return for how many connections they suffice."""
    if sys.platform == "win32":
        return sys.maxsize
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(hard, 16_384) if hard != resource.RLIM_INFINITY else 16_384
    if soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return max(soft - OTHER_FILES, soft // 2) if soft != resource.RLIM_INFINITY else sys.maxsize


def _names(libraries: Libraries) -> str:
    names = libraries.names()
    return f"library '{names[0]}'" if len(names) == 1 else f"{len(names)} libraries"
