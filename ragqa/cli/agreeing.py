"""Questions before what can't be taken back: removing, writing over, sending to a server that trains for a price."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ragqa.cli.output import note
from ragqa.printable import printable_line, quantity

if TYPE_CHECKING:
    from ragqa.finetune.hosted.pairs import PairLines
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
    what = f"{quantity(found.examples, 'example')} to train {options.base} on, {kept_back:,} to measure by"
    _agree(held.host, what, found.tokens, found.longest, options, settings, yes=yes)


def agree_to_send_pairs(
    pairs: PairLines, options: TrainOptions, beta: float | None, settings: Settings, *, yes: bool
) -> None:
    """Return once it is agreed to send preference pairs, as ``agree_to_send``."""
    from ragqa.finetune.hosted import OpenAIProvider

    held = OpenAIProvider(settings)
    if held.begun_preferences(pairs, options, beta):
        return
    what = f"{quantity(len(pairs.train), 'pair')} of answers, with their questions and passages, to train "
    what += f"{options.base} on, {len(pairs.valid):,} to measure by"
    _agree(held.host, what, *pairs.tokens(), options, settings, yes=yes)


def _agree(
    host: str, what: str, tokens: int, longest: int, options: TrainOptions, settings: Settings, *, yes: bool
) -> None:
    from ragqa.errors import RagqaError
    from ragqa.finetune.estimating import price_note, training_cost

    epochs = options.epochs or USUAL_EPOCHS
    chosen = "" if options.epochs else ", or as many as it chooses"
    passes = quantity(epochs, "pass", "passes")
    note(f"to {host}: {what}; about {tokens:,} tokens (the longest {longest:,}), {passes}{chosen}")
    cost = training_cost(options.base, tokens * epochs, settings.prices)
    note(f"price: {'' if cost is None else f'about ${cost:,.2f}; '}{price_note(options.base, settings.prices)}")
    if yes:
        return
    if not sys.stdin.isatty():
        raise RagqaError("nothing was sent: --yes agrees to send the examples and to the price above")
    if not typer.confirm("Send the examples and begin the job?", default=False, err=True):
        note("nothing was sent")
        raise typer.Exit(1)
