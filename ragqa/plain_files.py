"""Small files of ours: none that is read leads away or waits, and what is written is there whole or not at all.

Everything is written beside its place and moved there by one rename, so that a name that is there is whole.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from ragqa.errors import RagqaError

_FLAGS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def parse_toml(text: str) -> dict[str, Any]:
    """Return the values of a TOML text. Raises ValueError where it is none."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    return tomllib.loads(text)


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


def append_line(path: Path, row: object) -> None:
    """Add ``row`` as a line of JSON in one write, behind a line of its own that a kill has torn. Raises OSError."""
    data = json.dumps(row, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
    handle = open_to_append(path)
    try:
        if os.fstat(handle).st_size:
            with open_plain(path) as held:
                held.seek(-1, os.SEEK_END)
                data = data if held.read(1) == b"\n" else b"\n" + data
        if os.write(handle, data) < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    finally:
        os.close(handle)


def json_lines(path: Path) -> Iterator[Any]:
    """Yield what each line of a file says; one that a kill has torn is left out. No file: nothing. Raises OSError."""
    try:
        with open_plain(path) as stream:
            lines = stream.read().splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        with contextlib.suppress(ValueError, RecursionError):
            yield json.loads(line)


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


_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextlib.contextmanager
def made_whole(target: Path) -> Iterator[Path]:
    """Yield an empty folder that becomes ``target`` at the end, and is gone if anything goes wrong.

    Raises RagqaError where ``target`` is there already, or can't be written.
    """
    making = target.with_name(f".{target.name}.making")
    try:
        emptied(making)
        yield making
        publish(making, target)
    except OSError as error:
        raise cannot_write(target, error) from None
    finally:
        shutil.rmtree(making, ignore_errors=True)


def emptied(folder: Path) -> Path:
    """Return ``folder``, there and empty: what a killed run left in it is removed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def publish(making: Path, target: Path) -> None:
    """Move the finished folder ``making`` to ``target``, all at once; both on one disk. Raises RagqaError, OSError."""
    if target.exists():
        raise RagqaError(f"{target} is there already: remove it, or choose another name")
    for file in making.rglob("*"):
        if file.is_file():
            with file.open("rb+") as held:
                os.fsync(held.fileno())  # a rename must not outrun what it names
    making.rename(target)


def write_json(file: Path, value: object) -> None:
    """Write ``value`` so that a reader finds the old file or the new one, never a part."""
    making = file.with_name(f".{file.name}.making")
    making.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    making.replace(file)


def cannot_write(target: Path, error: Exception) -> RagqaError:
    """Return the one line for a write that failed."""
    if disk_full(error):
        return RagqaError(
            f"the disk is full: {target} could not be written, and what was there before stays; "
            "free some space and give the same command again"
        )
    reason = " ".join(str(getattr(error, "strerror", None) or error).split())[:200]
    return RagqaError(f"{target} can't be written: {reason}; mend that and give the same command again")


def disk_full(error: Exception) -> bool:
    """Say whether a write failed for want of space; libraries in other languages tell it in words only."""
    words = ("No space left", "Disk quota", "File too large", "os error 28", "os error 27", "failed writing file")
    return getattr(error, "errno", None) in _FULL or any(word in str(error) for word in words)
