"""``bench retrieval``: which settings find the answers of a question set."""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from ragqa.cli import options as opt
from ragqa.cli.output import note, print_json, print_json_line, print_table, say
from ragqa.printable import quantity
from ragqa.types import Mode

if TYPE_CHECKING:
    from ragqa.evaluation.datasets import Dataset
    from ragqa.evaluation.grid import Grid
    from ragqa.evaluation.runs import Column, Compared, Run


Datasets = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="DATASET",
        help="Folders in BEIR form, folders of manuals with NAME.questions.jsonl (docs/questions.md), or public sets "
        "such as beir/scifact/test.",
        show_default=False,
    ),
]
Modes = Annotated[str, typer.Option("--mode", help="Which modes to try, with commas between.")]
Embedders = Annotated[
    list[str] | None,
    typer.Option("--embedder", help="Which embedders to try; with commas between, or repeated.", show_default=False),
]
Ks = Annotated[str, typer.Option("--k", "-k", help="Ranks at which to measure, with commas between.")]
Sizes = Annotated[
    str | None,
    typer.Option("--passage-tokens", help="Lengths of passages to try, with commas between (160).", show_default=False),
]
Index = Annotated[str | None, typer.Option("--index", "-i", help="A library to measure; needs --questions.")]
Questions = Annotated[
    Path | None,
    typer.Option(
        "--questions",
        "-q",
        help="Questions about the library of --index, with their pages: a file, or a folder of *.questions.jsonl "
        "(docs/questions.md).",
    ),
]
RunDir = Annotated[
    Path | None, typer.Option("--run-dir", help="A folder for TREC run files and qrels, which other tools read.")
]
Report = opt.ReportFolder
Seed = opt.FixedSeed


def retrieval(
    datasets: Datasets = None,
    mode: Modes = "dense,lexical,hybrid",
    embedder: Embedders = None,
    k: Ks = "1,5,10",
    passage_tokens: Sizes = None,
    index: Index = None,
    questions: Questions = None,
    run_dir: RunDir = None,
    report: Report = None,
    seed: Seed = 0,
    home: opt.Home = None,
    as_json: opt.Json = False,
) -> None:
    """Measure how well the answers of question sets are found, with every combination of the settings given.

    Each manual of a folder, and each collection, is asked in a library of its own, which is gone afterwards. The
    manuals of a folder are also counted together.
    """
    from ragqa.evaluation.files import check_writable, trec_files, write_files
    from ragqa.evaluation.grid import Grid, run_grid
    from ragqa.evaluation.report.pages import retrieval_page
    from ragqa.evaluation.runs import DEPTH, compared
    from ragqa.settings import load_settings

    grid = Grid(
        _modes(mode),
        tuple(name.strip() for several in embedder or () for name in several.split(",") if name.strip()),
        _numbers("--passage-tokens", passage_tokens, 16, 8000) if passage_tokens else (),
        _numbers("--k", k, 1, DEPTH),
    )
    for folder in filter(None, (run_dir, report)):
        check_writable(folder)
    settings = load_settings({"home": home}, notice=note)
    found = run_grid(_opened(datasets or [], index, questions, home), grid, settings, seed=seed, tell=note)
    pairs = list(compared(found, seed))
    if run_dir:
        write_files(run_dir, trec_files(found))
        note(f"run files written to {run_dir}")
    if report:
        command = shlex.join(["ragqa", *sys.argv[1:]])
        write_files(report, {"index.html": retrieval_page(found, pairs, command, grid.ks, seed)})
        note(f"report written to {report / 'index.html'}")
    if as_json:
        print_json({"runs": [_json(run) for run in found], "differences": [_difference(pair) for pair in pairs]})
    else:
        _print(found, pairs, grid)


def _opened(names: Sequence[str], index: str | None, questions: Path | None, home: Path | None) -> list[Dataset]:
    from ragqa.evaluation.datasets import open_datasets, read_library, with_provenance
    from ragqa.evaluation.datasets.questions import check_once

    if (index is None) != (questions is None) or not (names or index):
        raise typer.BadParameter("give datasets, or a library with --index NAME and --questions FILE")
    found = [dataset for name in names for dataset in open_datasets(name)]
    if index and questions:
        found.append(with_provenance(read_library(index, questions, home)))
    check_once((dataset.name for dataset in found), "a run")
    return found


def _modes(text: str) -> tuple[Mode, ...]:
    known: dict[str, Mode] = {name: name for name in get_args(Mode)}
    names = list(dict.fromkeys(name.strip() for name in text.split(",")))
    if not all(name in known for name in names):
        raise typer.BadParameter(f"--mode takes {', '.join(known)}, with commas between; got {text!r}")
    return tuple(known[name] for name in names)


def _numbers(option: str, text: str, low: int, high: int) -> tuple[int, ...]:
    try:
        numbers = [int(number) for number in text.split(",")]
    except ValueError:
        numbers = []
    if not numbers or not all(low <= number <= high for number in numbers):
        raise typer.BadParameter(f"{option} takes numbers from {low} to {high} with commas between; got {text!r}")
    return tuple(dict.fromkeys(numbers))


def _json(run: Run) -> dict[str, Any]:
    return {
        "dataset": run.dataset.name,
        **asdict(run.dataset.provenance),
        "retriever": run.mode,
        "embedder": run.embedder,
        "passage_tokens": run.passage_tokens,
        "queries": len(run.dataset.graded()),
        "metrics": {
            name: {"mean": round(of.mean, 6), "low": round(of.low, 6), "high": round(of.high, 6)}
            for name, of in run.metrics.items()
        },
        "latency_ms": {"p50": round(run.latency_ms(0.5), 3), "p95": round(run.latency_ms(0.95), 3)},
        "seconds": {"embed": _rounded(run.cost.embed_seconds), "index": _rounded(run.cost.index_seconds)},
        "index_bytes": run.cost.bytes,
        "passages": run.cost.passages,
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _difference(pair: Compared) -> dict[str, Any]:
    apart = pair.difference
    return {
        "dataset": pair.dataset,
        "measure": pair.measure,
        "runs": [pair.first, pair.second],
        "difference": {"mean": round(apart.mean, 6), "low": round(apart.low, 6), "high": round(apart.high, 6)},
        "real": apart.real,
        "told": pair.told(),
    }


def _print(runs: Sequence[Run], pairs: Sequence[Compared], grid: Grid) -> None:
    from ragqa.evaluation.runs import by_dataset, columns_for, is_best, labels, told_cost

    for group in by_dataset(runs):
        columns: list[Column] = columns_for(group[0].dataset, grid.ks)
        rows = [
            [label, *(column.shown(run) for column in columns)] for run, label in zip(group, labels(group), strict=True)
        ]
        marks = [[False, *(is_best(column, run, group) for column in columns)] for run in group]
        dataset = group[0].dataset
        say(f"{dataset.name}: {quantity(len(dataset.graded()), 'question')}")
        if dataset.provenance.role != "own":
            say(dataset.origin())
        print_table(["", *(column.name for column in columns)], rows, marks)
        for line in dict.fromkeys(told_cost(run) for run in group):
            say(line)
        say()
    for pair in pairs:
        say(pair.told())


Count = Annotated[int, typer.Option("--count", "-c", min=1, max=10_000, help="How many questions, at most.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="The file to write; standard output unless given.")]
DraftSeed = opt.FixedSeed
Answerer = Annotated[
    str | None,
    typer.Option("--answerer", "-a", help="The model that writes them: openai:MODEL or transformers:PATH."),
]


def questions(
    index: opt.Index = None,
    count: Count = 100,
    out: Out = None,
    seed: DraftSeed = 0,
    answerer: Answerer = None,
    timeout: opt.Timeout = None,
    context_tokens: opt.ContextTokens = None,
    prompts: opt.Prompts = None,
    home: opt.Home = None,
) -> None:
    """Write questions with their gold pages for the manuals of a library, one JSON object a line.

    Without a language model they are made of the manuals' own headings, definitions, tables, steps and sentences.
    'ragqa bench retrieval', 'ragqa tune' and 'ragqa compare' read the file.
    """
    from ragqa.engine import Library
    from ragqa.evaluation.files import write_lines
    from ragqa.evaluation.questions import for_library, lines_of, trust

    options: dict[str, Any] = {"answerer": answerer, "timeout": timeout, "context_tokens": context_tokens}
    with Library.open(index, home=home, prompts=prompts, notice=note, **options) as library:
        drafts = for_library(library, count, seed, notice=note)
    if out:
        write_lines(out, lines_of(drafts))
    else:
        for line in lines_of(drafts):
            print_json_line(line)
    kinds = ", ".join(f"{number} {kind}" for kind, number in Counter(draft.origin for draft in drafts).most_common())
    note(f"{quantity(len(drafts), 'question')} ({kinds}){f' written to {out}' if out else ''}")
    if all(draft.origin != "model" for draft in drafts):
        note(trust())
