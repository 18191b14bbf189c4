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
        "closed-book:train=BASE, retrieve:train=BASE, route:PATH, route:train. SPEC is openai:MODEL or, as BASE, a "
        "model here: smollm2, a folder, a GGUF file.",
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
        "they are chosen.",
    ),
]
Facts = Annotated[int, typer.Option("--facts", min=0, help="How many facts are chosen to change at most; 0: none.")]
Minutes = Annotated[
    float | None,
    typer.Option("--minutes", min=0.1, help="The budget of each training; what does not fit is left out, and said."),
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
    facts: Facts = 10,
    minutes: Minutes = None,
    k: opt.K = None,
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

    Facts are then changed in a copy of the library, and every system is asked anew. Your library stays as it is. After
    a stop the same command goes on. A folder in BEIR form needs no --index: a library of its texts is made, and is
    gone afterwards.
    """
    from ragqa.compare.comparison import Asking, library_for
    from ragqa.compare.comparison import compare as run
    from ragqa.compare.names import names_of
    from ragqa.compare.report import compare_page
    from ragqa.evaluation.files import check_writable, write_files

    asking = Asking(
        questions,
        names_of(systems),
        seed,
        limit,
        update,
        facts,
        retrain,
        text,
        dialogues,
        reword_with,
        min_questions,
        minutes,
        k,
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
        print_json(_json(found, seed))
    else:
        _print(found, seed)


def _json(found: Comparison, seed: int) -> dict[str, Any]:
    from ragqa.compare.report import published_rows

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
        "update": [_updated(one, seed) for one in found.updates],
        "published": [
            {"about": about, "published": told, "here": here, "source": source}
            for about, told, here, source in published_rows(found)
        ],
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
        "train_tokens": training.tokens if training else None,
        "disk_bytes": one.system.disk_bytes,
        "latency_ms": {"p50": round(one.latency_ms(0.5), 3), "p95": round(one.latency_ms(0.95), 3)},
        "tokens": round(one.tokens, 1),
        "cost_usd": one.cost_per_1000,
    }


def _updated(one: Updated, seed: int) -> dict[str, Any]:
    follows = one.follows(seed)
    return {
        "system": one.label,
        "how": one.how,
        "facts": len(one.facts),
        "new": one.new,
        "old": one.old,
        "share": interval_json(one.share(seed)),
        "known": sum(one.known),
        "follows": interval_json(follows) if follows else None,
        "seconds": round(one.seconds, 3),
        "cost_usd": one.cost_usd,
        "answers": [said.text for said in one.answers],
    }


def _print(found: Comparison, seed: int) -> None:
    from ragqa.compare.measures import MAIN
    from ragqa.compare.report import (
        COSTS,
        FACTS,
        FAIR,
        PUBLISHED,
        by_split,
        cell_text,
        columns,
        cost_rows,
        describe_failures,
        fact_rows,
        metrics_of,
        published_rows,
        rows_of,
    )
    from ragqa.evaluation.runs import short_interval

    say(" ".join(found.advice))
    for group in by_split(found.results):
        say()
        say(f"{group[0].split}: {quantity(len(group[0].asked), 'question')}")
        names = metrics_of(group)
        wide = {1 + names.index(name) for name in (MAIN, "refused") if name in names}
        cells = [[cell_text(cell, interval=at in wide) for at, cell in enumerate(row)] for row in rows_of(group)]
        print_table(["", *columns(group)], cells, [[cell.best for cell in row] for row in rows_of(group)])
    say()
    say("what it takes")
    print_table(COSTS, cost_rows(found.results))
    if found.updates:
        say()
        say(f"changed facts: {len(found.updates[0].facts)}")
        rows = fact_rows(found.updates, seed)
        print_table(FACTS, [[cell_text(cell, interval=True) for cell in row] for row in rows], words=(0, 1))
    say()
    say("what others found")
    print_table(PUBLISHED, published_rows(found), words=(0, 1, 2, 3))
    say()
    say(FAIR)
    for apart in found.differences:
        say(apart.told())
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
