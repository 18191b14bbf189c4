"""The table of commands. A command is a function of this folder; its options stand in ``options.py``."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand
from typer.main import get_command


def _add(group: typer.Typer, name: str, place: str, short_help: str) -> None:
    """Add the command ``name`` to ``group``: the function ``place``, as 'module.function' of this folder.

    Its module is imported and its options are built when it is called: to do so for all commands takes a tenth of a
    cold question's time and a third of a help text's.
    """

    class Command(TyperCommand):
        def make_context(self, info_name: Any, args: Any, parent: Any = None, **extra: Any) -> Any:
            module, _, function = place.partition(".")
            alone = typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)
            alone.command(name, short_help=short_help)(getattr(import_module(f"ragqa.cli.{module}"), function))
            return get_command(alone).make_context(info_name, args, parent, **extra)

    group.command(name, short_help=short_help, cls=Command)(_unbuilt)


def _unbuilt() -> None:
    """Stand in for a command's function in the group's list, which shows names and short helps only."""


app = typer.Typer(
    name="ragqa",
    help="Ask a manual a question; get the answer and the page that proves it. Works offline.",
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

_add(app, "ingest", "ingesting.ingest", "Read manuals, files or folders, into a library.")
_add(app, "ask", "asking.ask", "Answer a question, with the page that proves it.")
_add(app, "search", "asking.search", "Find the passages that answer a question best.")
_add(app, "chat", "chatting.chat", "Ask one question after another.")
_add(app, "serve", "serving.serve", "Serve a page, REST, OpenAI's interface and MCP.")
_add(app, "mcp", "serving.mcp", "Serve an assistant on this machine by MCP.")
_add(app, "libraries", "keeping.list_libraries", "List the libraries, with what each holds.")
_add(app, "list", "keeping.list_documents", "List the documents of a library.")
_add(app, "show", "keeping.show", "Show a document's outline, or the text of a page.")
_add(app, "remove", "keeping.remove", "Remove documents, or a whole library.")
_add(app, "info", "keeping.info", "Say what a library holds and where it lies.")
_add(app, "reembed", "keeping.reembed", "Give a library another embedding model.")
_add(app, "verify", "keeping.verify", "Check that a library is sound.")
_add(app, "export", "keeping.export", "Write a library to one file.")
_add(app, "import", "keeping.import_library", "Take in a library that was exported.")
_add(app, "trust", "keeping.trust", "Approve what a folder's settings and libraries ask for.")

_add(app, "compare", "comparing.compare", "Measure whether to retrieve, to fine-tune, or both.")
_add(app, "tune", "tuning.tune", "Find the settings that serve your manuals best.")

bench = typer.Typer(
    name="bench",
    help="Measure retrieval and answers; write questions for it.",
    rich_markup_mode=None,
    no_args_is_help=True,
)
_add(bench, "retrieval", "benching.retrieval", "Measure which settings find the answers.")
_add(bench, "answers", "bench_answers.answers", "Measure whether answers are whole.")
_add(bench, "questions", "benching.questions", "Write questions for manuals that have none.")
app.add_typer(bench)

finetune = typer.Typer(
    name="finetune",
    help="Train a model on your manuals, here or at OpenAI.",
    rich_markup_mode=None,
    no_args_is_help=True,
)
_add(finetune, "run", "recipe.run", "The whole recipe on a manual: train, compare, report.")
_add(finetune, "prepare", "preparing.prepare", "Make training data of questions, dialogues or a library.")
_add(finetune, "create", "finetuning.create", "Train a model, here or at OpenAI.")
_add(finetune, "status", "finetuning.status", "Say how a job stands, or follow it.")
_add(finetune, "events", "finetuning.events", "Show what happened in a job.")
_add(finetune, "cancel", "finetuning.cancel", "Stop a job.")
_add(finetune, "list", "finetuning.list_jobs", "List the jobs.")
_add(finetune, "models", "finetuning.models", "List the finished models.")
_add(finetune, "route", "routing.route", "Measure how well questions are classified.")
_add(finetune, "semi", "semi.semi", "Train on few labelled questions and a library's text.")
_add(finetune, "prefer", "feedback.prefer", "Teach a model which answers you prefer.")
app.add_typer(finetune)

judging = typer.Typer(
    name="feedback",
    help="Say which answers were good and which bad.",
    rich_markup_mode=None,
    no_args_is_help=True,
)
_add(judging, "good", "feedback.good", "The last answer was good.")
_add(judging, "bad", "feedback.bad", "The last answer was bad; --better says what it should be.")
_add(judging, "list", "feedback.list_feedback", "List what was judged.")
_add(judging, "answers", "feedback.answers", "List the last answers.")
app.add_typer(judging)


@app.callback(invoke_without_command=True)
def _root(version: bool = typer.Option(False, "--version", help="Print the version and exit.", is_eager=True)) -> None:
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"ragqa {installed('ragqa')}")
        raise typer.Exit
