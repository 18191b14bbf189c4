"""The process that reads untrusted files for ``guard``, or draws their pages and finds the figures on them: requests on
standard input, answers on standard output.

It limits itself before it sees the first byte of a file: memory, processor time, no files written, few opened, no
processes. ``python -m ragqa.readers.worker BYTES SUFFIX …`` may take so much memory beyond that of its start, and
imports the readers of those kinds of files first.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from base64 import b64decode, b64encode
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from ragqa.document_fields import block_rows, blocks_from, page_rows, pages_from, strings_from
from ragqa.errors import RagqaError
from ragqa.layout import Layout
from ragqa.readers import prepare, read_bytes
from ragqa.readers.files import LONGEST_TEXT, check_length
from ragqa.types import Document

if TYPE_CHECKING:
    from ragqa.readers.pdf.drawing import OpenPdf

READY = b"ready\n"
"""What a process that reads says when it is about to."""

LONGEST_MESSAGE = 64 + 25 * LONGEST_TEXT
"""Bytes of a Document's JSON at most: its text, its blocks and its pages, and where its words stand."""


def encode(value: dict[str, Any]) -> bytes:
    """Return ``value`` as JSON in UTF-8; halves of characters in its strings survive."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def decode(data: bytes) -> dict[str, Any]:
    """Return the JSON object in ``data``. Raises ValueError for anything else."""
    try:
        value = json.loads(data.decode("utf-8", "surrogatepass"))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("no object")
    return value


def document_to_fields(document: Document) -> dict[str, Any]:
    """Return what was read of a document: all but its name and its hash, which the caller knows better."""
    return {
        "title": document.title,
        "media_type": document.media_type,
        "text": document.text,
        "blocks": block_rows(document),
        "pages": page_rows(document),
        "warnings": document.warnings,
        "layout": b64encode(document.layout).decode("ascii"),
    }


def document_from_fields(fields: dict[str, Any], name: str, sha256: str) -> Document:
    """Return the document ``name`` that ``fields`` describe.

    Raises ValueError where they describe none: a wrong type, spans outside the text or out of order, pages that do
    not ascend; UnreadableFile where it holds too much text.
    """
    title, media_type, text = strings_from([fields.get(key) for key in ("title", "media_type", "text")], "strings")
    check_length(name, len(text))
    blocks = blocks_from(fields.get("blocks"), len(text))
    if any(block.start == block.end for block in blocks):
        raise ValueError("a block of the document is empty")
    pages, warnings = pages_from(fields.get("pages"), len(text)), strings_from(fields.get("warnings"), "warnings")
    layout = b64decode(str(fields.get("layout")), validate=True)
    if layout:
        Layout.unpack(layout, len(text), len(pages))
    return Document(name, title, media_type, sha256, text, blocks, pages, warnings, layout)


_LIMITS = {"RLIMIT_CORE": 0, "RLIMIT_FSIZE": 0, "RLIMIT_NPROC": 0, "RLIMIT_NOFILE": 64}


def main() -> None:
    """Answer requests until there are no more, or one took all the memory."""
    requests, answers = _take_streams()
    _die_with_parent()
    memory, *suffixes = sys.argv[1:]
    prepare(suffixes)
    _limit(int(memory))
    answers.write(READY)
    answers.flush()
    work = _Work()
    while header := requests.readline():
        request = decode(header)
        data = requests.read(request["size"])
        _allow(request["seconds"])
        answer, going_on = _answer(work, request, data)
        del data
        body = encode(answer)
        answers.write(b"%d\n" % len(body))
        answers.write(body)
        answers.flush()
        if not going_on:
            return


class _Work:
    """What this process is asked for. It keeps the file whose pages are shown."""

    def __init__(self) -> None:
        self._shown: OpenPdf | None = None

    def read(self, data: bytes, name: str, password: str | None) -> dict[str, object]:
        self._close()
        return document_to_fields(read_bytes(data, name, password=password))

    def draw(self, data: bytes, name: str, password: str | None, page: dict[str, Any]) -> dict[str, object]:
        """Draw a page; without ``data``, of the file that was shown last."""
        shown = self._open(data, name, password)
        picture = shown.draw(page["number"], page["dpi"], page["lit"], page["crop"])
        return {"png": b64encode(picture).decode("ascii"), "lacks_fonts": shown.lacks_fonts}

    def figures(self, data: bytes, name: str, password: str | None, number: int) -> dict[str, object]:
        """Find the figures of a page; without ``data``, of the file that was shown last."""
        return {"figures": self._open(data, name, password).figures(number)}

    def _open(self, data: bytes, name: str, password: str | None) -> OpenPdf:
        from ragqa.readers.pdf.drawing import OpenPdf

        if data:
            self._close()
            self._shown = OpenPdf(data, name, password)
        if not self._shown:
            raise ValueError("expected the file whose page is to be shown, got none")
        return self._shown

    def _close(self) -> None:
        if self._shown:
            self._shown.close()
            self._shown = None


def _answer(work: _Work, request: dict[str, Any], data: bytes) -> tuple[dict[str, object], bool]:
    """Return what becomes of a file, and whether this process can read another one after it."""
    name, password = request["name"], request["password"]
    try:
        if page := request.get("page"):
            return work.draw(data, name, password, page), True
        if number := request.get("figures"):
            return work.figures(data, name, password, number), True
        return work.read(data, name, password), True
    except RagqaError as error:
        return {"unreadable": str(error)}, True
    except MemoryError:
        return {"memory": True}, False
    except Exception as error:  # a fault of a reader, or of a library that it uses, is one line for one file
        return {"fault": f"{type(error).__name__}: {str(error)[:200]}"}, True


def _take_streams() -> tuple[BinaryIO, BinaryIO]:
    """Return the pipes to the parent; what a library prints or reads from now on goes nowhere."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)
    return requests, answers


def _die_with_parent() -> None:
    """Let Linux end this process with its parent even while it is busy; elsewhere the time limit ends it."""
    if sys.platform == "linux":
        import ctypes

        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG


def _limit(memory: int) -> None:
    """Set the limits that hold for the life of this process, where the system has them."""
    try:
        import resource
    except ImportError:  # Windows
        return
    for name, most in {**_LIMITS, "RLIMIT_AS": _address_space() + memory}.items():
        with suppress(AttributeError, ValueError, OSError):  # not known here, or already lower
            resource.setrlimit(getattr(resource, name), (most, most))


def _address_space() -> int:
    """Return the bytes of address space in use, or a gigabyte where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 1_000_000_000


def _allow(seconds: int) -> None:
    """Have the system end this process when it has used so much more processor time."""
    try:
        import resource
    except ImportError:  # Windows
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + 1 + seconds, hard))


if __name__ == "__main__":
    main()
