"""``finetune semi``: learn from labelled questions and from the text of a library that has none."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ragqa.cli import options as opt
from ragqa.cli.output import note, print_json, print_table, say

if TYPE_CHECKING:
    from ragqa.finetune.semi import Curve, SelfTrained

Prepared = Annotated[Path, typer.Argument(help="A folder made by 'ragqa finetune prepare'.")]
Base = Annotated[
    str | None,
    typer.Option("--base", "-b", help="smollm2, a model's folder or name, or 'scratch'; for route an encoder."),
]
Count = Annotated[int, typer.Option("--count", "-c", min=1, max=100_000, help="Questions generated, at most.")]
K = Annotated[int, typer.Option("-k", "--k", min=1, help="A question must find its passage among so many.")]
Rounds = Annotated[int, typer.Option("--rounds", min=1, max=20, help="Rounds of self-training, at most.")]
CurveShares = Annotated[
    str | None,
    typer.Option("--curve", metavar="PERCENTS", help="Measure with 10,25,50,100 % of the labels, and the text or not."),
]
Limit = Annotated[int, typer.Option("--limit", min=1, help="With --curve: test questions asked, at most.")]
Minutes = Annotated[
    float | None, typer.Option("--minutes", min=0.01, help="A budget for all of it; what does not fit is left out.")
]
Epochs = opt.Epochs
BatchSize = opt.BatchSize
Rate = opt.LearningRate
Suffix = Annotated[str | None, typer.Option("--suffix", help="A word in the names of the jobs.")]
Seed = opt.FixedSeed


def semi(
    prepared: Prepared,
    index: opt.Index = None,
    base: Base = None,
    curve: CurveShares = None,
    limit: Limit = 500,
    minutes: Minutes = None,
    count: Count = 300,
    k: K = 3,
    rounds: Rounds = 3,
    answerer: opt.AnswererOption = None,
    max_tokens: opt.MaxTokens = None,
    epochs: Epochs = None,
    batch_size: BatchSize = None,
    learning_rate: Rate = None,
    suffix: Suffix = None,
    seed: Seed = 0,
    home: opt.Home = None,
    as_json: opt.Json = False,
) -> None:
    """Train on labelled questions and on a library's text: read it, ask about it, keep what comes back by round trip.

    A generated question must find its passage again, and a reader must answer it as its draft does: the language model
    of --answerer, which then also writes them, or of the form context the model taught the labels. The rounds add those
    of which the model is surest, and end when the loss on the questions held back falls no more. Round 0 has the
    labelled questions only. --curve trains and measures with and without the text instead. What was stopped goes on
    with the same command.
    """
    from ragqa.embedders.folders import BUNDLED
    from ragqa.finetune.jobs import TrainOptions
    from ragqa.finetune.records import read_prepared
    from ragqa.finetune.semi import CurveOptions, SemiOptions, measure_curve, percents_of, semi_supervised
    from ragqa.settings import load_settings

    form = read_prepared(prepared).form
    options = TrainOptions(
        base or (BUNDLED if form == "route" else "scratch"),
        suffix=suffix,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        seed=seed,
        minutes=minutes,
    )
    flags = {"index": index, "home": home, "answerer": answerer, "max_tokens": max_tokens}
    settings = load_settings(flags, notice=note)
    asked = SemiOptions(count, k, rounds)
    if curve is not None:
        shares = CurveOptions(percents_of(curve), limit)
        _show_curve(measure_curve(prepared, options, settings, shares, asked, notice=note), as_json)
    else:
        _show_rounds(semi_supervised(prepared, options, settings, asked, notice=note), as_json)


def _show_rounds(found: SelfTrained, as_json: bool) -> None:
    if as_json:
        best = {"round": found.best.number, "model": found.best.model, "loss": found.best.loss}
        print_json({"rounds": [dataclasses.asdict(one) for one in found.rounds], "best": best})
        return
    for one in found.rounds:
        kept = "kept" if one.kept else "not kept"
        say(f"round {one.number}: {one.labelled} labelled, {one.generated} generated, loss {one.loss:.4f}, {kept}")
    say(f"best: round {found.best.number}, {found.best.model}")


def _show_curve(found: Curve, as_json: bool) -> None:
    if as_json:
        print_json(found.record())
        return
    from ragqa.evaluation.runs import short_interval

    columns = ("labels", "", "labelled", "generated", "passes", "answer_recall", "token_f1", "refused")
    rows = []
    for share in found.shares:
        for cell in (share.without, share.added):
            contained, f1 = cell.intervals(found.seed)
            figures = (f"{cell.labelled}", f"{cell.generated}", f"{cell.passes:.1f}")
            of = (short_interval(contained), short_interval(f1), f"{cell.refused:.2f}")
            name = "with the text" if cell.unlabelled else "labels alone"
            rows.append((f"{cell.percent} %", name, *figures, *of))
    print_table(columns, rows, words=(0, 1))
    for share in found.shares:
        told = share.contained.told("with the text", "labels alone")
        say(f"{share.without.percent} % of the labels, answer_recall: {told}")
    for line in found.left_out:
        say(f"left out: {line}")
    say(f"{found.folder} holds curve.json, curve.svg and the loss of reading the text")
