"""The last door of what is printed: whatever a command, a parser of options or a library writes passes the cleaner.

What is a name or JSON is escaped before; here only what was forgotten goes lost.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

from ragqa.printable import printable

_STYLE = re.compile(r"(\x1b\[(?:[0-9];)?[0-9]{1,2}m|\x1b\]8;;(?:file:///[\w%/.~-]+(?:#page=\d+)?)?\x1b\\)", re.ASCII)
"""The colours of ``output.styled``, and the links of ``output.linked``, which lead to files of this machine only."""


class _Cleaned:
    """A text stream that writes to another what is printable, and on a terminal our colours and links too.

    It has no ``buffer``: bytes would pass it by.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write ``text`` and return its length, cleaned or not."""
        if "\x1b" in text and self._stream.isatty():
            parts = _STYLE.split(text)
            self._stream.write("".join(part if at % 2 else printable(part) for at, part in enumerate(parts)))
        else:
            self._stream.write(printable(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        if name == "buffer":
            raise AttributeError(name)
        return getattr(self._stream, name)


def open_standard_streams() -> None:
    """Put the null device where a standard stream was closed: a library's file could get its number, and our words."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            _null_at(number)
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8"))


def flush_streams() -> OSError | None:
    """Write what is held back. Where that fails, give it up and return why; None where only the reader has gone."""
    failed = None
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as error:
            _null_at(stream.fileno())  # else Python tries again on its way out, and says so
            failed = failed if isinstance(error, BrokenPipeError) else error
    return failed


def _null_at(number: int) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    if null != number:
        os.dup2(null, number)
        os.close(null)


def uncleaned(stream: TextIO) -> TextIO:
    """Return the stream behind a cleaned one, for what draws on a terminal itself; any other as it is."""
    return stream._stream if isinstance(stream, _Cleaned) else stream


@contextmanager
def cleaned_streams() -> Iterator[None]:
    """Have standard output and standard error cleaned meanwhile. A stream that was closed stays closed."""
    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (stream and cast(TextIO, _Cleaned(stream)) for stream in streams)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = streams
