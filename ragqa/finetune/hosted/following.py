"""Wait for a job that runs elsewhere: look at it with growing pauses, tell its events, bear a network that fails.

Neither begins nor stops anything.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from ragqa.finetune.hosted.service import Unreachable
from ragqa.finetune.jobs import Event, Job

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds between two looks at a job."""

PATIENCE = 20
"""Looks in a row that may fail: some ten minutes without a network."""

OVER = ("succeeded", "failed", "cancelled")


def follow(
    look: Callable[[], Job], events: Callable[[], Sequence[tuple[str, Event]]], notice: Callable[[str], None]
) -> Job:
    """Return the job once it is over. ``events`` returns those since the last call, oldest first, with their ids."""
    pause, failed = FIRST_PAUSE, 0
    while True:
        try:
            job = look()
            new = [event for _, event in events()]
        except Unreachable as error:
            failed += 1
            if failed >= PATIENCE:
                raise
            if failed == 1:
                notice(f"{error}; the job goes on there, and it is looked at again in a moment")
        else:
            if failed:
                notice("the server can be reached again")
            failed = 0
            for event in told(new):
                notice(event.message)
            pause = FIRST_PAUSE if new else pause
            if job.state in OVER:
                return job
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)


def told(events: Sequence[Event]) -> list[Event]:
    """Return the events worth a line: of the many that only measure a step, the last."""
    measured = [at for at, event in enumerate(events) if "train_loss" in event.figures]
    return [event for at, event in enumerate(events) if "train_loss" not in event.figures or at == measured[-1]]
