"""The options that several commands share, each written once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

Index = Annotated[str | None, typer.Option("--index", "-i", help="Which library; 'default' unless set otherwise.")]
Home = Annotated[Path | None, typer.Option("--home", help="The folder that holds indexes/.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
K = Annotated[int | None, typer.Option("-k", "--k", help="How many passages (5).")]
ModeOption = Annotated[str | None, typer.Option("--mode", help="hybrid (the default), dense or lexical.")]
DocumentGlob = Annotated[
    str | None, typer.Option("--document", "-d", help="Only documents whose name matches, as in 'pump-*.pdf'.")
]
EmbedderOption = Annotated[
    str | None,
    typer.Option("--embedder", help="local:MODEL or openai:MODEL; the bundled model needs none."),
]
AnswererOption = Annotated[
    str | None,
    typer.Option("--answerer", "-a", help="extractive (the default), openai:MODEL or transformers:PATH."),
]
Rerank = Annotated[
    str | None,
    typer.Option("--rerank", help="local:MODEL, a cross-encoder that puts the best 20 passages in a new order."),
]
Batch = Annotated[
    Path | None,
    typer.Option("--batch", help='A file of questions, one {"_id","text"} a line; one result a line comes out.'),
]
Password = Annotated[str | None, typer.Option("--password", help="The password of protected PDFs.")]
PassageTokens = Annotated[int | None, typer.Option("--passage-tokens", help="About how long passages are (160).")]
Threshold = Annotated[
    float | None, typer.Option("--threshold", help="Confidence, 0 to 1, under which the manual is taken not to say.")
]
MaxTokens = Annotated[int | None, typer.Option("--max-tokens", help="The longest answer of a language model (800).")]
Temperature = Annotated[float | None, typer.Option("--temperature", help="0 is the same answer every time (0).")]
N = Annotated[int | None, typer.Option("--n", help="Answers asked of the model, of which the best cited is shown (1).")]
Stop = Annotated[list[str] | None, typer.Option("--stop", help="Text at which the model stops; may be repeated.")]
ContextTokens = Annotated[
    int | None, typer.Option("--context-tokens", help="The model's context, where it is not known by its name.")
]
Timeout = Annotated[float | None, typer.Option("--timeout", help="Seconds to wait for a model's server (60).")]
Seed = Annotated[int | None, typer.Option("--seed", help="For models that sample repeatably.")]
Instructions = Annotated[
    Path | None, typer.Option("--instructions", help="A text file of your own instructions to the model.")
]
Prompts = Annotated[Path | None, typer.Option("--prompts", help="A TOML file that replaces entries of the prompts.")]


def given(values: Mapping[str, Any], names: str) -> dict[str, Any]:
    """Return those of a command's options, named with spaces between, that were given."""
    return {name: values[name] for name in names.split() if values[name] not in (None, [])}
