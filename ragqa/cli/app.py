"""The table of commands. A command is a function of this folder; its options stand in ``options.py``."""

from __future__ import annotations

import typer

from ragqa.cli import (
    asking,
    benching,
    comparing,
    feedback,
    finetuning,
    keeping,
    preparing,
    questioning,
    routing,
    semi,
    tuning,
)

app = typer.Typer(
    name="ragqa",
    help="Ask a manual a question; get the answer and the page that proves it. Works offline.",
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

app.command("ingest", short_help="Read manuals, files or folders, into a library.")(keeping.ingest)
app.command("ask", short_help="Answer a question, with the page that proves it.")(asking.ask)
app.command("search", short_help="Find the passages that answer a question best.")(asking.search)
app.command("chat", short_help="Ask one question after another.")(asking.chat)
app.command("list", short_help="List the documents of a library.")(keeping.list_documents)
app.command("show", short_help="Show a document's outline, or the text of a page.")(keeping.show)
app.command("remove", short_help="Remove documents from a library.")(keeping.remove)
app.command("info", short_help="Say what a library holds and where it lies.")(keeping.info)
app.command("reembed", short_help="Give a library another embedding model.")(keeping.reembed)
app.command("verify", short_help="Check that a library is sound.")(keeping.verify)
app.command("export", short_help="Write a library to one file.")(keeping.export)
app.command("import", short_help="Take in a library that was exported.")(keeping.import_library)

app.command("compare", short_help="Measure whether to retrieve, to fine-tune, or both.")(comparing.compare)
app.command("tune", short_help="Find the settings that serve your manuals best.")(tuning.tune)

bench = typer.Typer(
    name="bench",
    help="Measure retrieval, and write questions to measure it with.",
    rich_markup_mode=None,
    no_args_is_help=True,
)
bench.command("retrieval", short_help="Measure which settings find the answers.")(benching.retrieval)
bench.command("questions", short_help="Write questions for manuals that have none.")(questioning.questions)
app.add_typer(bench)

finetune = typer.Typer(
    name="finetune",
    help="Train a model on your manuals, here or at OpenAI.",
    rich_markup_mode=None,
    no_args_is_help=True,
)
finetune.command("prepare", short_help="Make training data of questions, dialogues or a library.")(preparing.prepare)
finetune.command("create", short_help="Train a model, here or at OpenAI.")(finetuning.create)
finetune.command("status", short_help="Say how a job stands, or follow it.")(finetuning.status)
finetune.command("events", short_help="Show what happened in a job.")(finetuning.events)
finetune.command("cancel", short_help="Stop a job.")(finetuning.cancel)
finetune.command("list", short_help="List the jobs.")(finetuning.list_jobs)
finetune.command("models", short_help="List the finished models.")(finetuning.models)
finetune.command("route", short_help="Measure how well questions are told into labels.")(routing.route)
finetune.command("semi", short_help="Train on few labelled questions and a library's text.")(semi.semi)
finetune.command("prefer", short_help="Teach a model which answers you prefer.")(feedback.prefer)
app.add_typer(finetune)

judging = typer.Typer(
    name="feedback",
    help="Say which answers were good and which bad.",
    rich_markup_mode=None,
    no_args_is_help=True,
)
judging.command("good", short_help="The last answer was good.")(feedback.good)
judging.command("bad", short_help="The last answer was bad; --better says what it should be.")(feedback.bad)
judging.command("list", short_help="List what was judged.")(feedback.list_feedback)
judging.command("answers", short_help="List the last answers.")(feedback.answers)
app.add_typer(judging)


@app.callback(invoke_without_command=True)
def _root(version: bool = typer.Option(False, "--version", help="Print the version and exit.", is_eager=True)) -> None:
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"ragqa {installed('ragqa')}")
        raise typer.Exit
