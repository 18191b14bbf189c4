"""Jobs on this machine: a job is trained by the process that creates it, and its folder tells how it goes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragqa.errors import GO_ON, MissingExtra, RagqaError
from ragqa.finetune.jobs import Event, Job, ProviderName, TrainOptions, jobs_folder
from ragqa.finetune.local.bases import find_base, preferred_beside, save_model
from ragqa.finetune.local.learning import Task, learn, read_texts
from ragqa.finetune.local.ledger import CHECKPOINTS, MAKING, STOPPED, Ledger, ledgers
from ragqa.finetune.local.training import Cancelled, Watch
from ragqa.finetune.records import Prepared, read_examples, read_unchanged
from ragqa.models.safety import RECORD
from ragqa.plain_files import cannot_write, made_whole, publish, write_json

if TYPE_CHECKING:
    from ragqa.settings import Settings

_SUFFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_LOOK_EVERY = 1.0
"""Seconds between two looks at a job that another process trains."""


class LocalProvider:
    """Trains here, in the calling process."""

    name: ProviderName = "local"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def create(self, prepared: Path, options: TrainOptions, notice: Callable[[str], None]) -> Job:
        """Train until it is done; the same job that was stopped goes on, and a finished one is returned as it is."""
        return train_local(prepared, options, self._settings, notice)

    def follow(self, job: str, notice: Callable[[str], None]) -> Job:
        """Wait until another process has trained ``job``, telling what it tells."""
        ledger, told = self._ledger(job), 0
        while True:
            now = ledger.read()
            for event in list(ledger.events())[told:]:
                told += 1
                notice(event.message)
            if now.state not in ("queued", "running"):
                return now
            time.sleep(_LOOK_EVERY)

    def status(self, job: str) -> Job:
        return self._ledger(job).read()

    def events(self, job: str) -> Iterator[Event]:
        """Yield what happened, oldest first. Raises RagqaError for an unknown job."""
        self._ledger(job).read()
        return self._ledger(job).events()

    def cancel(self, job: str) -> Job:
        """Ask who trains ``job`` to stop, and wait some seconds until it did; its checkpoints stay."""
        ledger = self._ledger(job)
        if ledger.read().state == "running":
            ledger.ask_to_stop()
            for _ in range(30):
                if ledger.read().state != "running":
                    break
                time.sleep(_LOOK_EVERY / 2)
        return ledger.read()

    def jobs(self) -> Iterator[Job]:
        """Yield the jobs of this machine, newest first."""
        for ledger in ledgers(jobs_folder(self._settings)):
            with contextlib.suppress(RagqaError):
                yield ledger.read()

    def models(self) -> Iterator[str]:
        """Yield the specs of finished models, the newest first; behind each, what learned from it what is preferred."""
        for ledger in ledgers(jobs_folder(self._settings)):
            with contextlib.suppress(RagqaError):
                job = ledger.read()
                if job.model and (ledger.model / RECORD).is_file():
                    yield job.model
                taught = preferred_beside(ledger.model)
                if (taught / RECORD).is_file():
                    yield f"transformers:{taught}"

    def _ledger(self, job: str) -> Ledger:
        if Path(job).name != job or job.startswith("."):
            raise RagqaError(f"'{job}' is no job's id: 'ragqa finetune list --provider local' shows those there are")
        return Ledger(jobs_folder(self._settings) / job)


def train_local(prepared: Path, options: TrainOptions, settings: Settings, notice: Callable[[str], None]) -> Job:
    """Train on the folder ``prepared`` until the model is there, or go on with the same job where it stopped.

    Return the job, its model as ``transformers:PATH``. Raises RagqaError; what was trained so far then stays for the
    next time, unless the loss was no number.
    """
    data = read_unchanged(prepared)
    if data.form == "route":
        return _kept(prepared, data, options, settings, notice, None)
    _need_extra()
    base = find_base(options.base)
    texts = _texts_of(options.read_library, settings)
    train, valid = (tuple(read_examples(prepared, split)) for split in ("train", "valid"))
    return _kept(prepared, data, options, settings, notice, Task(base, options, data, train, valid, texts))


def continue_pretraining(
    base: str,
    texts: Sequence[str],
    out: Path,
    *,
    seed: int = 0,
    epochs: int | None = None,
    notice: Callable[[str], None] = lambda line: None,
) -> Path:
    """Write into ``out`` the model ``base`` ('scratch', a folder, a name) after it has read ``texts``; return ``out``.

    The folder is a base like any other; its ``ragqa.json`` says whether it was made from nothing. Raises RagqaError.
    """
    _need_extra()
    found = find_base(base)
    with made_whole(out) as making:
        watch = Watch("reading", lambda line, figures: notice(line))
        model, tokenizer, read = read_texts(found, texts, making / CHECKPOINTS, seed=seed, epochs=epochs, watch=watch)
        Ledger(making).tidy()
        record = {"base": found.name, "base_revision": found.revision, "scratch": found.scratch, "form": None}
        record |= {"texts_sha256": _hash(list(texts)), "seed": seed, "method": "full", "read": asdict(read)}
        record |= {"tokens": read.tokens, "train_seconds": read.seconds}
        save_model(model, tokenizer, making, record)
    return out


def _kept(
    prepared: Path,
    data: Prepared,
    options: TrainOptions,
    settings: Settings,
    notice: Callable[[str], None],
    task: Task | None,
) -> Job:
    """Run the job and keep its record; ``task`` is None for a classifier."""
    ledger = Ledger(jobs_folder(settings) / _id_of(data, options, task))

    def told(line: str, figures: dict[str, float]) -> None:
        notice(line)
        ledger.tell(line, figures)

    with _writable(ledger.folder), ledger.held():
        before = ledger.read() if (ledger.folder / "job.json").is_file() else None
        if before and before.state == "succeeded" and ledger.model.is_dir():
            notice(f"job {before.id} is done already: nothing was trained")
            return before
        began = before.created_at if before else time.time()
        job = Job(ledger.folder.name, "local", "running", options.base, data.form, began)
        ledger.write(job)
        told(f"job {job.id} {'goes on' if before else 'begins'}: {data.examples.get('train', 0)} examples", {})
        try:
            record = _made(prepared, options, ledger, task, told)
        except (Cancelled, KeyboardInterrupt) as stop:
            told(f"stopped: {GO_ON}", {})
            stopped = ledger.write(replace(job, state="cancelled", finished_at=time.time(), error=STOPPED))
            if isinstance(stop, KeyboardInterrupt):
                raise
            return stopped
        except RagqaError as error:
            with contextlib.suppress(OSError):
                ledger.tell(str(error), error=True)
                ledger.write(replace(job, state="failed", finished_at=time.time(), error=str(error)))
            raise
        done = ledger.write(_succeeded(job, ledger, record))
        ledger.tidy()
        told(f"done: {done.model}", {})
        return done


def _succeeded(job: Job, ledger: Ledger, record: dict[str, Any]) -> Job:
    kind = "classifier" if job.form == "route" else "transformers"
    return replace(
        job,
        state="succeeded",
        finished_at=time.time(),
        model=f"{kind}:{ledger.model}",
        trained_tokens=record.get("tokens"),
        train_seconds=record.get("train_seconds"),
        cost_usd=0.0,
    )


def _made(
    prepared: Path,
    options: TrainOptions,
    ledger: Ledger,
    task: Task | None,
    told: Callable[[str, dict[str, float]], None],
) -> dict[str, Any]:
    """Train, and move the model to its place."""
    if ledger.model.is_dir():  # killed between the move and the record
        record: dict[str, Any] = json.loads((ledger.model / RECORD).read_text(encoding="utf-8"))
        return record
    if task is not None:
        record = learn(task, ledger.folder, Watch("learning", told, ledger.asked_to_stop))
    else:
        from ragqa.finetune.routing import train_route

        def relayed(line: str) -> None:
            told(line, {})
            if ledger.asked_to_stop():
                raise Cancelled

        record = train_route(prepared, options, ledger.folder, relayed)
        write_json(ledger.folder / MAKING / RECORD, record)
    publish(ledger.folder / MAKING, ledger.model)
    return record


def _texts_of(library: str | None, settings: Settings) -> tuple[str, ...]:
    if library is None:
        return ()
    from ragqa.engine import Library

    with Library.open(settings=replace(settings, index=library)) as held:
        texts = tuple(held.show(stored.name).text for stored in held.documents())
    if not any(text.strip() for text in texts):
        raise RagqaError(f"library '{library}' holds no text to read: ingest a manual into it, or leave it out")
    return texts


def _id_of(data: Prepared, options: TrainOptions, task: Task | None) -> str:
    """Return a name that the same data, base, text and options give again."""
    suffix = options.suffix
    if suffix is not None and not _SUFFIX.fullmatch(suffix):
        raise RagqaError(f"--suffix should be up to 40 letters, digits, '-' and '_'; got '{suffix}'")
    chosen = asdict(replace(options, suffix=None, base=task.base.revision if task else options.base))
    known = _hash([data.sha256["train"], data.sha256["valid"], data.form, chosen, task.texts if task else ()])[:12]
    return f"{suffix}-{known}" if suffix else known


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


@contextlib.contextmanager
def _writable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise cannot_write(folder, error) from None


def _need_extra() -> None:
    if not all(find_spec(name) for name in ("accelerate", "peft")):
        raise MissingExtra("ragqa[train] is needed to train a model here — pip install 'ragqa[train]'")
