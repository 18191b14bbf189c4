"""``finetune route``: a trained classifier beside the nearest passage and a model that was only asked."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ragqa.cli import options as opt
from ragqa.cli.output import interval_json, note, print_json, print_table, say
from ragqa.printable import quantity

if TYPE_CHECKING:
    from ragqa.finetune.routing.systems import Apart, Routed

Prepared = Annotated[Path, typer.Argument(help="A folder made by 'ragqa finetune prepare --form route'.")]
Model = Annotated[
    str | None, typer.Option("--model", "-m", help="A trained classifier: its folder, or classifier:FOLDER.")
]
Chat = Annotated[
    str | None,
    typer.Option("--chat", help="A model to ask by prompt alone: openai:MODEL or transformers:PATH."),
]
Report = opt.ReportFolder

METRICS = ("macro_f1", "accuracy", "macro_precision", "macro_recall")


def route(
    prepared: Prepared,
    model: Model = None,
    chat: Chat = None,
    report: Report = None,
    home: opt.Home = None,
    embedder: opt.EmbedderOption = None,
    timeout: opt.Timeout = None,
    context_tokens: opt.ContextTokens = None,
    prompts: opt.Prompts = None,
    as_json: opt.Json = False,
) -> None:
    """Measure how well questions are classified, on the questions that were kept for testing.

    Beside the trained classifier stands the label of the best passage of the library that the questions are about, or
    of the most similar training question where there is no library, and a chat model that is shown the labels only.
    """
    from ragqa.evaluation.files import check_writable, write_files
    from ragqa.evaluation.report.pages import routing_page
    from ragqa.finetune.routing.systems import compared, measure_all
    from ragqa.settings import load_settings

    if report:
        check_writable(report)
    flags = {"home": home, "embedder": embedder, "timeout": timeout, "context_tokens": context_tokens}
    settings = load_settings({**flags, "prompts": prompts}, notice=note)
    trained = Path(model.removeprefix("classifier:")) if model else None
    systems = measure_all(prepared, settings, model=trained, chat=chat, notice=note)
    apart = list(compared(systems))
    if report:
        write_files(
            report,
            {
                "index.html": routing_page(
                    systems, [pair.told() for pair in apart], shlex.join(["ragqa", *sys.argv[1:]])
                )
            },
        )
        note(f"report written to {report / 'index.html'}")
    if as_json:
        print_json({"prepared": str(prepared), **_json(systems, apart)})
    else:
        _print(systems, apart)


def _json(systems: Sequence[Routed], apart: Sequence[Apart]) -> dict[str, Any]:
    return {
        "questions": len(systems[0].gold),
        "labels": len(set(systems[0].gold)),
        "systems": [
            {
                "system": one.name,
                "metrics": {name: interval_json(getattr(one.figures, name)) for name in METRICS},
                "latency_ms": round(one.latency_ms, 3),
                "cost_usd": one.cost_usd,
                "train_seconds": one.train_seconds,
                "without_label": sum(label is None for label in one.said),
            }
            for one in systems
        ],
        "differences": [
            {
                "measure": "macro_f1",
                "systems": [one.first, one.second],
                "difference": interval_json(one.difference),
                "real": one.difference.real,
                "told": one.told(),
            }
            for one in apart
        ],
    }


def _print(systems: Sequence[Routed], apart: Sequence[Apart]) -> None:
    from ragqa.evaluation.runs import short, short_interval

    rows, values = [], []
    for one in systems:
        of = [getattr(one.figures, name) for name in METRICS]
        rows.append(
            [one.name, short_interval(of[0]), *(short(value.mean) for value in of[1:]), f"{one.latency_ms:.1f}"]
        )
        values.append([value.mean for value in of])
    best = [max(column) for column in zip(*values, strict=True)]
    several = len(systems) > 1
    marks = [
        [False, *(several and value == top for value, top in zip(row, best, strict=True)), False] for row in values
    ]
    say(f"{quantity(len(systems[0].gold), 'question')} of {quantity(len(set(systems[0].gold)), 'label')}")
    print_table(["", "macro-F1", "accuracy", "precision", "recall", "ms"], rows, marks)
    for pair in apart:
        say(pair.told())
