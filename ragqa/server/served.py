"""What the routes share while the server runs, and how they ask for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Request

from ragqa.engine import Library
from ragqa.server.jobs import Jobs
from ragqa.server.libraries import Libraries
from ragqa.server.limits import Workers
from ragqa.server.metrics import Metrics
from ragqa.server.options import ServeOptions
from ragqa.server.problems import Problem

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Served:
    """The libraries that are served, and what works on them."""

    options: ServeOptions
    libraries: Libraries
    jobs: Jobs
    workers: Workers
    metrics: Metrics

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


def of_request(request: Request) -> Served:
    """Return what serves a request."""
    served = request.app.state.served
    assert isinstance(served, Served)
    return served


ServedNow = Annotated[Served, Depends(of_request)]
