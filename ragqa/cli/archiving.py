"""``export`` and ``import``: a library in one file, and back."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from ragqa.cli import options as opt
from ragqa.cli.agreeing import agrees
from ragqa.cli.output import note, print_json, say
from ragqa.printable import quantity

Force = Annotated[bool, typer.Option("--force", "--yes", "-y", help="Write over a file that is there without asking.")]


def export(
    file: Annotated[Path, typer.Argument(help="The file to write.")],
    force: Force = False,
    index: opt.Index = None,
    home: opt.Home = None,
    as_json: opt.Json = False,
) -> None:
    """Write a library to one file, to be taken elsewhere."""
    from ragqa.engine import Library
    from ragqa.errors import RagqaError

    if not file.name:
        raise typer.BadParameter(f"expected the name of a file to write; got '{file}'")
    with Library.open(index, home=home, notice=note) as library:
        if file.is_file() and not agrees(f"{file} is there already. Write over it?", yes=force):
            raise RagqaError(f"{file} is there already and was left as it is: choose another name, or add --force")
        library.export(file)
    size = file.stat().st_size
    print_json({"file": str(file), "bytes": size}) if as_json else say(f"{file} written")


def import_library(
    file: Annotated[Path, typer.Argument(help="A file that 'ragqa export' wrote.")],
    index: Annotated[
        str | None, typer.Option("--index", "-i", help="What to call the library; as the file unless told.")
    ] = None,
    home: opt.Home = None,
    as_json: opt.Json = False,
) -> None:
    """Take in a library that was exported; never over one that is there."""
    from ragqa.engine import Library

    with Library.import_(file, index, home=home, notice=note) as library:
        facts = library.info()
    if as_json:
        print_json(dataclasses.asdict(facts))
    else:
        say(f"library '{facts.name}': {quantity(facts.documents, 'document')}")
