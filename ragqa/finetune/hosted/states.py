"""What the service says of a job, its events and its measures → the records that every provider speaks in."""

from __future__ import annotations

import base64
import binascii
import csv
import io
import math
from typing import TYPE_CHECKING

from ragqa.finetune.estimating import price
from ragqa.finetune.jobs import Event, Job, State
from ragqa.openai_api.errors import server_words

if TYPE_CHECKING:
    from openai.types.fine_tuning import FineTuningJob, FineTuningJobEvent

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


def job_of(made: FineTuningJob, form: str, *, priced: bool) -> Job:
    """Return the job. ``priced``: at OpenAI itself, whose prices are known. ``train_seconds`` count the queue."""
    state = _STATES.get(made.status, "running")
    over = made.finished_at if state in ("succeeded", "failed", "cancelled") else None
    reason = server_words(made.error) if made.error and made.error.message else None
    cost = price(str(made.model), made.trained_tokens)[0] if priced and made.trained_tokens else None
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
