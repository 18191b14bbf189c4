"""Take the port, before anything that takes time is begun. Stands without the web framework."""

from __future__ import annotations

import errno
import os
import socket

from ragqa.errors import RagqaError
from ragqa.server.options import ServeOptions


def listen(options: ServeOptions) -> socket.socket:
    """Return a socket that listens. Raises RagqaError, in one line, where the port is taken or not to be had."""
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere it would share the port with whoever has it
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((options.host, options.port))
        listening.listen(2048)
    except OSError as error:
        listening.close()
        if error.errno in (errno.EADDRINUSE, errno.EACCES) and options.port:
            why = "is in use" if error.errno == errno.EADDRINUSE else "may not be used by you"
            raise RagqaError(
                f"port {options.port} of {options.host} {why}: stop what uses it, or name another with --port"
            ) from None
        raise RagqaError(
            f"{options.host} is no address of this machine ({error.strerror or error}): --host 127.0.0.1 always is"
        ) from None
    listening.set_inheritable(False)
    return listening
