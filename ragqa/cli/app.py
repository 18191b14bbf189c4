"""The table of commands. A command is a function of this folder; its options stand in ``options.py``."""

from __future__ import annotations

import typer

from ragqa.cli import asking, keeping

app = typer.Typer(
    name="ragqa",
    help="Ask a manual a question; get the answer and the page that proves it. Works offline.",
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

app.command("ingest")(keeping.ingest)
app.command("ask")(asking.ask)
app.command("search")(asking.search)
app.command("chat")(asking.chat)
app.command("list")(keeping.list_documents)
app.command("show")(keeping.show)
app.command("remove")(keeping.remove)
app.command("info")(keeping.info)
app.command("reembed")(keeping.reembed)
app.command("verify")(keeping.verify)
app.command("export")(keeping.export)
app.command("import")(keeping.import_library)


@app.callback(invoke_without_command=True)
def _root(version: bool = typer.Option(False, "--version", help="Print the version and exit.", is_eager=True)) -> None:
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"ragqa {installed('ragqa')}")
        raise typer.Exit
