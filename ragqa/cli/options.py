"""The options that commands share, each written once: its name, its type, its help text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

# Libraries, and how commands print

Index = Annotated[str | None, typer.Option("--index", "-i", help="Which library; 'default' unless set otherwise.")]
Home = Annotated[Path | None, typer.Option("--home", help="The folder that holds indexes/.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Batch = Annotated[
    Path | None,
    typer.Option("--batch", help='A file of questions, one {"_id","text"} a line; one result a line comes out.'),
]
Password = Annotated[str | None, typer.Option("--password", help="The password of protected PDFs.")]
PassageTokens = Annotated[int | None, typer.Option("--passage-tokens", help="About how long passages are (160).")]
ReportFolder = Annotated[
    Path | None, typer.Option("--report", help="A folder for index.html, a report to open and to keep.")
]

# Retrieval

K = Annotated[int | None, typer.Option("-k", "--k", help="How many passages (5).")]
ModeOption = Annotated[str | None, typer.Option("--mode", help="hybrid (the default), dense or lexical.")]
DocumentGlob = Annotated[
    str | None, typer.Option("--document", "-d", help="Only documents of this name, or matching 'pump-*.pdf'.")
]
EmbedderOption = Annotated[
    str | None,
    typer.Option("--embedder", help="local:MODEL or openai:MODEL; the bundled model needs none."),
]
Rerank = Annotated[
    str | None,
    typer.Option("--rerank", help="local:MODEL, a cross-encoder that puts the best 20 passages in a new order."),
]

# Answers

AnswererOption = Annotated[
    str | None,
    typer.Option("--answerer", "-a", help="extractive (the default), openai:MODEL or transformers:PATH."),
]
Threshold = Annotated[
    float | None, typer.Option("--threshold", help="Confidence, 0 to 1, below which the answer is that there is none.")
]
MaxTokens = Annotated[
    int | None, typer.Option("--max-tokens", help="Tokens of a language model's answer, at most (800).")
]
Temperature = Annotated[
    float | None, typer.Option("--temperature", help="Sampling temperature; 0 gives the likeliest answer (0).")
]
N = Annotated[int | None, typer.Option("--n", help="Answers asked for; the one with most citations is shown (1).")]
Stop = Annotated[list[str] | None, typer.Option("--stop", help="Text at which the model stops; may be repeated.")]
ContextTokens = Annotated[
    int | None, typer.Option("--context-tokens", help="The model's context length, where its name does not tell.")
]
Timeout = Annotated[float | None, typer.Option("--timeout", help="Seconds to wait for a model's server (60).")]
Instructions = Annotated[
    Path | None, typer.Option("--instructions", help="A text file of your own instructions to the model.")
]
Prompts = Annotated[Path | None, typer.Option("--prompts", help="A TOML file that replaces entries of the prompts.")]

# Training and measuring

_SEED = typer.Option("--seed", min=0, help="Random seed.")
Seed = Annotated[int | None, _SEED]
FixedSeed = Annotated[int, _SEED]
_EPOCHS = typer.Option("--epochs", min=1, help="Passes over the examples.")
Epochs = Annotated[int | None, _EPOCHS]
FixedEpochs = Annotated[int, _EPOCHS]
_BATCH_SIZE = typer.Option("--batch-size", min=1, help="Examples in a batch.")
BatchSize = Annotated[int | None, _BATCH_SIZE]
FixedBatchSize = Annotated[int, _BATCH_SIZE]
Minutes = Annotated[
    float | None,
    typer.Option(
        "--minutes", min=0.01, help="How long training may take, about; what does not fit is left out, and said."
    ),
]
LearningRate = Annotated[float | None, typer.Option("--learning-rate", min=1e-9, help="Learning rate.")]


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of a command's options that are settings of a library, and were given."""
    from ragqa.settings import Settings

    names = {field.name for field in fields(Settings)} - {"index"}
    return {name: value for name, value in values.items() if name in names and value not in (None, [])}
