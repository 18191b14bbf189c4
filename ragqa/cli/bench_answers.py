"""``bench answers``: whether answers are whole."""

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
    from ragqa.evaluation.answers import Answered, ResultRow

File = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help="Questions with the parts of their answers, a line each: "
        '{"_id","manual","text","kind","pages","parts","not"}.',
        show_default=False,
    ),
]
Manuals = Annotated[
    list[Path] | None,
    typer.Option("--manuals", help="A folder that holds manuals, beside that of FILE; may be repeated."),
]
Index = Annotated[
    str | None, typer.Option("--index", "-i", help="A library that holds the manuals, to ask instead of new ones.")
]
Report = Annotated[Path | None, typer.Option("--report", help="An HTML file to write: a report to open and to keep.")]
Seed = opt.Seed


def answers(
    file: File,
    manuals: Manuals = None,
    index: Index = None,
    answerer: opt.AnswererOption = None,
    k: opt.K = None,
    mode: opt.ModeOption = None,
    embedder: opt.EmbedderOption = None,
    rerank: opt.Rerank = None,
    passage_tokens: opt.PassageTokens = None,
    threshold: opt.Threshold = None,
    max_tokens: opt.MaxTokens = None,
    temperature: opt.Temperature = None,
    n: opt.N = None,
    stop: opt.Stop = None,
    seed: Seed = None,
    context_tokens: opt.ContextTokens = None,
    timeout: opt.Timeout = None,
    instructions: opt.Instructions = None,
    prompts: opt.Prompts = None,
    report: Report = None,
    home: opt.Home = None,
    as_json: opt.Json = False,
) -> None:
    """Measure whether answers are whole: each question is asked as 'ragqa ask' does, and its parts are looked for.

    Each manual is asked in a library of its own, which is gone afterwards, unless --index names one that is there.
    """
    from ragqa.evaluation.answers import ask_library, ask_manuals, find_manuals, read_whole_questions, rows_of
    from ragqa.evaluation.files import check_writable_file, write_files
    from ragqa.evaluation.report.pages import answers_page
    from ragqa.settings import load_settings

    if index and (manuals or passage_tokens):
        raise typer.BadParameter("--manuals and --passage-tokens are for new libraries: leave them out with --index")
    settings = load_settings({"index": index, **opt.given(locals())}, notice=note)
    if report:
        check_writable_file(report)
    questions = read_whole_questions(file)
    if index:
        answered = ask_library(questions, settings, note)
    else:
        answered = ask_manuals(questions, find_manuals(questions, file, manuals or []), settings, note)
    rows = rows_of(answered, seed or 0)
    summary = _summary(answered, settings.answerer)
    if report:
        command = shlex.join(["ragqa", *sys.argv[1:]])
        write_files(report.parent, {report.name: answers_page(answered, rows, summary, command, seed or 0)})
        note(f"report written to {report}")
    if as_json:
        print_json(
            {
                "answerer": settings.answerer,
                "rows": {row.name: _row(row) for row in rows},
                "questions": [_record(one) for one in answered],
            }
        )
    else:
        say(summary)
        _print(rows)
    failed = sum(one.answer is None for one in answered)
    if failed:
        note(
            f"{failed} of {quantity(len(answered), 'question')} met an error, "
            f"and count as answers that are worth nothing"
        )
        raise typer.Exit(3)


def _summary(answered: Sequence[Answered], answerer: str) -> str:
    manuals = len({one.question.manual for one in answered})
    return f"{quantity(len(answered), 'question')} about {quantity(manuals, 'manual')}, answered by {answerer}"


def _row(row: ResultRow) -> dict[str, Any]:
    return {"n": row.n, "metrics": {name: interval_json(of) for name, of in row.metrics.items()}}


def _record(one: Answered) -> dict[str, Any]:
    question, of, answer = one.question, one.score, one.answer
    return {
        "_id": question.id,
        "manual": question.manual,
        "kind": question.kind,
        "zh": question.chinese,
        "usable": of.usable,
        "whole": of.whole,
        "parts": of.parts,
        "page": of.page,
        "wrong": of.wrong,
        "refused": of.refused,
        "characters": of.characters,
        "missing": list(of.missing),
        "misplaced": list(of.misplaced),
        "answer": answer.text if answer else None,
        "unsupported": list(answer.unsupported) if answer else [],
        "cited": [{"document": cited.document, "page": cited.page} for cited in answer.citations] if answer else [],
        "error": one.error or None,
    }


def _print(rows: Sequence[ResultRow]) -> None:
    from ragqa.evaluation.answers import SHARES
    from ragqa.evaluation.runs import short, short_interval

    first, *others = SHARES
    shown = []
    for row in rows:
        of = row.metrics
        cells = [short_interval(of[first]), *(short(of[name].mean) for name in others)] if of else ["–"] * len(SHARES)
        shown.append([row.name, str(row.n), *cells, f"{of['characters'].mean:.0f}" if of else "–"])
    print_table(["", "n", *SHARES, "characters"], shown, [[False] * (len(SHARES) + 3)] * len(shown))
