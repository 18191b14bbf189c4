"""``finetune create``, ``status``, ``events``, ``cancel``, ``list`` and ``models``: jobs here or at OpenAI."""

from __future__ import annotations

import dataclasses
import math
import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from ragqa.cli import options as opt
from ragqa.cli.agreeing import agree_to_send
from ragqa.cli.output import note, print_json, print_table, say

if TYPE_CHECKING:
    from ragqa.finetune.jobs import Job, Provider
    from ragqa.settings import Settings

Prepared = Annotated[Path, typer.Argument(help="A folder made by 'ragqa finetune prepare'.")]
JobId = Annotated[str, typer.Argument(metavar="ID", help="A job's id, as 'ragqa finetune list' shows it.")]
ProviderOption = Annotated[str, typer.Option("--provider", "-p", help="Who trains: local (this machine) or openai.")]
ProviderOf = Annotated[
    str | None,
    typer.Option("--provider", "-p", help="local or openai; known by the job's id unless given.", show_default=False),
]
Asked = Annotated[
    str | None,
    typer.Option(
        "--provider",
        "-p",
        help="local or openai, which is then asked over the network. None: both, as they are known here.",
        show_default=False,
    ),
]
Base = Annotated[
    str | None,
    typer.Option(
        "--base",
        "-b",
        help="The model to train. local: smollm2, a folder, a GGUF file or a name, or scratch, a small new one "
        "(scratch; for route the bundled encoder). openai: such as gpt-4.1-mini-2025-04-14; it must be named.",
        show_default=False,
    ),
]
Suffix = Annotated[str | None, typer.Option("--suffix", help="A word in the finished model's name.")]
Epochs = opt.Epochs
BatchSize = opt.BatchSize
Rate = Annotated[
    float | None, typer.Option("--learning-rate", help="Learning rate; openai: a multiplier of its default.")
]
Seed = opt.FixedSeed
MethodOption = Annotated[
    str | None,
    typer.Option(
        "--method",
        help="local, of a pretrained base: lora (adapters) or full (all weights). None: lora to read by a large base.",
        show_default=False,
    ),
]
Longest = Annotated[
    int | None, typer.Option("--max-tokens", min=1, help="local: longer examples are left out, and counted.")
]
Read = Annotated[
    str | None, typer.Option("--read", metavar="LIBRARY", help="local: the library whose text the model reads first.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Agree to send the examples and to pay, without being asked.")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="openai: return once the job is begun.")]
Wait = Annotated[bool, typer.Option("--wait", "-w", help="Tell how it goes until the job is over.")]


def create(
    prepared: Prepared,
    provider: ProviderOption = "local",
    base: Base = None,
    suffix: Suffix = None,
    epochs: Epochs = None,
    batch_size: BatchSize = None,
    learning_rate: Rate = None,
    seed: Seed = 0,
    method: MethodOption = None,
    minutes: opt.Minutes = None,
    max_tokens: Longest = None,
    read: Read = None,
    yes: Yes = False,
    no_wait: NoWait = False,
    timeout: opt.Timeout = None,
    home: opt.Home = None,
    as_json: opt.Json = False,
) -> None:
    """Train a model on prepared examples, here or at OpenAI, and wait until it is done.

    The same command again takes up what was stopped. At OpenAI the tokens and the price are shown first, and nothing
    is sent unless you agree; OPENAI_BASE_URL names another server that speaks its interface.
    """
    from ragqa.finetune import open_provider
    from ragqa.finetune.jobs import Method, TrainOptions
    from ragqa.settings import load_settings

    if method is not None and method not in get_args(Method):
        raise typer.BadParameter(f"--method takes {' or '.join(get_args(Method))}; got {method!r}")
    if learning_rate is not None and not 0 < learning_rate < math.inf:
        raise typer.BadParameter(f"--learning-rate takes a number above 0; got {learning_rate}")
    if no_wait and provider == "local":
        raise typer.BadParameter("--no-wait is for --provider openai: a local job is trained by this very command")
    settings = load_settings({"home": home, "timeout": timeout}, notice=note)
    held = open_provider(provider, settings)
    given: Any = {"base": base or _default_base(provider, prepared), "method": method, "read_library": read}
    options = TrainOptions(**given, suffix=suffix, epochs=epochs, batch_size=batch_size, learning_rate=learning_rate)
    options = dataclasses.replace(options, seed=seed, max_tokens=max_tokens, minutes=minutes)
    if provider == "openai":
        agree_to_send(prepared, options, settings, yes=yes)
        finish_hosted(held, held.create(prepared, options, note), as_json, wait=not no_wait)
    else:
        _finish(held.create(prepared, options, note), as_json, waited=True)


def status(
    job: JobId,
    wait: Wait = False,
    provider: ProviderOf = None,
    timeout: opt.Timeout = None,
    home: opt.Home = None,
    as_json: opt.Json = False,
) -> None:
    """Say how a job stands, or with --wait follow it until it is over."""
    held = _provider_of(job, provider, _settings(home, timeout))
    _finish(_followed(held, job) if wait else held.status(job), as_json, waited=wait)


def events(
    job: JobId,
    provider: ProviderOf = None,
    timeout: opt.Timeout = None,
    home: opt.Home = None,
    as_json: opt.Json = False,
) -> None:
    """Show what happened in a job, oldest first."""
    found = _provider_of(job, provider, _settings(home, timeout)).events(job)
    if as_json:
        print_json({"job": job, "events": [dataclasses.asdict(event) for event in found]})
        return
    for event in found:
        level = "" if event.level == "info" else f"{event.level}: "
        say(f"{_time(event.at)}  {level}{event.message}")


def cancel(
    job: JobId,
    provider: ProviderOf = None,
    timeout: opt.Timeout = None,
    home: opt.Home = None,
    as_json: opt.Json = False,
) -> None:
    """Stop a job. A local one keeps its checkpoints; at OpenAI what was trained so far is lost."""
    _finish(_provider_of(job, provider, _settings(home, timeout)).cancel(job), as_json, waited=False)


def list_jobs(
    provider: Asked = None, timeout: opt.Timeout = None, home: opt.Home = None, as_json: opt.Json = False
) -> None:
    """List the jobs, newest first. OpenAI is asked only with --provider openai; else its jobs are as last seen."""
    from ragqa.finetune import open_provider

    settings = _settings(home, timeout)
    found = list(open_provider(provider, settings).jobs()) if provider else _known(settings)
    if as_json:
        print_json({"jobs": [dataclasses.asdict(job) for job in found]})
    elif found:
        columns = ("job", "provider", "state", "begun", "base", "form", "model")
        rows = [
            (job.id, job.provider, job.state, _time(job.created_at), job.base, job.form or "–", job.model or "–")
            for job in found
        ]
        print_table(columns, rows, [[False] * len(columns)] * len(rows))
    else:
        note("there is no job yet: 'ragqa finetune create PREPARED' begins one")


def models(
    provider: Asked = None, timeout: opt.Timeout = None, home: opt.Home = None, as_json: opt.Json = False
) -> None:
    """List the finished models, as --answerer takes them. OpenAI is asked only with --provider openai."""
    from ragqa.finetune import open_provider

    settings = _settings(home, timeout)
    if provider:
        found = list(open_provider(provider, settings).models())
    else:
        hosted = [job.model for job in _known(settings) if job.provider == "openai" and job.model]
        found = [*open_provider("local", settings).models(), *hosted]
    if as_json:
        print_json({"models": found})
    for model in () if as_json else found:
        say(model)
    if not found and not as_json:
        note("there is no finished model yet: 'ragqa finetune create PREPARED' trains one")


def _settings(home: Path | None, timeout: float | None) -> Settings:
    from ragqa.settings import load_settings

    return load_settings({"home": home, "timeout": timeout}, notice=note)


def _default_base(provider: str, prepared: Path) -> str:
    from ragqa.embedders.folders import BUNDLED
    from ragqa.finetune.records import read_prepared

    if provider == "openai":
        raise typer.BadParameter("--provider openai needs --base MODEL, such as gpt-4.1-mini-2025-04-14")
    return BUNDLED if read_prepared(prepared).form == "route" else "scratch"


def _provider_of(job: str, given: str | None, settings: Settings) -> Provider:
    from ragqa.finetune import open_provider
    from ragqa.finetune.hosted.keeping import Kept
    from ragqa.finetune.jobs import jobs_folder

    if given is None:
        known = Kept(jobs_folder(settings)).job(job) is not None
        given = "openai" if known or job.startswith("ftjob-") else "local"
    return open_provider(given, settings)


def _known(settings: Settings) -> list[Job]:
    from ragqa.finetune import open_provider
    from ragqa.finetune.hosted.keeping import Kept
    from ragqa.finetune.jobs import jobs_folder

    both = [*open_provider("local", settings).jobs(), *Kept(jobs_folder(settings)).all()]
    return sorted(both, key=lambda job: -job.created_at)


def _followed(held: Provider, job: str) -> Job:
    try:
        return held.follow(job, note)
    except KeyboardInterrupt:
        note(_goes_on(job))
        raise


def finish_hosted(held: Provider, job: Job, as_json: bool, *, wait: bool) -> None:
    """Show a job that was begun at a service, or follow it until it is over, and show it then."""
    from ragqa.errors import RagqaError

    if wait:
        try:
            job = _followed(held, job.id)
        except RagqaError:  # such as a key that has expired meanwhile
            note(_goes_on(job.id))
            raise
    _finish(job, as_json, waited=wait)


def _goes_on(job: str) -> str:
    return f"job {job} goes on without this command; 'ragqa finetune status {job} --wait' takes it up again"


def _finish(job: Job, as_json: bool, *, waited: bool) -> None:
    """Show the job; having waited for one that gave no model is an error."""
    from ragqa.errors import RagqaError

    if as_json:
        print_json(dataclasses.asdict(job))
    if waited and job.state in ("failed", "cancelled"):
        why = (
            f"failed: {job.error}" if job.state == "failed" else f"was cancelled{f': {job.error}' if job.error else ''}"
        )
        line = f"job {job.id} {why}"
        if as_json:
            note(f"ragqa: {line}")
            raise typer.Exit(1)
        raise RagqaError(line)
    if not as_json:
        _print(job)


def _print(job: Job) -> None:
    say(f"job {job.id} ({job.provider}): {job.state}")
    rows = {
        "base": job.base,
        "form": job.form or None,
        "trained": f"{job.trained_tokens:,} tokens" if job.trained_tokens else None,
        "took": f"{job.train_seconds / 60:.1f} min" if job.train_seconds is not None else None,
        "cost": f"${job.cost_usd:.2f}" if job.cost_usd else None,
        "error": job.error,
        "model": job.model,
        "next": _next(job),
    }
    for name, value in rows.items():
        if value:
            say(f"  {name:<8} {value}")


def _next(job: Job) -> str | None:
    if job.model:
        model = shlex.quote(job.model)
        if job.form == "route":
            return f"ragqa finetune route PREPARED {'--model' if job.provider == 'local' else '--chat'} {model}"
        if job.form == "closed-book":  # it cites nothing: whether it can be trusted is measured first
            systems = shlex.quote(f"extractive,closed-book:{job.model}")
            return f"ragqa compare --questions PREPARED --systems {systems}"
        return f'ragqa ask "…" --answerer {model}'
    return f"ragqa finetune status {job.id} --wait" if job.state in ("queued", "running") else None


def _time(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
