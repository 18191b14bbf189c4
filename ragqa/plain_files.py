"""Read and write small files of ours in folders that somebody else may have filled: none leads away, none waits."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from pathlib import Path
from typing import BinaryIO

_FLAGS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def open_plain(path: Path) -> BinaryIO:
    """Return the file open for reading. Raises OSError for a link, a pipe, a device or a folder."""
    return os.fdopen(_plain(path, os.O_RDONLY), "rb")


def open_to_append(path: Path) -> int:
    """Return a descriptor to append with, of a file for its owner alone, made where there is none.

    Raises OSError for what ``open_plain`` refuses, and for a file that has another name elsewhere too (a hard link).
    """
    handle = _plain(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, alone=True)
    if hasattr(os, "fchmod") and os.fstat(handle).st_mode & 0o077:
        os.fchmod(handle, 0o600)
    return handle


def write_private(path: Path, data: bytes) -> None:
    """Put ``data`` in place of what ``path`` held, or of the link that it was, in one step, for its owner alone.

    A reader finds the old file or the new one. Not forced to the disk. Raises OSError.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FLAGS, 0o600), "wb") as stream:
            stream.write(data)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _plain(path: Path, mode: int, alone: bool = False) -> int:
    handle = os.open(path, mode | _FLAGS, 0o600)
    held = os.fstat(handle)
    if not stat.S_ISREG(held.st_mode) or (alone and held.st_nlink > 1):
        os.close(handle)
        raise OSError(errno.EINVAL, "it is no plain file of its own", str(path))
    return handle
