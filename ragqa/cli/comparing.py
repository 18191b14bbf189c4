"""``compare``: retrieve, fine-tune, or both, measured on one's own manual."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ragqa.cli import options as opt
from ragqa.cli.output import interval_json, note, print_json, print_table, say
from ragqa.printable import quantity

if TYPE_CHECKING:
    from ragqa.compare.comparison import Comparison
    from ragqa.compare.facts import Updated
    from ragqa.compare.records import SplitResult

Questions = Annotated[
    Path,
    typer.Option(
        "--questions",
        "-q",
        help="A folder of 'ragqa finetune prepare', or questions with answers, which it splits (docs/questions.md).",
    ),
]
Systems = Annotated[
    str,
    typer.Option(
        "--systems",
        help="Whom to ask, with commas between: extractive, retrieve:SPEC, closed-book:SPEC, closed-book:scratch, "
        "closed-book:train=BASE, retrieve:train=BASE, route:PATH, route:train.",
    ),
]
Report = opt.ReportFolder
Seed = opt.FixedSeed
Limit = Annotated[int, typer.Option("--limit", min=1, help="How many questions of each split are asked at most.")]
Update = Annotated[
    Path | None,
    typer.Option(
        "--update",
        help='Facts that change in a copy of the manual, a line each: {"old","new","question","answer"}. Without it, '
        "three are chosen.",
    ),
]
Retrain = Annotated[bool, typer.Option("--retrain", help="Train models anew once the manual has changed.")]
Text = Annotated[Path | None, typer.Option("--text", help="A text held back: the perplexity of local models on it.")]
Dialogues = Annotated[
    Path | None,
    typer.Option("--dialogues", help='Dialogues that ask something twice, a line each: {"turns":[…],"same":[[1,3]]}.'),
]

RewordWith = Annotated[
    str | None,
    typer.Option(
        "--reword-with",
        help="A language model that puts the questions trained on in other words: openai:MODEL or transformers:PATH. "
        "Without it only a column 'reworded' is asked.",
    ),
]
MinQuestions = Annotated[
    int,
    typer.Option(
        "--min-questions", min=1, help="Fewest questions with answers that are worth a comparison; else it stops."
    ),
]


def compare(
    questions: Questions,
    systems: Systems = "extractive,closed-book:scratch",
    index: opt.Index = None,
    report: Report = None,
    seed: Seed = 0,
    limit: Limit = 500,
    update: Update = None,
    retrain: Retrain = False,
    text: Text = None,
    dialogues: Dialogues = None,
    reword_with: RewordWith = None,
    min_questions: MinQuestions = 20,
    home: opt.Home = None,
    timeout: opt.Timeout = None,
    context_tokens: opt.ContextTokens = None,
    prompts: opt.Prompts = None,
    max_tokens: opt.MaxTokens = None,
    as_json: opt.Json = False,
) -> None:
    """Ask several systems the same questions, trained on and not, and say whether to retrieve, to fine-tune, or both.

    Facts are then changed in a copy of the library, and every system is asked anew. Your library stays as it is. A
    folder in BEIR form needs no --index: a library of its texts is made, and is gone afterwards.
    """
    from ragqa.compare.comparison import Asking, library_for
    from ragqa.compare.comparison import compare as run
    from ragqa.compare.report import compare_page
    from ragqa.compare.systems import names_of
    from ragqa.evaluation.files import check_writable, write_files

    asking = Asking(
        questions, names_of(systems), seed, limit, update, retrain, text, dialogues, reword_with, min_questions
    )
    if report:
        check_writable(report)
    given: dict[str, Any] = {
        "timeout": timeout,
        "context_tokens": context_tokens,
        "prompts": prompts,
        "max_tokens": max_tokens,
    }
    with library_for(questions, index, note, home=home, **given) as library:
        found = run(asking, library, note)
    if report:
        write_files(report, {"index.html": compare_page(found, shlex.join(["ragqa", *sys.argv[1:]]), seed)})
        note(f"report written to {report / 'index.html'}")
    if as_json:
        print_json(_json(found))
    else:
        _print(found)


def _json(found: Comparison) -> dict[str, Any]:
    return {
        "advice": list(found.advice),
        "systems": [_system(one) for one in found.results],
        "differences": [
            {
                "split": one.split,
                "measure": one.measure,
                "systems": [one.first, one.second],
                "difference": interval_json(one.difference),
                "real": one.difference.real,
                "told": one.told(),
            }
            for one in found.differences
        ],
        "update": [_updated(one) for one in found.updates],
        "text": [
            {
                "system": one.model,
                "tokens": one.tokens,
                "cross_entropy": round(one.cross_entropy, 6),
                "perplexity": round(one.perplexity, 4),
                "bits_per_byte": round(one.bits_per_byte, 6),
            }
            for one in found.perplexities
        ],
        "dialogues": [
            {
                "system": one.label,
                "dialogues": one.dialogues,
                "pairs": one.pairs,
                "consistency": interval_json(one.consistency),
            }
            for one in found.consistent
        ],
        "notes": list(found.notes),
    }


def _system(one: SplitResult) -> dict[str, Any]:
    training = one.system.training
    return {
        "system": one.system.name,
        "scratch": one.system.scratch,
        "split": one.split,
        "questions": len(one.asked),
        "failed": one.failed,
        "metrics": {name: interval_json(of) for name, of in one.metrics.items()},
        "train_seconds": training.seconds if training else None,
        "latency_ms": {"p50": round(one.latency_ms(0.5), 3), "p95": round(one.latency_ms(0.95), 3)},
        "tokens": round(one.tokens, 1),
        "cost_usd": one.cost_per_1000,
    }


def _updated(one: Updated) -> dict[str, Any]:
    return {
        "system": one.label,
        "how": one.how,
        "facts": len(one.facts),
        "new": one.new,
        "old": one.old,
        "seconds": round(one.seconds, 3),
        "cost_usd": one.cost_usd,
        "answers": [said.text for said in one.answers],
    }


def _print(found: Comparison) -> None:
    from ragqa.compare.measures import MAIN
    from ragqa.compare.report import (
        FAIR,
        by_split,
        cell_text,
        columns,
        describe_failures,
        describe_update,
        metrics_of,
        rows_of,
    )
    from ragqa.evaluation.runs import short_interval

    for line in found.advice:
        say(line)
    for group in by_split(found.results):
        say()
        say(f"{group[0].split}: {quantity(len(group[0].asked), 'question')}")
        shown, main = rows_of(group), 1 + metrics_of(group).index(MAIN) if MAIN in metrics_of(group) else 0
        cells = [[cell_text(cell, interval=at == main) for at, cell in enumerate(row)] for row in shown]
        print_table(["", *columns(group)], cells, [[cell.best for cell in row] for row in shown])
    say()
    say(FAIR)
    for line in (*(one.told() for one in found.differences), *map(describe_update, found.updates)):
        say(line)
    for text in found.perplexities:
        figures = (
            f"perplexity {text.perplexity:.2f}, {text.cross_entropy:.3f} nats a token, {text.bits_per_byte:.3f} bits"
        )
        say(f"{text.model}: {figures} a byte, over {text.tokens} tokens held back")
    for one in found.consistent:
        figures = short_interval(one.consistency)
        say(f"{one.label}: says the same when asked again in a dialogue, {figures} of {quantity(one.pairs, 'pair')}")
    for line in (*describe_failures(found.results), *found.notes):
        say(line)
