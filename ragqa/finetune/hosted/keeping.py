"""What is known here of jobs that run elsewhere: a folder each, and the files that were sent. Asks nobody.

``job.json`` is the job as it was last seen; ``request.json`` says what was asked for, so that asking again takes it up.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ragqa.errors import RagqaError
from ragqa.finetune.hosted.service import Unheard
from ragqa.finetune.jobs import Job
from ragqa.plain_files import cannot_write, write_json

JOB, REQUEST, METRICS, PICTURE = "job.json", "request.json", "metrics.csv", "loss.svg"
SENT = "sent"
"""The folder, beside those of the jobs, of what was sent and what was asked for and not yet answered."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,119}")


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What a job was asked for."""

    key: str
    """The same for the same data, base, options and server."""
    host: str
    form: str


class Kept:
    """The folder of all jobs, as far as they run elsewhere."""

    def __init__(self, jobs: Path) -> None:
        self.jobs = jobs

    def folder(self, job: str) -> Path:
        """Return the folder of ``job``. Raises RagqaError where the name is none that a folder may have."""
        if not _ID.fullmatch(job):
            raise RagqaError(f"'{job[:60]}' is no job's id: 'ragqa finetune list' shows those there are")
        return self.jobs / job

    def job(self, job: str) -> Job | None:
        """Return the job as it was last seen here, if it was."""
        row = _read(self.folder(job) / JOB)
        with contextlib.suppress(TypeError):
            held = Job(**row) if row else None
            return held if held and held.provider == "openai" else None
        return None

    def asked(self, job: str) -> JobRequest | None:
        """Return what the job was asked for, where it was asked for from here."""
        row = _read(self.folder(job) / REQUEST)
        with contextlib.suppress(TypeError):
            return JobRequest(**row) if row else None
        return None

    def keep(self, job: Job, asked: JobRequest | None = None) -> Job:
        """Keep ``job`` as it stands, and return it."""
        folder = self.folder(job.id)
        if asked:
            self.write(folder / REQUEST, asdict(asked))
        self.write(folder / JOB, asdict(job))
        return job

    def all(self) -> list[Job]:
        """Return the jobs as they were last seen, newest first."""
        names = [file.parent.name for file in self.jobs.glob(f"*/{JOB}") if _ID.fullmatch(file.parent.name)]
        held = [job for name in names if (job := self.job(name))]
        return sorted(held, key=lambda job: -job.created_at)

    def of_key(self, key: str) -> Job | None:
        """Return the newest job that was asked for with ``key`` and neither failed nor was cancelled."""
        for job in self.all():
            asked = self.asked(job.id)
            if asked and asked.key == key and job.state not in ("failed", "cancelled"):
                return job
        return None

    def sent(self, sha256: str, host: str) -> str | None:
        """Return the id of a file that was sent to ``host`` before."""
        row = _read(self._sent(sha256, host))
        return str(row["id"]) if row and row.get("id") else None

    def keep_sent(self, sha256: str, host: str, file: str) -> None:
        self.write(self._sent(sha256, host), {"id": file, "host": host})

    @contextlib.contextmanager
    def asking(self, key: str) -> Iterator[bool]:
        """Hold the mark that a job is being asked for; yield whether one was left by a run that never heard back."""
        mark = self.jobs / SENT / f"{key}.asked.json"
        left = mark.is_file()
        self.write(mark, {"key": key})
        try:
            yield left
        except Unheard:
            raise
        except RagqaError:
            mark.unlink(missing_ok=True)
            raise
        mark.unlink(missing_ok=True)

    def write(self, file: Path, value: object) -> None:
        """Write JSON, whole. Raises RagqaError where that can't be."""
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_json(file, value)
        except OSError as error:
            raise cannot_write(file, error) from None

    def _sent(self, sha256: str, host: str) -> Path:
        return self.jobs / SENT / f"{sha256[:32]}@{re.sub(r'[^A-Za-z0-9.-]', '_', host)}.json"


def _read(file: Path) -> dict[str, Any] | None:
    try:
        row = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return row if isinstance(row, dict) else None
