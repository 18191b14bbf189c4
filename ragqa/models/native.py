"""Keep the interpreter from ending while a thread is inside native code, which would abort the process with a crash.

A daemon thread that loads a model (``Embedder.warm``) may still be at it when the command is done: it gets the tenth of
a second that it needs, and no thread starts anew.
"""

from __future__ import annotations

import atexit
import contextlib
import threading
from collections.abc import Callable


def load_aside(load: Callable[[], object]) -> None:
    """Begin to load something in a thread; what goes wrong is told by whoever needs the result."""

    def run() -> None:
        with contextlib.suppress(Exception):
            load()

    # Not a daemon: a process that ended while its C++ runtime still loads would be aborted.
    threading.Thread(target=run).start()


class NativeWork:
    """``with native_work:`` around calls into OpenVINO and tokenizers. May be nested; any number of threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._depth = threading.local()
        self._inside = 0
        self._ending = False
        self._watching = False

    def __enter__(self) -> None:
        depth = getattr(self._depth, "value", 0)
        if depth == 0:
            with self._changed:
                if not self._watching:
                    atexit.register(self._end)
                    self._watching = True
                while self._ending and threading.current_thread() is not threading.main_thread():
                    self._changed.wait()  # for good: the process is about to be gone
                self._inside += 1
        self._depth.value = depth + 1

    def __exit__(self, *_: object) -> None:
        self._depth.value -= 1
        if self._depth.value == 0:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    def _end(self) -> None:
        with self._changed:
            self._ending = True
            while self._inside:
                self._changed.wait()


native_work = NativeWork()
