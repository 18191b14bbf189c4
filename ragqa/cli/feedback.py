"""``feedback good``, ``bad``, ``list`` and ``answers``, and ``finetune prefer``, which learns from them."""

from __future__ import annotations

import dataclasses
import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ragqa.cli import options as opt
from ragqa.cli.output import note, print_json, say
from ragqa.printable import printable_line, quantity

if TYPE_CHECKING:
    from ragqa.answer_log import Judged, Verdict
    from ragqa.finetune.preference import Margin
    from ragqa.settings import Settings

Which = Annotated[int, typer.Argument(metavar="[N]", help="Which answer: 1 is the last, 2 the one before.", min=1)]
Better = Annotated[str | None, typer.Option("--better", "-b", help="What the answer should have said.")]
Model = Annotated[str, typer.Argument(metavar="MODEL", help="A local job's id, or the folder of a model.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="The folder to write; MODEL-preferred unless given.")]
Epochs = opt.FixedEpochs
Beta = Annotated[float, typer.Option("--beta", min=0.001, help="DPO beta: strength of the KL penalty towards MODEL.")]
Rate = opt.LearningRate
BatchSize = opt.FixedBatchSize
Seed = opt.FixedSeed

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
    epochs: Epochs = 3,
    beta: Beta = 0.1,
    learning_rate: Rate = None,
    batch_size: BatchSize = 4,
    seed: Seed = 0,
    prompts: opt.Prompts = None,
    instructions: opt.Instructions = None,
    home: opt.Home = None,
    as_json: opt.Json = False,
) -> None:
    """Teach a local model which answers you prefer, from 'ragqa feedback' (DPO), as a new model beside it.

    A pair is a bad answer with what it should have said, or a good and a bad answer to the same question.
    """
    from ragqa.finetune.preference import DPO, RATE
    from ragqa.finetune.preference import prefer as run
    from ragqa.settings import load_settings

    settings = load_settings({"home": home, "prompts": prompts, "instructions": instructions}, notice=note)
    plan = DPO(epochs, beta, RATE if learning_rate is None else learning_rate, batch_size, seed)
    found = run(model, settings, plan, out, note)
    if as_json:
        print_json(dataclasses.asdict(found))
        return
    say(f"learned from {quantity(found.learned, 'pair')} in {found.seconds:.0f} s")
    _margins("on these", found.before, found.after)
    if found.held_before and found.held_after:
        _margins("on pairs that were held back", found.held_before, found.held_after)
    say(f'next: ragqa ask "…" --answerer {shlex.quote(found.model)}')


def _margins(name: str, before: Margin, after: Margin) -> None:
    say(
        f"  {name}: the better answer is the likelier one in {before.preferred} → {after.preferred} of {after.pairs}; "
        f"log p(better) - log p(worse) {before.mean:+.2f} → {after.mean:+.2f}"
    )


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
