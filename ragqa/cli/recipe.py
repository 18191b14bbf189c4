"""``finetune run``: from a manual to the answer whether to retrieve or to fine-tune, in one command."""

from __future__ import annotations

import dataclasses
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ragqa.cli import options as opt
from ragqa.cli.agreeing import agrees
from ragqa.cli.output import interval_json, note, print_json, print_table, say

if TYPE_CHECKING:
    from ragqa.compare.recipe import Done
    from ragqa.compare.recipe_plan import Plan

Manuals = Annotated[list[Path] | None, typer.Argument(help="Manuals, files or folders; none where --index has them.")]
Index = Annotated[
    str | None,
    typer.Option("--index", "-i", help="The library, named after the manual unless given; one that is there stays."),
]
Questions = Annotated[
    Path | None,
    typer.Option("--questions", "-q", help="Questions with answers (docs/questions.md); else they are generated."),
]
GenerateWith = Annotated[
    str | None,
    typer.Option(
        "--generate-with",
        help="The language model that writes the questions: openai:MODEL, smollm2 or transformers:PATH; without it "
        "they are made by rule.",
    ),
]
Count = Annotated[int, typer.Option("--count", "-c", min=1, max=10_000, help="Questions generated, at most.")]
Base = Annotated[
    str, typer.Option("--base", "-b", help="What to train from: smollm2, a model's folder, a GGUF file, scratch.")
]
Systems = Annotated[
    str | None,
    typer.Option(
        "--systems",
        help="Whom to compare, as 'ragqa compare' takes them; quoting, the base as it is and trained, unless given.",
    ),
]
Minutes = Annotated[float, typer.Option("--minutes", min=0.01, help="How long each training may take, about.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="Questions of each split that are asked, at most.")]
MinQuestions = Annotated[
    int, typer.Option("--min-questions", min=1, help="Questions not trained on under which nothing is done.")
]
MaxTokens = Annotated[int, typer.Option("--max-tokens", min=1, help="Tokens of a model's answer, at most.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say steps, minutes and needs, and do nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Agree to send to hosted models what is named, and to pay.")]


def run(
    manuals: Manuals = None,
    questions: Questions = None,
    generate_with: GenerateWith = None,
    count: Count = 300,
    base: Base = "smollm2",
    systems: Systems = None,
    minutes: Minutes = 20.0,
    limit: Limit = 50,
    min_questions: MinQuestions = 20,
    report: opt.ReportFolder = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    index: Index = None,
    seed: opt.FixedSeed = 0,
    home: opt.Home = None,
    embedder: opt.EmbedderOption = None,
    k: opt.K = None,
    prompts: opt.Prompts = None,
    max_tokens: MaxTokens = 200,
    context_tokens: opt.ContextTokens = None,
    timeout: opt.Timeout = None,
    as_json: opt.Json = False,
) -> None:
    """Read manuals, get questions, train on them, compare with quoting, and say which to use: the whole of it.

    The same command goes on with what was stopped. Nothing leaves this machine unless a hosted model is named, and
    then only once you agree.
    """
    from ragqa.compare.names import names_of
    from ragqa.compare.recipe import run as do
    from ragqa.compare.recipe_plan import Recipe, plan
    from ragqa.settings import load_settings

    recipe = Recipe(
        tuple(manuals or ()),
        index,
        questions,
        generate_with,
        count,
        base,
        names_of(systems) if systems else (),
        minutes,
        limit,
        min_questions,
        seed,
    )
    flags: dict[str, Any] = {"home": home, "embedder": embedder, "k": k, "prompts": prompts, "max_tokens": max_tokens}
    settings = load_settings({**flags, "context_tokens": context_tokens, "timeout": timeout}, notice=note)
    planned = plan(recipe, settings)
    if dry_run:
        if as_json:
            print_json(_plan_json(planned))
        else:
            _print_plan(planned, say)
        raise typer.Exit(1 if planned.missing else 0)
    if not planned.missing:
        _print_plan(planned, note)
        _agree(planned, yes=yes)
    done = do(recipe, settings, planned, report, shlex.join(["ragqa", *sys.argv[1:]]), note)
    ask = _asks(done, home)
    if as_json:
        print_json(_json(done, ask))
    else:
        _print(done, ask)


def _agree(planned: Plan, *, yes: bool) -> None:
    from ragqa.errors import RagqaError

    if not planned.sends or agrees("Send this, and pay for it?", yes=yes):
        return
    if not sys.stdin.isatty():
        raise RagqaError("nothing was sent and nothing done: --yes agrees to what is said above")
    note("nothing was sent and nothing done")
    raise typer.Exit(1)


def _print_plan(planned: Plan, tell: Any) -> None:
    from ragqa.compare.recipe import duration

    for number, step in enumerate(planned.steps, 1):
        took = "time not known" if step.seconds is None else f"about {duration(step.seconds)}"
        tell(f"{number} of {len(planned.steps)}: {step.what} ({took})")
    more = " and what is not known" if any(step.seconds is None for step in planned.steps) else ""
    tell(f"in all about {duration(planned.seconds_from(1))}{more}, at most, if this machine does nothing else")
    for line in (*planned.needs, *planned.notes):
        tell(line)
    for line in planned.sends or ("nothing leaves this machine",):
        tell(line)
    for line in planned.missing:
        tell(f"missing: {line}")


def _plan_json(planned: Plan) -> dict[str, Any]:
    row = dataclasses.asdict(planned)
    for step in row["steps"]:
        step["seconds"] = None if step["seconds"] is None else round(step["seconds"], 1)
    return {**row, "seconds": round(planned.seconds_from(1), 1)}


def _asks(done: Done, home: Path | None) -> dict[str, str]:
    """Return how to ask each system that reads the manual: the command by the system's name, the best first."""
    from ragqa.compare.systems import Retrieving

    where = ["--index", done.library, *(["--home", str(home)] if home else [])]
    reads = {one.system.name: one.system for one in done.comparison.results if isinstance(one.system, Retrieving)}
    names = sorted(reads, key=lambda name: done.best is None or name != done.best.system.name)
    specs = {name: done.models.get(name, reads[name].spec) for name in names}
    return {
        name: f'ragqa ask "…" {shlex.join([*where, *([] if spec == "extractive" else ["--answerer", spec])])}'
        for name, spec in specs.items()
    }


def _print(done: Done, ask: dict[str, str]) -> None:
    from ragqa.compare.measures import MAIN
    from ragqa.compare.report import NAMES
    from ragqa.evaluation.runs import short_interval

    for line in done.comparison.advice:
        say(line)
    say()
    rows = [
        [one.label, one.split, str(len(one.asked)), short_interval(one.metrics[MAIN])]
        for one in done.comparison.results
        if MAIN in one.metrics
    ]
    print_table(["", "split", "questions", NAMES[MAIN]], rows, [[False] * 4 for _ in rows])
    say()
    if done.best:
        say(f"Use {done.best.label}: {ask[done.best.system.name]}")
    for name, command in ask.items():
        if done.best is None or name != done.best.system.name:
            say(f"{name}: {command}")
    for name, spec in done.models.items():
        if name not in ask:
            say(f"{name}: its model is {spec}, which cites nothing")
    say(f"The whole comparison: {done.report}")


def _json(done: Done, ask: dict[str, str]) -> dict[str, Any]:
    return {
        "library": done.library,
        "advice": list(done.comparison.advice),
        "use": done.best.system.name if done.best else None,
        "ask": ask,
        "models": done.models,
        "systems": [
            {
                "system": one.system.name,
                "split": one.split,
                "questions": len(one.asked),
                "metrics": {name: interval_json(of) for name, of in one.metrics.items()},
            }
            for one in done.comparison.results
        ],
        "report": str(done.report),
    }
