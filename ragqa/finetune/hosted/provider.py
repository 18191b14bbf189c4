"""Jobs at the service: begun, taken up, followed, cancelled. Sends examples; whether it may is asked by the caller."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragqa.errors import ModelError, RagqaError
from ragqa.finetune.hosted.keeping import METRICS, PICTURE, JobRequest, Kept
from ragqa.finetune.hosted.pairs import PairLines
from ragqa.finetune.hosted.service import (
    FEWEST,
    Busy,
    Gone,
    Lines,
    Service,
    Unheard,
    Unreachable,
    chat_lines,
    checkpoint_event_of,
    csv_of,
    curves,
    event_of,
    job_of,
    lines_file,
)
from ragqa.finetune.jobs import Event, Job, ProviderName, TrainOptions, jobs_folder
from ragqa.finetune.records import Prepared, read_unchanged
from ragqa.printable import quantity

if TYPE_CHECKING:
    from openai.types.fine_tuning import FineTuningJob

    from ragqa.settings import Settings


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


PAGE = 100
"""Jobs or events asked for at a time; there are as many pages as it takes."""


class OpenAIProvider:
    """Trains at OpenAI or at the server of ``OPENAI_BASE_URL``. Contacts nobody before it is asked something."""

    name: ProviderName = "openai"

    def __init__(self, settings: Settings) -> None:
        self._service, self._prices = Service(settings.timeout), settings.prices
        self._kept = Kept(jobs_folder(settings))

    @property
    def host(self) -> str:
        """The server that would be sent to."""
        return self._service.host

    def begun(self, prepared: Path, options: TrainOptions) -> Job | None:
        """Return the job that ``create`` would take up, as it was last seen; None where it would begin one."""
        return self._kept.of_key(_key(read_unchanged(prepared), options, self._service.host))

    def create(self, prepared: Path, options: TrainOptions, notice: Callable[[str], None]) -> Job:
        """Send the examples and begin a job, or return the same one that was begun before. Does not wait for it.

        Raises RagqaError. A file that was sent stays known, so that it is not sent again after a failure.
        """
        data = _checked(read_unchanged(prepared), options)
        method = {"type": "supervised", "supervised": {"hyperparameters": _chosen(options)}}
        asked = JobRequest(_key(data, options, self._service.host), self._service.host, data.form)
        too_few = f"{prepared} has {{}} to learn from: add more, or train here with --provider local"
        splits = (chat_lines(prepared, "train"), chat_lines(prepared, "valid"))
        return self._create(asked, splits, _request(options, method, asked.key), too_few, notice)

    def begun_preferences(self, pairs: PairLines, options: TrainOptions, beta: float | None) -> Job | None:
        """Return the job that ``create_preferences`` would take up; None where it would begin one."""
        return self._kept.of_key(_key_of_pairs(pairs, options, beta, self._service.host))

    def create_preferences(
        self, pairs: PairLines, options: TrainOptions, beta: float | None, notice: Callable[[str], None]
    ) -> Job:
        """Send preference pairs and begin DPO on them, as ``create`` does; the service chooses what is None."""
        host = self._service.host
        asked = JobRequest(_key_of_pairs(pairs, options, beta, host), host, "preference")
        chosen = _chosen(options) | ({} if beta is None else {"beta": beta})
        method = {"type": "dpo", "dpo": {"hyperparameters": chosen}}
        too_few = "the feedback gives {}: judge more answers"
        return self._create(asked, (pairs.train, pairs.valid), _request(options, method, asked.key), too_few, notice)

    def _create(
        self,
        asked: JobRequest,
        splits: tuple[Iterable[str], Iterable[str]],
        request: dict[str, Any],
        too_few: str,
        notice: Callable[[str], None],
    ) -> Job:
        before = self._kept.of_key(asked.key)
        if before:
            notice(f"job {before.id} was begun before: it is taken up")
            return self.status(before.id)
        sent: dict[str, str] = {}
        with lines_file(splits[0]) as train:
            if train.examples < FEWEST and self._service.server.official:
                raise RagqaError(f"OpenAI trains on {FEWEST} examples or more, and {too_few.format(train.examples)}")
            sent["training_file"] = send(self._service, self._kept, train, "train.jsonl", notice)
        with lines_file(splits[1]) as valid:
            if valid.examples:
                sent["validation_file"] = send(self._service, self._kept, valid, "valid.jsonl", notice)
        job = self._begin(asked, {**sent, **request})
        notice(f"job {job.id} is {job.state} at {asked.host}")
        return job

    def _begin(self, asked: JobRequest, request: dict[str, Any]) -> Job:
        """Ask for a job once: where an answer got lost before, look first whether the job is there."""
        with self._kept.asking(asked.key) as unheard:
            made = self._found(asked.key, request["training_file"]) if unheard else None
            if made is None:
                try:
                    with self._service.asking("the job", model=str(request["model"])):
                        # The client must not ask again by itself: two jobs would be paid for.
                        made = self._service.client.with_options(max_retries=0).fine_tuning.jobs.create(**request)
                        job_of(made, asked.form, self._prices)
                except Busy:
                    raise
                except Unreachable as error:
                    told = "whether the job was begun is not known: the same command again looks for it first"
                    raise Unheard(f"{error}; {told}") from None
            return self._kept.keep(self._job(made, asked.form), asked)

    def _found(self, key: str, file: str) -> FineTuningJob | None:
        with self._service.asking("list of jobs"):
            for made in self._service.client.fine_tuning.jobs.list(limit=PAGE):
                if made.status in ("failed", "cancelled") or self._kept.asked(made.id):
                    continue  # over without a model, or an answer that was heard
                if made.training_file == file and (made.metadata or {}).get("ragqa") in (key, None):
                    return made
        return None

    def follow(self, job: str, notice: Callable[[str], None]) -> Job:
        """Wait until ``job`` is over, telling its events; fetch its measures. It goes on there if this is stopped."""
        seen: set[str] = set()
        return follow(lambda: self.status(job), lambda: self._new_events(job, seen), notice)

    def status(self, job: str) -> Job:
        """Return the job as it stands. One that is over, and whose measures are here, is not asked for again."""
        held, asked = self._kept.job(job), self._kept.asked(job)
        folder = self._kept.folder(job)
        if held and held.state in OVER and (held.state != "succeeded" or (folder / METRICS).is_file()):
            return held
        self._same_host(job, asked)
        with self._service.asking(f"job {job}"):
            made = self._service.client.fine_tuning.jobs.retrieve(job)
            now = self._job(made, asked.form if asked else held.form if held else "")
        self._kept.keep(now)
        if now.state == "succeeded":
            with contextlib.suppress(RagqaError, OSError):  # the model is there, whether or not it was measured
                self._fetch_measures(made, folder)
        return now

    def events(self, job: str) -> Iterator[Event]:
        """Yield a job's events and checkpoints, oldest first. Raises RagqaError for an unknown job."""
        found = [event for _, event in self._new_events(job, set())]
        yield from sorted([*found, *self._checkpoints(job)], key=lambda event: event.at)

    def _checkpoints(self, job: str) -> list[Event]:
        """Return the checkpoints that the service offers of a job; many servers offer none."""
        try:
            with self._service.asking(f"checkpoint of job {job}"):
                held = self._service.client.fine_tuning.jobs.checkpoints.list(job, limit=PAGE)
                return [checkpoint_event_of(made) for made in held]
        except Unreachable:
            raise
        except ModelError:
            return []

    def cancel(self, job: str) -> Job:
        """Stop a job; what it trained so far is lost. A job that is over stays as it is."""
        asked = self._kept.asked(job)
        self._same_host(job, asked)
        now = self.status(job)
        if now.state in OVER:
            return now
        with self._service.asking(f"job {job}"):
            made = self._service.client.fine_tuning.jobs.cancel(job)
            return self._kept.keep(self._job(made, now.form))

    def jobs(self) -> Iterator[Job]:
        """Yield the account's jobs, newest first, those too that were not begun from here."""
        with self._service.asking("list of jobs"):
            for made in self._service.client.fine_tuning.jobs.list(limit=PAGE):
                asked = self._kept.asked(str(made.id))
                yield self._job(made, asked.form if asked else "")

    def models(self) -> Iterator[str]:
        """Yield the specs of finished models that the service still has."""
        with self._service.asking("list of models"):
            there = {str(model.id): int(model.created or 0) for model in self._service.client.models.list()}
        ours = {str(job.model).removeprefix("openai:") for job in self.seen() if job.model}
        for name in sorted(there, key=lambda name: -there[name]):
            if name.startswith("ft:") or name in ours:
                yield f"openai:{name}"

    def seen(self) -> list[Job]:
        """Return the jobs that are known here, as they were last seen, without asking anyone."""
        return self._kept.all()

    def _job(self, made: FineTuningJob, form: str) -> Job:
        return job_of(made, form, self._prices)

    def _new_events(self, job: str, seen: set[str]) -> list[tuple[str, Event]]:
        """Return the events that are not among ``seen``, oldest first, and add them to it."""
        self._kept.folder(job)  # a name that is none never gets into an address
        new: list[tuple[str, Event]] = []
        with self._service.asking(f"job {job}"):
            for made in self._service.client.fine_tuning.jobs.list_events(job, limit=PAGE):  # newest first
                if made.id in seen:
                    break
                new.append((made.id, event_of(made)))
        seen.update(name for name, _ in new)
        return new[::-1]

    def _fetch_measures(self, made: FineTuningJob, folder: Path) -> None:
        from ragqa.evaluation.report.plots import draw_loss

        for file in made.result_files or ():
            with self._service.asking(f"file {file}"):
                text = csv_of(self._service.client.files.content(file).content)
            train, valid = curves(text)
            (folder / METRICS).write_text(text, encoding="utf-8")
            if max((step for step, _ in (*train, *valid)), default=0) > 0:
                (folder / PICTURE).write_text(draw_loss(train, valid), encoding="utf-8")
            return

    def _same_host(self, job: str, asked: JobRequest | None) -> None:
        if asked and asked.host != self._service.host:
            raise RagqaError(
                f"job {job} was begun at {asked.host}, and OPENAI_BASE_URL now names {self._service.host}: set it back"
            )


def _checked(data: Prepared, options: TrainOptions) -> Prepared:
    if options.base == "scratch":
        raise RagqaError(
            "--base should name a model that the service trains, such as gpt-4.1-mini-2025-04-14; got scratch, which "
            "is for --provider local"
        )
    if any(one is not None for one in (options.read_library, options.max_tokens, options.minutes)):
        raise RagqaError(
            "--read, --max-tokens and --minutes are for --provider local: the service reads the examples alone"
        )
    if not data.examples.get("train"):
        raise RagqaError("there is no example to train on: train.jsonl is empty; prepare the folder anew")
    return data


def _chosen(options: TrainOptions) -> dict[str, Any]:
    """Return the hyperparameters that were chosen; the others are left to the service."""
    chosen = {
        "n_epochs": options.epochs,
        "batch_size": options.batch_size,
        "learning_rate_multiplier": options.learning_rate,
    }
    return {name: value for name, value in chosen.items() if value is not None}


def _request(options: TrainOptions, method: dict[str, Any], key: str) -> dict[str, Any]:
    """Return what a job is asked for with, but for its files."""
    request = {"model": options.base, "seed": options.seed, "method": method, "metadata": {"ragqa": key}}
    return {**request, "suffix": options.suffix} if options.suffix else request


def _key(data: Prepared, options: TrainOptions, host: str) -> str:
    chosen = asdict(replace(options, method=None))  # which the service does not know
    known = [data.sha256.get("train"), data.sha256.get("valid"), chosen, host]
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()[:32]


def _key_of_pairs(pairs: PairLines, options: TrainOptions, beta: float | None, host: str) -> str:
    known = ["dpo", pairs.train, pairs.valid, beta, asdict(options), host]
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()[:32]


def send(service: Service, kept: Kept, held: Lines, name: str, notice: Callable[[str], None]) -> str:
    """Return the id of the file at the service, sent now unless the very same one was sent before and is there."""
    before = kept.sent(held.sha256, service.host)
    if before:
        with contextlib.suppress(Gone):
            with service.asking(f"file {before}"):
                there = service.client.files.retrieve(before)
            if there.status != "error":
                notice(f"{name} was sent before, as {before}: it is not sent again")
                return before
    notice(f"sending {name}: {quantity(held.examples, 'example')}, {held.bytes / 1e6:.1f} MB, to {service.host}")
    with service.asking(f"the file {name}"):
        made = service.client.files.create(file=(name, held.file), purpose="fine-tune")
        file = str(made.id)
    kept.keep_sent(held.sha256, service.host, file)
    return file
