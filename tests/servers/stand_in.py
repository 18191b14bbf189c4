"""What the stand-ins for hosted services share: a free port, threads of its own, and silence when a client leaves."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class StandIn(ThreadingHTTPServer):
    """Says nothing of a client that leaves; any other error of a stand-in is printed, as it is a fault of the test.

    A client of a stream closes the connection when ``[DONE]`` came, before it took the last chunk: a reset.
    """

    daemon_threads, block_on_close = True, False

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def running(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Yield the address of a server on a free port that answers with ``handler``, ``/v1`` at its end."""
    server = StandIn(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
