"""``finetune semi``: learn from labelled questions and from the text of a library that has none."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from ragqa.cli import options as opt
from ragqa.cli.output import note, print_json, say

Prepared = Annotated[Path, typer.Argument(help="A folder made by 'ragqa finetune prepare', closed-book or route.")]
Base = Annotated[
    str | None,
    typer.Option("--base", "-b", help="A model's folder or name, or 'scratch'; for route the bundled encoder."),
]
Count = Annotated[int, typer.Option("--count", "-c", min=1, max=100_000, help="Questions generated, at most.")]
K = Annotated[int, typer.Option("-k", "--k", min=1, help="A question must find its passage among so many.")]
Rounds = Annotated[int, typer.Option("--rounds", min=1, max=20, help="Rounds of self-training, at most.")]
Epochs = opt.Epochs
BatchSize = opt.BatchSize
Rate = opt.LearningRate
Suffix = Annotated[str | None, typer.Option("--suffix", help="A word in the names of the jobs.")]
Seed = opt.FixedSeed


def semi(
    prepared: Prepared,
    index: opt.Index = None,
    base: Base = None,
    count: Count = 300,
    k: K = 3,
    rounds: Rounds = 3,
    epochs: Epochs = None,
    batch_size: BatchSize = None,
    learning_rate: Rate = None,
    suffix: Suffix = None,
    seed: Seed = 0,
    home: opt.Home = None,
    as_json: opt.Json = False,
) -> None:
    """Train on labelled questions and on a library's text: read it, ask about it, keep what finds its passage again.

    The rounds add the generated questions of which the model is surest, and end when the loss on the questions held
    back falls no more. Round 0 has the labelled questions only. What was stopped goes on with the same command.
    """
    from ragqa.embedders.folders import BUNDLED
    from ragqa.finetune.jobs import TrainOptions
    from ragqa.finetune.records import read_prepared
    from ragqa.finetune.semi import SemiOptions, semi_supervised
    from ragqa.settings import load_settings

    form = read_prepared(prepared).form
    options = TrainOptions(
        base or (BUNDLED if form == "route" else "scratch"),
        suffix=suffix,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        seed=seed,
    )
    settings = load_settings({"index": index, "home": home}, notice=note)
    found = semi_supervised(prepared, options, settings, SemiOptions(count, k, rounds), notice=note)
    if as_json:
        best = {"round": found.best.number, "model": found.best.model, "loss": found.best.loss}
        print_json({"rounds": [dataclasses.asdict(one) for one in found.rounds], "best": best})
        return
    for one in found.rounds:
        kept = "kept" if one.kept else "not kept"
        say(f"round {one.number}: {one.labelled} labelled, {one.generated} generated, loss {one.loss:.4f}, {kept}")
    say(f"best: round {found.best.number}, {found.best.model}")
