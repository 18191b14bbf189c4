"""The folder of a job: its state, what happened in it, who works on it, and the wish to stop it. Trains nothing.

Who trains holds the folder's lock; a job that says 'running' and whose lock is free was killed.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ragqa.errors import GO_ON, RagqaError
from ragqa.finetune.jobs import Event, Job
from ragqa.plain_files import write_json

RECORD, EVENTS, STOP, LOCK = "job.json", "events.jsonl", "stop", "lock"
MODEL, MAKING, CHECKPOINTS = "model", "making", "checkpoints"

STOPPED = f"it was stopped before it was done: {GO_ON} from its last checkpoint"


class Ledger:
    """What is known of one job."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def model(self) -> Path:
        """Where the finished model lies; there only when it is whole."""
        return self.folder / MODEL

    def read(self) -> Job:
        """Return the job as it stands. Raises RagqaError where the folder holds none."""
        try:
            job = Job(**json.loads((self.folder / RECORD).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            raise RagqaError(
                f"there is no local training job '{self.folder.name}': 'ragqa finetune list --provider local' shows "
                "those there are"
            ) from None
        if job.state == "running" and not self.busy():
            return replace(job, state="cancelled", error=STOPPED)
        return job

    def write(self, job: Job) -> Job:
        """Keep ``job`` and return it."""
        write_json(self.folder / RECORD, asdict(job))
        return job

    def tell(self, message: str, figures: dict[str, float] | None = None, *, error: bool = False) -> None:
        """Add an event."""
        event = Event(time.time(), message, "error" if error else "info", figures or {})
        with contextlib.suppress(OSError), (self.folder / EVENTS).open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(asdict(event), ensure_ascii=False) + "\n")

    def events(self) -> Iterator[Event]:
        """Yield what happened, oldest first; a line that a kill has torn is left out."""
        with contextlib.suppress(FileNotFoundError), (self.folder / EVENTS).open(encoding="utf-8") as lines:
            for line in lines:
                with contextlib.suppress(ValueError, TypeError):
                    yield Event(**json.loads(line))

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Be the one who works on this job. Raises RagqaError where another does."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.folder / LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise RagqaError(
                f"job {self.folder.name} is being trained by another process: 'ragqa finetune status "
                f"{self.folder.name} --provider local' tells how it goes"
            ) from None
        try:
            (self.folder / STOP).unlink(missing_ok=True)
            yield
        finally:
            lock.release()

    def busy(self) -> bool:
        """Say whether someone works on this job."""
        lock = FileLock(self.folder / LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return True
        lock.release()
        return False

    def ask_to_stop(self) -> None:
        """Leave the wish that whoever works on this job stops."""
        (self.folder / STOP).touch()

    def asked_to_stop(self) -> bool:
        return (self.folder / STOP).exists()

    def tidy(self) -> None:
        """Remove what a finished job needs no more."""
        for name in (CHECKPOINTS, MAKING):
            shutil.rmtree(self.folder / name, ignore_errors=True)


def ledgers(jobs: Path) -> list[Ledger]:
    """Return those of all jobs in a folder, newest first."""
    held: list[tuple[float, Ledger]] = []
    for file in jobs.glob(f"*/{RECORD}"):
        with contextlib.suppress(OSError, ValueError):
            row: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            if row.get("provider") == "local":
                held.append((float(row["created_at"]), Ledger(file.parent)))
    return [ledger for _, ledger in sorted(held, key=lambda pair: -pair[0])]
