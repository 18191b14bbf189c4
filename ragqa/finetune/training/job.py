"""The folder of a job on this machine: its state, its events, who works on it, and requests to cancel it.

Whoever trains holds the folder's lock; a job that says 'running' and whose lock is free was killed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Generic, TypeVar

from filelock import FileLock, Timeout

from ragqa.errors import GO_ON, MissingExtra, RagqaError
from ragqa.finetune.jobs import Event, Job
from ragqa.finetune.training.checkpoints import Checkpoints, Rank, rank_by_loss
from ragqa.finetune.training.loop import Cancelled, ProgressSink
from ragqa.models.safety import RECORD
from ragqa.plain_files import cannot_write, made_whole, write_json

JOB, EVENTS, STOP, LOCK = "job.json", "events.jsonl", "stop", "lock"
MODEL, CHECKPOINTS = "model", "checkpoints"

STOPPED = f"it was stopped before it was done: {GO_ON} from its last checkpoint"

T = TypeVar("T")


class JobFolder:
    """What is known of one job."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def model(self) -> Path:
        """Where the finished model lies, unless the user chose a place; there only when it is whole."""
        return self.folder / MODEL

    def checkpoints(self, stage: str, rank: Rank = rank_by_loss) -> Checkpoints:
        """Return the checkpoints of a stage, such as 'learning'."""
        return Checkpoints(self.folder / CHECKPOINTS / stage, rank)

    def read(self) -> Job:
        """Return the job as it stands. Raises RagqaError where the folder holds none."""
        try:
            job = Job(**json.loads((self.folder / JOB).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            raise RagqaError(
                f"there is no local training job '{self.folder.name}': 'ragqa finetune list --provider local' shows "
                "those there are"
            ) from None
        if job.state == "running" and not self.is_locked():
            return replace(job, state="cancelled", error=STOPPED)
        return job

    def write(self, job: Job) -> Job:
        """Write ``job`` and return it."""
        write_json(self.folder / JOB, asdict(job))
        return job

    def add_event(self, message: str, figures: dict[str, float] | None = None, *, error: bool = False) -> None:
        """Add an event; a disk that is full costs the event, not the training."""
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
    def lock(self) -> Iterator[None]:
        """Work on this job, alone. Raises RagqaError where another process does."""
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

    def is_locked(self) -> bool:
        """Return whether a process works on this job."""
        lock = FileLock(self.folder / LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return True
        lock.release()
        return False

    def request_cancellation(self) -> None:
        """Ask the process that works on this job to stop."""
        (self.folder / STOP).touch()

    def cancellation_requested(self) -> bool:
        return (self.folder / STOP).exists()


def job_folders(jobs: Path) -> list[JobFolder]:
    """Return those of all jobs in a folder that run on this machine, newest first."""
    found: list[tuple[float, JobFolder]] = []
    for file in jobs.glob(f"*/{JOB}"):
        with contextlib.suppress(OSError, ValueError):
            row: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            if row.get("provider") == "local":
                found.append((float(row["created_at"]), JobFolder(file.parent)))
    return [folder for _, folder in sorted(found, key=lambda pair: -pair[0])]


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """What came of a job's work."""

    model: str | None
    """The finished model's spec; None where none was worth keeping."""
    result: T
    tokens: int | None = None
    seconds: float | None = None


def run_job(
    folder: JobFolder,
    base: str,
    form: str,
    about: str,
    work: Callable[[ProgressSink], Outcome[T]],
    notice: Callable[[str], None],
) -> tuple[Job, Outcome[T] | None]:
    """Do the work of a job, or go on with it; return the job and what came of it: None where it was done or cancelled.

    ``about`` says in a few words what it is about, as in '12 examples'. Its state and events stand in its folder
    meanwhile. Raises RagqaError; what was trained so far then stays for the next time.
    """

    def report(line: str, figures: dict[str, float]) -> None:
        notice(line)
        folder.add_event(line, figures)

    try:
        with folder.lock():
            before = folder.read() if (folder.folder / JOB).is_file() else None
            if before and before.state == "succeeded" and model_path(before).is_dir():
                notice(f"job {before.id} is done already: nothing was trained")
                return before, None
            began = before.created_at if before else time.time()
            job = folder.write(Job(folder.folder.name, "local", "running", base, form, began))
            report(f"job {job.id} {'goes on' if before else 'begins'}: {about}", {})
            try:
                outcome = work(ProgressSink(report, folder.cancellation_requested))
            except (Cancelled, KeyboardInterrupt) as stop:
                report(f"stopped: {GO_ON}", {})
                stopped = folder.write(replace(job, state="cancelled", finished_at=time.time(), error=STOPPED))
                if isinstance(stop, KeyboardInterrupt):
                    raise
                return stopped, None
            except RagqaError as error:
                with contextlib.suppress(OSError):
                    folder.add_event(str(error), error=True)
                    folder.write(replace(job, state="failed", finished_at=time.time(), error=str(error)))
                raise
            done = replace(job, state="succeeded", finished_at=time.time(), model=outcome.model, cost_usd=0.0)
            done = folder.write(replace(done, trained_tokens=outcome.tokens, train_seconds=outcome.seconds))
            shutil.rmtree(folder.folder / CHECKPOINTS, ignore_errors=True)
            report(f"done: {done.model or 'no model was kept'}", {})
            return done, outcome
    except OSError as error:
        raise cannot_write(folder.folder, error) from None


def model_path(job: Job) -> Path:
    """Return where the model of a job on this machine lies; a path that is not there where it has none."""
    return Path((job.model or "").partition(":")[2] or "no model")


def write_model(target: Path, write: Callable[[Path], Mapping[str, Any]]) -> dict[str, Any]:
    """Have ``write`` make a model in an empty folder, and move it to ``target`` with the record that it returns.

    A model that is there already, whose job was killed before it said so, stays as it is. Returns the record.
    """
    if (target / RECORD).is_file():
        found: dict[str, Any] = json.loads((target / RECORD).read_text(encoding="utf-8"))
        return found
    from safetensors import SafetensorError

    with made_whole(target) as making:
        try:
            record = dict(write(making))
        except SafetensorError as error:  # which tells of a full disk in words of its own
            raise cannot_write(target, error) from None
        write_json(making / RECORD, record)
    return record


def digest_of(value: object) -> str:
    """Return a SHA-256 of what ``value`` is as JSON, by which the same work is known again."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def need_extra(purpose: str, *modules: str) -> None:
    """Raise MissingExtra where one of ``modules`` is not installed; ``purpose`` as in 'to train a model here'."""
    if not all(find_spec(name) for name in modules):
        raise MissingExtra(f"ragqa[train] is needed {purpose} — pip install 'ragqa[train]'")
