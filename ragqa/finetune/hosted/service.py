"""The service that trains: its client, opened when it is first needed, its errors, and what it takes and returns."""

from __future__ import annotations

import base64
import binascii
import csv
import hashlib
import io
import json
import math
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ragqa.errors import ModelError, RagqaError
from ragqa.finetune.estimating import training_cost
from ragqa.finetune.jobs import Event, Job, State
from ragqa.finetune.records import Example, Split, read_examples
from ragqa.openai_api import errors as api
from ragqa.openai_api.client import Server, open_server
from ragqa.openai_api.errors import Failure, ServerError, server_words
from ragqa.prices import Price

if TYPE_CHECKING:
    from openai import OpenAI
    from openai.types.fine_tuning import FineTuningJob, FineTuningJobEvent
    from openai.types.fine_tuning.jobs import FineTuningJobCheckpoint


class Unreachable(ModelError):
    """The service can't be reached, or not now; the same may work in a moment."""


class Busy(Unreachable):
    """The service refused for now: nothing was done there."""


class Unheard(ModelError):
    """A job was asked for and the answer got lost: it may be there."""


class Gone(ModelError):
    """What was asked for is not there."""


class Service:
    """A client that is opened when it is first used; ``asking`` says what goes wrong with it."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._held: Server | None = None

    @property
    def server(self) -> Server:
        """The server of ``OPENAI_BASE_URL``, or OpenAI's own. Raises ModelError where a key is missing."""
        if self._held is None:
            self._held = open_server("--provider openai", self._timeout_s)
        return self._held

    @property
    def client(self) -> OpenAI:
        return self.server.client

    @property
    def host(self) -> str:
        return self.server.host

    @contextmanager
    def asking(self, what: str, *, model: str = "") -> Iterator[None]:
        """Turn what the client raises into one line. ``what`` is what was asked for, as in 'job ftjob-1'."""
        import openai

        try:
            yield
        except RagqaError:
            raise
        except (openai.OpenAIError, ValueError) as error:
            raise self._told(api.failure_of(error), what, model) from None
        except (AttributeError, TypeError):  # JSON of another form than the client's records
            raise self._told(api.OtherInterface(), what, model) from None

    def _told(self, error: Failure, what: str, model: str) -> ModelError:
        told = api.explain(error, model, self.host, self._timeout_s)
        if isinstance(error, api.Unreachable):
            return Unreachable(str(told))
        return self._of_status(error, told, what, model) if isinstance(error, ServerError) else told

    def _of_status(self, error: ServerError, told: ModelError, what: str, model: str) -> ModelError:
        words = api.shortened(error.words)
        if error.status == 404 and ("model" not in words.casefold() or not model):
            return Gone(f"{self.host} has no {what} ({words}): look at the name, the key's account and OPENAI_BASE_URL")
        if error.status == 429 and not error.out_of_quota:
            return Busy(str(told))
        if error.status >= 500:
            return Unreachable(str(told))
        if error.status in (400, 409, 413, 422):
            if model and "model" in words.casefold():
                return ModelError(f"{self.host} does not train '{model}' ({words}): choose another --base")
            return ModelError(f"{self.host} refused {what}: {words}")
        return told


_STATES: dict[str, State] = {
    "validating_files": "queued",
    "queued": "queued",
    "succeeded": "succeeded",
    "failed": "failed",
    "cancelled": "cancelled",
}
"""Any other, such as 'paused', is a job that is not over."""

Curve = list[tuple[int, float]]

_NO_LOSS, _NO_STEP = 1e5, 10**9
"""What a server may send and no training gives: it is left out, so that the rest can be drawn."""


def job_of(made: FineTuningJob, form: str, prices: Mapping[str, Price]) -> Job:
    """Return the job, its cost by the user's prices. ``train_seconds`` count the queue."""
    state = _STATES.get(made.status, "running")
    over = made.finished_at if state in ("succeeded", "failed", "cancelled") else None
    reason = server_words(made.error) if made.error and made.error.message else None
    cost = training_cost(str(made.model), made.trained_tokens, prices) if made.trained_tokens else None
    return Job(
        id=str(made.id),
        provider="openai",
        state=state,
        base=str(made.model),
        form=form,
        created_at=float(made.created_at),
        finished_at=None if over is None else float(over),
        model=f"openai:{made.fine_tuned_model}" if state == "succeeded" and made.fine_tuned_model else None,
        error=reason or ("the server names no reason" if state == "failed" else None),
        trained_tokens=made.trained_tokens,
        train_seconds=None if over is None else float(over - made.created_at),
        cost_usd=cost,
    )


def event_of(made: FineTuningJobEvent) -> Event:
    """Return an event, its measures as figures."""
    data = made.data if isinstance(made.data, dict) else {}
    figures = {str(name): float(value) for name, value in data.items() if _is_figure(value)}
    level = {"warn": "warning", "warning": "warning", "error": "error"}.get(made.level, "info")
    return Event(float(made.created_at), server_words(made.message), level, figures)  # type: ignore[arg-type]


def checkpoint_event_of(made: FineTuningJobCheckpoint) -> Event:
    """Return a checkpoint, a model that can be asked as it was at a step, as an event that names it."""
    measures = made.metrics.model_dump() if made.metrics else {}
    figures = {str(name): float(value) for name, value in measures.items() if _is_figure(value)}
    message = f"checkpoint of step {made.step_number}: openai:{server_words(made.fine_tuned_model_checkpoint)}"
    return Event(float(made.created_at), message, "info", figures | {"step": float(made.step_number)})


def csv_of(content: bytes) -> str:
    """Return the measures' CSV; OpenAI sends it in base64, other servers as it is. Raises ValueError."""
    text = content.decode("utf-8", "replace").lstrip("\ufeff")
    if "step" in text.split("\n", 1)[0]:
        return text
    try:
        text = base64.b64decode(content, validate=False).decode()
    except (binascii.Error, UnicodeDecodeError):
        text = ""
    if "step" not in text.split("\n", 1)[0]:
        raise ValueError("no CSV of measures")
    return text


def curves(text: str) -> tuple[Curve, Curve]:
    """Return (step, loss) on the training examples and on those held back; a row without a figure is left out."""
    rows = list(csv.DictReader(io.StringIO(text)))
    return _column(rows, "train_loss"), _column(rows, "valid_loss")


def _column(rows: list[dict[str, str]], name: str) -> Curve:
    found: Curve = []
    for row in rows:
        try:
            step, loss = int(float(row["step"])), float(row[name])
        except (KeyError, TypeError, ValueError, OverflowError):
            continue
        if 0 <= loss < _NO_LOSS and 0 <= step < _NO_STEP:
            found.append((step, loss))
    return found


def _is_figure(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


FEWEST = 10
"""Examples under which OpenAI refuses a job."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Examples as they are sent, a line of JSON each."""

    file: IO[bytes]
    sha256: str
    examples: int
    bytes: int


@contextmanager
def lines_file(lines: Iterable[str]) -> Iterator[Lines]:
    """Yield ``lines`` as a file that is gone afterwards."""
    with tempfile.TemporaryFile() as file:
        digest, count = hashlib.sha256(), 0
        for line in lines:
            data = line.encode()
            digest.update(data)
            file.write(data)
            count += 1
        size = file.tell()
        file.seek(0)
        yield Lines(file, digest.hexdigest(), count, size)


def chat_lines(prepared: Path, split: Split) -> Iterator[str]:
    """Yield a split in the service's form. Raises RagqaError on a broken folder."""
    try:
        yield from map(chat_line, read_examples(prepared, split))
    except FileNotFoundError:
        raise RagqaError(f"{prepared} has no {split}.jsonl: make it anew with 'ragqa finetune prepare'") from None


def chat_line(example: Example) -> str:
    """Return an example as the service reads it. Every assistant's message is learned: that is its default."""
    said = [{"role": message.role, "content": message.content} for message in example.messages]
    return json.dumps({"messages": said}, ensure_ascii=False) + "\n"
