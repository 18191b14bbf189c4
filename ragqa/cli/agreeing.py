"""Questions before what can't be taken back: removing, writing over, sending to a server that trains for a price."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ragqa.cli.output import note
from ragqa.printable import printable_line, quantity

if TYPE_CHECKING:
    from ragqa.finetune.jobs import TrainOptions
    from ragqa.settings import Settings

USUAL_EPOCHS = 3
"""Passes that a hosted job usually takes where none are chosen."""


def agrees(question: str, *, yes: bool) -> bool:
    """Return whether ``yes`` was said before, or is now, at a terminal; off a terminal nobody can be asked."""
    if yes or not sys.stdin.isatty():
        return yes
    return typer.confirm(printable_line(question), default=False, err=True)


def agree_to_send(prepared: Path, options: TrainOptions, settings: Settings, *, yes: bool) -> None:
    """Return once it is agreed; a job that was begun before is only taken up and needs nothing.

    Off a terminal only ``yes`` agrees. Raises RagqaError, and Exit where it is not agreed.
    """
    from ragqa.errors import RagqaError
    from ragqa.finetune.estimating import estimate
    from ragqa.finetune.hosted import OpenAIProvider
    from ragqa.finetune.records import read_prepared

    record = read_prepared(prepared)
    held = OpenAIProvider(settings)
    if held.begun(prepared, options):
        return
    epochs = options.epochs or USUAL_EPOCHS
    found = estimate(prepared, options.base, epochs, settings.prices)
    kept_back = record.examples.get("valid", 0)
    note(
        f"to {held.host}: {quantity(found.examples, 'example')} to train {options.base} on, "
        f"{kept_back:,} to measure by; "
        f"about {found.tokens:,} tokens (the longest {found.longest:,}), "
        f"{quantity(epochs, 'pass', 'passes')}"
        f"{'' if options.epochs else ', or as many as it chooses'}"
    )
    note(f"price: {'' if found.cost_usd is None else f'about ${found.cost_usd:,.2f}; '}{found.price_note}")
    if yes:
        return
    if not sys.stdin.isatty():
        raise RagqaError("nothing was sent: --yes agrees to send the examples and to the price above")
    if not typer.confirm("Send the examples and begin the job?", default=False, err=True):
        note("nothing was sent")
        raise typer.Exit(1)
