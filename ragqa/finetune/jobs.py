"""A training job and what every provider of jobs gives and takes. Knows nothing of where a job runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from ragqa.settings import Settings

State: TypeAlias = Literal["queued", "running", "succeeded", "failed", "cancelled"]
ProviderName: TypeAlias = Literal["local", "openai"]
Method: TypeAlias = Literal["lora", "full"]


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """What a user may ask of a job; None leaves it to the provider."""

    base: str
    """'scratch' (local only), a model's folder or name, or a hosted model."""
    suffix: str | None = None
    """A word in the finished model's name."""
    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    """Local: the rate itself. OpenAI: its multiplier."""
    seed: int = 0
    method: Method | None = None
    """Local, and only of a pretrained base: adapters that are merged at the end, or all weights. None: all weights to
    know by heart (``closed-book``), of a base for which the memory is there; adapters for the rest."""
    max_tokens: int | None = None
    """Local: the longest example in tokens; longer ones are refused by ``prepare`` and left out here, and counted."""
    minutes: float | None = None
    """Local: how long training may take, about; what does not fit is left out, and said."""
    read_library: str | None = None
    """Local: the library whose text the model reads before the examples (continued pre-training)."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a job."""

    at: float
    """Seconds since 1970."""
    message: str
    level: Literal["info", "warning", "error"] = "info"
    figures: Mapping[str, float] = field(default_factory=dict)
    """Such as step, train_loss, valid_loss, tokens_per_second."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands."""

    id: str
    provider: ProviderName
    state: State
    base: str
    form: str
    created_at: float
    finished_at: float | None = None
    model: str | None = None
    """Once it succeeded, what to give to --answerer (or, for ``route``, to compare): transformers:PATH, openai:ft:…"""
    error: str | None = None
    trained_tokens: int | None = None
    train_seconds: float | None = None
    cost_usd: float | None = None


class Provider(Protocol):
    """Who runs jobs. Errors are RagqaError and its children, one line each."""

    name: ProviderName

    def create(self, prepared: Path, options: TrainOptions, notice: Callable[[str], None]) -> Job:
        """Begin a job on a folder of ``ragqa finetune prepare``, or take up the same one that was stopped."""

    def follow(self, job: str, notice: Callable[[str], None]) -> Job:
        """Wait until a job is done, telling ``notice`` how it goes; being stopped does not stop the job's record."""

    def status(self, job: str) -> Job: ...

    def events(self, job: str) -> Iterator[Event]:
        """Yield what happened, oldest first."""

    def cancel(self, job: str) -> Job: ...

    def jobs(self) -> Iterator[Job]:
        """Yield the jobs, newest first."""

    def models(self) -> Iterator[str]:
        """Yield the specs of finished models."""


def jobs_folder(settings: Settings) -> Path:
    """Return where jobs are kept, a folder each, beside ``indexes/``."""
    return settings.indexes().parent / "finetunes"
