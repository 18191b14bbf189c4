"""What the routes share while the server runs, and how they ask for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, TypeVar
from weakref import WeakValueDictionary

from fastapi import Depends, Request

from ragqa.engine import Library
from ragqa.server.jobs import Jobs
from ragqa.server.libraries import Libraries
from ragqa.server.limits import Workers
from ragqa.server.metrics import Metrics
from ragqa.server.options import ServeOptions
from ragqa.server.problems import Problem

Result = TypeVar("Result")

PIECE = 2**18
"""Bytes of a file that are sent at a time."""


@dataclass(frozen=True)
class SentFile:
    """A file that is sent, in memory once however many clients take it, and however slowly."""

    media_type: str
    data: bytes

    def pieces(self) -> Iterator[bytes]:
        """Yield it in pieces: a client that takes its time takes some of them all the while."""
        for at in range(0, len(self.data), PIECE):
            yield self.data[at : at + PIECE]


@dataclass(frozen=True, slots=True)
class Served:
    """The libraries that are served, and what works on them."""

    options: ServeOptions
    libraries: Libraries
    jobs: Jobs
    workers: Workers
    metrics: Metrics
    originals: WeakValueDictionary[tuple[str, str], SentFile] = field(default_factory=WeakValueDictionary)
    """Files on their way to clients, by library and hash."""

    async def read(self, library: str, do: Callable[[Library], Result]) -> Result:
        """Return what ``do`` reads of a library, in a thread. Raises Problem where none of that name is served."""
        return await self.workers.page(lambda: do(self.libraries.get(library)))

    async def check_library(self, library: str) -> None:
        """Raise Problem where no library of that name is served."""
        await self.read(library, lambda _: None)

    def check_writable(self) -> None:
        """Raise Problem where nothing may be changed."""
        if self.options.read_only:
            raise Problem(403, "read_only", "this server changes nothing: it was started with --read-only")


async def of_request(request: Request) -> Served:
    """Return what serves a request. Asynchronous, so that the framework needs no thread to ask it."""
    served = request.app.state.served
    assert isinstance(served, Served)
    return served


ServedNow = Annotated[Served, Depends(of_request)]
