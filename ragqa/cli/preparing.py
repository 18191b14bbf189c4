"""``finetune prepare``: training data from questions, dialogues or a library, looked over before it is written."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ragqa.cli import options as opt
from ragqa.cli.output import note, print_json, say
from ragqa.printable import printable_name, quantity

if TYPE_CHECKING:
    from ragqa.finetune.estimating import Estimate
    from ragqa.finetune.preparing import Planned

EPOCHS = 3
"""Passes that the estimate is told for; a job decides for itself."""

Sources = Annotated[
    list[Path] | None,
    typer.Argument(help="Questions with answers or dialogues: CSV, JSONL, SQuAD, text, or a folder in BEIR form."),
]
Form = Annotated[
    str, typer.Option("--form", "-f", help="What is learned: closed-book, context (with passages) or route (labels).")
]
Index = Annotated[
    str | None,
    typer.Option("--index", "-i", help="The library that the questions are about; alone, questions are generated."),
]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", help="The new folder to write; prepared/NAME-FORM unless given.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Agree to all that is proposed, and write.")]
Seed = opt.FixedSeed
Valid = Annotated[float, typer.Option("--valid", help="The share that training stops by.")]
Test = Annotated[float, typer.Option("--test", help="The share that is kept for measuring.")]
Model = Annotated[
    str | None,
    typer.Option("--model", "-m", help="The base model, a folder or a hosted name, for lengths, tokens and price."),
]
Count = Annotated[int, typer.Option("--count", "-c", min=1, max=10_000, help="How many questions to generate.")]


def prepare(
    sources: Sources = None,
    form: Form = "closed-book",
    index: Index = None,
    out: Out = None,
    yes: Yes = False,
    seed: Seed = 0,
    valid: Valid = 0.1,
    test: Test = 0.2,
    model: Model = None,
    count: Count = 500,
    home: opt.Home = None,
    answerer: opt.AnswererOption = None,
    prompts: opt.Prompts = None,
    instructions: opt.Instructions = None,
    k: opt.K = None,
    max_tokens: opt.MaxTokens = None,
    context_tokens: opt.ContextTokens = None,
    as_json: opt.Json = False,
) -> None:
    """Make training data of questions with answers, of dialogues, or of a library that has none.

    The data is looked over first: duplicates, what would leak into the test, lengths, labels, encodings. What was found
    and what is proposed is shown, and nothing is written until you agree.
    """
    from ragqa.engine import Library
    from ragqa.finetune.preparing import prepare as plan
    from ragqa.settings import load_settings

    flags: dict[str, Any] = {"home": home, "answerer": answerer, "prompts": prompts, "instructions": instructions}
    flags |= {"k": k, "max_tokens": max_tokens, "context_tokens": context_tokens}
    with ExitStack() as stack:
        library = stack.enter_context(Library.open(index, notice=note, **flags)) if index else None
        planned = plan(
            sources or [],
            form,  # type: ignore[arg-type]  # a form that is none is refused there, with what is expected
            library=library,
            seed=seed,
            valid=valid,
            test=test,
            model=model,
            count=count,
            notice=note,
        )
    settings = load_settings(flags)
    target = out or settings.indexes().parent / "prepared" / f"{_stem(sources, index)}-{form}"
    estimated = planned.estimate(model or "", EPOCHS, settings.prices)
    if not as_json:
        _print(planned, estimated, model)
    agreed = yes or (sys.stdin.isatty() and typer.confirm(f"Write {printable_name(str(target))}?", err=True))
    if agreed:
        planned.write(target)
    if as_json:
        print_json(_json(planned, estimated, target if agreed else None))
    elif agreed:
        say(f"Written to {target}")
    if not agreed:
        _refuse()


def _refuse() -> None:
    from ragqa.errors import RagqaError

    if sys.stdin.isatty():
        note("nothing was written")
    else:
        raise RagqaError("nothing was written: look at what was found, then agree with --yes")


def _stem(sources: list[Path] | None, index: str | None) -> str:
    return sources[0].resolve().name.split(".")[0] if sources else str(index)


def _print(planned: Planned, estimated: Estimate, model: str | None) -> None:
    record = planned.record
    counts = ", ".join(f"{count:,} {split}" for split, count in record.examples.items())
    say(f"{quantity(sum(record.examples.values()), 'example')} of the form {record.form}: {counts}")
    if record.generated:
        say(f"{record.generated:,} of them were generated; no person wrote them")
    if record.labels:
        say(
            f"{quantity(len(record.labels), 'label')}: {', '.join(record.labels[:8])}{', …' * (len(record.labels) > 8)}"
        )
    for line in planned.notes:
        say(f"- {line}")
    if planned.findings:
        say("Found, and what is done about it:")
    for finding in planned.findings:
        say(f"- {finding.told()}")
    say(f"About {estimated.tokens:,} tokens to learn from, {estimated.longest:,} in the longest example")
    if model:
        cost = "unknown" if estimated.cost_usd is None else f"about {estimated.cost_usd:.2f} US dollars"
        say(f"{EPOCHS} passes on {model}: {cost} ({estimated.price_note})")
    else:
        say("Counted without a model's tokenizer, rather too many; --model NAME_OR_PATH tells lengths and price")


def _json(planned: Planned, estimated: Estimate, out: Path | None) -> dict[str, Any]:
    record = planned.record
    return {
        "form": record.form,
        "seed": record.seed,
        "examples": record.examples,
        "labels": list(record.labels),
        "generated": record.generated,
        "library": record.library,
        "notes": list(planned.notes),
        "findings": [{"found": one.found, "mend": one.mend or None} for one in planned.findings],
        "estimate": {
            "tokens": estimated.tokens,
            "longest": estimated.longest,
            "epochs": EPOCHS,
            "cost_usd": estimated.cost_usd,
            "price_note": estimated.price_note,
        },
        "written": str(out) if out else None,
    }
