"""One change of a library, and how it stands: what those who follow it see."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal

from ragqa.server.changing import Kind

Status = Literal["waiting", "running", "done", "failed", "cancelled"]


@dataclass(slots=True)
class Job:
    """One change of a library, and how it stands. Changed on the event loop alone."""

    library: str
    kind: Kind
    document: str
    file: Path | None = None
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    status: Status = "waiting"
    stage: str | None = None
    share: float = 0.0
    notes: list[str] = field(default_factory=list)
    error: str | None = None
    result: dict[str, Any] | None = None
    created: str = field(default_factory=lambda: _now())
    finished: str | None = None
    process: asyncio.subprocess.Process | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def json(self) -> dict[str, Any]:
        """Return how it stands, for a client."""
        return {name: getattr(self, name) for name in SHOWN}

    def tell(self, **facts: Any) -> None:
        """Set what is new, and wake those who follow it."""
        for name, value in facts.items():
            setattr(self, name, value)
        self.changed.set()
        self.changed = asyncio.Event()

    def finish(self, status: Status, **facts: Any) -> None:
        """Set how it ended."""
        self.tell(status=status, stage=None, finished=_now(), **facts)


SHOWN = (
    *("id", "library", "kind", "document", "status", "stage", "share", "notes", "error", "result"),
    *("created", "finished"),
)


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
