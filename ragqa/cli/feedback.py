"""``feedback good``, ``bad``, ``list`` and ``answers``, and ``finetune prefer``, which learns from them."""

from __future__ import annotations

import dataclasses
import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ragqa.cli import options as opt
from ragqa.cli.agreeing import agree_to_send_pairs
from ragqa.cli.finetuning import finish_hosted
from ragqa.cli.output import note, print_json, say
from ragqa.printable import printable_line, quantity

if TYPE_CHECKING:
    from ragqa.answer_log import Judged, Verdict
    from ragqa.finetune.jobs import TrainOptions
    from ragqa.finetune.preference_measuring import Agreement
    from ragqa.settings import Settings

Which = Annotated[int, typer.Argument(metavar="[N]", help="Which answer: 1 is the last, 2 the one before.", min=1)]
Better = Annotated[str | None, typer.Option("--better", "-b", help="What the answer should have said.")]
Model = Annotated[
    str,
    typer.Argument(metavar="MODEL", help="smollm2, a model's folder, GGUF file or hub's name, or a local job's id."),
]
Sft = Annotated[
    bool | None,
    typer.Option("--sft/--no-sft", help="Learn the better answers first; done unless ragqa has trained MODEL before."),
]
Minutes = opt.Minutes
Out = Annotated[Path | None, typer.Option("--out", "-o", help="The folder to write; MODEL-preferred unless given.")]
Epochs = Annotated[
    int | None, typer.Option("--epochs", min=1, help="Passes of DPO; 3, or what OpenAI chooses.", show_default=False)
]
Beta = Annotated[
    float | None,
    typer.Option(
        "--beta",
        min=0.001,
        help="DPO beta: strength of the KL penalty towards MODEL; 0.1, or what OpenAI chooses.",
        show_default=False,
    ),
]
Rate = Annotated[
    float | None,
    typer.Option("--learning-rate", min=1e-9, help="Learning rate of DPO; openai: a multiplier of its default."),
]
BatchSize = Annotated[
    int | None,
    typer.Option("--batch-size", min=1, help="Pairs of a step; 4, or what OpenAI chooses."),
]
Seed = opt.FixedSeed
Suffix = Annotated[str | None, typer.Option("--suffix", help="openai: a word in the finished model's name.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="openai: agree to send and to pay, without being asked.")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="openai: return once the job is begun.")]

SHOWN = 70
"""Characters of a question or an answer in a list."""


def good(which: Which = 1, home: opt.Home = None, as_json: opt.Json = False) -> None:
    """Say that an answer of 'ragqa ask' was good, the last one unless another is named."""
    _judge("good", which, None, home, as_json)


def bad(which: Which = 1, better: Better = None, home: opt.Home = None, as_json: opt.Json = False) -> None:
    """Say that an answer of 'ragqa ask' was bad, and best also what it should have said."""
    _judge("bad", which, better, home, as_json)


def list_feedback(home: opt.Home = None, as_json: opt.Json = False) -> None:
    """List what was judged, and how many pairs of a better and a worse answer that makes."""
    from ragqa.answer_log import judgements
    from ragqa.finetune.preference_pairs import NEEDED, pairs_of

    judged = judgements(_settings(home))
    pairs = len(pairs_of(judged))
    if as_json:
        print_json({"feedback": [dataclasses.asdict(one) for one in judged], "pairs": pairs, "needed": NEEDED})
        return
    for one in judged:
        say(f"{one.verdict:<5} {_short(one.answer.question)}")
        say(f"      {_short(one.answer.text)}")
        if one.better:
            say(f"      better: {_short(one.better)}")
    note(_pairs(pairs))


def answers(home: opt.Home = None, as_json: opt.Json = False) -> None:
    """List the last answers, newest first, with the numbers by which they are judged."""
    from ragqa.answer_log import last_answers

    kept = last_answers(_settings(home))[:20]
    if as_json:
        print_json({"answers": [{"number": at, **dataclasses.asdict(one)} for at, one in enumerate(kept, 1)]})
        return
    for at, one in enumerate(kept, 1):
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(one.at))
        say(f"{at:>3}  {when}  {_short(one.question)}")
        say(f"     {_short(one.text)}")
    if not kept:
        note('no answer is kept yet: ask something first, as in ragqa ask "…"')


def prefer(
    model: Model,
    out: Out = None,
    sft: Sft = None,
    minutes: Minutes = None,
    epochs: Epochs = None,
    beta: Beta = None,
    learning_rate: Rate = None,
    batch_size: BatchSize = None,
    seed: Seed = 0,
    prompts: opt.Prompts = None,
    instructions: opt.Instructions = None,
    suffix: Suffix = None,
    yes: Yes = False,
    no_wait: NoWait = False,
    timeout: opt.Timeout = None,
    home: opt.Home = None,
    as_json: opt.Json = False,
) -> None:
    """Teach a model which answers you prefer, from 'ragqa feedback', as a new model, here or at OpenAI.

    A pair is a bad answer with what it should have said, or a good and a bad answer to the same question. Here the
    better answers are learned first (SFT), then that they are better (DPO). A fifth of the questions is held back: the
    share of their pairs whose better answer is the likelier one is told before and after, and what a reward model
    makes of them. OpenAI does DPO alone: the tokens and the price are shown first, and nothing is sent
    unless you agree.
    """
    from ragqa.finetune.jobs import TrainOptions
    from ragqa.finetune.preference import prefer as run
    from ragqa.finetune.preference_stages import Recipe
    from ragqa.settings import load_settings

    given = {"home": home, "prompts": prompts, "instructions": instructions, "timeout": timeout}
    settings = load_settings(given, notice=note)
    if model.startswith("openai:"):
        if model == "openai:":
            raise typer.BadParameter("MODEL should name a model of OpenAI's, as in openai:gpt-4.1-mini-2025-04-14")
        if out is not None or sft is not None or minutes is not None:
            raise typer.BadParameter("--out, --sft and --minutes are for a MODEL on this machine")
        options = TrainOptions(model.removeprefix("openai:"), suffix, epochs, batch_size, learning_rate, seed)
        _prefer_hosted(options, beta, settings, yes=yes, wait=not no_wait, as_json=as_json)
        return
    if suffix or yes or no_wait:
        raise typer.BadParameter("--suffix, --yes and --no-wait are for openai:MODEL")
    chosen: dict[str, Any] = {"epochs": epochs, "beta": beta, "batch_size": batch_size}
    chosen = {name: value for name, value in chosen.items() if value is not None}
    recipe = Recipe(rate=learning_rate, seed=seed, sft=sft, minutes=minutes, **chosen)
    found = run(model, settings, recipe, out, note)
    if as_json:
        print_json(dataclasses.asdict(found))
        return
    say(f"learned from {quantity(found.learned, 'pair')} in {found.seconds / 60:.1f} min; the better answer wins in")
    _wins("these, by the model before", found.before)
    _wins("these, after", found.after)
    _wins("held-back ones, before", found.held_before)
    _wins("held-back ones, after SFT", found.held_sft)
    _wins("held-back ones, after", found.held_after)
    _wins("held-back ones, by the reward model", found.held_reward)
    if found.held_gain:
        say(f"on held-back pairs {found.held_gain.told('the model after', 'the model before')}")
    else:
        say("no pair was held back, so what it is worth is not known: that takes five questions")
    say(f'next: ragqa ask "…" --answerer {shlex.quote(found.model)}')


def _prefer_hosted(
    options: TrainOptions, beta: float | None, settings: Settings, *, yes: bool, wait: bool, as_json: bool
) -> None:
    from ragqa.finetune.hosted import OpenAIProvider
    from ragqa.finetune.hosted.pairs import pair_lines
    from ragqa.finetune.preference import enough_pairs
    from ragqa.finetune.preference_pairs import split_pairs

    pairs = pair_lines(*split_pairs(enough_pairs(settings), options.seed), options.base, settings)
    agree_to_send_pairs(pairs, options, beta, settings, yes=yes)
    held = OpenAIProvider(settings)
    finish_hosted(held, held.create_preferences(pairs, options, beta, note), as_json, wait=wait)


def _wins(name: str, held: Agreement | None) -> None:
    if held:
        say(f"  {name:<36} {held.share:.2f} [{held.low:.2f}, {held.high:.2f}] of {held.pairs}, margin {held.mean:+.2f}")


def _judge(verdict: Verdict, which: int, better: str | None, home: Path | None, as_json: bool) -> None:
    from ragqa.answer_log import judge, judgements, nth_answer
    from ragqa.finetune.preference_pairs import NEEDED, pairs_of

    settings = _settings(home)
    judged = judge(settings, nth_answer(settings, which), verdict, better)
    pairs = len(pairs_of(judgements(settings)))
    if as_json:
        print_json({**_told(judged), "pairs": pairs, "needed": NEEDED})
        return
    say(f"{verdict}: {_short(judged.answer.question)}")
    say(f"      {_short(judged.answer.text)}")
    note(_pairs(pairs))
    if verdict == "bad" and not better:
        note('to say what it should have said: ragqa feedback bad --better "…"')


def _told(judged: Judged) -> dict[str, Any]:
    return {
        "verdict": judged.verdict,
        "question": judged.answer.question,
        "answer": judged.answer.text,
        "better": judged.better,
    }


def _pairs(pairs: int) -> str:
    from ragqa.finetune.preference_pairs import NEEDED

    if pairs < NEEDED:
        return f"{pairs} of {NEEDED} pairs of a better and a worse answer"
    return f"{pairs} pairs of a better and a worse answer; 'ragqa finetune prefer MODEL' learns from them"


def _short(text: str) -> str:
    line = printable_line(text)
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}…"


def _settings(home: Path | None) -> Settings:
    from ragqa.settings import load_settings

    return load_settings({"home": home}, notice=note)
