"""``tune``: the settings that find the right pages soonest, for one's own manuals and questions."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ragqa.cli import options as opt
from ragqa.cli.output import note, print_json, say
from ragqa.printable import quantity

if TYPE_CHECKING:
    from ragqa.engine import Library
    from ragqa.evaluation.datasets.records import Question
    from ragqa.evaluation.tune import Gain, Tuned
    from ragqa.finetune.embedder import Adapted


def adapt_embedder(library: Library, questions: Sequence[Question], out: Path | None, seed: int, as_json: bool) -> None:
    """Train, measure and say what came of it. ``questions`` are people's; there may be none."""
    from ragqa.evaluation.tune import FEWEST
    from ragqa.finetune.embedder import adapt

    found = adapt(library, out, questions=questions, seed=seed, progress=note)
    if as_json:
        print_json({**dataclasses.asdict(found), "folder": found.folder and str(found.folder), "next": _next(found)})
    else:
        _print_adapted(found)
    if found.held_back < FEWEST:
        note(f"{found.held_back} questions are too few to tell a gain from chance: {FEWEST} or more are needed")
    if found.folder and not questions:
        note(
            "the gain was measured on generated questions, which are not people's: --questions FILE measures with those"
        )


def _print_adapted(found: Adapted) -> None:
    say(
        f"{found.base}, trained on {quantity(found.pairs, 'question')}, "
        f"measured on {found.held_back} that it had not seen"
    )
    say(f"  page_mrr@10   {told(found.page_mrr)}")
    say(f"  page_hit@{found.k:<3}  {told(found.page_hit)}")
    if found.folder:
        say(f"kept in {found.folder}; to use it in this library:")
        say(str(_next(found)))
    else:
        say("nothing was kept: no gain beyond chance")


def _next(found: Adapted) -> str | None:
    import shlex

    if found.folder is None:
        return None
    return f"ragqa reembed --index {shlex.quote(found.library)} --embedder {shlex.quote(f'local:{found.folder}')}"


def told(gain: Gain) -> str:
    """Return a gain as a person reads it: before, after, and the interval of the difference."""
    return (
        f"{gain.before:.3f} → {gain.after:.3f}  ({gain.after - gain.before:+.3f}, between {gain.low:+.3f} and "
        f"{gain.high:+.3f})"
    )


Questions = Annotated[
    Path | None,
    typer.Option(
        "--questions",
        "-q",
        help="Questions with their pages (docs/questions.md); generated from the manuals unless given.",
    ),
]
Folds = Annotated[int, typer.Option("--folds", help="Parts of the questions, each left out of the choice in turn.")]
Seed = opt.FixedSeed
Sizes = Annotated[str, typer.Option("--passage-tokens", help="Lengths of passages to try, with commas between.")]
Embedder = Annotated[
    bool, typer.Option("--embedder", help="Train the embedding model on the manuals; needs ragqa[train].")
]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", help="Where --embedder puts the model; beside the libraries unless given.")
]
MinQuestions = Annotated[
    int | None,
    typer.Option(
        "--min-questions",
        min=2,
        help="Fewest questions that are worth tuning on (30); nothing is written for fewer than 30.",
        show_default=False,
    ),
]

GENERATED = 150
"""Questions generated where none are given."""


def tune(
    questions: Questions = None,
    index: opt.Index = None,
    home: opt.Home = None,
    passage_tokens: Sizes = "80,160,320",
    folds: Folds = 5,
    seed: Seed = 0,
    embedder: Embedder = False,
    out: Out = None,
    min_questions: MinQuestions = None,
    as_json: opt.Json = False,
) -> None:
    """Try lengths of passages, weights, grains and k on a question set, and keep in ragqa.toml what really helps.

    The settings are chosen on some of the questions and measured on the others. Nothing is written unless the gain is
    beyond chance, nor for generated questions, which do not tell near settings apart. With --embedder the embedding
    model is trained on questions generated from the manuals instead, and kept as a folder if it then finds more.
    """
    from ragqa.engine import Library
    from ragqa.evaluation.tune import FEWEST, check_enough, file_to_write, set_options
    from ragqa.evaluation.tune import tune as tuned_for
    from ragqa.evaluation.tune.workbench import check_questions

    sizes = _sizes(passage_tokens)
    if out and not embedder:
        raise typer.BadParameter("--out is where --embedder writes the model: give both, or neither")
    with Library.open(index, home=home, notice=note) as library:
        if embedder:
            gold = _gold(library, questions, seed) if questions else []
            if questions:
                check_enough(gold, min_questions or FEWEST)
            adapt_embedder(library, gold, out, seed, as_json)
            return
        file = file_to_write(library.settings) if questions else None
        gold = _gold(library, questions, seed)
        check_questions(gold, [library.show(stored.name) for stored in library.documents()], folds)
        check_enough(gold, min_questions or FEWEST)
        # Generated questions are easier than people's, so that they would have too few passages read.
        found = tuned_for(library, gold, sizes=sizes, folds=folds, seed=seed, tune_k=bool(questions), progress=note)
        # A gain on generated questions need not be one on people's (bench/LOG.md): it is shown, and not kept.
        options, name = found.to_write() if questions else {}, library.name
    if file and options:
        set_options(file, options)
    if as_json:
        print_json(_json(found, options, file, generated=questions is None))
    else:
        _print(found, options, file)
    if found.questions < FEWEST:
        note(f"{found.questions} questions are too few to tell a gain from chance: {FEWEST} or more are needed")
    if "passage_tokens" in options:
        note(f"passages get their new length when the manuals are read again: ragqa ingest PATH… --index {name}")


def _sizes(text: str) -> list[int]:
    try:
        sizes = [int(size) for size in text.split(",")]
    except ValueError:
        sizes = []
    if not sizes or not all(16 <= size <= 8000 for size in sizes):
        raise typer.BadParameter(f"--passage-tokens takes numbers from 16 to 8000 such as 80,160,320; got {text!r}")
    return sizes


def _gold(library: Library, file: Path | None, seed: int) -> list[Question]:
    from ragqa.errors import RagqaError
    from ragqa.evaluation.datasets import read_questions
    from ragqa.evaluation.questions import as_gold, trust, write_questions

    if file:
        given = read_questions(file)
        gold = [question for question in given if question.answerable and question.pages]
        if gold and len(gold) < len(given):
            left_out = len(given) - len(gold)
            note(f"{left_out} questions without a page, or that the manuals do not answer, are left out")
    else:
        documents = [library.show(stored.name) for stored in library.documents()]
        gold = as_gold(write_questions(documents, GENERATED, seed))
        if not gold:
            raise RagqaError("no question with a page could be generated from the manuals: give some with --questions")
        note(f"no --questions given: {len(gold)} were generated from the manuals. {trust()}")
    return gold


def _print(found: Tuned, options: dict[str, float | int], file: Path | None) -> None:
    say(
        f"{quantity(found.questions, 'question')}, {quantity(found.tried, 'setting')}; "
        "gains measured on questions that the choice had not seen"
    )
    say(f"  page_mrr@10                    {told(found.page_mrr)}")
    say(f"  page_hit@{found.k:<3}                   {told(found.page_hit)}")
    if found.k_gain:
        say(f"  the same at k = {found.best_k}, less its price: {told(found.k_gain)}")
    say(f"best on all questions: {_listed(found.present.changes(found.best)) or 'the present settings'}")
    if options:
        say(f"{file} now has {_listed(options)}")
    elif file:
        say("nothing was written: no gain beyond chance")
    else:
        say("nothing was written: generated questions do not tell near settings apart; give people's with --questions")


def _listed(options: dict[str, float | int]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in options.items())


def _json(found: Tuned, options: dict[str, float | int], file: Path | None, *, generated: bool) -> dict[str, Any]:
    written = str(file) if options else None
    settings = {"present": found.present.options(), "best": found.best.options()}
    return {**dataclasses.asdict(found), **settings, "generated": generated, "written": options, "file": written}
