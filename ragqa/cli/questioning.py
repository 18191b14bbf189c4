"""``bench questions``: a question set for manuals that have none."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from ragqa.cli import options as opt
from ragqa.cli.output import note, print_json_line
from ragqa.printable import quantity

Count = Annotated[int, typer.Option("--count", "-c", min=1, max=10_000, help="How many questions, at most.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="The file to write; standard output unless given.")]
Seed = Annotated[int, typer.Option("--seed", help="The same seed gives the same questions.")]
Answerer = Annotated[
    str | None,
    typer.Option("--answerer", "-a", help="The model that writes them: openai:MODEL or transformers:PATH."),
]


def questions(
    index: opt.Index = None,
    count: Count = 100,
    out: Out = None,
    seed: Seed = 0,
    answerer: Answerer = None,
    timeout: opt.Timeout = None,
    context_tokens: opt.ContextTokens = None,
    prompts: opt.Prompts = None,
    home: opt.Home = None,
) -> None:
    """Write questions with their gold pages for the manuals of a library, one JSON object a line.

    Without a language model they come from the manuals' own headings, definitions, tables and steps, retold in other
    words. 'ragqa bench retrieval' and 'ragqa tune' read the file.
    """
    from ragqa.evaluation.questions import for_library
    from ragqa.evaluation.questions.files import lines_of, write_lines
    from ragqa.evaluation.questions.trust import trust
    from ragqa.engine import Library

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
