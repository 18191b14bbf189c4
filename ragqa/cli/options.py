"""The options that several commands share, each written once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

Index = Annotated[Optional[str], typer.Option("--index", "-i", help="Which library; 'default' unless set otherwise.")]
Home = Annotated[Optional[Path], typer.Option("--home", help="The folder that holds indexes/.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
K = Annotated[Optional[int], typer.Option("-k", "--k", help="How many passages (5).")]
ModeOption = Annotated[Optional[str], typer.Option("--mode", help="hybrid (the default), dense or lexical.")]
DocumentGlob = Annotated[Optional[str], typer.Option("--document", "-d", help="Only documents whose name matches, as in 'pump-*.pdf'.")]
EmbedderOption = Annotated[
    Optional[str],
    typer.Option("--embedder", help="local:MODEL or openai:MODEL; the bundled model needs none."),
]
AnswererOption = Annotated[
    Optional[str],
    typer.Option("--answerer", "-a", help="extractive (the default), openai:MODEL or transformers:PATH."),
]
Batch = Annotated[
    Optional[Path],
    typer.Option("--batch", help="A file of questions, one {\"_id\",\"text\"} a line; one result a line comes out."),
]
Password = Annotated[Optional[str], typer.Option("--password", help="The password of protected PDFs.")]
PassageTokens = Annotated[Optional[int], typer.Option("--passage-tokens", help="About how long passages are (160).")]
Threshold = Annotated[Optional[float], typer.Option("--threshold", help="Confidence, 0 to 1, under which the manual is taken not to say.")]
MaxTokens = Annotated[Optional[int], typer.Option("--max-tokens", help="The longest answer of a language model (800).")]
Temperature = Annotated[Optional[float], typer.Option("--temperature", help="0 is the same answer every time (0).")]
N = Annotated[Optional[int], typer.Option("--n", help="Answers asked of the model, of which the best cited is shown (1).")]
Stop = Annotated[Optional[list[str]], typer.Option("--stop", help="Text at which the model stops; may be repeated.")]
Seed = Annotated[Optional[int], typer.Option("--seed", help="For models that sample repeatably.")]
Instructions = Annotated[Optional[Path], typer.Option("--instructions", help="A text file of your own instructions to the model.")]
Prompts = Annotated[Optional[Path], typer.Option("--prompts", help="A TOML file that replaces entries of the prompts.")]
