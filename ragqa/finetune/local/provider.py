"""Jobs on this machine: a job is trained by the process that creates it, and its folder tells how it goes."""

from __future__ import annotations

import contextlib
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ragqa.embedders.folders import find_model
from ragqa.errors import RagqaError
from ragqa.finetune.jobs import Event, Job, ProviderName, TrainOptions, jobs_folder
from ragqa.finetune.local.bases import find_base, save_model
from ragqa.finetune.local.learning import PICTURE, Task, learn, read_texts
from ragqa.finetune.records import Prepared, read_examples, read_unchanged
from ragqa.finetune.routing.training import encoder_name
from ragqa.finetune.routing.training import train as train_classifier
from ragqa.finetune.training.job import (
    JobFolder,
    Outcome,
    digest_of,
    job_folders,
    model_path,
    need_extra,
    run_job,
)
from ragqa.finetune.training.loop import ProgressSink
from ragqa.plain_files import made_whole
from ragqa.printable import quantity

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
        """Wait until another process has trained ``job``, passing on its events."""
        folder, seen = self._folder(job), 0
        while True:
            now = folder.read()
            for event in list(folder.events())[seen:]:
                seen += 1
                notice(event.message)
            if now.state not in ("queued", "running"):
                return now
            time.sleep(_LOOK_EVERY)

    def status(self, job: str) -> Job:
        return self._folder(job).read()

    def events(self, job: str) -> Iterator[Event]:
        """Yield what happened, oldest first. Raises RagqaError for an unknown job."""
        self._folder(job).read()
        return self._folder(job).events()

    def cancel(self, job: str) -> Job:
        """Ask who trains ``job`` to stop, and wait some seconds until it did; its checkpoints stay."""
        folder = self._folder(job)
        if folder.read().state == "running":
            folder.request_cancellation()
            for _ in range(30):
                if folder.read().state != "running":
                    break
                time.sleep(_LOOK_EVERY / 2)
        return folder.read()

    def jobs(self) -> Iterator[Job]:
        """Yield the jobs of this machine, newest first."""
        for folder in job_folders(jobs_folder(self._settings)):
            with contextlib.suppress(RagqaError):
                yield folder.read()

    def models(self) -> Iterator[str]:
        """Yield the specs of finished models, newest first; not of embedders, which answer nothing."""
        for job in self.jobs():
            if job.model and job.form != "embedder" and model_path(job).is_dir():
                yield job.model

    def _folder(self, job: str) -> JobFolder:
        if Path(job).name != job or job.startswith("."):
            raise RagqaError(f"'{job}' is no job's id: 'ragqa finetune list --provider local' shows those there are")
        return JobFolder(jobs_folder(self._settings) / job)


def train_local(prepared: Path, options: TrainOptions, settings: Settings, notice: Callable[[str], None]) -> Job:
    """Train on the folder ``prepared`` until the model is there, or go on with the same job where it stopped.

    Return the job, its model as ``transformers:PATH`` or ``classifier:PATH``. Raises RagqaError; what was trained so
    far then stays for the next time, unless the loss was no number.
    """
    data = read_unchanged(prepared)
    if data.form == "route":
        revision = find_model(encoder_name(options.base)).revision
        folder = _job_folder(data, options, revision, (), settings)

        def work(sink: ProgressSink) -> Outcome[None]:
            record = train_classifier(prepared, options, folder, sink)
            return Outcome(f"classifier:{folder.model}", None, record["tokens"], record["train_seconds"])

    else:
        need_extra("to train a model here", "accelerate", "peft")
        base = find_base(options.base)
        texts = _texts_of(options.read_library, settings)
        train, valid = (tuple(read_examples(prepared, split)) for split in ("train", "valid"))
        folder = _job_folder(data, options, base.revision, texts, settings)

        def work(sink: ProgressSink) -> Outcome[None]:
            record = learn(Task(base, options, data, train, valid, texts), folder, sink)
            return Outcome(f"transformers:{folder.model}", None, record["tokens"], record["train_seconds"])

    about = quantity(data.examples.get("train", 0), "example")
    return run_job(folder, options.base, data.form, about, work, notice)[0]


def continue_pretraining(
    base: str,
    texts: Sequence[str],
    out: Path,
    *,
    seed: int = 0,
    epochs: int | None = None,
    minutes: float | None = None,
    notice: Callable[[str], None] = lambda line: None,
) -> Path:
    """Write into ``out`` the model ``base`` ('scratch', a folder, a name) after it has read ``texts``; return ``out``.

    The folder is a base like any other; its ``ragqa.json`` says whether it was made from nothing, and ``loss.svg``
    shows the loss by step: of a single pass, on text not yet read. What ``minutes`` don't allow is left out, and said.
    Killed, it goes on from its checkpoints beside ``out``. Raises RagqaError.
    """
    from ragqa.evaluation.report.plots import draw_loss

    need_extra("to train a model here", "accelerate", "peft")
    if out.exists():
        raise RagqaError(f"{out} is there already: remove it, or choose another name")
    found, digest = find_base(base), digest_of(list(texts))
    sink = ProgressSink(lambda line, figures: notice(line))
    beside = out.with_name(f".{out.name}-{digest_of([digest, found.revision, seed, epochs, minutes])[:12]}")
    model, tokenizer, read = read_texts(found, texts, beside, seed=seed, epochs=epochs, sink=sink, minutes=minutes)
    record = {"base": found.name, "base_revision": found.revision, "scratch": found.scratch, "form": None}
    record |= {"texts_sha256": digest, "seed": seed, "read": asdict(read)}
    record |= {"method": "full" if found.scratch else "lora"}
    record |= {"tokens": read.tokens, "train_seconds": read.seconds}
    with made_whole(out) as making:
        save_model(model, tokenizer, making, record)
        (making / PICTURE).write_text(draw_loss(read.curve, ()), encoding="utf-8")
    shutil.rmtree(beside, ignore_errors=True)
    return out


def _texts_of(library: str | None, settings: Settings) -> tuple[str, ...]:
    if library is None:
        return ()
    from ragqa.engine import Library

    with Library.open(settings=replace(settings, index=library)) as opened:
        texts = tuple(opened.show(stored.name).text for stored in opened.documents())
    if not any(text.strip() for text in texts):
        raise RagqaError(f"library '{library}' holds no text to read: ingest a manual into it, or leave it out")
    return texts


def _job_folder(
    data: Prepared, options: TrainOptions, revision: str, texts: Sequence[str], settings: Settings
) -> JobFolder:
    """Return the folder that the same data, base, text and options give again."""
    suffix = options.suffix
    if suffix is not None and not _SUFFIX.fullmatch(suffix):
        raise RagqaError(f"--suffix should be up to 40 letters, digits, '-' and '_'; got '{suffix}'")
    chosen = asdict(replace(options, suffix=None, base=revision))
    known = digest_of([data.sha256["train"], data.sha256["valid"], data.form, chosen, list(texts)])[:12]
    return JobFolder(jobs_folder(settings) / (f"{suffix}-{known}" if suffix else known))
